//! What events add up to. Nothing is scaled: what did not run all the time bounds a count, and is none.

use std::collections::BTreeSet;

use crate::counter::{Event, EventStatus, Partial, PmuFlops};
use crate::isa::Precision;
use crate::machine::events::FpEvent;

/// One event as it was read, on one kind of cores.
#[derive(Debug, Clone)]
pub struct Reading {
    pub event: &'static FpEvent,
    /// Which kind of cores, of the plan's.
    pub cores: usize,
    pub read: Event,
}

/// Sums what was read. `kinds` of cores there are, which need not all have events.
pub fn flops(readings: &[Reading], kinds: usize) -> PmuFlops {
    let all: Vec<&Reading> = readings.iter().collect();
    let told_apart = readings.iter().all(|reading| reading.event.precision.is_some());
    let split = |precision: Precision| {
        let of_it: Vec<&Reading> =
            readings.iter().filter(|reading| reading.event.precision == Some(precision)).collect();
        (told_apart && !of_it.is_empty()).then(|| whole(&of_it, kinds)).flatten()
    };
    let total = whole(&all, kinds);
    PmuFlops {
        total,
        fp16: split(Precision::Fp16),
        fp32: split(Precision::Fp32),
        fp64: split(Precision::Fp64),
        partial: if total.is_none() { partial(&all, kinds) } else { None },
    }
}

/// The sum, if nothing is missing from it.
fn whole(readings: &[&Reading], kinds: usize) -> Option<u64> {
    // The time on one kind of cores is no time on another: together they have to be all of it.
    let complete = match kinds {
        1 => readings.iter().all(|reading| reading.read.status == EventStatus::Counted),
        _ => passes(readings).all(|pass| pass.running_ns >= pass.least_enabled_ns && pass.least_enabled_ns > 0),
    };
    let counts = readings.iter().map(|reading| weighted(reading, reading.read.raw.unwrap_or(0)));
    complete.then(|| counts.sum::<Option<u64>>()).flatten()
}

fn partial(readings: &[&Reading], kinds: usize) -> Option<Partial> {
    let ran = readings.iter().any(|reading| reading.read.raw.is_some());
    let at_least = readings.iter().filter_map(|reading| weighted(reading, reading.read.raw.unwrap_or(0)));
    let share = passes(readings).map(|pass| pass.running_ns as f64 / pass.enabled_ns.max(1) as f64);
    // On several kinds of cores, what ran elsewhere need not be like what ran here.
    let alike = kinds == 1;
    let estimates = readings.iter().map(|reading| weighted(reading, reading.read.as_if_all_the_time()?));
    ran.then(|| Partial {
        running_fraction: share.fold(1.0, f64::min),
        at_least: at_least.fold(0, u64::saturating_add),
        estimate: alike.then(|| estimates.sum()).flatten(),
    })
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
