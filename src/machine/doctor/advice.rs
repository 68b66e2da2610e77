//! What to do for a better counter, as commands to paste.

use serde::Serialize;

use super::{Facts, Flavour, Hypervisor, Paranoia, Probe, Runtime};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    pub why: String,
    pub commands: Vec<String>,
}

/// What became of the hardware's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hardware {
    /// They counted what was executed.
    Works,
    /// They opened, but counted something else.
    Miscounts,
    /// They opened, but had no counter, or one for part of the time.
    Starved,
    /// They did not open, or are not to be opened.
    Refused,
}

/// What trying the counters gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    pub perf: Hardware,
    /// A counter that traces (translate, step) counted what was executed.
    pub tracing: bool,
}

const WATCHDOG_OFF: &str = "sysctl kernel.nmi_watchdog=0";

pub fn advise(facts: &Facts, probe: &Probe, outcome: Outcome) -> Vec<Advice> {
    let mut advice = Vec::new();
    if !outcome.tracing {
        advice.push(for_tracing(facts));
    }
    if outcome.perf == Hardware::Works {
        advice.extend(watchdog(facts));
    } else {
        advice.extend(for_perf(facts, probe, outcome));
    }
    advice
}

fn advice<const N: usize>(why: impl Into<String>, commands: [&str; N]) -> Advice {
    Advice { why: why.into(), commands: commands.map(str::to_owned).to_vec() }
}

fn for_tracing(facts: &Facts) -> Advice {
    match facts.kernel.ptrace_scope {
        Some(2) if !facts.yama_permits() => advice(
            "for translate and step: Yama lets only CAP_SYS_PTRACE trace; on the host, as root",
            ["sysctl kernel.yama.ptrace_scope=1"],
        ),
        Some(3..) => advice(
            "for translate and step: Yama forbids tracing until the next boot; on the host, as root, then boot",
            [
                "grep -rl ptrace_scope /etc/sysctl.conf /etc/sysctl.d /usr/lib/sysctl.d",
                "echo kernel.yama.ptrace_scope=1 > /etc/sysctl.d/99-ptrace.conf",
            ],
        ),
        _ if facts.filtered() => Advice {
            why: "for translate and step: a seccomp filter is on this process, and may forbid ptrace".into(),
            commands: unfiltered(facts, "SYS_PTRACE", "ptrace"),
        },
        _ => advice(
            "for translate and step: what failed is said above; what a security module refused is in the kernel's log",
            ["journalctl -k --grep 'ptrace|apparmor|avc'"],
        ),
    }
}

fn for_perf(facts: &Facts, probe: &Probe, outcome: Outcome) -> Option<Advice> {
    if let Some(refused) = &probe.software_event {
        return Some(match refused.errno.as_str() {
            "EACCES" => for_paranoia(facts),
            "EPERM" | "ENOSYS" if facts.filtered() => Advice {
                why: "for perf: let perf_event_open through the seccomp filter".into(),
                commands: unfiltered(facts, "PERFMON", "perf_event_open"),
            },
            _ => advice(format!("for perf: {}", refused.cause), ["journalctl -k --grep 'perf|apparmor|avc'"]),
        });
    }
    if let Some(refused) = &probe.hardware_event {
        return Some(match (refused.errno.as_str(), &facts.hypervisor) {
            ("EBUSY", _) => advice(
                "for perf: end the tool that holds the PMU",
                ["lsof +c 0 2>/dev/null | grep perf_event   # as root"],
            ),
            ("EMFILE", _) => advice("for perf: raise the limit of open files", ["ulimit -n 4096"]),
            (_, Some(hypervisor)) => for_guest(hypervisor),
            (_, None) => advice(
                "for perf: see why the kernel has no PMU driver",
                ["dmesg | grep -i -e 'performance events' -e pmu"],
            ),
        });
    }
    match outcome.perf {
        Hardware::Miscounts => facts.hypervisor.as_ref().map(|hypervisor| {
            let mut advice = for_guest(hypervisor);
            advice.why =
                "for perf: the floating-point events open but do not count; a hypervisor can filter them".into();
            advice
        }),
        Hardware::Starved => {
            let mut commands = vec!["lsof +c 0 2>/dev/null | grep perf_event   # who has events open".to_owned()];
            commands.extend((facts.kernel.nmi_watchdog == Some(true)).then(|| WATCHDOG_OFF.to_owned()));
            Some(Advice {
                why: "for perf: its events got no counter: free those that others hold; as root".into(),
                commands,
            })
        }
        // A CPU without any events has them under no setting.
        Hardware::Refused | Hardware::Works => None,
    }
}

