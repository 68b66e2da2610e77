//! Trees of other machines, and what must be found in them.

use std::fs;

use super::*;

/// A machine: the files that differ from a bare Skylake server with a mainline kernel.
struct Machine {
    folder: tempfile::TempDir,
    signature: Option<&'static str>,
}

const CAPABILITIES_ALL: &str = "000001ffffffffff";
const CAPABILITIES_NONE: &str = "0000000000000000";
/// What Docker gives by default.
const CAPABILITIES_DOCKER: &str = "00000000a80425fb";

impl Machine {
    fn new() -> Machine {
        let machine = Machine { folder: tempfile::tempdir().expect("a folder"), signature: None };
        machine
            .cpu("GenuineIntel", 6, 85, "Intel(R) Xeon(R) Gold 6148", "fpu sse2")
            .status(CAPABILITIES_NONE, 1000, 0)
            .with("/proc/version", "Linux version 6.12.0 (build@host) #1 SMP\n")
            .with("/proc/sys/kernel/osrelease", "6.12.0\n")
            .with("/proc/sys/kernel/perf_event_paranoid", "2\n")
            .with("/proc/sys/kernel/nmi_watchdog", "0\n")
            .with("/proc/self/uid_map", "         0          0 4294967295\n")
            .with("/sys/bus/event_source/devices/cpu/type", "4\n")
    }

    fn with(self, path: &str, text: &str) -> Machine {
        let path = self.folder.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, text).expect("writable");
        self
    }

    fn without(self, path: &str) -> Machine {
        fs::remove_dir_all(self.folder.path().join(path.trim_start_matches('/'))).expect("it is there");
        self
    }

    fn cpu(self, vendor: &str, family: u32, model: u32, name: &str, flags: &str) -> Machine {
        let text = format!(
            "processor\t: 0\nvendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: {model}\nmodel name\t: {name}\nstepping\t: 2\nflags\t\t: {flags}\n"
        );
        self.with("/proc/cpuinfo", &text)
    }

    fn status(self, capabilities: &str, uid: u32, seccomp: u8) -> Machine {
        let text = format!(
            "Name:\tflopledger\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nCapEff:\t{capabilities}\nNoNewPrivs:\t0\nSeccomp:\t{seccomp}\n"
        );
        self.with("/proc/self/status", &text)
    }

    fn facts(&self) -> Facts {
        Facts::gather(&Root::new(self.folder.path()), self.signature)
    }
}

fn refused(facts: &Facts, software: Option<i32>, hardware: Option<i32>) -> Probe {
    let explained = |errno: Option<i32>| errno.map(|errno| explain(errno, facts));
    Probe { software_event: explained(software), hardware_event: explained(hardware) }
}

const TRACING_ONLY: Outcome = Outcome { perf: false, perf_miscounts: false, tracing: true };
const NOTHING: Outcome = Outcome { perf: false, perf_miscounts: false, tracing: false };

fn commands(advice: &[Advice]) -> String {
    advice.iter().flat_map(|advice| advice.commands.clone()).collect::<Vec<_>>().join("\n")
}

#[test]
fn debian_at_level_3_asks_for_sys_admin() {
    let debian = "Linux version 6.12.0-amd64 (debian-kernel@lists.debian.org) (gcc-14) #1 SMP Debian 6.12.41-1\n";
    // CAP_PERFMON alone: bit 38.
    let machine = Machine::new()
        .with("/proc/version", debian)
        .with("/proc/sys/kernel/perf_event_paranoid", "3\n")
        .status("0000004000000000", 1000, 0);
    let facts = machine.facts();
    assert_eq!((facts.kernel.flavour, facts.kernel.paranoia()), (Flavour::Debian, Some(Paranoia::Everything)));
    assert_eq!(facts.process.capabilities, Capabilities { perfmon: true, sys_admin: false, sys_ptrace: false });
    assert!(!facts.paranoia_permits());
    let probe = refused(&facts, Some(libc::EACCES), Some(libc::EACCES));
    let cause = &probe.software_event.as_ref().expect("refused").cause;
    assert!(cause.contains("paranoid is 3") && cause.contains("CAP_PERFMON is not enough"), "{cause}");
    let advice = advise(&facts, &probe, TRACING_ONLY);
    assert!(commands(&advice).contains("sysctl kernel.perf_event_paranoid=2"));
    assert!(!advice[0].why.contains("on the host"), "not in a container");
}

#[test]
fn ubuntu_takes_level_3_as_2_and_refuses_at_4() {
    let ubuntu = "Linux version 6.8.0-40-generic (buildd@lcy02) (x86_64-linux-gnu-gcc-13) #40-Ubuntu SMP\n";
    let at =
        |level: &str| Machine::new().with("/proc/version", ubuntu).with("/proc/sys/kernel/perf_event_paranoid", level);
    assert_eq!(at("3\n").facts().kernel.paranoia(), Some(Paranoia::KernelMode));
    let machine = at("4\n");
    let facts = machine.facts();
    assert_eq!((facts.kernel.flavour, facts.kernel.paranoia()), (Flavour::Ubuntu, Some(Paranoia::Everything)));
    assert!(explain(libc::EACCES, &facts).cause.contains("Ubuntu"));
    let root = at("4\n").status(CAPABILITIES_ALL, 0, 0);
    assert!(root.facts().paranoia_permits());
    // Root in a user namespace is not root to perf.
    let rootless = root.with("/proc/self/uid_map", "0 1000 1\n");
    assert!(!rootless.facts().paranoia_permits());
    assert!(explain(libc::EACCES, &rootless.facts()).cause.contains("user namespace"));
}

