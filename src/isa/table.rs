//! The table: which mnemonics are floating-point, and what each counts.
//!
//! A row names instructions in lower case. The leading `v` of the VEX and EVEX forms is left out:
//! `mul` of a family stands for `mulps` and `vmulps` alike. A `family` names stems, each of which
//! stands for every instruction that has one of the suffixes of `SUFFIXES` behind it; a `row`
//! names instructions in full and gives their form.
//!
//! The PMU column is Intel's text on FP_ARITH_INST_RETIRED and FP_ARITH_INST_RETIRED2. What the
//! text lists counts; conversions, compares, moves, shuffles, logic and rounding are said not to
//! count. Where the text is silent and the hardware may well count, the column is `UNDOCUMENTED`:
//! - reduce, scalef, getexp, getmant, range, fixupimm. (rndscale is rounding; fpclass is a
//!   compare, as its result is a mask.)
//! - the complex FP16 products. Packed ones are not mentioned; for the scalar ones there is an
//!   event but no word on its weight, and tools disagree (1 or 2).
//!
//! x87, AMX, BF16 dot products (but on Cooper Lake), 3DNow! and XOP have no event: 0.

use super::{Kind, Precision, Weight};
use Kind::*;
use Precision::*;

/// FLOPs of one execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    PerLane(u8),
    /// On each 128 bits of the vector, however many lanes an immediate selects.
    Per128Bits(u8),
}

/// How wide the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// The widest vector register that the encoding names, whether or not memory stands in for it.
    Register,
    /// So many bits in every encoding.
    Bits(u16),
    /// 32-bit elements addressed by 64-bit indices: half of the index register.
    HalfOfIndex,
    /// An AMX tile: known at execution.
    Tile,
}

/// What an instruction works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub precision: Precision,
    /// Bits of the register to a lane: the wider element of a conversion, the pair of a complex
    /// number.
    pub lane: u16,
    pub span: Span,
}

const fn packed(precision: Precision, lane: u16) -> Form {
    Form { precision, lane, span: Span::Register }
}

const fn fixed(precision: Precision, lane: u16, bits: u16) -> Form {
    Form { precision, lane, span: Span::Bits(bits) }
}

const fn scalar(precision: Precision, lane: u16) -> Form {
    fixed(precision, lane, lane)
}

const fn tile(precision: Precision) -> Form {
    Form { precision, lane: 32, span: Span::Tile }
}

const PS: Form = packed(Fp32, 32);
const PD: Form = packed(Fp64, 64);
const PH: Form = packed(Fp16, 16);
const SS: Form = scalar(Fp32, 32);
const SD: Form = scalar(Fp64, 64);
const SH: Form = scalar(Fp16, 16);
const ST: Form = scalar(X87, 80);
/// Two single-precision numbers in an MMX register, or in half of an XMM register.
const PS64: Form = fixed(Fp32, 32, 64);
const GATHERED: Form = Form { precision: Fp32, lane: 32, span: Span::HalfOfIndex };

pub(super) const SUFFIXES: [(&str, Form); 6] = [("ps", PS), ("pd", PD), ("ph", PH), ("ss", SS), ("sd", SD), ("sh", SH)];

#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub flops: Work,
    pub pmu: Option<Weight>,
}

/// FLOPs a lane, and what the PMU adds a lane.
const fn a_lane(flops: u8, pmu: u8) -> Counts {
    Counts { flops: Work::PerLane(flops), pmu: Some(Weight::PerLane(pmu)) }
}

const fn a_lane_undocumented(flops: u8) -> Counts {
    Counts { flops: Work::PerLane(flops), pmu: None }
}

const fn each_128_bits(flops: u8, pmu_a_lane: u8) -> Counts {
    Counts { flops: Work::Per128Bits(flops), pmu: Some(Weight::PerLane(pmu_a_lane)) }
}

const NOTHING: Counts = a_lane(0, 0);
const UNDOCUMENTED: Counts = a_lane_undocumented(0);

pub(super) struct Row {
    pub kind: Kind,
    pub counts: Counts,
    /// None for a family.
    pub form: Option<Form>,
    /// Separated by spaces.
    pub names: &'static str,
}

const fn family(kind: Kind, counts: Counts, names: &'static str) -> Row {
    Row { kind, counts, form: None, names }
}

const fn row(kind: Kind, counts: Counts, form: Form, names: &'static str) -> Row {
    Row { kind, counts, form: Some(form), names }
}

