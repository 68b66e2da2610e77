//! All events of a measurement: the floating-point ones and those beside them.

use super::breakdown::Breakdown;
use super::event::Opened;
use super::extra;
use super::fp::FpEvents;
use super::names::Named;
use super::plan::Plan;
use super::refusal;
use super::target::{Target, Whose};
use crate::counter::{Event, PmuFlops, ThreadRow};
use crate::{Error, Result};

pub struct Events {
    /// None where only other events are counted.
    fp: Option<FpEvents>,
    extra: Vec<Opened>,
    /// Where counts are told apart by thread.
    breakdown: Option<Breakdown>,
}

/// What was counted up to some point in time.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// None where no floating-point events are counted.
    pub flops: Option<PmuFlops>,
    /// How many of the events, from the first, are the floating-point ones.
    pub fp_events: usize,
    pub events: Vec<Event>,
}

impl Events {
    pub fn open(plan: Option<&Plan>, named: &[Named], target: &Target) -> Result<Events> {
        let fp = plan.map(|plan| FpEvents::open(plan, target)).transpose();
        let fp = fp.map_err(|error| remedied(error, named, target))?;
        let mut events = Events { fp, extra: extra::open(named, target), breakdown: None };
        if target.by_thread {
            events.breakdown = Some(Breakdown::open(&mut events.all(), target)?);
            let refused =
                events.fp.iter().flat_map(FpEvents::opened).find_map(|opened| Some((opened.name(), opened.refusal()?)));
            if let Some((name, refused)) = refused {
                return Err(remedied(refusal::error(name, refused), named, target));
            }
        }
        events.count_something()?;
        Ok(events)
    }

    /// An error if only other events than floating-point ones were asked for, and all of them were refused.
    fn count_something(&self) -> Result<()> {
        let refusals: Option<Vec<_>> =
            self.extra.iter().map(|opened| Some((opened.name(), opened.refusal()?))).collect();
        match refusals {
            Some(refusals) if self.fp.is_none() => Err(refusal::of_all(&refusals)),
            _ => Ok(()),
        }
    }

    fn all(&mut self) -> Vec<&mut Opened> {
        let fp = self.fp.iter_mut().flat_map(FpEvents::opened_mut);
        fp.chain(&mut self.extra).collect()
    }

    /// Lets those count that do not start with the command.
    pub fn enable(&mut self) -> Result<()> {
        let failed = |error| Error::failed(format!("perf cannot enable an event: {}", refusal::cause(&error)));
        self.all().into_iter().try_for_each(Opened::enable).map_err(failed)?;
        self.breakdown.as_mut().map_or(Ok(()), Breakdown::enable)
    }

    pub fn read(&mut self) -> Read {
        let ran_ns = self.breakdown.as_mut().and_then(Breakdown::ran_ns);
        let mut events: Vec<Event> = self.all().into_iter().map(|opened| opened.read(ran_ns)).collect();
        Read { flops: self.flops(&mut events), fp_events: self.fp_events(), events }
    }

    fn fp_events(&self) -> usize {
        self.fp.iter().flat_map(FpEvents::opened).count()
    }

    fn flops(&self, events: &mut [Event]) -> Option<PmuFlops> {
        self.fp.as_ref().map(|fp| fp.sum(events))
    }

    /// Why what was counted has no total, where 64 bits do not hold it.
    pub fn overflow(&self, read: &Read) -> Option<String> {
        self.fp.as_ref()?.overflow(&read.events)
    }

    /// Says of events that read nothing where they had nothing to count.
    pub fn explain_idle(&self, plan: &Plan, read: &mut Read) {
        if let (Some(fp), Some(flops)) = (&self.fp, &read.flops) {
            fp.explain_idle(plan, &mut read.events, flops);
        }
    }

    /// True if records have to be taken from time to time.
    pub fn leave_records(&self) -> bool {
        self.breakdown.is_some()
    }

    pub fn drain(&mut self) -> Result<()> {
        self.breakdown.as_mut().map_or(Ok(()), Breakdown::drain)
    }

    /// A row a thread, and why they are not complete if they are not; None if they are not told apart.
    pub fn by_thread(&mut self) -> Result<Option<(Vec<ThreadRow>, Option<String>)>> {
        let Some(mut breakdown) = self.breakdown.take() else { return Ok(None) };
        let (mut rows, doubt) = breakdown.rows(&mut self.all())?;
        for row in &mut rows {
            row.pmu_flops = self.flops(&mut row.events);
            row.fp_events = self.fp_events();
        }
        Ok(Some((rows, doubt)))
    }
}

/// What to do about a refusal, for what was asked for.
fn remedied(error: Error, named: &[Named], target: &Target) -> Error {
    let privileged = refusal::paranoid().is_some_and(|level| level > 0);
    match target.whose {
        Whose::Cpus(_) if privileged => {
            error.remedy("to count whole CPUs: sysctl kernel.perf_event_paranoid=0 (as root), or run as root")
        }
        // Where perf is not forbidden altogether.
        _ if !named.is_empty() && refusal::paranoid().is_none_or(|level| level <= 2) => error.remedy(
            "count FLOPs with --counter translate, which takes -e too; or the events of -e alone, with --counter events",
        ),
        _ => error,
    }
}
