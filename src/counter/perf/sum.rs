//! What events add up to. Nothing is scaled: what did not run all the time bounds a count, and is none.

use std::collections::BTreeSet;

use crate::counter::{Event, EventStatus, Partial, PmuFlops, PrecisionSet};
use crate::isa::Precision;
use crate::machine::events::FpEvent;

/// One event as it was read, on one kind of cores.
#[derive(Debug, Clone)]
pub struct Reading {
    pub event: &'static FpEvent,
    /// Which kind of cores, of the plan's.
    pub cores: usize,
    /// It tells precisions apart that another event of these cores counts together: no part of the sum.
    pub detail: bool,
    pub read: Event,
}

/// Sums what was read. `kinds` of cores there are, which need not all have events.
pub fn flops(readings: &[Reading], kinds: usize, not_counted: PrecisionSet) -> PmuFlops {
    let all: Vec<&Reading> = readings.iter().filter(|reading| !reading.detail).collect();
    let in_detail = |cores: usize| readings.iter().any(|reading| reading.detail && reading.cores == cores);
    // An x87 event of its own stands beside the total, and is no other precision's.
    let apart = |reading: &&Reading| {
        reading.detail || !in_detail(reading.cores) || reading.event.precision == Some(Precision::X87)
    };
    let apart: Vec<&Reading> = readings.iter().filter(apart).collect();
    let told_apart = apart.iter().all(|reading| reading.event.precision.is_some());
    let split = |precision: Precision| {
        let of_it: Vec<&Reading> =
            apart.iter().copied().filter(|reading| reading.event.precision == Some(precision)).collect();
        (told_apart && !of_it.is_empty()).then(|| whole(&of_it, kinds)).flatten()
    };
    let total = whole(&all, kinds);
    PmuFlops {
        total,
        fp16: split(Precision::Fp16),
        fp32: split(Precision::Fp32),
        fp64: split(Precision::Fp64),
        not_counted,
        partial: if total.is_none() && !complete(&all, kinds) { partial(&all, kinds) } else { None },
    }
}

/// The sum, if nothing is missing from it.
fn whole(readings: &[&Reading], kinds: usize) -> Option<u64> {
    let mut counts = readings.iter().map(|reading| weighted(reading, reading.read.raw.unwrap_or(0)));
    complete(readings, kinds).then(|| counts.try_fold(0u64, |sum, count| sum.checked_add(count?))).flatten()
}

/// The time on one kind of cores is no time on another: together they have to be all of it.
fn complete(readings: &[&Reading], kinds: usize) -> bool {
    match kinds {
        1 => readings.iter().all(|reading| reading.read.status == EventStatus::Counted),
        _ => passes(readings).all(|pass| pass.running_ns >= pass.least_enabled_ns && pass.least_enabled_ns > 0),
    }
}

fn partial(readings: &[&Reading], kinds: usize) -> Option<Partial> {
    let ran = readings.iter().any(|reading| reading.read.raw.is_some());
    // A count beyond 64 bits is at least what they hold.
    let at_least = readings
        .iter()
        .filter(|reading| is_weighted(reading))
        .map(|reading| weighted(reading, reading.read.raw.unwrap_or(0)).unwrap_or(u64::MAX));
    let share = passes(readings).map(|pass| pass.running_ns as f64 / pass.enabled_ns.max(1) as f64);
    // On several kinds of cores, what ran elsewhere need not be like what ran here.
    let alike = kinds == 1;
    let mut estimates = readings.iter().map(|reading| weighted(reading, reading.read.as_if_all_the_time()?));
    ran.then(|| Partial {
        running_fraction: share.fold(1.0, f64::min),
        at_least: at_least.fold(0, u64::saturating_add),
        estimate: alike.then(|| estimates.try_fold(0u64, |sum, count| sum.checked_add(count?))).flatten(),
    })
}

/// All was counted, and adds up to more than 64 bits hold.
pub fn overflows(readings: &[Reading], kinds: usize) -> bool {
    let all: Vec<&Reading> = readings.iter().filter(|reading| !reading.detail).collect();
    complete(&all, kinds) && whole(&all, kinds).is_none() && all.iter().all(|reading| is_weighted(reading))
}

fn is_weighted(reading: &Reading) -> bool {
    reading.event.flops_per_count.flops(0, None).is_some()
}

fn weighted(reading: &Reading, count: u64) -> Option<u64> {
    // SVE's counts need a vector length, which nobody knows here.
    reading.event.flops_per_count.flops(count, None)
}

/// The time that the events of one run were on their counters.
struct Pass {
    running_ns: u64,
    enabled_ns: u64,
    least_enabled_ns: u64,
}

