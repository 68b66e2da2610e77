//! What a machine has to have for its events to count right, although they open without it.

use std::fs;

use crate::machine::events::FpEvent;
use crate::{Error, Result};

/// Event 0x03 of AMD's adds up to 64 a cycle, more than one counter can take: it needs a second, which
/// Linux pairs with it from 5.6 on (commit 5738891229a2), if the CPU says that it has the core extension.
const PAIRED_SINCE: (u32, u32) = (5, 6);

/// Refuses events that this machine would count wrongly.
pub fn check(mut events: impl Iterator<Item = &'static FpEvent>) -> Result<()> {
    if events.all(|event| event.counters == 1) {
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
        .briefly("this machine does not pair the counters that its FLOPs event takes")
        .remedy("have the hypervisor show perfctr_core (QEMU: -cpu host), or count with --counter translate"));
    }
    if version(release).is_some_and(|version| version < PAIRED_SINCE) {
        return Err(Error::failed(format!("{EVENT}, which Linux {release} does not know: it would count wrongly"))
            .briefly("this kernel does not pair the counters that its FLOPs event takes")
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
    fn without_pairing_nothing_is_opened() {
        let with = "processor : 0\nflags\t\t: fpu sse2 perfctr_core avx2\n";
        assert!(pairing(with, "5.6.0").is_ok() && pairing(with, "6.1.0-31-amd64").is_ok());
        let old = pairing(with, "5.4.0-150-generic").expect_err("too old").to_string();
        assert!(old.contains("Linux 5.4.0-150-generic") && old.contains("remedy:"), "{old}");
        let guest = pairing("flags : fpu sse2 perfctr_nb\n", "6.1.0").expect_err("no pairs").to_string();
        assert!(guest.contains("perfctr_core") && guest.contains("remedy:"), "{guest}");
    }
}
