//! How many of a CPU's counters a process can have on this machine.

use std::fs;

use crate::machine::events::Counters;

/// What gives counters and takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Available {
    /// Hardware threads share the counters of their core.
    smt: bool,
    nmi_watchdog: bool,
    /// The kernel keeps a counter of Skylake's for a fault of its transactions (TSX), unless they may abort.
    tsx_keeps_one: bool,
}

impl Available {
    pub fn here() -> Available {
        let text = |file: &str| fs::read_to_string(file).unwrap_or_default();
        Available::from(
            text("/sys/devices/system/cpu/smt/control").trim(),
            text("/proc/cpuinfo").contains(" hypervisor"),
            text("/proc/sys/kernel/nmi_watchdog").trim(),
            text("/sys/bus/event_source/devices/cpu/allow_tsx_force_abort").trim(),
        )
    }

    /// Counters are free of the sibling's only where the firmware has none: one that is taken offline keeps its
    /// own, and what a hypervisor says of siblings is not about counters.
    fn from(smt_control: &str, guest: bool, watchdog: &str, tsx_may_abort: &str) -> Available {
        Available {
            smt: smt_control != "notsupported" || guest,
            nmi_watchdog: watchdog == "1",
            tsx_keeps_one: tsx_may_abort == "0",
        }
    }

    pub fn counters(self, of: Counters) -> u32 {
        of.usable(self.smt, self.nmi_watchdog).saturating_sub(self.tsx_keeps_one.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::CpuEvents;

    fn counters(cpu: &str, available: Available) -> u32 {
        let events = CpuEvents::of(&cpu.parse().expect("a CPU")).expect("in the table");
        available.counters(events.cores[0].counters.expect("has counters"))
    }

    #[test]
    fn what_takes_counters() {
        let server = |available| counters("GenuineIntel-6-55-4", available);
        assert_eq!(server(Available::from("on", false, "1", "")), 4, "its watchdog has a fixed counter");
        assert_eq!(server(Available::from("notsupported", false, "0", "")), 8);
        assert_eq!(server(Available::from("off", false, "0", "")), 4, "siblings offline");
        assert_eq!(server(Available::from("notsupported", true, "0", "")), 4, "a guest");
        assert_eq!(server(Available::from("on", false, "0", "0")), 3);
        assert_eq!(server(Available::from("on", false, "0", "1")), 4);
        let zen = |watchdog| counters("AuthenticAMD-25-11", Available::from("on", false, watchdog, ""));
        assert_eq!((zen("0"), zen("1")), (6, 5));
        // Without SMT it has eight, of which four count floating-point events.
        assert_eq!(counters("GenuineIntel-6-3D", Available::from("notsupported", false, "0", "")), 4);
    }
}