#[test]
fn mainline_levels_above_2_are_as_2() {
    let of = |level: &str| {
        let machine = Machine::new().with("/proc/sys/kernel/perf_event_paranoid", level);
        machine.facts().kernel.paranoia()
    };
    let expected =
        [Paranoia::Nothing, Paranoia::Tracepoints, Paranoia::Cpus, Paranoia::KernelMode, Paranoia::KernelMode];
    assert_eq!(["-1", "0", "1", "2", "4"].map(of), expected.map(Some));
}

#[test]
fn docker_with_its_own_seccomp_profile() {
    let machine = Machine::new().with("/.dockerenv", "").status(CAPABILITIES_DOCKER, 0, 2);
    let facts = machine.facts();
    assert_eq!(facts.container.as_ref().map(|container| container.runtime), Some(Runtime::Docker));
    assert_eq!(facts.process.capabilities, Capabilities::default());
    assert_eq!(facts.process.seccomp, Some(Seccomp::Filter));
    let probe = refused(&facts, Some(libc::EPERM), Some(libc::EPERM));
    assert!(probe.software_event.as_ref().is_some_and(|refusal| refusal.cause.contains("seccomp profile of Docker")));
    assert!(commands(&advise(&facts, &probe, TRACING_ONLY)).contains("docker run --cap-add=PERFMON"));
    assert!(commands(&advise(&facts, &probe, NOTHING)).contains("docker run --cap-add=SYS_PTRACE"));
}

#[test]
fn containers_by_their_traces() {
    let runtime = |path: &str, text: &str| {
        let container = Machine::new().with(path, text).facts().container;
        container.map(|container| container.runtime)
    };
    assert_eq!(runtime("/run/.containerenv", "engine=\"podman\"\n"), Some(Runtime::Podman));
    assert_eq!(runtime("/proc/self/cgroup", "0::/kubepods.slice/pod1/cri-1\n"), Some(Runtime::Kubernetes));
    assert_eq!(runtime("/run/secrets/kubernetes.io/serviceaccount/token", ""), Some(Runtime::Kubernetes));
    assert_eq!(runtime("/proc/1/environ", "PATH=/bin\0container=lxc\0TERM=linux"), Some(Runtime::Lxc));
    assert_eq!(runtime("/run/systemd/container", "systemd-nspawn\n"), Some(Runtime::SystemdNspawn));
    assert_eq!(runtime("/proc/self/cgroup", "12:cpu:/docker/0123\n"), Some(Runtime::Docker));
    assert_eq!(runtime("/proc/version", "Linux version 4.4.0 gVisor\n"), Some(Runtime::Gvisor));
    assert_eq!(runtime("/proc/self/cgroup", "0::/user.slice/user-1000.slice\n"), None);
}

#[test]
fn yama_decides_over_tracing() {
    let scope = |level: &str, capabilities: &str| {
        let machine = Machine::new().with("/proc/sys/kernel/yama/ptrace_scope", level).status(capabilities, 0, 0);
        machine.facts()
    };
    assert!(scope("1\n", CAPABILITIES_NONE).yama_permits());
    assert!(scope("2\n", CAPABILITIES_ALL).yama_permits());
    for (level, remedy) in [("2\n", "sysctl kernel.yama.ptrace_scope=1"), ("3\n", "/etc/sysctl.d/99-ptrace.conf")] {
        let facts = scope(level, CAPABILITIES_NONE);
        assert!(!facts.yama_permits());
        let advice = advise(&facts, &refused(&facts, None, None), NOTHING);
        assert!(commands(&advice).contains(remedy), "{advice:?}");
    }
    assert!(!scope("3\n", CAPABILITIES_ALL).yama_permits());
    // What Yama permits is not what is in the way.
    let facts = scope("1\n", CAPABILITIES_NONE);
    assert!(!commands(&advise(&facts, &refused(&facts, None, None), NOTHING)).contains("yama"));
}

#[test]
fn hybrids_have_two_pmus() {
    let machine = Machine::new()
        .cpu("GenuineIntel", 6, 151, "12th Gen Intel(R) Core(TM) i9-12900K", "fpu hybrid_cpu")
        .without("/sys/bus/event_source/devices/cpu")
        .with("/sys/bus/event_source/devices/cpu_core/type", "4\n")
        .with("/sys/bus/event_source/devices/cpu_atom/type", "10\n")
        .with("/sys/bus/event_source/devices/software/type", "1\n");
    let facts = machine.facts();
    assert!(facts.cpu.hybrid);
    assert_eq!(facts.cpu.core_pmus, ["cpu_atom", "cpu_core"]);
    assert_eq!(facts.cpu.microarchitecture.as_ref().map(|name| name.contains("Alder Lake")), Some(true));
    assert!(explain(libc::EINVAL, &facts).cause.contains("cpu_atom"));
}

