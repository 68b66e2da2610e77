//! x86-64 floating-point instructions: what each one counts. Nothing here runs anything.
//!
//! An instruction is floating-point if it takes or gives numbers of a floating-point format:
//! arithmetic, minimum and maximum, comparison, conversion, rounding and the like, and also the
//! moves, logic and shuffles that the instruction set types as floating-point (`movaps`, `andps`,
//! `vbroadcastss`, `vinsertf128`, x87 loads and stores). Compilers use those on integers too and
//! integer moves on floating-point numbers; the instruction's own type decides. Not floating-point
//! are
//! - integer SIMD, and what carries bits of no type (`movd`, `vmovw`, `vpermd`, `vpcmov`), the AMX
//!   tile loads and stores among them;
//! - integer tile products (`tdpbssd`) and dot products (VNNI);
//! - what handles the state of a unit and no number: `fldcw`, `fnstsw`, `fninit`, `ffree`,
//!   `fincstp`, `fnsave`, `ldmxcsr`, `fxsave`, `emms`, `wait`;
//! - prefetches, those of AVX-512 PF too;
//! - opcodes that nobody documents (`undoc`).
//!
//! Knights Corner's MVEX encodings are left out, by encoding.

mod classify;
mod marker;
mod table;
mod tile;

#[cfg(test)]
mod tests;

use iced_x86::{Mnemonic, Register};
use serde::{Deserialize, Serialize};

pub use classify::classify;
pub use marker::{Marker, marker};
pub use tile::{TileConfig, tile_product};

/// The number format that an instruction computes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    Fp16,
    Bf16,
    Fp32,
    Fp64,
    X87,
}

impl Precision {
    pub const fn name(self) -> &'static str {
        match self {
            Precision::Fp16 => "fp16",
            Precision::Bf16 => "bf16",
            Precision::Fp32 => "fp32",
            Precision::Fp64 => "fp64",
            Precision::X87 => "x87",
        }
    }
}

/// What sort of work an instruction does. Only the arithmetic kinds count FLOPs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Add,
    Mul,
    Div,
    Sqrt,
    /// Approximations: rcp, rsqrt, exp2.
    Approximation,
    Fma,
    /// haddps, hsubpd.
    Horizontal,
    /// Dot products: dpps, vdpbf16ps.
    Dot,
    /// Complex multiplications of AVX-512 FP16.
    Complex,
    /// AMX tile products.
    Tile,
    /// x87 transcendentals and partial remainders.
    Transcendental,
    MinMax,
    Compare,
    Convert,
    /// round, reduce, scale, getexp, getmant, range, fixup, fpclass, frcz: no FLOPs.
    Bits,
    /// Moves, logic (x87's fabs and fchs too), shuffles, blends: no FLOPs.
    Move,
}

/// How executions become a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Weight {
    PerLane(u8),
    /// Whatever the lanes: a dpps computes its whole sum.
    PerInstruction(u8),
}

impl Weight {
    pub const ZERO: Weight = Weight::PerLane(0);

    pub fn count(self, executions: u64, lanes: u64) -> u64 {
        match self {
            Weight::PerLane(n) => u64::from(n) * lanes,
            Weight::PerInstruction(n) => u64::from(n) * executions,
        }
    }
}

/// The class of one floating-point instruction form: everything that a count needs to know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Class {
    pub mnemonic: Mnemonic,
    pub precision: Precision,
    /// Vector width in bits; the element's own width for scalar forms; 8192 for an AMX tile.
    pub width: u16,
    pub kind: Kind,
    /// Lanes at full width, in the unit of the instruction's mask: elements, 32-bit pairs of a
    /// BF16 dot product, complex pairs; 1 for scalar forms. For an AMX tile product 0: its lanes
    /// are `tile_product` at execution.
    pub lanes: u16,
    /// Works under an AVX-512 mask (k1 to k7), so that active lanes are known only at execution.
    pub masked: bool,
    /// FLOPs on active lanes.
    pub flops: Weight,
    /// What Intel's FP_ARITH_INST_RETIRED would add on all lanes, masked or not; None where
    /// Intel's documentation does not say.
    pub pmu: Option<Weight>,
}

impl Class {
    /// As an assembler writes it.
    pub fn mnemonic_name(&self) -> String {
        mnemonic_name(self.mnemonic)
    }
}

/// As an assembler writes it.
pub fn mnemonic_name(mnemonic: Mnemonic) -> String {
    format!("{mnemonic:?}").to_ascii_lowercase()
}

/// Lanes that one execution works on, given the value of its mask register. All of them for a
/// class that is not masked, whatever the value.
pub fn active_lanes(class: &Class, mask_value: u64) -> u64 {
    if !class.masked {
        return class.lanes.into();
    }
    let lanes = match u32::from(class.lanes) {
        0 => 0,
        lanes => u64::MAX >> u64::BITS.saturating_sub(lanes),
    };
    (mask_value & lanes).count_ones().into()
}

/// One instruction's class and, where it is masked, the register that holds its mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classified {
    pub class: Class,
    pub mask: Option<Register>,
}
