//! What another tool counted of the same run against the operators.

use std::collections::BTreeMap;

use super::figure;
use super::paths::term_path;
use crate::ledger::{Basis, Entry, Evidence, Ledger};
use crate::operators::{CountedBy, Operators};
use crate::units::{Amount, Count};

/// One entry an operator that the tool does not see, or counts otherwise.
pub fn ledger(other: &CountedBy, operators: &Operators) -> Ledger {
    let mut places: BTreeMap<&str, BTreeMap<String, Amount>> = BTreeMap::new();
    for operator in operators.operators.iter().filter(|operator| operator.macs > 0) {
        let places = places.entry(&operator.name).or_default();
        *places.entry(term_path(&operator.path)).or_default() += 2 * operator.macs as Amount;
    }
    let tool = &other.tool;
    let mut entries = Vec::new();
    for (name, places) in &places {
        let ours: Amount = places.values().sum();
        let (cause, text, theirs) = match other.flops.get(*name) {
            None | Some(0) => ("operator-not-seen", format!("operator {name} not seen by {tool}"), 0),
            Some(&theirs) => {
                ("operator-counted-otherwise", format!("operator {name} counted otherwise by {tool}"), theirs)
            }
        };
        let evidence = places.iter().map(|(place, flops)| Evidence { what: place.clone(), flops: *flops });
        let flops = ours - Amount::from(theirs);
        entries.push(Entry { cause: cause.into(), flops, basis: Basis::Predicted, text, evidence: evidence.collect() });
    }
    for (name, &theirs) in other.flops.iter().filter(|(name, _)| !places.contains_key(name.as_str())) {
        entries.push(Entry {
            cause: "operator-without-products".into(),
            flops: -Amount::from(theirs),
            basis: Basis::Predicted,
            text: format!("operator {name} counted by {tool}: it has no product here"),
            evidence: vec![Evidence { what: name.clone(), flops: -Amount::from(theirs) }],
        });
    }
    let counted = other.flops.values().map(|&flops| Count::from(flops)).sum();
    Ledger::close(figure(tool, counted), entries, figure("operators", 2 * operators.macs()))
}
