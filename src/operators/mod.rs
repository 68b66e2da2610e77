//! Operator counts from what a framework really ran.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::terms::Kind;
use crate::units::Count;

mod gather;
mod onnx;
mod read;
mod registry;
pub mod trace;
pub mod verbose;

pub use onnx::Dimensions;
pub use read::read;

pub const SCHEMA: &str = "flopledger.operators/1";

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// The framework's own name: `linear`, `addmm`, `layer_norm`.
    pub name: String,
    pub kind: Kind,
    /// The region it ran in: `image/block.0/attn.qkv`; of a library's log, the library and its implementation.
    pub path: String,
    pub shapes: Vec<Vec<u64>>,
    pub calls: u64,
    /// MACs of all calls.
    pub macs: Count,
    /// Elements of the result of all calls, which element-wise work is proportional to.
    pub elements: Count,
    /// The GEMM kernel calls of one execution, where the framework tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gemm: Vec<GemmCall>,
    /// The products that a fused operator is made of; none where it is one product itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// One product of a fused operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// As in a term's path, after the operator's own: `qk` in `image/block.0/attn`.
    pub name: String,
    /// MACs of all calls.
    pub macs: Count,
}

/// An operator that was run and that no shape function counts. Never counted as 0 in silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsupported {
    pub name: String,
    pub calls: u64,
    pub reason: String,
}

/// What another tool counted of the same run, operator by operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedBy {
    /// The tool: `FlopCounterMode`.
    #[serde(rename = "counted_by")]
    pub tool: String,
    /// FLOPs by the operator's name.
    pub flops: BTreeMap<String, u64>,
}

/// What a framework ran, in the order of first execution.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Operators {
    pub schema: String,
    /// A trace's first line: what ran, and the constants of its kernels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<serde_json::Value>,
    pub operators: Vec<Operator>,
    pub unsupported: Vec<Unsupported>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_counts: Vec<CountedBy>,
    /// What of the file could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