#[test]
fn guests_without_a_pmu_hear_what_their_host_must_do() {
    let guest = |firmware: &[(&str, &str)], signature: Option<&'static str>| {
        let mut machine = Machine::new()
            .cpu("AuthenticAMD", 25, 17, "AMD EPYC 9R14", "fpu hypervisor")
            .without("/sys/bus/event_source/devices/cpu");
        for (key, text) in firmware {
            machine = machine.with(&format!("/sys/class/dmi/id/{key}"), text);
        }
        machine.signature = signature;
        let facts = machine.facts();
        let probe = refused(&facts, None, Some(libc::ENOENT));
        let advice = advise(&facts, &probe, TRACING_ONLY);
        let cause = probe.hardware_event.map(|refusal| refusal.cause).unwrap_or_default();
        assert!(cause.contains("no PMU"), "{cause}");
        (facts.hypervisor.map(|hypervisor| hypervisor.name).unwrap_or_default(), commands(&advice))
    };
    for (firmware, signature, name, remedy) in [
        (&[("sys_vendor", "Amazon EC2\n"), ("product_name", "c7a.large\n")][..], None, "Amazon EC2", "modify-instance"),
        (&[("product_name", "Google Compute Engine\n")], None, "Google", "--performance-monitoring-unit"),
        (&[("sys_vendor", "VMware, Inc.\n")], None, "VMware", "vpmc.enable"),
        (
            &[("sys_vendor", "Microsoft Corporation\n"), ("product_name", "Virtual Machine\n")],
            None,
            "Hyper-V",
            "-Perfmon",
        ),
        (&[("sys_vendor", "QEMU\n")], None, "QEMU", "pmu=on"),
        // A micro VM has no firmware.
        (&[], Some("KVMKVMKVM"), "KVM", "pmu=on"),
    ] {
        let (found, commands) = guest(firmware, signature);
        assert!(found.contains(name) && commands.contains(remedy), "{found}: {commands}");
    }
    assert_eq!(guest(&[], None).0, "unknown");
}

#[test]
fn bare_metal_has_no_hypervisor() {
    let machine = Machine::new().with("/sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
    assert_eq!(machine.facts().hypervisor, None, "a .metal instance has the vendor, but not the CPU's flag");
}

#[test]
fn a_pmu_that_miscounts_is_the_hypervisors_doing() {
    let machine = Machine::new().cpu("GenuineIntel", 6, 143, "Xeon", "hypervisor");
    let facts = machine.facts();
    let outcome = Outcome { perf: false, perf_miscounts: true, tracing: true };
    let advice = advise(&facts, &refused(&facts, None, None), outcome);
    assert!(advice[0].why.contains("do not count"), "{advice:?}");
}

#[test]
fn nothing_is_advised_where_all_is_well() {
    let facts = Machine::new().facts();
    let all = Outcome { perf: true, perf_miscounts: false, tracing: true };
    assert_eq!(advise(&facts, &refused(&facts, None, None), all), []);
    // On AMD the watchdog costs a pair of counters.
    let amd = Machine::new().cpu("AuthenticAMD", 25, 17, "EPYC", "fpu").with("/proc/sys/kernel/nmi_watchdog", "1\n");
    let facts = amd.facts();
    assert!(commands(&advise(&facts, &refused(&facts, None, None), all)).contains("nmi_watchdog=0"));
}

#[test]
fn every_errno_has_a_cause_of_its_own() {
    let facts = Machine::new().facts();
    let documented = [
        libc::E2BIG,
        libc::EACCES,
        libc::EBADF,
        libc::EBUSY,
        libc::EFAULT,
        libc::EINTR,
        libc::EINVAL,
        libc::EMFILE,
        libc::ENODEV,
        libc::ENOENT,
        libc::ENOSPC,
        libc::ENOSYS,
        libc::EOPNOTSUPP,
        libc::EOVERFLOW,
        libc::EPERM,
        libc::ESRCH,
        libc::ENXIO,
        libc::ENFILE,
        libc::ENOMEM,
        libc::ECHILD,
    ];
    let mut causes: Vec<String> = documented.iter().map(|errno| explain(*errno, &facts).cause).collect();
    assert!(causes.iter().all(|cause| !cause.contains("not among")));
    causes.sort();
    causes.dedup();
    assert_eq!(causes.len(), documented.len());
    assert!(explain(libc::EDOM, &facts).cause.contains("not among"));
}

#[test]
fn a_machine_that_shows_nothing_is_no_error() {
    let empty = tempfile::tempdir().expect("a folder");
    let facts = Facts::gather(&Root::new(empty.path()), None);
    assert_eq!((facts.cpu.id.clone(), facts.kernel.paranoia(), facts.process.seccomp), (None, None, None));
    assert!(facts.paranoia_permits() && facts.yama_permits() && !facts.filtered());
}
