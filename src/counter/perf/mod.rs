//! The hardware's own counters, through perf_event_open.

use std::time::Instant;

use nix::errno::Errno;
use nix::unistd::Pid;

use super::launch::{Launch, Prepare, stop_with_command};
use super::wait::{self, Change};
use super::{Command, Counter, Event, Measurement, Options, Time};
use crate::machine::Cpu;
use crate::{Error, Result};
use calibration::{Calibrate, Phase};
use children::Adoption;
use fp::FpEvents;
use plan::Plan;

mod available;
pub mod calibration;
mod children;
mod event;
mod fp;
mod groups;
mod passes;
mod plan;
mod refusal;
mod requirements;
pub mod software;
mod sum;

/// Counts with the floating-point events of a CPU, which should be this one.
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
        FpEvents::open(&plan, Pid::from_raw(0))?;
        requirements::check(plan.cores.iter().flat_map(plan::Cores::events))?;
        Ok(plan)
    }

    fn ready(&self) -> Result<Plan> {
        let plan = self.openable()?;
        calibration::check(&self.cpu, &plan, self.calibrate)?;
        Ok(plan)
    }
}

impl Counter for Perf {
    fn name(&self) -> &'static str {
        "perf"
    }

    fn measure(&self, command: &Command, options: &Options) -> Result<Measurement> {
        let plan = self.ready()?;
        let mut reasons = Vec::new();
        if self.calibrate == Calibrate::Never {
            reasons.push("the events were not calibrated: what does not count here shows 0 as well".to_owned());
        }
        let (run, readings, instructions) = if self.passes {
            let passed = passes::measure(&plan, command, options)?;
            reasons.push(passed.agreement);
            (passed.first, passed.readings, passed.instructions)
        } else {
            let (opened, run) = run(command, options, None, |child| FpEvents::open(&plan, child))?;
            (run, opened.read(), Vec::new())
        };
        let (mut events, pmu_flops, doubts) = fp::result(&plan, readings);
        reasons.extend(doubts);
        reasons.extend(run.survivors.iter().map(|name| format!("still running when the command ended: {name}")));
        events.extend(instructions);
        events.extend(run.software);
        Ok(Measurement {
            counter: self.name(),
            tally: None,
            pmu_flops: Some(pmu_flops),
            events,
            exact: false,
            reasons,
            exit: run.end.exit,
            time: Time { wall_s: run.wall_s, user_s: run.end.usage.user_s, sys_s: run.end.usage.sys_s },
            max_rss_bytes: run.end.usage.max_rss_bytes,
            processes: None,
            threads: None,
            effort: None,
        })
    }
}

/// One run of a command, whatever was counted in it.
struct Run {
    end: wait::Ended,
    wall_s: f64,
    software: Vec<Event>,
    survivors: Vec<String>,
}

/// Runs a command whose events are opened before it starts.
fn run<T>(
    command: &Command,
    options: &Options,
    prepare: Option<Prepare>,
    open: impl FnOnce(Pid) -> Result<T>,
) -> Result<(T, Run)> {
    let adoption = Adoption::begin();
    let mut launch = Launch::new(command, prepare)?;
    let opened = match open(launch.pid) {
        Ok(opened) => opened,
        Err(error) => {
            launch.abandon();
            return Err(error);
        }
    };
    let software = software::open(launch.pid);
    launch.open_gate()?;
    let started = Instant::now();
    if let Some(refusal) = launch.refusal() {
        launch.abandon();
        return Err(refusal);
    }
    let end = wait_for(&launch, options)?;
    let wall_s = started.elapsed().as_secs_f64();
    let software = software.into_iter().map(|event| event.read()).collect();
    Ok((opened, Run { end, wall_s, software, survivors: adoption.survivors() }))
}

/// Waits for the command and, with `wait_all`, for the children that it leaves to us.
fn wait_for(launch: &Launch, options: &Options) -> Result<wait::Ended> {
    let mut end = None;
    loop {
        match wait::wait(libc::WUNTRACED) {
            Ok(Change::Stopped { tid, status }) if tid == launch.pid => {
                stop_with_command(tid.as_raw(), libc::WSTOPSIG(status));
            }
            Ok(Change::Ended(ended)) if ended.tid == launch.pid => {
                launch.forwarding.command_ended();
                end = Some(ended);
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(Errno::ECHILD) => break,
            Err(errno) => return Err(Error::failed(format!("cannot wait for the command: {}", errno.desc()))),
        }
        let waiting = options.wait_all && !launch.forwarding.given_up();
        if end.is_some() && !waiting {
            break;
        }
    }
    end.ok_or_else(|| Error::failed("the command's end was not reported"))
}
