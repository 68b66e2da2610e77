//! The floating-point events of this CPU, opened and summed up.

use std::fs;
use std::io;

use perf_event_open_sys::bindings::PERF_TYPE_RAW;

use super::event::{Opened, Request};
use super::refusal;
use super::target::Target;
use crate::counter::{Event, EventStatus, PmuFlops};
use crate::isa::Precision;
use crate::machine::{Cpu, FpEvent, Microarchitecture, Pmu};
use crate::{Error, Result};

/// The table's row for a CPU, if it has anything to open.
pub fn microarchitecture(cpu: &Cpu) -> Result<&'static Microarchitecture> {
    Microarchitecture::of(cpu).ok_or_else(|| {
        Error::failed(format!("perf: no floating-point events are known for the CPU {cpu}"))
            .remedy("count with --counter step; or name a CPU with the same events with --cpu")
    })
}

/// The events of all kinds of cores, open on a target.
pub struct FpEvents {
    events: Vec<(FpEvent, Opened)>,
}

impl FpEvents {
    pub fn open(row: &Microarchitecture, target: &Target) -> Result<FpEvents> {
        let mut events = Vec::new();
        for pmu in row.pmus {
            let kind = kind_of(pmu);
            for event in pmu.events {
                let request = Request::in_user_mode(kind, event.config);
                let name = if row.pmus.len() > 1 { format!("{}/{}/", pmu.name, event.name) } else { event.name.into() };
                let opened = Opened::on(&name, request, target);
                if let Some(refused) = opened.refusal() {
                    return Err(refusal::error(&name, refused));
                }
                events.push((*event, opened));
            }
        }
        Ok(FpEvents { events })
    }

    pub fn opened(&self) -> impl Iterator<Item = &Opened> {
        self.events.iter().map(|(_, opened)| opened)
    }

    pub fn opened_mut(&mut self) -> impl Iterator<Item = &mut Opened> {
        self.events.iter_mut().map(|(_, opened)| opened)
    }

    /// What these events add up to, as they were read, in the order of `opened`.
    pub fn sum(&self, read: &[Event]) -> PmuFlops {
        let read: Vec<(FpEvent, &Event)> = self.events.iter().map(|(event, _)| *event).zip(read).collect();
        sum(&read)
    }
}

/// The kernel's number for a PMU.
fn kind_of(pmu: &Pmu) -> u32 {
    let read =
        || -> io::Result<String> { fs::read_to_string(format!("/sys/bus/event_source/devices/{}/type", pmu.name)) };
    // Without sysfs, the core PMU still answers to raw events.
    read().ok().and_then(|kind| kind.trim().parse().ok()).unwrap_or(PERF_TYPE_RAW)
}

/// Only what ran all the time is summed: a share of a count is no count.
fn sum(events: &[(FpEvent, &Event)]) -> PmuFlops {
    let flops = |wanted: &dyn Fn(Option<Precision>) -> bool| {
        let chosen = events.iter().filter(|(event, _)| wanted(event.precision));
        chosen
            .map(|(event, read)| match read.status {
                EventStatus::Counted => read.raw?.checked_mul(event.flops_per_count),
                EventStatus::Partial | EventStatus::NotCounted => None,
            })
            .try_fold(0u64, |sum, flops| sum.checked_add(flops?))
    };
    let split = |precision: Precision| {
        let told_apart = events.iter().all(|(event, _)| event.precision.is_some());
        let counted = events.iter().any(|(event, _)| event.precision == Some(precision));
        (told_apart && counted).then(|| flops(&|p| p == Some(precision))).flatten()
    };
    PmuFlops {
        total: flops(&|_| true),
        fp16: split(Precision::Fp16),
        fp32: split(Precision::Fp32),
        fp64: split(Precision::Fp64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(event: &'static FpEvent, raw: u64, running_ns: u64) -> (FpEvent, Event) {
        let status = match running_ns {
            0 => EventStatus::NotCounted,
            100 => EventStatus::Counted,
            _ => EventStatus::Partial,
        };
        let counted = (running_ns > 0).then_some(raw);
        let read = Event { name: event.name.into(), raw: counted, enabled_ns: 100, running_ns, status, reason: None };
        (*event, read)
    }

    fn events(cpu: &str) -> &'static [FpEvent] {
        let cpu: Cpu = cpu.parse().expect("a CPU");
        microarchitecture(&cpu).expect("in the table").pmus[0].events
    }

    #[test]
    fn counts_are_weighted_by_width_and_precision() {
        let read: Vec<_> = events("GenuineIntel-6-8F").iter().map(|event| read(event, 10, 100)).collect();
        let flops = sum(&read);
        assert_eq!(flops.fp64, Some(10 * (1 + 2 + 4 + 8)));
        assert_eq!(flops.fp32, Some(10 * (1 + 4 + 8 + 16)));
        assert_eq!(flops.total, Some(440));
        assert_eq!(flops.fp16, None);
    }

    #[test]
    fn what_did_not_run_all_the_time_is_not_known() {
        let [first, rest @ ..] = events("GenuineIntel-6-8F") else { panic!("no events") };
        let mut all = vec![read(first, 10, 60)];
        all.extend(rest.iter().map(|event| read(event, 10, 100)));
        let flops = sum(&all);
        assert_eq!((flops.total, flops.fp64, flops.fp32), (None, None, Some(290)));
    }

    #[test]
    fn a_precision_that_is_not_told_apart_is_not_known() {
        let read: Vec<_> = events("AuthenticAMD-25-11").iter().map(|event| read(event, 7, 100)).collect();
        let flops = sum(&read);
        assert_eq!((flops.total, flops.fp32, flops.fp64), (Some(14), None, None));
    }
}
