//! The hardware's own counters, and the kernel's, through perf_event_open.

use nix::unistd::Pid;

use super::watch::{Subject, Watch};
use super::{Command, Counter, EventStatus, Measurement, Options};
use crate::machine::Cpu;
use crate::{Error, Result};
use events::{Events, Read};
use target::Target;

mod attach;
mod breakdown;
mod children;
mod deadline;
mod ending;
mod event;
mod events;
pub mod extra;
mod fp;
pub mod names;
mod refusal;
mod schedule;
mod session;
pub mod target;

/// Counts with events.
pub enum Perf {
    /// With the floating-point events of a CPU, which should be this one, and others beside them.
    FloatingPoint(Cpu),
    /// Without any.
    Others,
}

impl Perf {
    /// The CPU whose floating-point events it counts with.
    fn cpu(&self) -> Option<&Cpu> {
        match self {
            Perf::FloatingPoint(cpu) => Some(cpu),
            Perf::Others => None,
        }
    }

    /// Why it cannot count here; None if its events open.
    pub fn refusal(&self) -> Option<Error> {
        Events::open(self, &[], &Target::child(Pid::from_raw(0))).err()
    }
}

impl Counter for Perf {
    fn name(&self) -> &'static str {
        match self {
            Perf::FloatingPoint(_) => "perf",
            Perf::Others => "events",
        }
    }

    fn measure(&self, command: &Command, options: &Options) -> Result<Measurement> {
        let subject = Subject::Command(command);
        self.observe(Watch { subject, delay: None, interval: None, by_thread: false }, options)
    }

    fn observe(&self, watch: Watch, options: &Options) -> Result<Measurement> {
        session::measure(self, options, watch)
    }
}

/// Why the counts of events are not the FLOPs that were executed.
fn doubts(perf: &Perf, read: &Read) -> Vec<String> {
    let Some(known) = perf.cpu().and_then(|cpu| fp::known(cpu).ok()) else {
        return vec!["no floating-point events were counted".to_owned()];
    };
    let mut doubts = vec!["the events were not calibrated on this machine".to_owned()];
    doubts.extend(known.caveats().iter().map(|caveat| (*caveat).to_owned()));
    let floating_point = &read.events[..read.fp_events];
    if floating_point.iter().any(|event| event.status == EventStatus::Partial) {
        doubts.push("the events shared the hardware's counters, and each ran for part of the time only".into());
    }
    if floating_point.iter().any(|event| event.status == EventStatus::NotCounted) {
        doubts.push("some events never ran".into());
    }
    doubts
}
