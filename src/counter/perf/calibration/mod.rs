//! Tries the events on programs whose FLOPs are known, before a zero of theirs is believed: a hypervisor
//! may let events open that do not count, and an undocumented CPU may weigh them otherwise.

use nix::errno::Errno;
use nix::sched::sched_setaffinity;
use nix::sys::wait::{WaitStatus, waitpid};
use serde::{Deserialize, Serialize};

use super::groups::{self, Wanted};
use super::plan::{Cores, Plan};
use super::target::Target;
use crate::counter::launch::Launch;
use crate::counter::{Command, EventStatus, Stdout, tiny};
use crate::isa::Precision;
use crate::machine::Cpu;
use crate::machine::events::FpEvent;
use crate::units::grouped;
use crate::{Error, Result};
use cache::Subject;
use kernels::Kernel;

mod cache;
mod kernels;

/// What events that are not tied to retirement may show too much: what was begun on a mispredicted path.
const SPECULATIVE_PERCENT: u64 = 2;

/// One program under the events of one kind of cores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    pub pmu: String,
    pub kernel: String,
    pub expected_flops: u64,
    pub measured_flops: u64,
    /// What they may show beyond that: 0 for events of retired instructions.
    pub tolerance_flops: u64,
    /// What each event added to it.
    pub events: Vec<(String, u64)>,
    pub right: bool,
}

/// Whether events are tried before they are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Calibrate {
    #[default]
    OncePerBoot,
    Again,
    Never,
}

/// An error where the events count wrongly, or could not be tried.
pub fn check(cpu: &Cpu, plan: &Plan, when: Calibrate) -> Result<()> {
    let known = match when {
        Calibrate::Never => return Ok(()),
        Calibrate::Again => None,
        Calibrate::OncePerBoot => Subject::of(cpu, plan).and_then(|subject| subject.known()),
    };
    let verdict = match known {
        Some(verdict) => verdict,
        None => refusal(&now(cpu, plan)?).map_or(Ok(()), Err),
    };
    verdict.map_err(|refusal| {
        Error::failed(format!("perf: {refusal}"))
            .briefly("its floating-point events do not count right here (flopledger doctor says how)")
            .remedy("count with --counter translate; or see what the events show all the same: --no-calibrate")
    })
}

/// Tries the events, and remembers what came of it.
pub fn now(cpu: &Cpu, plan: &Plan) -> Result<Vec<Phase>> {
    let phases = calibrate(plan)?;
    if let Some(subject) = Subject::of(cpu, plan) {
        subject.remember(&refusal(&phases).map_or(Ok(()), Err));
    }
    Ok(phases)
}

/// Runs every program that this CPU can execute under all events of a plan. An error where the events
/// could not be read: no verdict.
fn calibrate(plan: &Plan) -> Result<Vec<Phase>> {
    let mut phases = Vec::new();
    for cores in plan.cores.iter().filter(|cores| !cores.sets.is_empty()) {
        let fitting = |of: &[Vec<&'static FpEvent>]| {
            let sets = of.iter().map(|set| groups::fitting(set, |events| wanted(cores, events)));
            sets.collect::<Result<Vec<_>>>().map(|sets| sets.concat())
        };
        // An event of no one precision counts single and double, and need not count others.
        let of_one = |sets: &[Vec<&'static FpEvent>], precision: Precision| {
            sets.iter().flatten().any(|event| event.precision == Some(precision))
        };
        let (sets, details) = (fitting(&cores.sets)?, fitting(&cores.details)?);
        for kernel in kernels::executable() {
            if matches!(kernel.precision, Precision::Fp32 | Precision::Fp64) || of_one(&sets, kernel.precision) {
                phases.push(phase(cores, &sets, kernel)?);
            }
            if of_one(&details, kernel.precision) {
                phases.push(phase(cores, &details, kernel)?);
            }
        }
    }
    Ok(phases)
}

