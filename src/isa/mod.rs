//! x86-64 floating-point instructions: what each one counts. Nothing here runs anything.

use iced_x86::{Mnemonic, Register};
use serde::{Deserialize, Serialize};

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
    /// round, reduce, scale, getexp, getmant, range, fixup, fpclass: no FLOPs.
    Bits,
    /// Moves, logic, shuffles, blends between floating-point registers: no FLOPs.
    Move,
}

/// How executions become a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Weight {
    PerLane(u8),
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
    /// Vector width in bits; the element's own width for scalar forms.
    pub width: u16,
    pub kind: Kind,
    /// Lanes at full width. For an AMX tile product 0: its lanes are M x N x K of the tile
    /// configuration at execution.
    pub lanes: u16,
    /// Works under an AVX-512 mask (k1 to k7), so that active lanes are known only at execution.
    pub masked: bool,
    /// FLOPs on active lanes.
    pub flops: Weight,
    /// What Intel's FP_ARITH_INST_RETIRED would add on all lanes, masked or not; None where
    /// Intel's documentation does not say.
    pub pmu: Option<Weight>,
}

/// One instruction's class and, where it is masked, the register that holds its mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classified {
    pub class: Class,
    pub mask: Option<Register>,
}
