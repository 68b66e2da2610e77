//! What a machine has to have for its events to count right, although they open without it.

use std::fs;

use crate::machine::Cpu;
use crate::{Error, Result};

/// Event 0x03 of AMD's adds up to 64 a cycle, more than one counter can take: it needs a second, which
/// Linux pairs with it from 5.6 on (commit 5738891229a2), if the CPU says that it has the core extension.
const PAIRED_SINCE: (u32, u32) = (5, 6);

/// Does an event take a pair of counters?
pub fn is_paired(cpu: &Cpu, config: u64) -> bool {
    let event = config & 0xff | config >> 24 & 0xf00;
    let zen = cpu.vendor == "AuthenticAMD" && cpu.family >= 0x17 || cpu.vendor == "HygonGenuine";
    zen && event == 0x03
}

/// Refuses events that this machine would count wrongly.
pub fn check(cpu: &Cpu, configs: impl IntoIterator<Item = u64>) -> Result<()> {
    if !configs.into_iter().any(|config| is_paired(cpu, config)) {
        return Ok(());
    }
    let text = |file: &str| fs::read_to_string(file).unwrap_or_default();
    pairing(&text("/proc/cpuinfo"), text("/proc/sys/kernel/osrelease").trim())
}

fn pairing(cpuinfo: &str, release: &str) -> Result<()> {
    const EVENT: &str = "perf: event 0x03 (FLOPs) takes a pair of counters";
    let mut flags = cpuinfo.lines().filter(|line| line.starts_with("flags"));
    if flags.next().is_some_and(|flags| !flags.split_whitespace().any(|flag| flag == "perfctr_core")) {
        return Err(Error::failed(format!(
            "{EVENT}, which this CPU does not offer (no perfctr_core in /proc/cpuinfo): it would count wrongly"
        ))
        .remedy("have the hypervisor show perfctr_core (QEMU: -cpu host), or count with --counter translate"));
    }
    if version(release).is_some_and(|version| version < PAIRED_SINCE) {
        return Err(Error::failed(format!("{EVENT}, which Linux {release} does not know: it would count wrongly"))
            .remedy("boot Linux 5.6 or later, or count with --counter translate"));
    }
    Ok(())
}

/// Of a release such as `6.1.0-31-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_those_of_zen() {
        let pairs = |cpu: &str, config| is_paired(&cpu.parse().expect("a CPU"), config);
        assert!(pairs("AuthenticAMD-25-01", 0x0f03) && pairs("AuthenticAMD-23-01", 0xf003));
        assert!(!pairs("AuthenticAMD-25-01", 0x0702), "x87");
        assert!(!pairs("AuthenticAMD-25-01", 0x1_0000_0f03), "event 0x103");
        assert!(!pairs("AuthenticAMD-21-02", 0xff03), "family 15h");
        assert!(!pairs("GenuineIntel-6-8F", 0x0f03));
    }

    #[test]
    fn without_pairing_nothing_is_opened() {
        let with = "processor : 0\nflags\t\t: fpu sse2 perfctr_core avx2\n";
        assert!(pairing(with, "5.6.0").is_ok() && pairing(with, "6.1.0-31-amd64").is_ok());
        let old = pairing(with, "5.4.0-150-generic").expect_err("too old").to_string();
        assert!(old.contains("Linux 5.4.0-150-generic") && old.contains("remedy:"), "{old}");
        let guest = pairing("flags : fpu sse2 perfctr_nb\n", "6.1.0").expect_err("no pairs").to_string();
        assert!(guest.contains("perfctr_core") && guest.contains("remedy:"), "{guest}");
    }
}
