//! What /proc/cpuinfo and sysfs say of the CPU and its PMUs.

use serde::Serialize;

use super::root::Root;
use crate::machine::{Cpu, CpuEvents, cpu};

const CPUINFO: &str = "/proc/cpuinfo";
const PMUS: &str = "/sys/bus/event_source/devices";

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Processor {
    /// As `GenuineIntel-6-8F`.
    pub id: Option<String>,
    pub name: Option<String>,
    /// Those of its core types; None where the table of events does not know it.
    pub microarchitecture: Option<String>,
    /// PMUs of the cores that the kernel offers: `cpu`, or `cpu_core` and `cpu_atom` on hybrids.
    pub core_pmus: Vec<String>,
    pub hybrid: bool,
    /// What its events miss.
    pub caveats: Vec<&'static str>,
}

impl Processor {
    pub fn of(root: &Root) -> Processor {
        let cpu = root.text(CPUINFO).as_deref().and_then(cpu::parse_cpuinfo);
        let events = cpu.as_ref().and_then(CpuEvents::of);
        let core_pmus: Vec<String> =
            root.names(PMUS).into_iter().filter(|name| name == "cpu" || name.starts_with("cpu_")).collect();
        Processor {
            id: cpu.as_ref().map(Cpu::to_string),
            name: root.field(CPUINFO, "model name"),
            microarchitecture: events.as_ref().map(CpuEvents::name),
            hybrid: core_pmus.iter().any(|name| name == "cpu_atom") || flag(root, "hybrid_cpu"),
            core_pmus,
            caveats: events.as_ref().map_or_else(Vec::new, CpuEvents::caveats),
        }
    }

    /// AMD has no fixed counters: its watchdog takes one of the six that FP events need in pairs.
    pub fn is_amd(&self) -> bool {
        self.id.as_deref().is_some_and(|id| id.starts_with("AuthenticAMD") || id.starts_with("HygonGenuine"))
    }
}

/// Is it in the CPU's flags?
pub fn flag(root: &Root, name: &str) -> bool {
    root.field(CPUINFO, "flags").is_some_and(|flags| flags.split_whitespace().any(|flag| flag == name))
}
