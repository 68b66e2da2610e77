//! Which counter a run uses, and why.

use super::perf::calibration::Calibrate;
use super::perf::{Others, Perf};
use super::step::Step;
use super::translate::Translate;
use super::{Counter, Measurement};
use crate::machine::Cpu;

/// What the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Choice {
    /// The best that this machine offers
    Auto,
    /// The hardware's floating-point events
    Perf,
    /// Every instruction, in translated copies of the program's code: exact, at nearly native speed
    Translate,
    /// Every instruction, one at a time: exact, and thousands of times slower
    Step,
    /// No floating-point operations: only the events of -e, or the kernel's own
    Events,
}

/// A counter and why it is the one.
pub struct Chosen {
    pub counter: Box<dyn Counter>,
    pub reason: String,
}

/// Chooses a counter; `perf` is how hardware events would be counted. One asked for by name that this machine does
/// not offer fails when it starts to measure, and says why.
pub fn choose(choice: Choice, perf: Perf) -> Chosen {
    match choice {
        Choice::Perf => Chosen { counter: Box::new(perf), reason: "asked for".into() },
        Choice::Translate => Chosen { counter: Box::new(Translate), reason: "asked for".into() },
        Choice::Events => Chosen { counter: Box::new(Others), reason: "asked for".into() },
        Choice::Step => Chosen { counter: Box::new(Step), reason: "asked for".into() },
        Choice::Auto => match perf.refusal() {
            None => {
                let calibrated = if perf.calibrate == Calibrate::Never { "are not calibrated" } else { "count right" };
                let reason = format!("the CPU {} has floating-point events, which {calibrated}", perf.cpu);
                Chosen { counter: Box::new(perf), reason }
            }
            Some(refusal) => {
                Chosen { counter: Box::new(Translate), reason: format!("perf not taken: {}", refusal.brief()) }
            }
        },
    }
}

/// The counter of hardware events, where this machine has any.
pub fn hardware(cpu: &Cpu) -> Option<impl Counter + use<>> {
    let perf = Perf::of(cpu.clone());
    perf.refusal().is_none().then_some(perf)
}

/// The CPU of FP_ARITH_INST_RETIRED by whose documentation an instruction counter tells what events
/// would show, where this machine has no such events itself.
const STAND_IN: &str = "GenuineIntel-6-8F";

/// The CPU whose events the `pmu_flops` of a measurement speak of.
pub fn pmu_model(cpu: Option<&Cpu>, measured: &Measurement) -> String {
    let intel = |cpu: &&Cpu| cpu.vendor == "GenuineIntel" && hardware(cpu).is_some();
    match cpu.filter(|cpu| measured.pmu_flops.is_some() || intel(cpu)) {
        Some(cpu) => cpu.to_string(),
        None => STAND_IN.to_owned(),
    }
}