/// What is wrong, measured against expected; None where all is right.
pub fn refusal(phases: &[Phase]) -> Option<String> {
    let wrong: Vec<&Phase> = phases.iter().filter(|phase| !phase.right).collect();
    let first = wrong.first()?;
    let counted = first.events.iter().filter(|(_, flops)| *flops > 0);
    let mut by: Vec<String> = counted.map(|(name, flops)| format!("{name}: {}", grouped((*flops).into()))).collect();
    if by.is_empty() {
        by.push(format!(
            "none of {} counts",
            first.events.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
        ));
    }
    let band = match first.tolerance_flops {
        0 => String::new(),
        band => format!(" and may show {} more", grouped(band.into())),
    };
    Some(format!(
        "the floating-point events of {} do not count right: {} has {} FLOPs that they count{band}, and they show {} \
         ({}); {} of {} such programs came out wrong",
        first.pmu,
        first.kernel,
        grouped(first.expected_flops.into()),
        grouped(first.measured_flops.into()),
        by.join(", "),
        wrong.len(),
        phases.len()
    ))
}

fn wanted(cores: &Cores, events: &[&'static FpEvent]) -> Vec<Wanted> {
    events.iter().map(|event| cores.wanted(event)).collect()
}

fn phase(cores: &Cores, sets: &[Vec<&'static FpEvent>], kernel: &Kernel) -> Result<Phase> {
    let program = tiny::install(&kernel.code()?)?;
    let command =
        Command { program: program.as_os_str().to_owned(), args: Vec::new(), env: Vec::new(), stdout: Stdout::Ours };
    let mut counted = Vec::new();
    for set in sets {
        counted.extend(run(cores, set, kernel, &command)?);
    }
    Ok(judge(cores, kernel.name, kernel.precision, kernel.flops(), &counted))
}

/// Counts one run, in a thread that bears the program's name: that is how a fake PMU knows what is tried.
fn run(
    cores: &Cores,
    set: &[&'static FpEvent],
    kernel: &Kernel,
    command: &Command,
) -> Result<Vec<(&'static FpEvent, u64)>> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(kernel.thread());
        let counting = thread.spawn_scoped(scope, || count(cores, set, command));
        let counting = counting.map_err(|e| Error::failed(format!("calibration: cannot start a thread: {e}")))?;
        counting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn count(cores: &Cores, set: &[&'static FpEvent], command: &Command) -> Result<Vec<(&'static FpEvent, u64)>> {
    let launch = Launch::new(command, None)?;
    let opened = match on_its_cores(cores, &launch)
        .and_then(|()| groups::open(&wanted(cores, set), &Target::child(launch.pid)))
    {
        Ok(opened) => opened,
        Err(error) => {
            launch.abandon();
            return Err(error);
        }
    };
    run_to_end(launch)?;
    set.iter().zip(opened).map(|(event, mut opened)| Ok((*event, whole(opened.read(None))?))).collect()
}

/// Waits for this one child only: signals go to the process's main thread, not to the one that calibrates.
fn run_to_end(mut launch: Launch) -> Result<()> {
    launch.open_gate()?;
    if let Some(refusal) = launch.refusal() {
        launch.abandon();
        return Err(refusal);
    }
    loop {
        match waitpid(launch.pid, None) {
            Ok(WaitStatus::Exited(_, 0)) => return Ok(()),
            Ok(ended) => return Err(Error::failed(format!("calibration: the program ended otherwise: {ended:?}"))),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::failed(format!("calibration: cannot wait: {}", errno.desc()))),
        }
    }
}

/// A share of a count tells nothing.
fn whole(read: crate::counter::Event) -> Result<u64> {
    let why = match (read.status, read.raw) {
        (EventStatus::Counted, Some(raw)) => return Ok(raw),
        (EventStatus::Partial, _) => "had a hardware counter for part of the time only",
        _ => "never got a hardware counter",
    };
    Err(Error::failed(format!("calibration: {} {why}: another tool, or the NMI watchdog, holds them", read.name))
        .briefly("another tool holds the hardware counters")
        .remedy("end the other tool, or take what the events show without calibration: --no-calibrate"))
}

fn on_its_cores(cores: &Cores, launch: &Launch) -> Result<()> {
    let Some(cpus) = &cores.cpus else { return Ok(()) };
    sched_setaffinity(launch.pid, cpus).map_err(|errno| {
        Error::failed(format!("calibration: may not run on the cores of {}: {}", cores.pmu, errno.desc()))
            .remedy("allow flopledger all kinds of cores, or leave it out: --no-calibrate")
    })
}

/// Of the events that count a precision the FLOPs have to add up; all others have to show nothing.
fn judge(cores: &Cores, kernel: &str, precision: Precision, flops: u64, counted: &[(&'static FpEvent, u64)]) -> Phase {
    let takes = |event: &FpEvent| event.precision.is_none_or(|of| of == precision);
    let weighted = |event: &FpEvent, raw: u64| event.flops_per_count.flops(raw, None).unwrap_or(u64::MAX);
    let sum = |of_it: bool| {
        let events = counted.iter().filter(|(event, _)| takes(event) == of_it);
        events.map(|(event, raw)| weighted(event, *raw)).fold(0, u64::saturating_add)
    };
    let expected = if counted.iter().any(|(event, _)| takes(event)) { flops } else { 0 };
    let band = if cores.speculative { flops * SPECULATIVE_PERCENT / 100 } else { 0 };
    let (measured, others) = (sum(true), sum(false));
    Phase {
        pmu: cores.pmu.clone(),
        kernel: kernel.to_owned(),
        expected_flops: expected,
        measured_flops: measured.saturating_add(others),
        tolerance_flops: band,
        events: counted.iter().map(|(event, raw)| (event.name.clone(), weighted(event, *raw))).collect(),
        right: (expected..=expected + band).contains(&measured) && others <= band,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::CpuEvents;

    fn judged(speculative: bool, precision: Precision, counts: impl Fn(&FpEvent) -> u64) -> Phase {
        let known = CpuEvents::of(&"GenuineIntel-6-8F".parse().expect("a CPU")).expect("in the table");
        let plan = known.cores[0].plan(8);
        let counted: Vec<_> = plan.main()[0].events().map(|event| (event, counts(event))).collect();
        let cores = Cores::stub("cpu", speculative);
        judge(&cores, "f64-256", precision, 80_000, &counted)
    }

    fn only(name: &'static str, count: u64) -> impl Fn(&FpEvent) -> u64 {
        move |event| if event.name == format!("FP_ARITH_INST_RETIRED.{name}") { count } else { 0 }
    }

    #[test]
    fn retired_events_count_to_the_last_one() {
        assert!(judged(false, Precision::Fp64, only("256B_PACKED_DOUBLE", 20_000)).right);
        assert!(!judged(false, Precision::Fp64, only("256B_PACKED_DOUBLE", 20_001)).right);
        assert!(!judged(false, Precision::Fp64, only("256B_PACKED_DOUBLE", 19_999)).right);
        assert!(!judged(false, Precision::Fp64, |_| 0).right);
    }

    #[test]
    fn another_precision_shows_nothing() {
        assert!(!judged(false, Precision::Fp64, only("256B_PACKED_SINGLE", 10_000)).right);
        // No event of these counts x87.
        assert!(judged(false, Precision::X87, |_| 0).right);
        assert!(!judged(false, Precision::X87, only("SCALAR_DOUBLE", 1)).right);
    }

    #[test]
    fn speculative_events_have_a_band() {
        assert!(judged(true, Precision::Fp64, only("256B_PACKED_DOUBLE", 20_400)).right);
        assert!(!judged(true, Precision::Fp64, only("256B_PACKED_DOUBLE", 20_401)).right);
        assert!(!judged(true, Precision::Fp64, only("256B_PACKED_DOUBLE", 19_999)).right);
    }

    #[test]
    fn refusals_give_measured_and_expected() {
        let right = judged(false, Precision::Fp64, only("256B_PACKED_DOUBLE", 20_000));
        assert_eq!(refusal(std::slice::from_ref(&right)), None);
        let wrong = judged(false, Precision::Fp64, only("256B_PACKED_DOUBLE", 10_000));
        let refusal = refusal(&[right, wrong]).expect("wrong");
        assert!(refusal.contains("80,000 FLOPs") && refusal.contains("they show 40,000"), "{refusal}");
        assert!(refusal.contains("1 of 2"), "{refusal}");
    }
}
