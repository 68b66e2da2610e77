//! What a PMU's events showed of a command against what it executed, counted instruction by instruction in a
//! run of its own.

use serde::Serialize;

use super::reconcile::visible;
use super::{Basis, Entry, Evidence, Figure, Ledger};
use crate::counter::{Classes, Event, EventStatus, Measurement, PmuFlops, Reference, RunResult};
use crate::machine::Cpu;
use crate::units::{Amount, Unit};

pub const SCHEMA: &str = "flopledger.run-both/1";

/// Two runs of one command, and what lies between their counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SideBySide {
    pub schema: &'static str,
    /// The run under the PMU's events.
    pub perf: RunResult,
    /// The run counted instruction by instruction.
    pub instructions: RunResult,
    /// None where the events add up to no count; `reasons` says why.
    pub ledger: Option<Ledger>,
    /// What the ledger cannot tell.
    pub reasons: Vec<String>,
}

/// From the FLOPs executed to those that the events show. What no entry explains is the residual: speculation,
/// assists, and the difference between one run and the next.
pub fn ledger(cpu: &Cpu, perf: &Measurement, executed: &Classes) -> (Option<Ledger>, Vec<String>) {
    let (entries, mut reasons, reference) = match Reference::of(cpu) {
        Ok(reference) if reference.counts_by_width() => (visible::entries(executed), Vec::new(), Some(reference)),
        Ok(_) => (Vec::new(), vec![UNDOCUMENTED.to_owned()], None),
        Err(error) => (Vec::new(), vec![error.to_string().lines().next().unwrap_or_default().to_owned()], None),
    };
    let Some(shown) = showed(perf, executed, reference.as_ref()) else {
        reasons.push("events shared the counters or never ran: they add up to no count".into());
        return (None, reasons);
    };
    let mut entries = entries;
    if reference.is_some() && perf.pmu_flops.is_none_or(|flops| flops.fp16.is_none()) {
        entries.extend(visible::half_not_opened(executed));
    }
    entries.extend(shown.multiplexing);
    let figure = |name: &str, value: u64| Figure { name: name.into(), value: value.into(), unit: Unit::Flop };
    let opening = figure("instructions", crate::counter::flops_of(executed));
    (Some(Ledger::close(opening, entries, figure("pmu", shown.flops))), reasons)
}

const UNDOCUMENTED: &str = "it is not documented which instructions its events count as operations: the whole \
                            difference is in the residual";

/// What the events added up to as they were read.
struct Showed {
    flops: u64,
    multiplexing: Option<Entry>,
}

