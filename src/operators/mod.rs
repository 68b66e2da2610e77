//! Operator counts from what a framework really ran.

use serde::{Deserialize, Serialize};

use crate::model::terms::Kind;
use crate::units::Count;

mod registry;
pub mod trace;

/// Identical calls `C = A B` that an operator made of a GEMM kernel; A is m x k with its rows
/// contiguous, C m x n.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GemmCall {
    pub m: u32,
    pub n: u32,
    pub k: u32,
    /// How many calls of this shape.
    pub count: u32,
    /// B is stored as n x k, its columns contiguous. The `gemm` crate takes other paths then.
    #[serde(default, skip_serializing_if = "is_false")]
    pub b_transposed: bool,
}

fn is_false(flag: &bool) -> bool {
    !*flag
}

/// One operator at one place of the model, with all its identical executions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// The framework's own name: `linear`, `addmm`, `layer_norm`.
    pub name: String,
    pub kind: Kind,
    /// The region it ran in: `image/block.0/attn.qkv`.
    pub path: String,
    pub shapes: Vec<Vec<u64>>,
    pub calls: u64,
    /// MACs of all calls.
    pub macs: Count,
    /// Elements of the result of all calls, which element-wise work is proportional to.
    pub elements: Count,
    /// The GEMM kernel calls of one execution, where the framework tells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gemm: Vec<GemmCall>,
}

/// An operator that was run and that no shape function counts. Never counted as 0 in silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unsupported {
    pub name: String,
    pub calls: u64,
    pub reason: String,
}

/// What a framework ran, in the order of first execution.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Operators {
    pub schema: &'static str,
    /// The trace's first line: what ran, and the constants of its kernels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<serde_json::Value>,
    pub operators: Vec<Operator>,
    pub unsupported: Vec<Unsupported>,
    /// What of the file could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
}

impl Operators {
    pub fn macs(&self) -> Count {
        self.operators.iter().map(|operator| operator.macs).sum()
    }

    /// Bytes of an element of every operand, where the header tells.
    pub fn element_bytes(&self) -> Option<u64> {
        self.header.as_ref()?.get("element_bytes")?.as_u64()
    }

    /// Images and texts in one run, as the header says; else 1.
    pub fn batch(&self) -> u64 {
        self.header.as_ref().and_then(|header| header.get("batch")?.as_u64()).unwrap_or(1)
    }
}
