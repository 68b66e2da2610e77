//! The floating-point events of every CPU, as data.
//!
//! Three tables in CSV, one line a fact with its source: `cores.csv` has the core types with their
//! identities, counters and groups of events, `groups.csv` the events of the groups, `caveats.csv` what the
//! counts do not say. They were generated from a collection of Intel's, Arm's, Linux's, libpfm4's and LIKWID's
//! tables, and the tests here hold them against rules of their own and against the tables of an installed perf.
//!
//! [`CpuEvents::of`] gives the core types of a CPU, one a PMU; [`CoreType::plan`] what to open on so many
//! counters. A CPU that is not in the table is None: its events are never guessed from a similar one's.

mod description;
mod identity;
mod plan;
mod table;

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Cpu;
use crate::isa::Precision;
use crate::nearest::nearest;
use crate::{Error, Result};

pub use description::{Description, List, PassDescription, PlanDescription, PmuDescription, config};
pub use plan::{Part, Pass, Plan};

/// The events of a CPU: one core type a PMU, so several on hybrids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpuEvents {
    pub cores: Vec<&'static CoreType>,
}

impl CpuEvents {
    /// None where the table does not know the CPU.
    pub fn of(cpu: &Cpu) -> Option<CpuEvents> {
        let cores: Vec<&CoreType> = table::cores().iter().filter(|core| core.identity.covers(cpu)).collect();
        (!cores.is_empty()).then_some(CpuEvents { cores })
    }

    /// As `of`, with an error for the user who named a CPU that the table does not know.
    pub fn named(cpu: &Cpu) -> Result<CpuEvents> {
        CpuEvents::of(cpu).ok_or_else(|| {
            let wanted = cpu.full_name();
            let mut known: Vec<String> = all().iter().flat_map(|core| core.identity.ends()).collect();
            if known.iter().any(|name| name.starts_with(&format!("{wanted}-"))) {
                known.retain(|name| name.starts_with(&wanted));
            }
            let nearest = nearest(&wanted, known.iter().map(String::as_str));
            Error::input(format!("the CPU {wanted} is not in the table of floating-point events{nearest}"))
                .remedy("flopledger events --list names those that are; some need their stepping")
        })
    }

    /// The names of its core types.
    pub fn name(&self) -> String {
        let names: Vec<&str> = self.cores.iter().map(|core| core.name.as_str()).collect();
        names.join(" + ")
    }

    /// What the counts do not say, each once; that cores have no events is the first thing.
    pub fn caveats(&self) -> Vec<&'static str> {
        let mut caveats: Vec<&str> = Vec::new();
        let reasons = self.cores.iter().filter_map(|core| core.reason.as_deref());
        for caveat in reasons.chain(self.cores.iter().flat_map(|core| core.caveats.iter().copied())) {
            if !caveats.contains(&caveat) {
                caveats.push(caveat);
            }
        }
        caveats
    }

    /// Why none of its core types has an event; None where one has.
    pub fn refusal(&self) -> Option<&'static str> {
        let without = self.cores.iter().all(|core| core.quality == Quality::None);
        without.then(|| self.cores.iter().find_map(|core| core.reason.as_deref()).unwrap_or("it has no usable event"))
    }
}

/// The core types of the table, in its order.
pub fn all() -> &'static [CoreType] {
    table::cores()
}

/// One kind of core, with its PMU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreType {
    pub name: String,
    identity: identity::Identity,
    /// Its name in /sys/bus/event_source/devices. Arm's has a number behind it, which sysfs tells.
    pub pmu: String,
    /// None where it has no usable event, so that nobody looked.
    pub counters: Option<Counters>,
    pub quality: Quality,
    /// They may overlap: [`CoreType::plan`] picks those that do not.
    pub groups: Vec<&'static EventGroup>,
    pub caveats: Vec<&'static str>,
    /// Why it has no usable event; None where it has.
    pub reason: Option<String>,
    pub source: String,
}