/// Counts of events that ran for part of the time are taken as read, never scaled: what they lack is told by
/// what they would have shown of the instructions.
fn showed(perf: &Measurement, executed: &Classes, reference: Option<&Reference>) -> Option<Showed> {
    if let Some(PmuFlops { total: Some(flops), .. }) = perf.pmu_flops {
        return Some(Showed { flops, multiplexing: None });
    }
    let expected: Vec<(&Event, u64, Option<u64>)> = perf
        .events
        .iter()
        .filter_map(|event| reference?.expects(&event.name, executed).map(|(weight, flops)| (event, weight, flops)))
        .collect();
    if expected.is_empty() {
        return None;
    }
    let mut flops = 0u64;
    let mut evidence = Vec::new();
    for (event, weight, expected) in expected {
        let read = event.raw?.checked_mul(weight)?;
        flops = flops.checked_add(read)?;
        if let (EventStatus::Partial, Some(expected)) = (event.status, expected) {
            let share = event.running_ns as f64 / event.enabled_ns.max(1) as f64;
            let what = format!("{}, on a counter for {:.1} % of the time", event.name, share * 100.0);
            evidence.push(Evidence { what, flops: Amount::from(read) - Amount::from(expected) });
        }
    }
    let multiplexing = Entry {
        cause: "multiplexing".into(),
        flops: evidence.iter().map(|part| part.flops).sum(),
        basis: Basis::Measured,
        text: "events that shared the counters, against what they would have shown of the instructions".into(),
        evidence,
    };
    Some(Showed { flops, multiplexing: Some(multiplexing) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counter::{ClassCount, Exit, Time};
    use crate::isa::{Class, classify};
    use iced_x86::{Code, Instruction};

    fn class(code: Code) -> Class {
        let mut instruction = Instruction::default();
        instruction.set_code(code);
        classify(&instruction).expect("floating-point").class
    }

    /// 100 additions of 4 lanes, 10 minima of 4, 5 FMAs of 8: 480 FLOPs, of which events show 40 more.
    fn executed() -> Classes {
        let of = |code, executions| {
            let class = class(code);
            (class, ClassCount { executions, lanes: executions * u64::from(class.lanes) })
        };
        Classes::from([
            of(Code::Addps_xmm_xmmm128, 100),
            of(Code::Minps_xmm_xmmm128, 10),
            of(Code::VEX_Vfmadd231ps_ymm_ymm_ymmm256, 5),
        ])
    }

    fn event(name: &str, raw: u64, running_ns: u64) -> Event {
        let status = if running_ns == 100 { EventStatus::Counted } else { EventStatus::Partial };
        let name = format!("FP_ARITH_INST_RETIRED.{name}");
        Event { name, raw: Some(raw), enabled_ns: 100, running_ns, status, reason: None }
    }

    fn measured(total: Option<u64>, events: Vec<Event>) -> Measurement {
        Measurement {
            counter: "perf",
            tally: None,
            pmu_flops: Some(PmuFlops { total, ..PmuFlops::default() }),
            events,
            exact: false,
            reasons: Vec::new(),
            exit: Exit { code: Some(0), signal: None },
            time: Time::default(),
            max_rss_bytes: 0,
            processes: None,
            threads: None,
            effort: None,
        }
    }

    fn amounts(ledger: &Ledger) -> Vec<(&str, Amount)> {
        ledger.entries.iter().map(|entry| (entry.cause.as_str(), entry.flops)).collect()
    }

    #[test]
    fn what_no_cause_explains_is_the_residual() {
        let cpu: Cpu = "GenuineIntel-6-5E".parse().expect("a CPU");
        // 7 FLOPs more than the instructions account for.
        let (ledger, reasons) = ledger(&cpu, &measured(Some(527), Vec::new()), &executed());
        let ledger = ledger.expect("a ledger");
        assert_eq!((ledger.opening.value, ledger.closing.value, ledger.residual), (480, 527, 7));
        assert_eq!((amounts(&ledger), reasons), (vec![("min-max", 40)], Vec::new()));
    }

    #[test]
    fn multiplexed_counts_are_not_scaled() {
        let cpu: Cpu = "GenuineIntel-6-5E".parse().expect("a CPU");
        // 110 of 128 bits were executed and 60 seen; all 10 of 256 bits were.
        let events = vec![event("128B_PACKED_SINGLE", 60, 50), event("256B_PACKED_SINGLE", 10, 100)];
        let (ledger, _) = ledger(&cpu, &measured(None, events), &executed());
        let ledger = ledger.expect("a ledger");
        assert_eq!((ledger.closing.value, ledger.residual), (60 * 4 + 10 * 8, 0));
        assert_eq!(amounts(&ledger), [("min-max", 40), ("multiplexing", (60 - 110) * 4)]);
    }

    #[test]
    fn where_nothing_is_documented_nothing_is_explained() {
        for (cpu, why) in [("AuthenticAMD-25-11", "AMD does not say"), ("GenuineIntel-6-AF", "not documented")] {
            let cpu: Cpu = cpu.parse().expect("a CPU");
            let (ledger, reasons) = ledger(&cpu, &measured(Some(520), Vec::new()), &executed());
            assert_eq!(ledger.map(|ledger| (ledger.entries.len(), ledger.residual)), Some((0, 40)));
            assert!(reasons[0].contains(why), "{reasons:?}");
        }
        let cpu: Cpu = "AuthenticAMD-25-11".parse().expect("a CPU");
        let (none, reasons) = ledger(&cpu, &measured(None, Vec::new()), &executed());
        assert!(none.is_none() && reasons.len() == 2, "{reasons:?}");
    }

    #[test]
    fn half_precision_that_was_not_opened_has_its_entry() {
        let cpu: Cpu = "GenuineIntel-6-8F".parse().expect("a CPU");
        let vaddph = class(Code::EVEX_Vaddph_zmm_k1z_zmm_zmmm512b16_er);
        let executed = Classes::from([(vaddph, ClassCount { executions: 3, lanes: 96 })]);
        let (ledger, _) = ledger(&cpu, &measured(Some(0), Vec::new()), &executed);
        let ledger = ledger.expect("a ledger");
        assert_eq!((amounts(&ledger), ledger.residual), (vec![("fp16-not-opened", -96)], 0));
    }
}
