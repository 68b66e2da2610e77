//! The three-way reconciliation: a chain of ledgers from the analytic count to the operators, to
//! the instructions, to what a PMU would show.

use std::collections::BTreeMap;

use serde::Serialize;

use super::kernels::Kernels;
use super::roofline::{Roofline, roofline};
use super::{Figure, Ledger};
use crate::Result;
use crate::counter::timed::Timed;
use crate::counter::{ClassRow, FunctionRow, Measurement, PmuFlops, Tally, Time};
use crate::isa::Precision;
use crate::model::Term;
use crate::model::terms::Kind;
use crate::operators::Operators;
use crate::units::{Amount, Count, Unit};

mod by_operator;
mod execution;
mod measured;
mod model;
mod other_counts;
mod paths;
pub(super) mod visible;

pub use by_operator::OperatorCount;

pub const SCHEMA: &str = "flopledger.reconcile/1";

/// What was counted, and how.
pub struct Subject<'a> {
    pub model: String,
    pub workload: String,
    /// The workload as it was started.
    pub command: Vec<String>,
    /// Images and texts in one run; every term is executed so often.
    pub batch: u64,
    pub terms: Vec<Term>,
    pub operators: &'a Operators,
    pub measurement: &'a Measurement,
    pub tally: &'a Tally,
    /// File name of the workload's own executable.
    pub program: String,
    pub counter_reason: String,
    /// The CPU whose events `pmu_visible` stands for.
    pub pmu_model: String,
    /// What this machine's events showed in a run of their own, where it has any.
    pub pmu: Option<PmuFlops>,
    pub machine: Machine,
}

#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Vendor, family and model: `GenuineIntel-6-8F`.
    pub cpu: Option<String>,
}

/// Each way's count, in FLOPs.
#[derive(Debug, Clone, Serialize)]
pub struct Counts {
    pub analytic: Count,
    pub operators: Count,
    pub instructions: u64,
    pub pmu_visible: u64,
    /// None where no floating-point event counted.
    pub pmu: Option<u64>,
}

/// The same counts for one kind of operation, in FLOPs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KindCount {
    pub kind: &'static str,
    pub analytic: Count,
    pub operators: Count,
    /// What the kernels' constants predict for these operators; 2 x MACs where nobody knows them.
    pub predicted: Count,
    /// What was executed in the regions of these operators.
    pub executed: Count,
    /// executed - predicted.
    pub residual: Amount,
}

#[derive(Debug, Clone, Serialize)]
pub struct Reconciliation {
    pub schema: &'static str,
    pub model: String,
    pub workload: String,
    pub command: Vec<String>,
    pub batch: u64,
    pub counter: &'static str,
    pub counter_reason: String,
    pub exact: bool,
    pub reasons: Vec<String>,
    pub pmu_model: String,
    pub counts: Counts,
    pub ledgers: Vec<Ledger>,
    pub kinds: Vec<KindCount>,
    pub operators: Vec<OperatorCount>,
    /// Most FLOPs first.
    pub classes: Vec<ClassRow>,
    pub functions: Vec<FunctionRow>,
    /// FLOPs moved by measured entries between operators and instructions: not predicted.
    pub measured: Count,
    pub time: Time,
    pub machine: Machine,
    /// Left out unless it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timed: Option<Timed>,
    /// Left out where the peak and the memory's bandwidth were not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roofline: Option<Roofline>,
}

impl Reconciliation {
    /// What runs that nobody counted add.
    pub fn with_times(self, timed: Option<Timed>) -> Reconciliation {
        let roofline = timed.as_ref().and_then(|timed| roofline(&self.operators, timed));
        Reconciliation { timed, roofline, ..self }
    }
}

