//! Encodings as GNU as makes them (AMX-COMPLEX by hand), each with its class worked out by hand
//! from the rules of the design.

use iced_x86::Register::{self, K1, K2, K3, K4, K7};

use super::super::Kind::{self, *};
use super::super::Precision::{self, *};
use super::super::{Class, Classified, Weight, classify};
use super::decode_hex;

const fn lane(flops: u8) -> Weight {
    Weight::PerLane(flops)
}

const fn each(flops: u8) -> Weight {
    Weight::PerInstruction(flops)
}

/// Bytes, text; precision, width, kind, lanes, mask, FLOPs; what the PMU adds a lane.
type Sample = (&'static str, &'static str, Precision, u16, Kind, u16, Option<Register>, Weight, Option<u8>);

#[rustfmt::skip]
const SAMPLES: &[Sample] = &[
    // SSE, SSE2, SSE3, SSE4.1
    ("f2 0f 58 c1", "addsd xmm0, xmm1", Fp64, 64, Add, 1, None, lane(1), Some(1)),
    ("f3 0f 5c 07", "subss xmm0, dword ptr [rdi]", Fp32, 32, Add, 1, None, lane(1), Some(1)),
    ("0f 59 c1", "mulps xmm0, xmm1", Fp32, 128, Mul, 4, None, lane(1), Some(1)),
    ("66 0f 5e 07", "divpd xmm0, xmmword ptr [rdi]", Fp64, 128, Div, 2, None, lane(1), Some(1)),
    ("f3 0f 51 c1", "sqrtss xmm0, xmm1", Fp32, 32, Sqrt, 1, None, lane(1), Some(1)),
    ("0f 53 c1", "rcpps xmm0, xmm1", Fp32, 128, Approximation, 4, None, lane(1), Some(1)),
    ("f3 0f 52 c1", "rsqrtss xmm0, xmm1", Fp32, 32, Approximation, 1, None, lane(1), Some(1)),
    ("66 0f d0 c1", "addsubpd xmm0, xmm1", Fp64, 128, Add, 2, None, lane(1), Some(1)),
    ("f2 0f 7c c1", "haddps xmm0, xmm1", Fp32, 128, Horizontal, 4, None, lane(1), Some(1)),
    ("66 0f 7d c1", "hsubpd xmm0, xmm1", Fp64, 128, Horizontal, 2, None, lane(1), Some(1)),
    ("66 0f 3a 40 c1 f1", "dpps xmm0, xmm1, 0xf1", Fp32, 128, Dot, 4, None, each(7), Some(2)),
    ("66 0f 3a 41 c1 31", "dppd xmm0, xmm1, 0x31", Fp64, 128, Dot, 2, None, each(3), Some(2)),
    ("f2 0f 5f c1", "maxsd xmm0, xmm1", Fp64, 64, MinMax, 1, None, lane(0), Some(1)),
    ("0f 5d c1", "minps xmm0, xmm1", Fp32, 128, MinMax, 4, None, lane(0), Some(1)),
    ("66 0f 2e c1", "ucomisd xmm0, xmm1", Fp64, 64, Compare, 1, None, lane(0), Some(0)),
    ("f2 0f c2 c1 01", "cmpsd xmm0, xmm1, 1", Fp64, 64, Compare, 1, None, lane(0), Some(0)),
    ("0f c2 c1 01", "cmpps xmm0, xmm1, 1", Fp32, 128, Compare, 4, None, lane(0), Some(0)),
    ("f2 48 0f 2a c0", "cvtsi2sd xmm0, rax", Fp64, 64, Convert, 1, None, lane(0), Some(0)),
    ("f3 0f 2c c0", "cvttss2si eax, xmm0", Fp32, 32, Convert, 1, None, lane(0), Some(0)),
    ("f2 0f 5a c1", "cvtsd2ss xmm0, xmm1", Fp32, 32, Convert, 1, None, lane(0), Some(0)),
    ("0f 5a 07", "cvtps2pd xmm0, qword ptr [rdi]", Fp32, 128, Convert, 2, None, lane(0), Some(0)),
    ("0f 2d c1", "cvtps2pi mm0, xmm1", Fp32, 64, Convert, 2, None, lane(0), Some(0)),
    ("66 0f 2a c1", "cvtpi2pd xmm0, mm1", Fp64, 128, Convert, 2, None, lane(0), Some(0)),
    ("66 0f 3a 0a c1 03", "roundss xmm0, xmm1, 3", Fp32, 32, Bits, 1, None, lane(0), Some(0)),
    ("0f 28 c1", "movaps xmm0, xmm1", Fp32, 128, Move, 4, None, lane(0), Some(0)),
    ("66 0f 11 0f", "movupd xmmword ptr [rdi], xmm1", Fp64, 128, Move, 2, None, lane(0), Some(0)),
    ("f3 0f 11 0f", "movss dword ptr [rdi], xmm1", Fp32, 32, Move, 1, None, lane(0), Some(0)),
    ("f2 0f 10 07", "movsd xmm0, qword ptr [rdi]", Fp64, 64, Move, 1, None, lane(0), Some(0)),
    ("0f 16 07", "movhps xmm0, qword ptr [rdi]", Fp32, 64, Move, 2, None, lane(0), Some(0)),
    ("f2 0f 12 07", "movddup xmm0, qword ptr [rdi]", Fp64, 128, Move, 2, None, lane(0), Some(0)),
    ("66 0f 50 c1", "movmskpd eax, xmm1", Fp64, 128, Move, 2, None, lane(0), Some(0)),
    ("0f 57 c0", "xorps xmm0, xmm0", Fp32, 128, Move, 4, None, lane(0), Some(0)),
    ("0f c6 c1 00", "shufps xmm0, xmm1, 0", Fp32, 128, Move, 4, None, lane(0), Some(0)),
    ("66 0f 3a 17 c8 02", "extractps eax, xmm1, 2", Fp32, 32, Move, 1, None, lane(0), Some(0)),
    // AVX, F16C, FMA3
    ("c5 f4 58 c2", "vaddps ymm0, ymm1, ymm2", Fp32, 256, Add, 8, None, lane(1), Some(1)),
    ("c5 fd 51 07", "vsqrtpd ymm0, ymmword ptr [rdi]", Fp64, 256, Sqrt, 4, None, lane(1), Some(1)),
    ("c5 fc 52 c1", "vrsqrtps ymm0, ymm1", Fp32, 256, Approximation, 8, None, lane(1), Some(1)),
    ("c5 f5 7c c2", "vhaddpd ymm0, ymm1, ymm2", Fp64, 256, Horizontal, 4, None, lane(1), Some(1)),
    ("c4 e3 71 40 c2 ff", "vdpps xmm0, xmm1, xmm2, 0xff", Fp32, 128, Dot, 4, None, each(7), Some(2)),
    ("c4 e3 75 40 c2 ff", "vdpps ymm0, ymm1, ymm2, 0xff", Fp32, 256, Dot, 8, None, each(14), Some(2)),
    ("c5 f4 5f c2", "vmaxps ymm0, ymm1, ymm2", Fp32, 256, MinMax, 8, None, lane(0), Some(1)),
    ("c4 e2 7d 0e c1", "vtestps ymm0, ymm1", Fp32, 256, Compare, 8, None, lane(0), Some(0)),
    ("c5 fd 5a 07", "vcvtpd2ps xmm0, ymmword ptr [rdi]", Fp32, 256, Convert, 4, None, lane(0), Some(0)),
    ("c4 e2 7d 13 c1", "vcvtph2ps ymm0, xmm1", Fp16, 256, Convert, 8, None, lane(0), Some(0)),
    ("c4 e3 79 1d 0f 00", "vcvtps2ph qword ptr [rdi], xmm1, 0", Fp16, 128, Convert, 4, None, lane(0), Some(0)),
    ("c4 e2 7d 18 07", "vbroadcastss ymm0, dword ptr [rdi]", Fp32, 256, Move, 8, None, lane(0), Some(0)),
    ("c4 e3 7d 19 c8 01", "vextractf128 xmm0, ymm1, 1", Fp32, 128, Move, 4, None, lane(0), Some(0)),
    ("c4 e3 75 18 c2 01", "vinsertf128 ymm0, ymm1, xmm2, 1", Fp32, 256, Move, 8, None, lane(0), Some(0)),
    ("c4 e2 75 2d 07", "vmaskmovpd ymm0, ymm1, ymmword ptr [rdi]", Fp64, 256, Move, 4, None, lane(0), Some(0)),
    ("c4 e2 6d 93 04 8f", "vgatherqps xmm0, dword ptr [rdi+ymm1*4], xmm2", Fp32, 128, Move, 4, None, lane(0), Some(0)),
    ("c4 e2 69 93 04 8f", "vgatherqps xmm0, dword ptr [rdi+xmm1*4], xmm2", Fp32, 64, Move, 2, None, lane(0), Some(0)),
    ("c4 e2 ed 92 04 cf", "vgatherdpd ymm0, qword ptr [rdi+xmm1*8], ymm2", Fp64, 256, Move, 4, None, lane(0), Some(0)),
    ("c4 e2 71 b9 c2", "vfmadd231ss xmm0, xmm1, xmm2", Fp32, 32, Fma, 1, None, lane(2), Some(2)),
    ("c4 e2 75 b8 c2", "vfmadd231ps ymm0, ymm1, ymm2", Fp32, 256, Fma, 8, None, lane(2), Some(2)),
    ("c4 e2 75 96 07", "vfmaddsub132ps ymm0, ymm1, ymmword ptr [rdi]", Fp32, 256, Fma, 8, None, lane(2), Some(2)),
    ("c4 e2 f1 ae c2", "vfnmsub213pd xmm0, xmm1, xmm2", Fp64, 128, Fma, 2, None, lane(2), Some(2)),
    // FMA4, XOP
    ("c4 e3 f5 69 c3 20", "vfmaddpd ymm0, ymm1, ymm2, ymm3", Fp64, 256, Fma, 4, None, lane(2), Some(2)),
    ("c4 e3 f1 7a 07 20", "vfnmaddss xmm0, xmm1, xmm2, dword ptr [rdi]", Fp32, 32, Fma, 1, None, lane(2), Some(2)),
    ("c4 e3 f1 5e c3 20", "vfmsubaddps xmm0, xmm1, xmm2, xmm3", Fp32, 128, Fma, 4, None, lane(2), Some(2)),
    ("8f e9 7c 80 c1", "vfrczps ymm0, ymm1", Fp32, 256, Bits, 8, None, lane(0), Some(0)),
    ("8f e9 78 83 c1", "vfrczsd xmm0, xmm1", Fp64, 64, Bits, 1, None, lane(0), Some(0)),
    ("c4 e3 71 48 c2 30", "vpermil2ps xmm0, xmm1, xmm2, xmm3, 0", Fp32, 128, Move, 4, None, lane(0), Some(0)),
    // AVX-512 F, DQ, VL: masks, broadcast, embedded rounding
    ("62 f1 74 48 58 c2", "vaddps zmm0, zmm1, zmm2", Fp32, 512, Add, 16, None, lane(1), Some(1)),
    ("62 f1 74 49 58 c2", "vaddps zmm0{k1}, zmm1, zmm2", Fp32, 512, Add, 16, Some(K1), lane(1), Some(1)),
    ("62 f1 74 9a 58 07", "vaddps xmm0{k2}{z}, xmm1, dword ptr [rdi]{1to4}", Fp32, 128, Add, 4, Some(K2), lane(1), Some(1)),
    ("62 f1 f5 78 58 c2", "vaddpd zmm0, zmm1, zmm2, {rz-sae}", Fp64, 512, Add, 8, None, lane(1), Some(1)),
    ("62 f1 f7 1b 58 c2", "vaddsd xmm0{k3}, xmm1, xmm2, {rn-sae}", Fp64, 64, Add, 1, Some(K3), lane(1), Some(1)),
    ("62 f1 f5 38 59 07", "vmulpd ymm0, ymm1, qword ptr [rdi]{1to4}", Fp64, 256, Mul, 4, None, lane(1), Some(1)),
    ("62 e1 76 08 5e c2", "vdivss xmm16, xmm1, xmm2", Fp32, 32, Div, 1, None, lane(1), Some(1)),
    ("62 f2 75 5f a8 07", "vfmadd213ps zmm0{k7}, zmm1, dword ptr [rdi]{1to16}", Fp32, 512, Fma, 16, Some(K7), lane(2), Some(2)),
    ("62 f2 f5 2c b7 c2", "vfmsubadd231pd ymm0{k4}, ymm1, ymm2", Fp64, 256, Fma, 4, Some(K4), lane(2), Some(2)),
    ("62 f2 fd 48 4c c1", "vrcp14pd zmm0, zmm1", Fp64, 512, Approximation, 8, None, lane(1), Some(1)),
    ("62 f2 75 09 4f c2", "vrsqrt14ss xmm0{k1}, xmm1, xmm2", Fp32, 32, Approximation, 1, Some(K1), lane(1), Some(1)),
    ("62 f1 f5 18 5f c2", "vmaxpd zmm0, zmm1, zmm2, {sae}", Fp64, 512, MinMax, 8, None, lane(0), Some(1)),
    ("62 f1 7c 4a c2 c9 02", "vcmpps k1{k2}, zmm0, zmm1, 2", Fp32, 512, Compare, 16, Some(K2), lane(0), Some(0)),
    ("62 f3 fd 28 66 c8 03", "vfpclasspd k1, ymm0, 3", Fp64, 256, Bits, 4, None, lane(0), Some(0)),
    ("62 f3 7d 48 08 c1 01", "vrndscaleps zmm0, zmm1, 1", Fp32, 512, Bits, 16, None, lane(0), Some(0)),
    ("62 f3 fd 48 56 c1 01", "vreducepd zmm0, zmm1, 1", Fp64, 512, Bits, 8, None, lane(0), None),
    ("62 f2 f5 08 2d c2", "vscalefsd xmm0, xmm1, xmm2", Fp64, 64, Bits, 1, None, lane(0), None),
    ("62 f2 7d 28 42 c1", "vgetexpps ymm0, ymm1", Fp32, 256, Bits, 8, None, lane(0), None),
    ("62 f3 fd 48 26 c1 00", "vgetmantpd zmm0, zmm1, 0", Fp64, 512, Bits, 8, None, lane(0), None),
    ("62 f3 75 48 50 c2 00", "vrangeps zmm0, zmm1, zmm2, 0", Fp32, 512, Bits, 16, None, lane(0), None),
    ("62 f3 75 08 55 c2 00", "vfixupimmss xmm0, xmm1, xmm2, 0", Fp32, 32, Bits, 1, None, lane(0), None),
    ("62 f1 fd 19 5a c1", "vcvtpd2ps ymm0{k1}, zmm1, {rn-sae}", Fp32, 512, Convert, 8, Some(K1), lane(0), Some(0)),
    ("62 f1 fd 38 5a 07", "vcvtpd2ps xmm0, qword ptr [rdi]{1to4}", Fp32, 256, Convert, 4, None, lane(0), Some(0)),
    ("62 f1 fc 08 5b c1", "vcvtqq2ps xmm0, xmm1", Fp32, 128, Convert, 2, None, lane(0), Some(0)),
    ("62 f1 fc 48 78 c1", "vcvttpd2udq ymm0, zmm1", Fp64, 512, Convert, 8, None, lane(0), Some(0)),
    ("62 f3 7d 49 1d c8 00", "vcvtps2ph ymm0{k1}, zmm1, 0", Fp16, 512, Convert, 16, Some(K1), lane(0), Some(0)),
    ("62 f1 76 08 7b c0", "vcvtusi2ss xmm0, xmm1, eax", Fp32, 32, Convert, 1, None, lane(0), Some(0)),
    ("62 f2 fd 49 1a 07", "vbroadcastf64x2 zmm0{k1}, xmmword ptr [rdi]", Fp64, 512, Move, 8, Some(K1), lane(0), Some(0)),
    ("62 f3 7d 49 19 c8 03", "vextractf32x4 xmm0{k1}, zmm1, 3", Fp32, 128, Move, 4, Some(K1), lane(0), Some(0)),
    ("62 f3 fd 48 1b c8 01", "vextractf64x4 ymm0, zmm1, 1", Fp64, 256, Move, 4, None, lane(0), Some(0)),
    ("62 f2 7d 29 8a 07", "vcompressps ymmword ptr [rdi]{k1}, ymm0", Fp32, 256, Move, 8, Some(K1), lane(0), Some(0)),
    ("62 f2 f5 49 65 c2", "vblendmpd zmm0{k1}, zmm1, zmm2", Fp64, 512, Move, 8, Some(K1), lane(0), Some(0)),
    ("62 f2 7d 49 a3 04 8f", "vscatterqps dword ptr [rdi+zmm1*4]{k1}, ymm0", Fp32, 256, Move, 8, Some(K1), lane(0), Some(0)),
    ("62 f2 fd 49 93 04 cf", "vgatherqpd zmm0{k1}, qword ptr [rdi+zmm1*8]", Fp64, 512, Move, 8, Some(K1), lane(0), Some(0)),
    ("62 f1 f5 48 55 c2", "vandnpd zmm0, zmm1, zmm2", Fp64, 512, Move, 8, None, lane(0), Some(0)),
    ("62 f2 75 48 7f c2", "vpermt2ps zmm0, zmm1, zmm2", Fp32, 512, Move, 16, None, lane(0), Some(0)),
    // ER, 4FMAPS
    ("62 f2 7d 48 c8 c1", "vexp2ps zmm0, zmm1", Fp32, 512, Approximation, 16, None, lane(1), Some(1)),
    ("62 f2 f5 08 cb c2", "vrcp28sd xmm0, xmm1, xmm2", Fp64, 64, Approximation, 1, None, lane(1), Some(1)),
    ("62 f2 fd 19 cc c1", "vrsqrt28pd zmm0{k1}, zmm1, {sae}", Fp64, 512, Approximation, 8, Some(K1), lane(1), Some(1)),
    ("62 f2 5f 49 9a 07", "v4fmaddps zmm0{k1}, zmm4, xmmword ptr [rdi]", Fp32, 512, Fma, 16, Some(K1), lane(8), Some(8)),
    ("62 f2 5f 08 ab 07", "v4fnmaddss xmm0, xmm4, xmmword ptr [rdi]", Fp32, 32, Fma, 1, None, lane(8), Some(8)),
    // BF16, FP16, AVX-NE-CONVERT
    ("62 f2 76 48 52 c2", "vdpbf16ps zmm0, zmm1, zmm2", Bf16, 512, Dot, 16, None, lane(4), Some(0)),
    ("62 f2 76 19 52 07", "vdpbf16ps xmm0{k1}, xmm1, dword ptr [rdi]{1to4}", Bf16, 128, Dot, 4, Some(K1), lane(4), Some(0)),
    ("62 f2 77 48 72 c2", "vcvtne2ps2bf16 zmm0, zmm1, zmm2", Bf16, 512, Convert, 32, None, lane(0), Some(0)),
    ("62 f2 7e 28 72 c1", "vcvtneps2bf16 xmm0, ymm1", Bf16, 256, Convert, 8, None, lane(0), Some(0)),
    ("62 f5 74 49 58 c2", "vaddph zmm0{k1}, zmm1, zmm2", Fp16, 512, Add, 32, Some(K1), lane(1), Some(1)),
    ("62 f5 76 08 59 c2", "vmulsh xmm0, xmm1, xmm2", Fp16, 16, Mul, 1, None, lane(1), Some(1)),
    ("62 f6 75 28 98 c2", "vfmadd132ph ymm0, ymm1, ymm2", Fp16, 256, Fma, 16, None, lane(2), Some(2)),
    ("62 f5 7c 08 51 c1", "vsqrtph xmm0, xmm1", Fp16, 128, Sqrt, 8, None, lane(1), Some(1)),
    ("62 f6 7d 48 4c c1", "vrcpph zmm0, zmm1", Fp16, 512, Approximation, 32, None, lane(1), Some(1)),
    ("62 f6 75 08 4f c2", "vrsqrtsh xmm0, xmm1, xmm2", Fp16, 16, Approximation, 1, None, lane(1), Some(1)),
    ("62 f5 74 48 5d c2", "vminph zmm0, zmm1, zmm2", Fp16, 512, MinMax, 32, None, lane(0), Some(1)),
    ("62 f6 76 48 d6 c2", "vfmulcph zmm0, zmm1, zmm2", Fp16, 512, Complex, 16, None, lane(6), None),
    ("62 f6 77 39 d6 07", "vfcmulcph ymm0{k1}, ymm1, dword ptr [rdi]{1to8}", Fp16, 256, Complex, 8, Some(K1), lane(6), None),
    ("62 f6 76 08 56 c2", "vfmaddcph xmm0, xmm1, xmm2", Fp16, 128, Complex, 4, None, lane(8), None),
    ("62 f6 77 09 57 c2", "vfcmaddcsh xmm0{k1}, xmm1, xmm2", Fp16, 32, Complex, 1, Some(K1), lane(8), None),
    ("62 f5 7c 08 2f c1", "vcomish xmm0, xmm1", Fp16, 16, Compare, 1, None, lane(0), Some(0)),
    ("62 f3 7c 48 56 c1 00", "vreduceph zmm0, zmm1, 0", Fp16, 512, Bits, 32, None, lane(0), None),
    ("62 f6 7d 48 13 c1", "vcvtph2psx zmm0, ymm1", Fp16, 512, Convert, 16, None, lane(0), Some(0)),
    ("62 f5 7c 48 5a c1", "vcvtph2pd zmm0, xmm1", Fp16, 512, Convert, 8, None, lane(0), Some(0)),
    ("62 f5 7f 48 7d c1", "vcvtuw2ph zmm0, zmm1", Fp16, 512, Convert, 32, None, lane(0), Some(0)),
    ("62 f5 76 08 5a c2", "vcvtsh2sd xmm0, xmm1, xmm2", Fp16, 16, Convert, 1, None, lane(0), Some(0)),
    ("62 f5 76 09 10 c2", "vmovsh xmm0{k1}, xmm1, xmm2", Fp16, 16, Move, 1, Some(K1), lane(0), Some(0)),
    ("c4 e2 7d b1 07", "vbcstnesh2ps ymm0, word ptr [rdi]", Fp16, 256, Convert, 8, None, lane(0), Some(0)),
    ("c4 e2 7a b0 07", "vcvtneebf162ps xmm0, xmmword ptr [rdi]", Bf16, 128, Convert, 4, None, lane(0), Some(0)),
    // AMX
    ("c4 e2 62 5c ca", "tdpbf16ps tmm1, tmm2, tmm3", Bf16, 8192, Tile, 0, None, lane(2), Some(0)),
    ("c4 e2 63 5c ca", "tdpfp16ps tmm1, tmm2, tmm3", Fp16, 8192, Tile, 0, None, lane(2), Some(0)),
    ("c4 e2 60 6c ca", "tcmmrlfp16ps tmm1, tmm2, tmm3", Fp16, 8192, Tile, 0, None, lane(2), Some(0)),
    ("c4 e2 61 6c ca", "tcmmimfp16ps tmm1, tmm2, tmm3", Fp16, 8192, Tile, 0, None, lane(2), Some(0)),
    // x87
    ("d8 c1", "fadd st, st(1)", X87, 80, Add, 1, None, lane(1), Some(0)),
    ("de e1", "fsubrp st(1), st", X87, 80, Add, 1, None, lane(1), Some(0)),
    ("da 07", "fiadd dword ptr [rdi]", X87, 80, Add, 1, None, lane(1), Some(0)),
    ("dc 0f", "fmul qword ptr [rdi]", X87, 80, Mul, 1, None, lane(1), Some(0)),
    ("de f9", "fdivp st(1), st", X87, 80, Div, 1, None, lane(1), Some(0)),
    ("d9 fa", "fsqrt", X87, 80, Sqrt, 1, None, lane(1), Some(0)),
    ("d9 fe", "fsin", X87, 80, Transcendental, 1, None, lane(1), Some(0)),
    ("d9 f2", "fptan", X87, 80, Transcendental, 1, None, lane(1), Some(0)),
    ("d9 f3", "fpatan", X87, 80, Transcendental, 1, None, lane(1), Some(0)),
    ("d9 f0", "f2xm1", X87, 80, Transcendental, 1, None, lane(1), Some(0)),
    ("d9 f9", "fyl2xp1", X87, 80, Transcendental, 1, None, lane(1), Some(0)),
    ("d9 f8", "fprem", X87, 80, Transcendental, 1, None, lane(1), Some(0)),
    ("d9 fb", "fsincos", X87, 80, Transcendental, 1, None, lane(2), Some(0)),
    ("d9 e1", "fabs", X87, 80, Move, 1, None, lane(0), Some(0)),
    ("d9 e0", "fchs", X87, 80, Move, 1, None, lane(0), Some(0)),
    ("df e9", "fucomip st, st(1)", X87, 80, Compare, 1, None, lane(0), Some(0)),
    ("d9 fc", "frndint", X87, 80, Bits, 1, None, lane(0), Some(0)),
    ("d9 fd", "fscale", X87, 80, Bits, 1, None, lane(0), Some(0)),
    ("d9 f4", "fxtract", X87, 80, Bits, 1, None, lane(0), Some(0)),
    ("df 2f", "fild qword ptr [rdi]", X87, 80, Convert, 1, None, lane(0), Some(0)),
    ("db 2f", "fld tbyte ptr [rdi]", X87, 80, Move, 1, None, lane(0), Some(0)),
    ("dd 1f", "fstp qword ptr [rdi]", X87, 80, Move, 1, None, lane(0), Some(0)),
    // 3DNow!
    ("0f 0f c1 9e", "pfadd mm0, mm1", Fp32, 64, Add, 2, None, lane(1), Some(0)),
    ("0f 0f c1 b4", "pfmul mm0, mm1", Fp32, 64, Mul, 2, None, lane(1), Some(0)),
    ("0f 0f c1 96", "pfrcp mm0, mm1", Fp32, 32, Approximation, 1, None, lane(1), Some(0)),
    ("0f 0f c1 a6", "pfrcpit1 mm0, mm1", Fp32, 64, Approximation, 2, None, lane(1), Some(0)),
    ("0f 0f c1 ae", "pfacc mm0, mm1", Fp32, 64, Horizontal, 2, None, lane(1), Some(0)),
    ("0f 0f c1 a4", "pfmax mm0, mm1", Fp32, 64, MinMax, 2, None, lane(0), Some(0)),
    ("0f 0f c1 0d", "pi2fd mm0, mm1", Fp32, 64, Convert, 2, None, lane(0), Some(0)),
];

