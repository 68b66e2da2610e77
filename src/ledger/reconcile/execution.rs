//! What the operators amount to against what the processor executed.

use std::collections::BTreeMap;

use super::paths::term_path;
use crate::counter::{RegionTally, Tally};
use crate::ledger::kernels::{Kernels, Prediction};
use crate::ledger::{Basis, Entry, Evidence};
use crate::operators::Operator;
use crate::units::Amount;

/// Adds up the predictions for every operator: one entry a cause, the terms as evidence. And the
/// operators that have none, whose surplus stays in the residual.
pub fn predicted(operators: &[Operator], kernels: &Kernels) -> (Vec<Entry>, Vec<String>) {
    let mut causes: BTreeMap<(usize, &str, &str), BTreeMap<String, Amount>> = BTreeMap::new();
    let mut unpredicted = Vec::new();
    for operator in operators {
        let Some(predictions) = kernels.predict(operator) else {
            unpredicted.push(format!("{} in {}", operator.name, operator.path));
            continue;
        };
        for Prediction { rank, cause, text, flops } in predictions {
            let evidence = causes.entry((rank, cause, text)).or_default();
            *evidence.entry(term_path(&operator.path)).or_default() += flops;
        }
    }
    let entry = |((_, cause, text), evidence)| entry(cause, text, Basis::Predicted, evidence);
    (causes.into_iter().map(entry).collect(), unpredicted)
}

/// What ran outside the model, as its regions and functions measured it. Work of the program's own
/// code outside every region has no cause and stays in the residual.
pub fn outside(tally: &Tally, operators: &[Operator], program: &str) -> Vec<Entry> {
    let modelled = |region: &RegionTally| {
        let inside = format!("{}/", region.path);
        operators.iter().any(|o| o.path == region.path || o.path.starts_with(&inside))
    };
    let regions = tally.regions.iter().filter(|r| !r.path.contains('/') && !modelled(r));
    let regions = regions.map(|r| (format!("region {}", r.path), Amount::from(r.flops())));
    let libraries = tally.functions.iter().filter(|f| f.object != program);
    let start_up = libraries.map(|f| (format!("{} in {}", f.symbol, f.object), Amount::from(f.outside_flops)));
    vec![
        entry(
            "outside-model",
            "reading the configuration, weights and inputs, before the model runs",
            Basis::Measured,
            regions.collect(),
        ),
        entry(
            "start-up",
            "libraries at work outside every region: loading, start-up, shutdown",
            Basis::Measured,
            start_up.collect(),
        ),
    ]
}

pub fn entry(cause: &str, text: &str, basis: Basis, evidence: BTreeMap<String, Amount>) -> Entry {
    let mut evidence: Vec<Evidence> =
        evidence.into_iter().filter(|(_, flops)| *flops != 0).map(|(what, flops)| Evidence { what, flops }).collect();
    evidence.sort_by_key(|e| std::cmp::Reverse(e.flops.unsigned_abs()));
    Entry { cause: cause.into(), flops: evidence.iter().map(|e| e.flops).sum(), basis, text: text.into(), evidence }
}
