//! Counts told apart by thread and by process.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Event, EventStatus, PmuFlops};

/// Counts of one thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThreadRow {
    pub pid: i32,
    pub tid: i32,
    /// As ps shows it.
    pub name: String,
    /// None where no floating-point events were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pmu_flops: Option<PmuFlops>,
    /// How many of the events, from the first, are the floating-point ones.
    #[serde(skip)]
    pub fp_events: usize,
    pub events: Vec<Event>,
}

/// Counts of one process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProcessRow {
    pub pid: i32,
    pub name: String,
    pub threads: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pmu_flops: Option<PmuFlops>,
    /// How many of the events, from the first, are the floating-point ones.
    #[serde(skip)]
    pub fp_events: usize,
    pub events: Vec<Event>,
}

/// Sums threads up by process, in the order of their numbers.
pub fn by_process(threads: &[ThreadRow]) -> Vec<ProcessRow> {
    let mut processes: BTreeMap<i32, ProcessRow> = BTreeMap::new();
    // The main thread names its process: it comes first.
    let (main, others): (Vec<&ThreadRow>, Vec<&ThreadRow>) = threads.iter().partition(|row| row.tid == row.pid);
    for row in main.into_iter().chain(others) {
        processes.entry(row.pid).and_modify(|process| add(process, row)).or_insert_with(|| ProcessRow {
            pid: row.pid,
            name: row.name.clone(),
            threads: 1,
            pmu_flops: row.pmu_flops,
            fp_events: row.fp_events,
            events: row.events.clone(),
        });
    }
    processes.into_values().collect()
}

fn add(process: &mut ProcessRow, thread: &ThreadRow) {
    process.threads += 1;
    for (sum, event) in process.events.iter_mut().zip(&thread.events) {
        sum.raw = both(sum.raw, event.raw);
        sum.enabled_ns += event.enabled_ns;
        sum.running_ns += event.running_ns;
        sum.reason = sum.reason.take().or_else(|| event.reason.clone());
        sum.status = match (sum.status, event.status) {
            (EventStatus::Counted, EventStatus::Counted) => EventStatus::Counted,
            _ if sum.raw.is_none() => EventStatus::NotCounted,
            _ => EventStatus::Partial,
        };
        // Threads that ran at different times are not like each other.
        sum.partial = sum.share(false);
    }
    process.pmu_flops = process.pmu_flops.zip(thread.pmu_flops).map(|(a, b)| PmuFlops {
        total: both(a.total, b.total),
        fp16: both(a.fp16, b.fp16),
        fp32: both(a.fp32, b.fp32),
        fp64: both(a.fp64, b.fp64),
        not_counted: a.not_counted.with(b.not_counted),
        partial: None,
    });
}

/// The sum, where both are known.
fn both(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    a?.checked_add(b?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(pid: i32, tid: i32, name: &str, raw: Option<u64>) -> ThreadRow {
        let status = if raw.is_some() { EventStatus::Counted } else { EventStatus::NotCounted };
        let event = Event {
            name: "e".into(),
            raw,
            enabled_ns: 5,
            running_ns: 5,
            status,
            partial: None,
            pass: None,
            reason: None,
        };
        ThreadRow { pid, tid, name: name.into(), pmu_flops: None, fp_events: 0, events: vec![event] }
    }

    #[test]
    fn threads_are_summed_and_named_by_the_main_one() {
        let rows = [row(7, 6, "worker", Some(3)), row(7, 7, "main", Some(4)), row(9, 9, "child", Some(1))];
        let processes = by_process(&rows);
        let told: Vec<_> = processes.iter().map(|p| (p.pid, p.name.as_str(), p.threads, p.events[0].raw)).collect();
        assert_eq!(told, [(7, "main", 2, Some(7)), (9, "child", 1, Some(1))]);
    }

    #[test]
    fn a_sum_with_an_unknown_part_is_not_known() {
        let processes = by_process(&[row(7, 7, "main", Some(4)), row(7, 8, "worker", None)]);
        assert_eq!((processes[0].events[0].raw, processes[0].events[0].status), (None, EventStatus::NotCounted));
    }
}
