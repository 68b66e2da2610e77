//! The hardware's own counters, and the kernel's, through perf_event_open.

use super::watch::Watch;
use super::{Command, Counter, Measurement, Options, Time};
use crate::machine::Cpu;
use crate::{Error, Result};
use calibration::{Calibrate, Phase};
use fp::FpEvents;
use plan::Plan;
use target::Target;

mod attach;
mod available;
mod breakdown;
pub mod calibration;
mod children;
mod deadline;
mod ending;
mod event;
mod events;
pub mod extra;
mod fp;
mod groups;
pub mod names;
mod passes;
mod plan;
mod read;
mod refusal;
mod requirements;
mod schedule;
mod session;
mod sum;
pub mod target;

/// Counts with the floating-point events of a CPU, which should be this one, and others beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Perf {
    pub cpu: Cpu,
    pub calibrate: Calibrate,
    /// Runs the command again for what does not fit the counters.
    pub passes: bool,
}

impl Perf {
    pub fn of(cpu: Cpu) -> Perf {
        Perf { cpu, calibrate: Calibrate::default(), passes: false }
    }

    /// Why it cannot count here; None if its events open and count right.
    pub fn refusal(&self) -> Option<Error> {
        self.ready().err()
    }

    /// What the events show of programs whose FLOPs are known, tried now. An error where they do not open.
    pub fn tried(&self) -> Result<Vec<Phase>> {
        calibration::now(&self.cpu, &self.openable()?)
    }

    /// Do its events open, whatever they count?
    pub fn opens(&self) -> bool {
        self.openable().is_ok()
    }

    fn openable(&self) -> Result<Plan> {
        let plan = Plan::of(&self.cpu, self.passes)?;
        // Without a PMU nothing opens, which says more than what such a PMU would lack.
        FpEvents::open(&plan, &Target::ourselves())?;
        requirements::check(plan.cores.iter().flat_map(plan::Cores::events))?;
        Ok(plan)
    }

    fn ready(&self) -> Result<Plan> {
        let plan = self.openable()?;
        calibration::check(&self.cpu, &plan, self.calibrate)?;
        Ok(plan)
    }

    /// What is said of every count.
    fn uncalibrated(&self) -> Option<String> {
        let never = self.calibrate == Calibrate::Never;
        never.then(|| "the events were not calibrated: what does not count here shows 0 as well".into())
    }

    fn in_passes(&self, command: &Command, options: &Options) -> Result<Measurement> {
        let plan = self.ready()?;
        let passes::Passed { first: run, readings, instructions, agreement } =
            passes::measure(&plan, command, options)?;
        let mut reasons: Vec<String> = self.uncalibrated().into_iter().chain([agreement]).collect();
        let (mut events, pmu_flops, doubts) = fp::result(&plan, readings);
        reasons.extend(doubts);
        reasons.extend(run.survivors.iter().map(|name| format!("still running when the command ended: {name}")));
        events.extend(instructions);
        events.extend(run.extra);
        Ok(Measurement {
            counter: self.name(),
            tally: None,
            pmu_flops: Some(pmu_flops),
            events,
            by_thread: None,
            exact: false,
            reasons,
            exit: run.exit,
            time: Time { wall_s: run.wall_s, user_s: Some(run.usage.user_s), sys_s: Some(run.usage.sys_s) },
            counted_s: Some(run.wall_s),
            max_rss_bytes: Some(run.usage.max_rss_bytes),
            processes: None,
            threads: None,
            effort: None,
        })
    }
}

impl Counter for Perf {
    fn name(&self) -> &'static str {
        "perf"
    }

    fn measure(&self, command: &Command, options: &Options) -> Result<Measurement> {
        match self.passes {
            true => self.in_passes(command, options),
            false => self.observe(Watch::of(command), options),
        }
    }

    fn observe(&self, watch: Watch, options: &Options) -> Result<Measurement> {
        if self.passes {
            return Err(Error::input("--passes runs a command from start to end, several times")
                .remedy("leave out what watches it as it goes, other processes or CPUs, or leave out --passes"));
        }
        let plan = self.ready()?;
        let mut measured = session::measure(self.name(), Some(&plan), options, watch)?;
        measured.reasons.splice(0..0, self.uncalibrated());
        Ok(measured)
    }
}

/// Counts no FLOPs, but the events that the user names, or the kernel's own.
pub struct Others;

impl Counter for Others {
    fn name(&self) -> &'static str {
        "events"
    }

    fn measure(&self, command: &Command, options: &Options) -> Result<Measurement> {
        self.observe(Watch::of(command), options)
    }

    fn observe(&self, watch: Watch, options: &Options) -> Result<Measurement> {
        session::measure(self.name(), None, options, watch)
    }
}
