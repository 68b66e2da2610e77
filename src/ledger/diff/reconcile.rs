//! Two results of `reconcile`.

use serde::Deserialize;

use super::run::{classes, functions};
use super::{Compared, Part, Parts, Sides};
use crate::counter::{ClassRow, FunctionRow};
use crate::ledger::reconcile::SCHEMA;
use crate::ledger::{Basis, Ledger};
use crate::shell;
use crate::units::{Amount, Count};

/// What of a saved reconciliation is compared.
#[derive(Debug, Clone, Deserialize)]
pub struct Reconciled {
    model: String,
    workload: String,
    command: Vec<String>,
    batch: u64,
    counter: String,
    exact: bool,
    pmu_model: String,
    counts: Counts,
    ledgers: Vec<Ledger>,
    operators: Vec<Operator>,
    classes: Vec<ClassRow>,
    functions: Vec<FunctionRow>,
    machine: Machine,
}

#[derive(Debug, Clone, Deserialize)]
struct Counts {
    analytic: Count,
    instructions: u64,
}

#[derive(Debug, Clone, Deserialize)]
struct Operator {
    path: String,
    executed: Count,
}

#[derive(Debug, Clone, Deserialize)]
struct Machine {
    cpu: Option<String>,
}

pub fn compare(sides: &Sides<Reconciled>) -> Compared {
    let changes = vec![
        sides.change("CPU", |result| result.machine.cpu.clone().unwrap_or_else(|| "not known".into())),
        sides.change("model", |result| result.model.clone()),
        sides.change("batch", |result| result.batch.to_string()),
        sides.change("workload", |result| result.workload.clone()),
        sides.change("command", |result| shell::command(&result.command)),
        sides.change("counter", |result| result.counter.clone()),
        sides.change("exact", |result| result.exact.to_string()),
        sides.change("CPU of the events", |result| result.pmu_model.clone()),
    ];
    let total = |result: &Reconciled| result.counts.instructions.into();
    let breakdowns = vec![
        sides.breakdown("cause", total, causes),
        sides.breakdown("operator", total, operators),
        sides.breakdown("instruction", total, |result| classes(&result.classes)),
        sides.breakdown("function", total, |result| functions(&result.functions)),
    ];
    (SCHEMA, changes, breakdowns)
}

/// The analytic count, and every cause on the way from there to the instructions. What a chain itself leaves
/// unexplained no cause explains here either.
fn causes(result: &Reconciled) -> Parts {
    let analytic = Part {
        flops: result.counts.analytic as Amount,
        basis: Basis::Predicted,
        text: "the model itself, by its configuration".into(),
    };
    let mut parts = Parts::from([("analytic".to_owned(), analytic)]);
    let on_the_way = ["analytic", "operators"];
    for ledger in result.ledgers.iter().filter(|ledger| on_the_way.contains(&ledger.from.as_str())) {
        for entry in &ledger.entries {
            let new = Part { flops: 0, basis: entry.basis, text: entry.text.clone() };
            parts.entry(entry.cause.clone()).or_insert(new).flops += entry.flops;
        }
    }
    parts
}

fn operators(result: &Reconciled) -> Parts {
    let mut parts = Parts::new();
    let mut inside = 0;
    for Operator { path, executed } in &result.operators {
        inside += *executed as Amount;
        parts.insert(path.clone(), Part { flops: *executed as Amount, basis: Basis::Measured, text: path.clone() });
    }
    let outside = Part {
        flops: Amount::from(result.counts.instructions) - inside,
        basis: Basis::Measured,
        text: "outside every operator".into(),
    };
    parts.insert(String::new(), outside);
    parts
}
