//! The algebra of ledgers: an opening count, entries that move it, a closing count, and the
//! residual that no entry explains. Nothing here knows a file format.

pub mod diff;
pub mod elementwise;
pub mod explain;
pub mod gemm;
pub mod identify;
pub mod kernels;
pub mod logged;
pub mod reconcile;
pub mod roofline;
pub mod side_by_side;

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

/// One cause with its exact signed amount: what it moves the number by that is printed.
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

/// Leads from one count to another. The residual is what the entries do not explain.
///
/// A ledger reconciles the numbers as they are printed, because it is these that people compare:
/// 116512260096, which is MACs, with 395219472384, which is FLOPs. That one tool counts a
/// multiply-accumulate as 1 where another counts 2 is a cause like any other and has an entry.
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
            residual: closing.value as Amount - opening.value as Amount - explained,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(name: &str, value: Count, unit: Unit) -> Figure {
        Figure { name: name.into(), value, unit }
    }

    fn entry(flops: Amount, basis: Basis) -> Entry {
        Entry { cause: "cause".into(), flops, basis, text: "a cause".into(), evidence: Vec::new() }
    }

    #[test]
    fn what_no_entry_explains_is_the_residual() {
        let entries = vec![entry(30, Basis::Predicted), entry(0, Basis::Predicted), entry(-5, Basis::Measured)];
        let ledger = Ledger::close(figure("a", 100, Unit::Mac), entries, figure("b", 132, Unit::Flop));
        assert_eq!(ledger.residual, 7);
        assert_eq!(ledger.entries.len(), 2);
        assert_eq!(ledger.measured(), 5);
    }
}
