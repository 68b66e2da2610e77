//! The hardware's own counters, through perf_event_open.

use std::time::Instant;

use nix::errno::Errno;
use nix::unistd::Pid;

use super::launch::{Launch, stop_with_command};
use super::wait::{self, Change};
use super::{Command, Counter, Event, EventStatus, Measurement, Options, Time};
use crate::machine::Cpu;
use crate::{Error, Result};
use children::Adoption;
use fp::FpEvents;

mod children;
mod event;
mod fp;
mod refusal;
pub mod software;

/// Counts with the floating-point events of a CPU, which should be this one.
pub struct Perf {
    pub cpu: Cpu,
}

impl Perf {
    /// Why it cannot count here; None if its events open.
    pub fn refusal(&self) -> Option<Error> {
        let events = fp::known(&self.cpu);
        events.and_then(|events| FpEvents::open(&events, Pid::from_raw(0))).err()
    }
}

impl Counter for Perf {
    fn name(&self) -> &'static str {
        "perf"
    }

    fn measure(&self, command: &Command, options: &Options) -> Result<Measurement> {
        let known = fp::known(&self.cpu)?;
        let adoption = Adoption::begin();
        let mut launch = Launch::new(command, None)?;
        let fp_events = match FpEvents::open(&known, launch.pid) {
            Ok(events) => events,
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
        let (mut events, pmu_flops) = fp_events.read();
        let mut reasons = doubts(&known.caveats(), &events);
        reasons.extend(adoption.survivors().iter().map(|name| format!("still running when the command ended: {name}")));
        events.extend(software.into_iter().map(|event| event.read()));
        Ok(Measurement {
            counter: self.name(),
            tally: None,
            pmu_flops: Some(pmu_flops),
            events,
            exact: false,
            reasons,
            exit: end.exit,
            time: Time { wall_s, user_s: end.usage.user_s, sys_s: end.usage.sys_s },
            max_rss_bytes: end.usage.max_rss_bytes,
            processes: None,
            threads: None,
            effort: None,
        })
    }
}

/// Why the counts of events are not the FLOPs that were executed.
fn doubts(caveats: &[&str], events: &[Event]) -> Vec<String> {
    let mut doubts = vec!["the events were not calibrated on this machine".to_owned()];
    doubts.extend(caveats.iter().map(|caveat| (*caveat).to_owned()));
    if events.iter().any(|event| event.status == EventStatus::Partial) {
        doubts.push("the events shared the hardware's counters, and each ran for part of the time only".into());
    }
    if events.iter().any(|event| event.status == EventStatus::NotCounted) {
        doubts.push("some events never ran".into());
    }
    doubts
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