fn passes<'a>(readings: &'a [&Reading]) -> impl Iterator<Item = Pass> + 'a {
    let numbers: BTreeSet<Option<u32>> = readings.iter().map(|reading| reading.read.pass).collect();
    numbers.into_iter().map(|number| {
        let of_it: Vec<&Reading> = readings.iter().copied().filter(|reading| reading.read.pass == number).collect();
        let kinds: BTreeSet<usize> = of_it.iter().map(|reading| reading.cores).collect();
        // The event that was on a counter for the shortest time speaks for its kind of cores.
        let running = |kind: usize| {
            let on_it = of_it.iter().filter(|reading| reading.cores == kind);
            on_it.map(|reading| reading.read.running_ns).min().unwrap_or(0)
        };
        let enabled = || of_it.iter().map(|reading| reading.read.enabled_ns);
        Pass {
            running_ns: kinds.into_iter().map(running).sum(),
            enabled_ns: enabled().max().unwrap_or(0),
            least_enabled_ns: enabled().min().unwrap_or(0),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::CpuEvents;

    /// The events of a kind of cores on so many counters, each read as `count`, enabled for 100 ns.
    fn read(cpu: &str, cores: usize, counters: u32, count: u64, running_ns: u64) -> Vec<Reading> {
        let known = CpuEvents::of(&cpu.parse().expect("a CPU")).expect("in the table");
        let plan = known.cores[cores].plan(counters);
        let events = plan.main().iter().flat_map(|pass| pass.events());
        let reading = |event: &'static FpEvent| {
            let (status, raw) = match running_ns {
                0 => (EventStatus::NotCounted, None),
                100 => (EventStatus::Counted, Some(count)),
                _ => (EventStatus::Partial, Some(count)),
            };
            let (name, partial, pass, reason) = (event.name.clone(), None, None, None);
            let read = Event { name, raw, enabled_ns: 100, running_ns, status, partial, pass, reason };
            Reading { event, cores, detail: false, read }
        };
        events.map(reading).collect()
    }

    #[test]
    fn counts_are_weighted_by_width_and_precision() {
        let sum = flops(&read("GenuineIntel-6-8F", 0, 8, 10, 100), 1, PrecisionSet::default());
        assert_eq!(sum.fp64, Some(10 * (1 + 2 + 4 + 8)));
        assert_eq!(sum.fp32, Some(10 * (1 + 4 + 8 + 16)));
        assert_eq!((sum.total, sum.fp16, sum.partial), (Some(440), None, None));
    }

    #[test]
    fn what_did_not_run_all_the_time_is_a_bound() {
        let mut readings = read("GenuineIntel-6-8F", 0, 8, 10, 100);
        readings[0] = read("GenuineIntel-6-8F", 0, 8, 10, 40)[0].clone();
        let sum = flops(&readings, 1, PrecisionSet::default());
        assert_eq!((sum.total, sum.fp64, sum.fp32), (None, None, Some(290)));
        // The first is SCALAR_DOUBLE: 10 in 40 of 100 ns.
        let partial = Partial { running_fraction: 0.4, at_least: 440, estimate: Some(440 - 10 + 25) };
        assert_eq!(sum.partial, Some(partial));
    }

    #[test]
    fn what_never_ran_is_nothing() {
        let sum = flops(&read("GenuineIntel-6-8F", 0, 8, 10, 0), 1, PrecisionSet::default());
        assert_eq!((sum.total, sum.partial), (None, None));
    }

    #[test]
    fn a_precision_that_is_not_told_apart_is_not_known() {
        let sum = flops(&read("AuthenticAMD-25-11", 0, 6, 7, 100), 1, PrecisionSet::default());
        // Single and double in one event; bf16 and x87 have their own.
        assert_eq!((sum.total, sum.fp32, sum.fp64), (Some(21), None, None));
    }

    /// Meteor Lake: 7 + 13 FLOPs a count of each event of the P-cores, 2 of the E-cores.
    #[test]
    fn kinds_of_cores_add_up_if_their_times_do() {
        let on = |core_ns: u64, atom_ns: u64| {
            let core = read("GenuineIntel-6-AA", 0, 8, 10, core_ns);
            [core, read("GenuineIntel-6-AA", 1, 8, 10, atom_ns)].concat()
        };
        assert_eq!(flops(&on(70, 30), 2, PrecisionSet::default()).total, Some(220));
        assert_eq!(flops(&on(100, 0), 2, PrecisionSet::default()).total, Some(200), "it never ran on an E-core");
        let missing = flops(&on(70, 20), 2, PrecisionSet::default());
        let partial = Partial { running_fraction: 0.9, at_least: 220, estimate: None };
        assert_eq!((missing.total, missing.partial), (None, Some(partial)));
    }

    /// Alder Lake's E-cores have no events: what ran there is missing.
    #[test]
    fn cores_without_events_are_missed() {
        assert_eq!(flops(&read("GenuineIntel-6-97", 0, 8, 10, 100), 2, PrecisionSet::default()).total, Some(200));
        let partly = flops(&read("GenuineIntel-6-97", 0, 8, 10, 75), 2, PrecisionSet::default());
        assert_eq!((partly.total, partly.partial.map(|partial| partial.running_fraction)), (None, Some(0.75)));
    }
}
