//! The events of a CPU, and all known CPUs, as `flopledger events` prints them.

use serde::{Serialize, Serializer};

use super::{CoreType, CpuEvents, EventGroup, FlopsPerCount, FpEvent, GroupKind, Part, Pass, Quality, all};
use crate::isa::Precision;
use crate::machine::Cpu;

pub const SCHEMA: &str = "flopledger.events/1";

/// What would be opened on a CPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Description {
    pub schema: &'static str,
    pub cpu: String,
    pub microarchitecture: String,
    pub pmus: Vec<PmuDescription>,
    /// Of all its PMUs.
    pub caveats: Vec<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PmuDescription {
    pub pmu: &'static str,
    /// The core type.
    pub name: &'static str,
    pub quality: Quality,
    /// Why nothing is opened; null where something is.
    pub reason: Option<&'static str>,
    /// General counters of a hardware thread with SMT; null where nobody looked.
    pub counters: Option<u32>,
    pub counters_without_smt: Option<u32>,
    /// How many of them can hold these events, where not all can.
    pub counters_limit: Option<u32>,
    pub fixed_counters: Option<u32>,
    pub groups: Vec<GroupDescription>,
    /// What is opened where SMT and the NMI watchdog are on or off.
    pub plans: Vec<PlanDescription>,
    pub source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupDescription {
    pub kind: GroupKind,
    /// The one precision that it counts; null where it counts several.
    pub precision: Option<Precision>,
    pub covers: Vec<Precision>,
    /// Hardware counters.
    pub counters: u32,
    pub events: Vec<EventDescription>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventDescription {
    pub name: &'static str,
    /// In hexadecimal, for `perf stat -e PMU/config=.../`.
    pub config: String,
    /// A number; the text `VL/128` where it is the SVE vector length over 128 bits.
    #[serde(serialize_with = "number_or_text")]
    pub flops_per_count: FlopsPerCount,
    pub precision: Option<Precision>,
    pub counters: u32,
    pub source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanDescription {
    pub smt: bool,
    pub nmi_watchdog: bool,
    /// Counters that floating-point events can have.
    pub counters: u32,
    /// Does one run count single and double precision in full?
    pub fits: bool,
    /// Passes that a run opens unless told otherwise; those after them, runs of --passes, hold further
    /// precisions, or tell apart those that a total has.
    pub main: usize,
    /// The configurations of the events that are on counters together.
    pub passes: Vec<PassDescription>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PassDescription {
    pub counters: u32,
    pub groups: Vec<GroupKind>,
    pub events: Vec<String>,
}

fn number_or_text<S: Serializer>(weight: &FlopsPerCount, serializer: S) -> Result<S::Ok, S::Error> {
    match weight {
        FlopsPerCount::Fixed(flops) => serializer.serialize_u64(*flops),
        FlopsPerCount::VectorGranules => serializer.collect_str(weight),
    }
}

/// As perf takes it.
pub fn config(event: &FpEvent) -> String {
    format!("{:#x}", event.config)
}

impl Description {
    pub fn of(cpu: &Cpu, events: &CpuEvents) -> Description {
        Description {
            schema: SCHEMA,
            cpu: cpu.full_name(),
            microarchitecture: events.name(),
            pmus: events.cores.iter().map(|core| PmuDescription::of(core)).collect(),
            caveats: events.caveats(),
        }
    }
}

impl PmuDescription {
    fn of(core: &'static CoreType) -> PmuDescription {
        let counters = core.counters;
        PmuDescription {
            pmu: &core.pmu,
            name: &core.name,
            quality: core.quality,
            reason: core.reason.as_deref(),
            counters: counters.map(|c| c.smt),
            counters_without_smt: counters.map(|c| c.no_smt),
            counters_limit: counters.and_then(|c| c.limit),
            fixed_counters: counters.map(|c| c.fixed),
            groups: core.groups.iter().copied().map(GroupDescription::of).collect(),
            plans: plans(core),
            source: &core.source,
        }
    }
}

impl GroupDescription {
    fn of(group: &'static EventGroup) -> GroupDescription {
        let event = |event: &'static FpEvent| EventDescription {
            name: &event.name,
            config: config(event),
            flops_per_count: event.flops_per_count,
            precision: event.precision,
            counters: event.counters,
            source: &event.source,
        };
        GroupDescription {
            kind: group.kind,
            precision: match group.covers[..] {
                [only] => Some(only),
                _ => None,
            },
            covers: group.covers.clone(),
            counters: group.counters(),
            events: group.events.iter().map(event).collect(),
        }
    }
}

fn plans(core: &CoreType) -> Vec<PlanDescription> {
    let Some(counters) = core.counters.filter(|_| !core.groups.is_empty()) else { return Vec::new() };
    let conditions = [(true, false), (true, true), (false, false), (false, true)];
    let plan = |(smt, nmi_watchdog)| {
        let counters = counters.usable(smt, nmi_watchdog);
        let plan = core.plan(counters);
        let pass = |pass: &Pass| PassDescription {
            counters: pass.counters(),
            groups: pass.parts.iter().map(|part: &Part| part.kind).collect(),
            events: pass.events().map(config).collect(),
        };
        let passes = plan.passes.iter().chain(&plan.details).map(pass).collect();
        PlanDescription { smt, nmi_watchdog, counters, fits: plan.fits(), main: plan.main, passes }
    };
    conditions.map(plan).to_vec()
}

/// Every core type that the table knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct List {
    pub schema: &'static str,
    pub core_types: Vec<Known>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Known {
    /// Ranges of models and steppings, in hexadecimal.
    pub cpus: String,
    pub name: &'static str,
    pub pmu: &'static str,
    pub quality: Quality,
    pub groups: Vec<GroupKind>,
    pub reason: Option<&'static str>,
    pub source: &'static str,
}

impl List {
    pub fn all() -> List {
        let known = |core: &'static CoreType| Known {
            cpus: core.identity.to_string(),
            name: &core.name,
            pmu: &core.pmu,
            quality: core.quality,
            groups: core.groups.iter().map(|group| group.kind).collect(),
            reason: core.reason.as_deref(),
            source: &core.source,
        };
        List { schema: SCHEMA, core_types: all().iter().map(known).collect() }
    }
}
