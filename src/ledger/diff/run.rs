//! Two results of `run`.

use super::{Breakdown, Compared, Part, Parts, Sides};
use crate::counter::{ClassRow, FunctionRow, RunResult, SCHEMA};
use crate::ledger::Basis;
use crate::shell;
use crate::units::Amount;
use crate::{Error, Result};

pub fn compare(sides: &Sides<RunResult>) -> Result<Compared> {
    let changes = vec![
        sides.change("command", |run| shell::command(&run.command)),
        sides.change("counter", |run| run.counter.clone()),
        sides.change("exact", |run| run.exact.to_string()),
        sides.change("CPU of the events", |run| run.pmu_model.clone()),
        sides.change("exit status", |run| run.exit.status().to_string()),
        sides.change("processes", |run| known(run.processes)),
        sides.change("threads", |run| known(run.threads)),
        sides.change("instructions", |run| known(run.instructions.total)),
    ];
    Ok((SCHEMA, changes, breakdowns(sides)?))
}

fn known(number: Option<u64>) -> String {
    number.map_or_else(|| "not known".into(), |number| number.to_string())
}

fn breakdowns(sides: &Sides<RunResult>) -> Result<Vec<Breakdown>> {
    let [from, to] = sides.results;
    if from.flops.total.is_some() && to.flops.total.is_some() {
        let total = |run: &RunResult| run.flops.total.unwrap_or(0).into();
        let mut breakdowns = Vec::new();
        if from.classes.is_some() && to.classes.is_some() {
            breakdowns
                .push(sides.breakdown("instruction", total, |run| classes(run.classes.as_deref().unwrap_or(&[]))));
        }
        if from.functions.is_some() && to.functions.is_some() {
            breakdowns
                .push(sides.breakdown("function", total, |run| functions(run.functions.as_deref().unwrap_or(&[]))));
        }
        return Ok(breakdowns);
    }
    let [a, b] = sides.names;
    if let [Some(_), Some(_)] = [from, to].map(|run| run.pmu_flops.total) {
        if from.flops.total.is_some() || to.flops.total.is_some() {
            return Err(Error::input(format!(
                "{a} was counted by `{}` and {b} by `{}`: what events show is another figure than what was executed",
                from.counter, to.counter
            ))
            .remedy("count both with one counter; `run --counter perf,translate` has the ledger between the two"));
        }
        let total = |run: &RunResult| run.pmu_flops.total.unwrap_or(0).into();
        return Ok(vec![sides.breakdown("precision", total, shown)]);
    }
    let unknown = if from.flops.total.or(from.pmu_flops.total).is_none() { a } else { b };
    Err(Error::input(format!("{unknown}: its FLOPs are not known: there is nothing to compare"))
        .remedy("count it with --counter translate, or with --passes where the events do not fit the counters"))
}

/// By mnemonic, width and mask.
pub fn classes(rows: &[ClassRow]) -> Parts {
    let mut parts = Parts::new();
    for row in rows {
        let masked = if row.masked { ", masked" } else { "" };
        let text = format!("{} ({} bits{masked})", row.mnemonic, row.width);
        add(&mut parts, text, row.flops);
    }
    parts
}

pub fn functions(rows: &[FunctionRow]) -> Parts {
    let mut parts = Parts::new();
    for row in rows {
        add(&mut parts, format!("{} in {}", row.symbol, row.object), row.flops);
    }
    parts
}

/// Functions of one name, as static ones may be, are one part.
fn add(parts: &mut Parts, text: String, flops: u64) {
    let part = parts.entry(text.clone()).or_insert(Part { flops: 0, basis: Basis::Measured, text });
    part.flops += Amount::from(flops);
}

fn shown(run: &RunResult) -> Parts {
    let flops = run.pmu_flops;
    let mut parts = Parts::new();
    for (name, flops) in [("fp16", flops.fp16), ("fp32", flops.fp32), ("fp64", flops.fp64)] {
        add(&mut parts, name.into(), flops.unwrap_or(0));
    }
    parts
}