#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    // SSE to AVX-512 FP16, FMA4, ER, XOP: one name, many element formats.
    family(Add,           a_lane(1, 1), "add addsub sub"),
    family(Mul,           a_lane(1, 1), "mul"),
    family(Div,           a_lane(1, 1), "div"),
    family(Sqrt,          a_lane(1, 1), "sqrt"),
    family(Approximation, a_lane(1, 1), "rcp rsqrt rcp14 rsqrt14 rcp28 rsqrt28 exp2"),
    family(Fma,           a_lane(2, 2), "fmadd fmsub fnmadd fnmsub fmaddsub fmsubadd"),
    family(Fma,           a_lane(2, 2), "fmadd132 fmadd213 fmadd231 fmsub132 fmsub213 fmsub231 \
                                         fnmadd132 fnmadd213 fnmadd231 fnmsub132 fnmsub213 fnmsub231 \
                                         fmaddsub132 fmaddsub213 fmaddsub231 fmsubadd132 fmsubadd213 fmsubadd231"),
    family(Fma,           a_lane(8, 8), "4fmadd 4fnmadd"),
    family(Horizontal,    a_lane(1, 1), "hadd hsub"),
    family(MinMax,        a_lane(0, 1), "max min"),
    family(Compare,       NOTHING,      "cmp comi ucomi test"),
    family(Bits,          NOTHING,      "round rndscale fpclass frcz"),
    family(Bits,          UNDOCUMENTED, "reduce scalef getexp getmant range fixupimm"),
    family(Move,          NOTHING,      "mov mova movu movnt movmsk maskmov and andn or xor \
                                         blend blendv blendm shuf unpckl unpckh perm permil permil2 permi2 permt2 \
                                         expand compress gatherd scatterd"),

    // Sums of products.
    row(Dot,     each_128_bits(7, 2),    PS,               "dpps"),
    row(Dot,     each_128_bits(3, 2),    PD,               "dppd"),
    row(Dot,     a_lane(4, 0),           packed(Bf16, 32), "dpbf16ps"),
    row(Complex, a_lane_undocumented(6), packed(Fp16, 32), "fmulcph fcmulcph"),
    row(Complex, a_lane_undocumented(8), packed(Fp16, 32), "fmaddcph fcmaddcph"),
    row(Complex, a_lane_undocumented(6), scalar(Fp16, 32), "fmulcsh fcmulcsh"),
    row(Complex, a_lane_undocumented(8), scalar(Fp16, 32), "fmaddcsh fcmaddcsh"),
    // AMX-COMPLEX: the real or imaginary part takes two of the four products of a pair, so that
    // it is a product of 16-bit elements like the others.
    row(Tile,    a_lane(2, 0),           tile(Bf16),       "tdpbf16ps"),
    row(Tile,    a_lane(2, 0),           tile(Fp16),       "tdpfp16ps tcmmrlfp16ps tcmmimfp16ps"),

    // Conversions carry the narrower of the floating-point formats they stand between.
    row(Convert, NOTHING, SH, "cvtsh2sd cvtsd2sh cvtsh2ss cvtss2sh cvtsh2si cvtsh2usi cvttsh2si cvttsh2usi \
                               cvtsi2sh cvtusi2sh"),
    row(Convert, NOTHING, PH, "cvtph2w cvtph2uw cvttph2w cvttph2uw cvtw2ph cvtuw2ph"),
    row(Convert, NOTHING, packed(Fp16, 32), "cvtph2ps cvtph2psx cvtps2ph cvtps2phx cvtneeph2ps cvtneoph2ps bcstnesh2ps \
                               cvtph2dq cvtph2udq cvttph2dq cvttph2udq cvtdq2ph cvtudq2ph"),
    row(Convert, NOTHING, packed(Fp16, 64), "cvtph2pd cvtpd2ph cvtph2qq cvtph2uqq cvttph2qq cvttph2uqq cvtqq2ph cvtuqq2ph"),
    row(Convert, NOTHING, packed(Bf16, 16), "cvtne2ps2bf16"),
    row(Convert, NOTHING, packed(Bf16, 32), "cvtneps2bf16 cvtneebf162ps cvtneobf162ps bcstnebf162ps"),
    row(Convert, NOTHING, SS, "cvtss2sd cvtsd2ss cvtss2si cvtss2usi cvttss2si cvttss2usi cvtsi2ss cvtusi2ss"),
    row(Convert, NOTHING, PS, "cvtps2dq cvtps2udq cvttps2dq cvttps2udq cvtdq2ps cvtudq2ps"),
    row(Convert, NOTHING, PS64, "cvtpi2ps cvtps2pi cvttps2pi"),
    row(Convert, NOTHING, packed(Fp32, 64), "cvtps2pd cvtpd2ps cvtps2qq cvtps2uqq cvttps2qq cvttps2uqq cvtqq2ps cvtuqq2ps"),
    row(Convert, NOTHING, SD, "cvtsd2si cvtsd2usi cvttsd2si cvttsd2usi cvtsi2sd cvtusi2sd"),
    row(Convert, NOTHING, PD, "cvtpd2dq cvtpd2udq cvttpd2dq cvttpd2udq cvtdq2pd cvtudq2pd cvtpd2qq cvtpd2uqq \
                               cvttpd2qq cvttpd2uqq cvtqq2pd cvtuqq2pd cvtpi2pd cvtpd2pi cvttpd2pi"),

    // Moves whose names do not end in the element format. 128-bit blocks pass for single
    // precision, as compilers use them.
    row(Move, NOTHING, PS, "movsldup movshdup insertps broadcastss broadcastf32x2 broadcastf32x4 broadcastf32x8 \
                            insertf32x4 insertf32x8 shuff32x4 broadcastf128 insertf128 perm2f128"),
    row(Move, NOTHING, PD, "movddup broadcastsd broadcastf64x2 broadcastf64x4 insertf64x2 insertf64x4 shuff64x2 \
                            gatherqpd scatterqpd"),
    row(Move, NOTHING, GATHERED, "gatherqps scatterqps"),
    row(Move, NOTHING, PS64, "movlps movhps movhlps movlhps"),
    row(Move, NOTHING, SD, "movlpd movhpd"),
    row(Move, NOTHING, SS, "extractps"),
    row(Move, NOTHING, fixed(Fp32, 32, 128), "extractf128 extractf32x4"),
    row(Move, NOTHING, fixed(Fp64, 64, 128), "extractf64x2"),
    row(Move, NOTHING, fixed(Fp32, 32, 256), "extractf32x8"),
    row(Move, NOTHING, fixed(Fp64, 64, 256), "extractf64x4"),

    // x87.
    row(Add,            a_lane(1, 0), ST, "fadd faddp fiadd fsub fsubp fsubr fsubrp fisub fisubr"),
    row(Mul,            a_lane(1, 0), ST, "fmul fmulp fimul"),
    row(Div,            a_lane(1, 0), ST, "fdiv fdivp fdivr fdivrp fidiv fidivr"),
    row(Sqrt,           a_lane(1, 0), ST, "fsqrt"),
    row(Transcendental, a_lane(1, 0), ST, "fsin fcos fptan fpatan f2xm1 fyl2x fyl2xp1 fprem fprem1"),
    row(Transcendental, a_lane(2, 0), ST, "fsincos"),
    row(Compare,        NOTHING,      ST, "fcom fcomp fcompp fcomi fcomip fucom fucomp fucompp fucomi fucomip \
                                           ficom ficomp ftst ftstp"),
    row(Convert,        NOTHING,      ST, "fild fist fistp fisttp fbld fbstp"),
    row(Bits,           NOTHING,      ST, "frndint frint2 frichop frinear fscale fxtract fxam"),
    row(Move,           NOTHING,      ST, "fld fst fstp fstpnce fxch fabs fchs \
                                           fld1 fldl2t fldl2e fldpi fldlg2 fldln2 fldz \
                                           fcmovb fcmove fcmovbe fcmovu fcmovnb fcmovne fcmovnbe fcmovnu"),

    // 3DNow! and its extensions. pfrcp and pfrsqrt compute one number and write it twice.
    row(Add,           a_lane(1, 0), PS64, "pfadd pfsub pfsubr"),
    row(Mul,           a_lane(1, 0), PS64, "pfmul"),
    row(Approximation, a_lane(1, 0), PS64, "pfrcpit1 pfrcpit2 pfrsqit1 pfrcpv pfrsqrtv"),
    row(Approximation, a_lane(1, 0), SS,   "pfrcp pfrsqrt"),
    row(Horizontal,    a_lane(1, 0), PS64, "pfacc pfnacc pfpnacc"),
    row(MinMax,        NOTHING,      PS64, "pfmax pfmin"),
    row(Compare,       NOTHING,      PS64, "pfcmpeq pfcmpge pfcmpgt"),
    row(Convert,       NOTHING,      PS64, "pi2fd pi2fw pf2id pf2iw"),
];
