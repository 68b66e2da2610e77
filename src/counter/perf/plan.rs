//! What is to be opened on this machine: the events of each kind of its cores.

use std::fs;
use std::path::Path;

use nix::sched::CpuSet;
use perf_event_open_sys::bindings::{PERF_TYPE_HARDWARE, PERF_TYPE_RAW};

use super::available::Available;
use super::event::Request;
use super::groups::Wanted;
use crate::counter::PrecisionSet;
use crate::machine::events::{FpEvent, Pass, Quality};
use crate::machine::{self, CoreType, Cpu, CpuEvents};
use crate::{Error, Result};

const PMUS: &str = "/sys/bus/event_source/devices";

pub struct Plan {
    pub cores: Vec<Cores>,
    /// What the events do not see.
    pub caveats: Vec<String>,
}

/// One kind of cores, with its PMU.
pub struct Cores {
    /// Of the PMU in sysfs.
    pub pmu: String,
    /// The kernel's number for the PMU.
    pub kind: u32,
    /// None where all CPUs are of this kind.
    pub cpus: Option<CpuSet>,
    /// What is to be on the counters together. None where the cores have no FP events, and their work goes
    /// uncounted.
    pub sets: Vec<Vec<&'static FpEvent>>,
    /// What tells precisions apart that `sets` count together: no part of their sum.
    pub details: Vec<Vec<&'static FpEvent>>,
    /// Precisions that the cores have events for, which are in none of the sets.
    pub not_opened: PrecisionSet,
    /// The events also count what is not retired.
    pub speculative: bool,
    /// Names of events say which cores they are of.
    named: bool,
}

impl Plan {
    /// For a CPU, which should be this one: single and double precision, or all that it has events for. An
    /// error if it has no events.
    pub fn of(cpu: &Cpu, all: bool) -> Result<Plan> {
        let known = CpuEvents::of(cpu).ok_or_else(|| {
            Error::failed(format!("perf: no floating-point events are known for the CPU {cpu}"))
                .briefly(format!("no floating-point events are known for the CPU {cpu}"))
                .remedy("count with --counter translate; or name a CPU with the same events with --cpu")
        })?;
        if let Some(reason) = known.refusal() {
            return Err(Error::failed(format!("perf: the CPU {cpu} ({}): {reason}", known.name()))
                .briefly(format!("the CPU {cpu}: {}", reason.split(':').next().unwrap_or(reason)))
                .remedy("count with --counter translate, which needs no events"));
        }
        let available = Available::here();
        let hybrid = known.cores.len() > 1;
        let cores = known.cores.iter().map(|core| Cores::of(core, hybrid, all, available)).collect::<Vec<_>>();
        Ok(Plan { cores, caveats: known.caveats().into_iter().map(str::to_owned).collect() })
    }
}

impl Plan {
    /// Precisions that some cores have events for, which are not opened there: no part of any total.
    pub fn not_opened(&self) -> PrecisionSet {
        self.cores.iter().map(|cores| cores.not_opened).fold(PrecisionSet::default(), PrecisionSet::with)
    }
}

impl Cores {
    fn of(core: &CoreType, hybrid: bool, all: bool, available: Available) -> Cores {
        let plan = core.plan(core.counters.map_or(0, |counters| available.counters(counters)));
        let passes = if all { plan.passes.as_slice() } else { plan.main() };
        let details = if all { plan.details.as_slice() } else { &[] };
        let sets = |passes: &[Pass]| passes.iter().map(|pass| pass.events().collect()).collect();
        let covered = machine::events::Plan::covered(core, passes);
        let every = core.groups.iter().flat_map(|group| group.covers.iter().copied());
        Cores {
            pmu: core.pmu.clone(),
            kind: kind_of(&core.pmu),
            cpus: if hybrid { cpus_of(&core.pmu) } else { None },
            sets: sets(passes),
            details: sets(details),
            not_opened: every.filter(|precision| !covered.contains(precision)).collect(),
            speculative: core.quality == Quality::Speculative,
            named: hybrid,
        }
    }

    /// Without events.
    #[cfg(test)]
    pub fn stub(pmu: &str, speculative: bool) -> Cores {
        Cores {
            pmu: pmu.into(),
            kind: PERF_TYPE_RAW,
            cpus: None,
            sets: Vec::new(),
            details: Vec::new(),
            not_opened: PrecisionSet::default(),
            speculative,
            named: false,
        }
    }

    pub fn events(&self) -> impl Iterator<Item = &'static FpEvent> {
        self.sets.iter().chain(&self.details).flatten().copied()
    }

    pub fn wanted(&self, event: &FpEvent) -> Wanted {
        self.named(&event.name, Request::in_user_mode(self.kind, event.config))
    }

    /// One of the events that the kernel has for every PMU.
    pub fn wanted_generic(&self, name: &str, event: u32) -> Wanted {
        // Since Linux 5.13 the upper half names the PMU.
        let config = if self.named { u64::from(self.kind) << 32 | u64::from(event) } else { event.into() };
        self.named(name, Request::in_user_mode(PERF_TYPE_HARDWARE, config))
    }

    fn named(&self, name: &str, request: Request) -> Wanted {
        let name = if self.named { format!("{}/{name}/", self.pmu) } else { name.to_owned() };
        Wanted { name, request }
    }
}

/// Without sysfs, the core PMU still answers to raw events.
fn kind_of(pmu: &str) -> u32 {
    let kind = fs::read_to_string(Path::new(PMUS).join(pmu).join("type"));
    kind.ok().and_then(|kind| kind.trim().parse().ok()).unwrap_or(PERF_TYPE_RAW)
}

/// CPUs of a PMU, where the kernel tells.
fn cpus_of(pmu: &str) -> Option<CpuSet> {
    let list = fs::read_to_string(Path::new(PMUS).join(pmu).join("cpus")).ok()?;
    let mut cpus = CpuSet::new();
    for range in list.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        for cpu in first.parse::<usize>().ok()?..=last.parse().ok()? {
            cpus.set(cpu).ok()?;
        }
    }
    Some(cpus)
}