fn for_paranoia(facts: &Facts) -> Advice {
    if facts.kernel.paranoia() != Some(Paranoia::Everything)
        && facts.kernel.perf_event_paranoid.is_none_or(|level| level <= 2)
    {
        return advice("for perf: see what a security module refused", ["journalctl -k --grep 'perf|apparmor|avc'"]);
    }
    let place = if facts.container.is_some() { "on the host, " } else { "" };
    let who = match facts.kernel.flavour {
        Flavour::Debian | Flavour::Ubuntu => "CAP_PERFMON does not help with this distribution's patch",
        Flavour::Mainline => "the level is the host's",
    };
    advice(
        format!("for perf: {place}as root, until the next boot or for good ({who})"),
        [
            "sysctl kernel.perf_event_paranoid=2",
            "echo kernel.perf_event_paranoid=2 > /etc/sysctl.d/99-perf.conf && sysctl --system",
        ],
    )
}

/// How to start the container, or whatever set the filter, so that a system call gets through.
fn unfiltered(facts: &Facts, capability: &str, call: &str) -> Vec<String> {
    match facts.container.as_ref().map(|container| container.runtime) {
        Some(Runtime::Docker) => vec![
            format!("docker run --cap-add={capability} IMAGE COMMAND"),
            "docker run --security-opt seccomp=unconfined IMAGE COMMAND   # before Docker 23".into(),
        ],
        Some(Runtime::Podman) => vec![
            format!("podman run --cap-add={capability} IMAGE COMMAND"),
            "podman run --security-opt seccomp=unconfined IMAGE COMMAND   # profiles before October 2025".into(),
        ],
        Some(Runtime::Kubernetes) => vec![format!(
            "securityContext: {{capabilities: {{add: [{capability}]}}, seccompProfile: {{type: Unconfined}}}}   # in the pod"
        )],
        Some(Runtime::SystemdNspawn) => {
            vec![format!("systemd-nspawn --capability=CAP_{capability} --system-call-filter={call} -D DIRECTORY")]
        }
        Some(Runtime::Lxc) => {
            vec!["lxc config set NAME raw.lxc 'lxc.seccomp.profile=' && lxc restart NAME   # on the host".into()]
        }
        Some(Runtime::Gvisor) => vec!["docker run --runtime=runc IMAGE COMMAND".into()],
        Some(Runtime::Bubblewrap | Runtime::Other) | None => {
            vec!["grep Seccomp /proc/self/status /proc/$PPID/status   # who set it; start outside that sandbox".into()]
        }
    }
}

fn for_guest(hypervisor: &Hypervisor) -> Advice {
    let why = |text: &str| match &hypervisor.machine {
        Some(machine) => format!("for perf: {text} (this is {machine})"),
        None => format!("for perf: {text}"),
    };
    let name = hypervisor.name.as_str();
    if name.starts_with("Amazon") {
        return advice(
            why(
                "take an instance that has a whole PMU: any .metal, or the largest of a family (c5.9xlarge, c6i.16xlarge, c7i.24xlarge, c8i.48xlarge)",
            ),
            [
                "aws ec2 modify-instance-attribute --instance-id ID --instance-type '{\"Value\": \"c7i.24xlarge\"}'   # while it is stopped",
            ],
        );
    }
    if name.starts_with("Google") {
        return advice(
            why("C4 machines offer a PMU, if asked for when created"),
            [
                "gcloud compute instances create NAME --machine-type=c4-standard-96 --performance-monitoring-unit=enhanced",
            ],
        );
    }
    match name {
        "VMware" => advice(
            why("offer the virtual PMU to the machine, which must be off"),
            ["echo 'vpmc.enable = \"TRUE\"' >> NAME.vmx   # on the host"],
        ),
        "Hyper-V" => advice(
            why("offer the PMU to the machine, which must be off"),
            ["Set-VMProcessor -VMName NAME -Perfmon @(\"pmu\")   # PowerShell on the host"],
        ),
        "Xen" => advice(
            why("start Xen with its virtual PMU, then boot the host"),
            ["vpmu=1   # on Xen's command line, in GRUB_CMDLINE_XEN"],
        ),
        name if name.contains("KVM") || name == "QEMU" => advice(
            why("offer the host's PMU to the machine"),
            [
                "qemu-system-x86_64 -enable-kvm -cpu host,pmu=on ...",
                "virsh edit NAME   # libvirt: <cpu mode='host-passthrough'/> and <features><pmu state='on'/></features>",
            ],
        ),
        _ => advice(why("this hypervisor shows no PMU; bare metal has one"), []),
    }
}

/// On AMD, FP events take counters in pairs, and the watchdog one of the six.
fn watchdog(facts: &Facts) -> Option<Advice> {
    (facts.cpu.is_amd() && facts.kernel.nmi_watchdog == Some(true)).then(|| {
        advice(
            "for perf: the NMI watchdog takes one of six counters, which FP events need in pairs; as root",
            [WATCHDOG_OFF],
        )
    })
}
