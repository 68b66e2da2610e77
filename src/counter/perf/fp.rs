//! The floating-point events of a plan, opened, read and summed up.

use nix::unistd::Pid;

use super::event::Opened;
use super::groups;
use super::plan::Plan;
use super::sum::{self, Reading};
use crate::Result;
use crate::counter::{Event, EventStatus, PmuFlops};
use crate::machine::events::FpEvent;

/// The events of all kinds of cores, open on a child that has not executed its program yet.
pub struct FpEvents {
    events: Vec<(usize, &'static FpEvent, Opened)>,
    kinds: usize,
}

impl FpEvents {
    pub fn open(plan: &Plan, child: Pid) -> Result<FpEvents> {
        let mut events = Vec::new();
        for (kind, cores) in plan.cores.iter().enumerate() {
            for set in &cores.sets {
                let wanted: Vec<_> = set.iter().map(|event| cores.wanted(event)).collect();
                let opened = groups::open(&wanted, child)?;
                events.extend(set.iter().zip(opened).map(|(event, opened)| (kind, *event, opened)));
            }
        }
        Ok(FpEvents { events, kinds: plan.cores.len() })
    }

    pub fn read(self) -> Vec<Reading> {
        let kinds = self.kinds;
        let read = |(cores, event, opened): (usize, &'static FpEvent, Opened)| {
            let mut read = opened.read();
            read.partial = read.share(kinds);
            Reading { event, cores, read }
        };
        self.events.into_iter().map(read).collect()
    }
}

/// The events as they were read, what they sum up to, and why that is not what was executed.
pub fn result(plan: &Plan, mut readings: Vec<Reading>) -> (Vec<Event>, PmuFlops, Vec<String>) {
    let kinds = plan.cores.len();
    let flops = sum::flops(&readings, kinds);
    let idle = readings.iter_mut().filter(|reading| reading.read.status == EventStatus::NotCounted);
    if flops.total.is_some() {
        for reading in idle {
            reading.read.reason = Some(format!("the command never ran on cores of {}", plan.cores[reading.cores].pmu));
        }
    }
    let events: Vec<Event> = readings.into_iter().map(|reading| reading.read).collect();
    let doubts = doubts(plan, &events, &flops);
    (events, flops, doubts)
}

fn doubts(plan: &Plan, events: &[Event], flops: &PmuFlops) -> Vec<String> {
    let mut doubts = plan.caveats.clone();
    if let Some(partial) = flops.partial {
        let share = partial.running_fraction * 100.0;
        let of_all = if plan.cores.len() == 1 { "" } else { ", over all kinds of cores" };
        let again = if events.iter().any(|event| event.pass.is_some()) {
            ", although each pass fits them: another tool holds some"
        } else if plan.cores.len() == 1 {
            "; --passes counts them in several runs"
        } else {
            ""
        };
        doubts.push(format!(
            "no total is known: events had counters for {share:.1} % of the time at the least{of_all}{again}"
        ));
    }
    let never = events.iter().filter(|event| event.status == EventStatus::NotCounted).count();
    if flops.total.is_none() && never > 0 {
        doubts.push(format!("{never} of {} events never got a counter", events.len()));
    }
    doubts
}
