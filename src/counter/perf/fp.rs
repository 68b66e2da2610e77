//! The floating-point events of this CPU, opened and summed up.

use std::fs;
use std::io;

use nix::unistd::Pid;
use perf_event_open_sys::bindings::PERF_TYPE_RAW;

use super::event::{Opened, Request};
use super::refusal;
use crate::counter::{Event, EventStatus, PmuFlops};
use crate::isa::Precision;
use crate::machine::events::{FpEvent, Pass};
use crate::machine::{CoreType, Cpu, CpuEvents};
use crate::{Error, Result};

/// The events of a CPU, if there is anything to open.
pub fn known(cpu: &Cpu) -> Result<CpuEvents> {
    let events = CpuEvents::of(cpu).ok_or_else(|| {
        Error::failed(format!("perf: no floating-point events are known for the CPU {cpu}"))
            .remedy("count with --counter step; or name a CPU with the same events with --cpu")
    })?;
    match events.refusal() {
        None => Ok(events),
        Some(reason) => Err(Error::failed(format!("perf: the CPU {cpu} ({}): {reason}", events.name()))
            .remedy("count with --counter translate, which needs no events")),
    }
}

/// The events of all kinds of cores, open on a child that has not executed its program yet.
pub struct FpEvents {
    events: Vec<(&'static FpEvent, Opened)>,
}

impl FpEvents {
    pub fn open(cpu: &CpuEvents, child: Pid) -> Result<FpEvents> {
        let mut events = Vec::new();
        for core in &cpu.cores {
            let kind = kind_of(core);
            // As if SMT were on: if it is off, the kernel has counters to spare.
            let counters = core.counters.map_or(0, |counters| counters.usable(true, nmi_watchdog()));
            for event in core.plan(counters).main().iter().flat_map(Pass::events) {
                let request = Request { pmu: kind, config: event.config, exclude_kernel: true };
                let name = match cpu.cores.len() {
                    1 => event.name.clone(),
                    _ => format!("{}/{}/", core.pmu, event.name),
                };
                let opened = Opened::on_exec(&name, request, child);
                if let Some(refused) = opened.refusal() {
                    return Err(refusal::error(&name, refused));
                }
                events.push((event, opened));
            }
        }
        Ok(FpEvents { events })
    }

    /// The events as they were read, and what they sum up to.
    pub fn read(self) -> (Vec<Event>, PmuFlops) {
        let read: Vec<(&FpEvent, Event)> =
            self.events.into_iter().map(|(event, opened)| (event, opened.read())).collect();
        let flops = sum(&read);
        (read.into_iter().map(|(_, event)| event).collect(), flops)
    }
}

/// The kernel's number for a PMU.
fn kind_of(core: &CoreType) -> u32 {
    let read =
        || -> io::Result<String> { fs::read_to_string(format!("/sys/bus/event_source/devices/{}/type", core.pmu)) };
    // Without sysfs, the core PMU still answers to raw events.
    read().ok().and_then(|kind| kind.trim().parse().ok()).unwrap_or(PERF_TYPE_RAW)
}

fn nmi_watchdog() -> bool {
    fs::read_to_string("/proc/sys/kernel/nmi_watchdog").is_ok_and(|on| on.trim() == "1")
}

/// Only what ran all the time is summed: a share of a count is no count. SVE's counts need a vector length,
/// which nobody knows here.
fn sum(events: &[(&FpEvent, Event)]) -> PmuFlops {
    let flops = |wanted: &dyn Fn(Option<Precision>) -> bool| {
        let chosen = events.iter().filter(|(event, _)| wanted(event.precision));
        chosen
            .map(|(event, read)| match read.status {
                EventStatus::Counted => event.flops_per_count.flops(read.raw?, None),
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
        total: (!events.is_empty()).then(|| flops(&|_| true)).flatten(),
        fp16: split(Precision::Fp16),
        fp32: split(Precision::Fp32),
        fp64: split(Precision::Fp64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(event: &'static FpEvent, raw: u64, running_ns: u64) -> (&'static FpEvent, Event) {
        let status = match running_ns {
            0 => EventStatus::NotCounted,
            100 => EventStatus::Counted,
            _ => EventStatus::Partial,
        };
        let counted = (running_ns > 0).then_some(raw);
        let name = event.name.clone();
        (event, Event { name, raw: counted, enabled_ns: 100, running_ns, status, reason: None })
    }

    fn events(cpu: &str, counters: u32) -> Vec<&'static FpEvent> {
        let cpu: Cpu = cpu.parse().expect("a CPU");
        let plan = known(&cpu).expect("in the table").cores[0].plan(counters);
        plan.main().iter().flat_map(Pass::events).collect()
    }

    #[test]
    fn counts_are_weighted_by_width_and_precision() {
        let read: Vec<_> = events("GenuineIntel-6-8F", 8).into_iter().map(|event| read(event, 10, 100)).collect();
        let flops = sum(&read);
        assert_eq!(flops.fp64, Some(10 * (1 + 2 + 4 + 8)));
        assert_eq!(flops.fp32, Some(10 * (1 + 4 + 8 + 16)));
        assert_eq!(flops.total, Some(440));
        assert_eq!(flops.fp16, None);
    }

    #[test]
    fn what_did_not_run_all_the_time_is_not_known() {
        let events = events("GenuineIntel-6-8F", 8);
        let [first, rest @ ..] = events.as_slice() else { panic!("no events") };
        let mut all = vec![read(first, 10, 60)];
        all.extend(rest.iter().map(|event| read(event, 10, 100)));
        let flops = sum(&all);
        assert_eq!((flops.total, flops.fp64, flops.fp32), (None, None, Some(290)));
    }

    #[test]
    fn a_precision_that_is_not_told_apart_is_not_known() {
        let read: Vec<_> = events("AuthenticAMD-25-11", 6).into_iter().map(|event| read(event, 7, 100)).collect();
        let flops = sum(&read);
        // Single and double in one event; bf16 and x87 have their own.
        assert_eq!((flops.total, flops.fp32, flops.fp64), (Some(21), None, None));
    }
}
