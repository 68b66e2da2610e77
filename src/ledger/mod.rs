//! The algebra of ledgers: an opening count, entries that move it, a closing count, and the
//! residual that no entry explains. Nothing here knows a file format.

pub mod elementwise;
pub mod gemm;

use serde::{Deserialize, Serialize};

use crate::units::{Amount, Count, Unit};

/// How an entry's amount was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// From shapes and a kernel's own constants, without looking at the count it explains.
    Predicted,
    /// From a region and instruction class that a counter measured.
    Measured,
}

/// What an amount rests on: a term, an operator, a region, a function and instruction class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The thing pointed at, e.g. `image.blocks.attn.qkv` or `vfmadd231ps ymm in image/block.0/attn.qkv`.
    pub what: String,
    /// Its share of the entry.
    pub flops: Amount,
}

/// One cause with its exact signed amount, in FLOPs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// A slug that stays the same between versions, e.g. `tile-padding`.
    pub cause: String,
    pub flops: Amount,
    pub basis: Basis,
    /// The cause in plain words.
    pub text: String,
    pub evidence: Vec<Evidence>,
}

/// A count with its name and the unit that whoever counted it reports it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    pub name: String,
    pub value: Count,
    pub unit: Unit,
}

impl Figure {
    pub fn flops(&self) -> Amount {
        (self.value * self.unit.flops()) as Amount
    }
}

/// Leads from one count to another. The residual is what the entries do not explain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub from: String,
    pub to: String,
    pub opening: Figure,
    pub entries: Vec<Entry>,
    pub closing: Figure,
    pub residual: Amount,
}

impl Ledger {
    /// Closes a ledger. Entries of amount 0 are left out; the residual is computed, never given.
    pub fn close(opening: Figure, entries: Vec<Entry>, closing: Figure) -> Self {
        let entries: Vec<Entry> = entries.into_iter().filter(|e| e.flops != 0).collect();
        let explained: Amount = entries.iter().map(|e| e.flops).sum();
        Ledger {
            from: opening.name.clone(),
            to: closing.name.clone(),
            residual: closing.flops() - opening.flops() - explained,
            opening,
            entries,
            closing,
        }
    }

    /// FLOPs moved by measured entries, in absolute terms: the part that was not predicted.
    pub fn measured(&self) -> Count {
        self.entries.iter().filter(|e| e.basis == Basis::Measured).map(|e| e.flops.unsigned_abs()).sum()
    }
}
