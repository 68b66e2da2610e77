//! What the configuration promises against what the framework ran.

use std::collections::BTreeMap;

use super::paths::term_path;
use crate::ledger::{Basis, Entry, Evidence};
use crate::model::Term;
use crate::operators::Operator;
use crate::units::{Amount, Count};

/// One entry a cause: towers that did not run, products that did not, products that the model
/// leaves out, and products of another shape.
pub fn entries(terms: &[Term], batch: Count, operators: &[Operator]) -> Vec<Entry> {
    let mut ran: BTreeMap<String, Count> = BTreeMap::new();
    for operator in operators.iter().filter(|o| o.macs > 0) {
        let path = term_path(&operator.path);
        match operator.parts.as_slice() {
            [] => *ran.entry(path).or_default() += 2 * operator.macs,
            parts => parts.iter().for_each(|part| {
                *ran.entry(format!("{path}.{}", part.name)).or_default() += 2 * part.macs;
            }),
        }
    }
    let towers: Vec<&str> = operators.iter().filter_map(|o| o.path.split('/').next()).collect();

    let mut causes: BTreeMap<Cause, Vec<Evidence>> = BTreeMap::new();
    let mut note = |cause, what: String, flops: Amount| causes.entry(cause).or_default().push(Evidence { what, flops });
    for term in terms.iter().filter(|t| t.macs > 0) {
        let promised = (2 * batch * term.macs) as Amount;
        let tower = term.path.split('.').next().unwrap_or_default();
        match ran.remove(&term.path) {
            Some(executed) => note(Cause::Shape, term.path.clone(), executed as Amount - promised),
            None if towers.contains(&tower) => note(Cause::NotRun, term.path.clone(), -promised),
            None => note(Cause::TowerNotRun, term.path.clone(), -promised),
        }
    }
    for (path, flops) in ran {
        note(Cause::NotInModel, path, flops as Amount);
    }
    causes.into_iter().map(|(cause, evidence)| entry(cause, evidence)).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    TowerNotRun,
    NotRun,
    Shape,
    NotInModel,
}

impl Cause {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Cause::TowerNotRun => ("tower-not-run", "a tower that the workload did not run"),
            Cause::NotRun => ("operator-not-run", "products of the model that the framework did not run"),
            Cause::Shape => ("other-shape", "products that ran with other shapes than the configuration gives"),
            Cause::NotInModel => {
                ("not-in-model", "products that ran and that the analytic count leaves out by convention (logits)")
            }
        }
    }
}

fn entry(cause: Cause, mut evidence: Vec<Evidence>) -> Entry {
    evidence.retain(|e| e.flops != 0);
    let (slug, text) = cause.words();
    Entry {
        cause: slug.into(),
        flops: evidence.iter().map(|e| e.flops).sum(),
        basis: Basis::Predicted,
        text: text.into(),
        evidence,
    }
}
