//! What another tool counted of the same run against the operators.

use std::collections::BTreeMap;

use super::figure;
use super::paths::term_path;
use crate::ledger::{Basis, Entry, Evidence, Figure, Ledger};
use crate::operators::{CountedBy, Operators};
use crate::units::{Amount, Count, Unit};

/// What a tool and the operators have under one name.
#[derive(Default)]
struct Both {
    ours: Amount,
    theirs: Amount,
    evidence: BTreeMap<String, Amount>,
}

/// One entry for the tool's unit, then one an operator that it does not see or counts otherwise, in FLOPs.
pub fn ledger(other: &CountedBy, operators: &Operators) -> Ledger {
    let mut names: BTreeMap<&str, Both> = BTreeMap::new();
    for operator in operators.operators.iter().filter(|operator| operator.macs > 0) {
        let both = names.entry(common(&operator.name, other)).or_default();
        both.ours += 2 * operator.macs as Amount;
        *both.evidence.entry(term_path(&operator.path)).or_default() += 2 * operator.macs as Amount;
    }
    for (name, &count) in &other.counts {
        names.entry(common(name, other)).or_default().theirs += Amount::from(count) * other.unit.flops() as Amount;
    }
    let printed: Count = other.counts.values().map(|&count| Count::from(count)).sum();
    let opening = Figure { name: other.tool.clone(), value: printed, unit: other.unit };
    let unit = (other.unit == Unit::Mac).then(|| Entry {
        cause: "mac-counted-once".into(),
        flops: printed as Amount,
        basis: Basis::Predicted,
        text: format!("counted once instead of twice by {}: a multiply-accumulate is 2 FLOPs", other.tool),
        evidence: Vec::new(),
    });
    let seen = names.into_iter().filter_map(|(name, both)| entry(name, both, &other.tool));
    Ledger::close(opening, unit.into_iter().chain(seen).collect(), figure("operators", 2 * operators.macs()))
}

/// The name that a tool's operator and a framework's go by. Tools that trace a graph of their own have other
/// names for products than the framework has for what it runs.
fn common<'a>(name: &'a str, other: &CountedBy) -> &'a str {
    match name {
        "conv" | "convolution" if other.counts.contains_key("conv") => "convolution",
        "linear" | "matmul" | "addmm" | "mm" | "bmm" | "baddbmm" if other.counts.contains_key("linear") => {
            "linear or matmul"
        }
        _ => name,
    }
}

fn entry(name: &str, both: Both, tool: &str) -> Option<Entry> {
    let Both { ours, theirs, evidence } = both;
    let (cause, text) = match (ours, theirs) {
        _ if ours == theirs => return None,
        (_, 0) => ("operator-not-seen", format!("operator {name} not seen by {tool}")),
        (0, _) => ("operator-without-products", format!("operator {name} counted by {tool}: it has no product here")),
        _ => ("operator-counted-otherwise", format!("operator {name} counted otherwise by {tool}")),
    };
    let evidence = evidence.into_iter().map(|(what, flops)| Evidence { what, flops }).collect();
    Some(Entry { cause: cause.into(), flops: ours - theirs, basis: Basis::Predicted, text, evidence })
}