const NOT_FLOATING_POINT: &[(&str, &str)] = &[
    ("48 89 d8", "mov rax, rbx"),
    ("a5", "movsd"),
    ("a7", "cmpsd"),
    ("66 0f fe c1", "paddd xmm0, xmm1"),
    ("66 0f ef c0", "pxor xmm0, xmm0"),
    ("66 0f 6f c1", "movdqa xmm0, xmm1"),
    ("66 0f 6e c0", "movd xmm0, eax"),
    ("66 48 0f 6e c0", "movq xmm0, rax"),
    ("c4 e2 75 36 c2", "vpermd ymm0, ymm1, ymm2"),
    ("62 f1 75 49 fe c2", "vpaddd zmm0{k1}, zmm1, zmm2"),
    ("62 f2 75 48 50 c2", "vpdpbusd zmm0, zmm1, zmm2"),
    ("62 f5 7d 08 6e c0", "vmovw xmm0, eax"),
    ("8f e8 70 a2 c2 30", "vpcmov xmm0, xmm1, xmm2, xmm3"),
    ("c5 ec 41 cb", "kandw k1, k2, k3"),
    ("c4 e2 63 5e ca", "tdpbssd tmm1, tmm2, tmm3"),
    ("c4 e2 7b 4b 0c 07", "tileloadd tmm1, [rdi+rax*1]"),
    ("0f ae 17", "ldmxcsr dword ptr [rdi]"),
    ("d9 2f", "fldcw word ptr [rdi]"),
    ("df e0", "fnstsw ax"),
    ("db e3", "fninit"),
    ("dd c1", "ffree st(1)"),
    ("9b", "wait"),
    ("0f 77", "emms"),
    ("0f 0f c1 bf", "pavgusb mm0, mm1"),
    ("62 f2 7d 49 c6 0c 8f", "vgatherpf0dps dword ptr [rdi+zmm1*4]{k1}"),
    ("c5 f8 77", "vzeroupper"),
    ("0f ae 07", "fxsave [rdi]"),
];

#[test]
fn samples() {
    for &(hex, text, precision, width, kind, lanes, mask, flops, pmu) in SAMPLES {
        let instruction = decode_hex(hex);
        let class = Class {
            mnemonic: instruction.mnemonic(),
            precision,
            width,
            kind,
            lanes,
            masked: mask.is_some(),
            flops,
            pmu: pmu.map(lane),
        };
        assert_eq!(classify(&instruction), Some(Classified { class, mask }), "{text}");
        assert_eq!(Some(class.mnemonic_name().as_str()), text.split(' ').next(), "{text}");
    }
}

#[test]
fn not_floating_point() {
    for &(hex, text) in NOT_FLOATING_POINT {
        assert_eq!(classify(&decode_hex(hex)), None, "{text}");
    }
}