/// How far an event's count can be taken for what the program did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// What was retired, or committed.
    Retired,
    /// What was issued or executed: also on wrong paths, or more than once.
    Speculative,
    /// No usable event: never to be opened and read as 0.
    None,
}

/// General counters of one hardware thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// With simultaneous multi-threading on.
    pub smt: u32,
    /// With it off in the firmware. Siblings that are only taken offline free no counters.
    pub no_smt: u32,
    /// That can hold a floating-point event, where not all can.
    pub limit: Option<u32>,
    /// Those that count one thing only. Where there are none, the NMI watchdog takes a general one.
    pub fixed: u32,
}

impl Counters {
    /// Counters that floating-point events can have.
    pub fn usable(&self, smt: bool, nmi_watchdog: bool) -> u32 {
        let general = if smt { self.smt } else { self.no_smt };
        let taken = u32::from(nmi_watchdog && self.fixed == 0);
        general.saturating_sub(taken).min(self.limit.unwrap_or(u32::MAX))
    }
}

/// Events that together count some precisions, and share nothing with one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventGroup {
    pub kind: GroupKind,
    /// The precisions whose work it counts in full. Two groups overlap if they share one.
    pub covers: Vec<Precision>,
    pub rule: CountRule,
    pub events: Vec<FpEvent>,
}

impl EventGroup {
    /// Hardware counters that its events take.
    pub fn counters(&self) -> u32 {
        self.events.iter().map(|event| event.counters).sum()
    }

    pub fn overlaps(&self, other: &EventGroup) -> bool {
        self.covers.iter().any(|precision| other.covers.contains(precision))
    }

    /// Does every event count one precision?
    pub fn tells_apart(&self) -> bool {
        self.events.iter().all(|event| event.precision.is_some())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupKind {
    /// Several precisions in one sum.
    Total,
    /// Single and double precision, an event each.
    Split,
    Fp16,
    Bf16,
    Fp32,
    Fp64,
    X87,
}

/// What an event counts of x86 instructions, as far as the vendor's text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CountRule {
    /// Instructions of one vector width and precision; those that do two operations a lane (FMA, dpps) twice.
    Width,
    /// `vdpbf16ps` of one vector width, once each.
    Bf16Products,
    /// Operations. The text does not say which instructions do some beside add, multiply, divide, square root
    /// and FMA.
    Operations,
    /// Uops, at issue and again at each replay: it depends on where the operands lie.
    Replayed,
    /// Operations, but not of which instructions, nor whether masked lanes do some.
    Unstated,
    /// Its CPUs execute no x86 instructions.
    NotX86,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FpEvent {
    pub name: String,
    /// perf's: the event's code, its umask from bit 8 on.
    pub config: u64,
    pub flops_per_count: FlopsPerCount,
    /// None where it counts more than one.
    pub precision: Option<Precision>,
    /// General counters that it takes: AMD's large increments need a pair.
    pub counters: u32,
    pub source: String,
}

/// What one count stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlopsPerCount {
    Fixed(u64),
    /// One a 128-bit granule of the SVE vector, `VL/128`: the vector length is that of the counted threads.
    VectorGranules,
}

impl FlopsPerCount {
    /// FLOPs of a count. `vector_bits`: the SVE vector length in bits. None where it is needed and not known, is
    /// no multiple of 128, or the product does not fit.
    pub fn flops(self, count: u64, vector_bits: Option<u32>) -> Option<u64> {
        const GRANULE: u32 = 128;
        match self {
            FlopsPerCount::Fixed(flops) => count.checked_mul(flops),
            FlopsPerCount::VectorGranules => {
                let bits = vector_bits.filter(|bits| bits % GRANULE == 0)?;
                count.checked_mul((bits / GRANULE).into())
            }
        }
    }
}

impl fmt::Display for FlopsPerCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FlopsPerCount::Fixed(flops) => flops.fmt(f),
            FlopsPerCount::VectorGranules => f.write_str("VL/128"),
        }
    }
}
