//! The floating-point events of a plan, opened, read and summed up.

use super::event::Opened;
use super::groups;
use super::plan::Plan;
use super::sum::{self, Reading};
use super::target::Target;
use crate::Result;
use crate::counter::{Event, EventStatus, PmuFlops, PrecisionSet};
use crate::machine::events::FpEvent;

/// The events of all kinds of cores, open on a target.
pub struct FpEvents {
    events: Vec<FpOpened>,
    kinds: usize,
    not_counted: PrecisionSet,
}

struct FpOpened {
    /// Which kind of cores, of the plan's.
    cores: usize,
    event: &'static FpEvent,
    opened: Opened,
}

impl FpEvents {
    pub fn open(plan: &Plan, target: &Target) -> Result<FpEvents> {
        let mut events = Vec::new();
        for (kind, cores) in plan.cores.iter().enumerate() {
            for set in &cores.sets {
                let wanted: Vec<_> = set.iter().map(|event| cores.wanted(event)).collect();
                let opened = groups::open(&wanted, target)?;
                let opened = set.iter().zip(opened);
                events.extend(opened.map(|(event, opened)| FpOpened { cores: kind, event, opened }));
            }
        }
        Ok(FpEvents { events, kinds: plan.cores.len(), not_counted: plan.not_opened() })
    }

    pub fn opened(&self) -> impl Iterator<Item = &Opened> {
        self.events.iter().map(|event| &event.opened)
    }

    pub fn opened_mut(&mut self) -> impl Iterator<Item = &mut Opened> {
        self.events.iter_mut().map(|event| &mut event.opened)
    }

    /// What these events add up to, as they were read, in the order of `opened`. Tells of each how far it is known.
    pub fn sum(&self, read: &mut [Event]) -> PmuFlops {
        for event in read.iter_mut().take(self.events.len()) {
            event.partial = event.share(self.kinds == 1);
        }
        sum::flops(&self.readings(read), self.kinds, self.not_counted)
    }

    /// The events of a run, read in the order of `opened`.
    fn readings(&self, read: &[Event]) -> Vec<Reading> {
        let of_run = |(of, read): (&FpOpened, &Event)| Reading {
            event: of.event,
            cores: of.cores,
            // A plan for one run has none.
            detail: false,
            read: read.clone(),
        };
        self.events.iter().zip(read).map(of_run).collect()
    }

    /// What was counted is more than a total can say.
    pub fn overflow(&self, read: &[Event]) -> Option<String> {
        overflow(&self.readings(read), self.kinds)
    }

    /// Of those that had nothing to count.
    pub fn explain_idle(&self, plan: &Plan, read: &mut [Event], flops: &PmuFlops) {
        let idle = self.events.iter().zip(read);
        for (of, read) in idle.filter(|(_, read)| read.status == EventStatus::NotCounted && flops.total.is_some()) {
            read.reason = Some(never_ran_on(plan, of.cores));
        }
    }
}

/// Events as several runs gave them, what they sum up to, and why that is not what was executed.
pub fn result(plan: &Plan, mut readings: Vec<Reading>) -> (Vec<Event>, PmuFlops, Vec<String>) {
    let flops = sum::flops(&readings, plan.cores.len(), plan.not_opened());
    let overflow = overflow(&readings, plan.cores.len());
    let idle = readings.iter_mut().filter(|reading| reading.read.status == EventStatus::NotCounted);
    if flops.total.is_some() {
        idle.for_each(|reading| reading.read.reason = Some(never_ran_on(plan, reading.cores)));
    }
    let events: Vec<Event> = readings.into_iter().map(|reading| reading.read).collect();
    let mut doubts = doubts(plan, &events, &flops);
    doubts.extend(overflow);
    (events, flops, doubts)
}

fn overflow(readings: &[Reading], kinds: usize) -> Option<String> {
    const SAID: &str =
        "no total is known: the events add up to more than 2^64 - 1 FLOPs; count a part, e.g. with --interval";
    sum::overflows(readings, kinds).then(|| SAID.to_owned())
}

fn never_ran_on(plan: &Plan, cores: usize) -> String {
    format!("the command never ran on cores of {}", plan.cores[cores].pmu)
}

/// Why the counts of events are not the FLOPs that were executed.
pub fn doubts(plan: &Plan, events: &[Event], flops: &PmuFlops) -> Vec<String> {
    let mut doubts = plan.caveats.clone();
    if !flops.not_counted.is_empty() {
        doubts.push(format!(
            "{} not counted, and no part of the total: no counters are left for its events; --passes counts them in a \
             run of their own",
            flops.not_counted.names()
        ));
    }
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