/// Builds the chain. `before` are ledgers that lead to the analytic count, e.g. from a convention.
pub fn reconcile(subject: &Subject, before: Vec<Ledger>) -> Result<Reconciliation> {
    let Subject { operators, measurement, tally, .. } = *subject;
    let kernels = Kernels::of(operators)?;
    let batch = Count::from(subject.batch);
    let counts = Counts {
        analytic: 2 * batch * subject.terms.iter().map(|t| t.macs).sum::<Count>(),
        operators: 2 * operators.macs(),
        instructions: tally.flops(),
        pmu_visible: visible::pmu_flops(&tally.classes),
        pmu: subject.pmu.and_then(|flops| flops.total),
    };

    let (mut executed, unexplained) = match &kernels {
        Some(kernels) => execution::predicted(&operators.operators, kernels),
        None => measured::entries(&operators.operators, tally),
    };
    executed.extend(execution::outside(tally, &operators.operators, &subject.program));
    let execution = Ledger::close(
        figure("operators", counts.operators),
        executed,
        figure("instructions", counts.instructions.into()),
    );
    let measured = execution.measured();

    let mut ledgers = before;
    ledgers.push(Ledger::close(
        figure("analytic", counts.analytic),
        model::entries(&subject.terms, batch, &operators.operators),
        figure("operators", counts.operators),
    ));
    ledgers.extend(operators.other_counts.iter().map(|other| other_counts::ledger(other, operators)));
    ledgers.push(execution);
    ledgers.push(Ledger::close(
        figure("instructions", counts.instructions.into()),
        visible::entries(&tally.classes),
        figure("pmu_visible", counts.pmu_visible.into()),
    ));
    if let Some(shown) = counts.pmu {
        let visible = figure("pmu_visible", counts.pmu_visible.into());
        let halves = subject.pmu.is_some_and(|flops| flops.not_counted.iter().any(|p| p == Precision::Fp16));
        let entries = visible::half_not_opened(&tally.classes).filter(|_| halves);
        ledgers.push(Ledger::close(visible, entries.into_iter().collect(), figure("pmu", shown.into())));
    }

    let mut reasons = measurement.reasons.clone();
    reasons.extend(operators.unsupported.iter().map(|u| format!("operator {} not counted: {}", u.name, u.reason)));
    reasons.extend(
        unexplained.iter().map(|place| format!("nothing tells what {place} executes: its surplus is in the residual")),
    );
    reasons.extend(operators.lost.iter().map(|lost| format!("operator trace: {lost}")));
    Ok(Reconciliation {
        schema: SCHEMA,
        model: subject.model.clone(),
        workload: subject.workload.clone(),
        command: subject.command.clone(),
        batch: subject.batch,
        counter: measurement.counter,
        counter_reason: subject.counter_reason.clone(),
        exact: measurement.exact,
        reasons,
        pmu_model: subject.pmu_model.clone(),
        kinds: kinds(subject, kernels.as_ref(), batch),
        operators: by_operator::counts(subject, kernels.as_ref(), batch),
        classes: ClassRow::of(tally),
        functions: FunctionRow::of(tally),
        counts,
        ledgers,
        measured,
        time: measurement.time,
        machine: subject.machine.clone(),
        timed: None,
        roofline: None,
    })
}

fn figure(name: &str, value: Count) -> Figure {
    Figure { name: name.into(), value, unit: Unit::Flop }
}

/// Kind by kind: what the model says, what ran, what was to be expected, what was executed.
fn kinds(subject: &Subject, kernels: Option<&Kernels>, batch: Count) -> Vec<KindCount> {
    let mut kinds: BTreeMap<Kind, KindCount> = BTreeMap::new();
    let mut of = |kind: Kind, add: &mut dyn FnMut(&mut KindCount)| {
        add(kinds.entry(kind).or_insert_with(|| KindCount { kind: kind.name(), ..KindCount::default() }))
    };
    for term in &subject.terms {
        of(term.kind, &mut |row| row.analytic += 2 * batch * term.macs);
    }
    let mut places: BTreeMap<&str, Kind> = BTreeMap::new();
    for operator in &subject.operators.operators {
        match operator.kind {
            Kind::Move => places.entry(&operator.path).or_insert(operator.kind),
            _ => places.entry(&operator.path).insert_entry(operator.kind).into_mut(),
        };
        let beyond = kernels.and_then(|kernels| kernels.predict(operator)).unwrap_or_default();
        let expected = 2 * operator.macs as Amount + beyond.iter().map(|p| p.flops).sum::<Amount>();
        of(operator.kind, &mut |row| {
            row.operators += 2 * operator.macs;
            row.predicted += expected.max(0) as Count;
        });
    }
    for region in &subject.tally.regions {
        if let Some(&kind) = places.get(region.path.as_str()) {
            of(kind, &mut |row| row.executed += Count::from(region.flops()));
        }
    }
    kinds
        .into_values()
        .filter(|row| row.analytic + row.operators + row.predicted + row.executed > 0)
        .map(|row| KindCount { residual: row.executed as Amount - row.predicted as Amount, ..row })
        .collect()
}
