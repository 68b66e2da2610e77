//! Each errno of perf_event_open with its cause on this machine.
//!
//! Sources: perf_event_open(2); kernel/events/core.c of Linux 6.12 (perf_event_open, perf_allow_kernel,
//! validate_group); Debian's and Ubuntu's patches to sysctl_perf_event_paranoid; moby/profiles/seccomp.

use nix::errno::Errno;
use serde::Serialize;

use super::{Facts, Flavour, Paranoia, Runtime};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// As `ENOENT`.
    pub errno: String,
    pub cause: String,
}

pub fn explain(errno: i32, facts: &Facts) -> Refusal {
    let errno = Errno::from_raw(errno);
    let cause = match errno {
        Errno::ENOENT => no_event(facts),
        Errno::EACCES => no_access(facts),
        Errno::EPERM => not_permitted(facts),
        Errno::ENOSYS => no_call(facts),
        Errno::EOPNOTSUPP => "the PMU lacks what the event asks for (sampling, precision, branches)".into(),
        Errno::EINVAL => invalid(facts),
        Errno::EMFILE => "this process has all the files open that it may (ulimit -n)".into(),
        Errno::ENFILE => "the whole system has all the files open that it may (fs.file-max)".into(),
        Errno::ENOMEM => "the kernel has no memory for the event".into(),
        Errno::EBUSY => "another tool holds the PMU, or an exclusive event on it".into(),
        Errno::E2BIG => "this kernel is older than the attributes that were asked for".into(),
        Errno::ESRCH => "the process to count had ended".into(),
        Errno::ENODEV => "the PMU, or the CPU that the event names, is offline".into(),
        Errno::ENXIO => "the PMU's driver does not take this event on this CPU".into(),
        Errno::ENOSPC => "too many breakpoint events".into(),
        Errno::EOVERFLOW => "a callchain deeper than kernel.perf_event_max_stack was asked for".into(),
        Errno::EBADF => "the group's leader is not an open event".into(),
        Errno::EFAULT => "the attributes could not be read".into(),
        Errno::EINTR => "a signal came while waiting for the process to count".into(),
        Errno::ECHILD => "a group's children no longer match it".into(),
        Errno::UnknownErrno => "the kernel gave no errno that is known".into(),
        other => format!("{}: not among the errors that perf_event_open(2) documents", other.desc()),
    };
    Refusal { errno: format!("{errno:?}"), cause }
}

fn no_event(facts: &Facts) -> String {
    match (&facts.hypervisor, facts.cpu.core_pmus.is_empty()) {
        (Some(hypervisor), true) => {
            format!("no PMU: the hypervisor ({}) does not show one to this machine", hypervisor.name)
        }
        (None, true) => "no PMU: the kernel has no driver for this CPU's, or firmware keeps it".into(),
        (Some(hypervisor), false) => {
            format!("the PMU lacks this event: the hypervisor ({}) shows a part of it only", hypervisor.name)
        }
        (None, false) => "the PMU of this CPU lacks this event".into(),
    }
}

fn no_access(facts: &Facts) -> String {
    match (facts.kernel.paranoia(), facts.kernel.perf_event_paranoid) {
        (Some(Paranoia::Everything), Some(level)) if facts.process.user_namespace => {
            format!("kernel.perf_event_paranoid is {level}, and capabilities of a user namespace do not count")
        }
        (Some(Paranoia::Everything), Some(level)) => {
            let whose = if facts.kernel.flavour == Flavour::Debian { "Debian" } else { "Ubuntu" };
            format!(
                "kernel.perf_event_paranoid is {level}, where {whose} asks for CAP_SYS_ADMIN (CAP_PERFMON is not enough)"
            )
        }
        (_, Some(level)) if level > 2 => format!(
            "kernel.perf_event_paranoid is {level}: with the patch that Debian and Ubuntu have, nothing without CAP_SYS_ADMIN"
        ),
        (_, Some(level)) => format!(
            "a security module (SELinux, AppArmor), as kernel.perf_event_paranoid {level} permits counting in user mode"
        ),
        (_, None) => "a security module, or a level of kernel.perf_event_paranoid that cannot be read here".into(),
    }
}

fn not_permitted(facts: &Facts) -> String {
    match (&facts.container, facts.filtered()) {
        (Some(container), true) => match container.runtime {
            Runtime::Docker | Runtime::Podman | Runtime::Kubernetes => format!(
                "the seccomp profile of {} lets perf_event_open through only with CAP_PERFMON or CAP_SYS_ADMIN",
                container.runtime.name()
            ),
            runtime => format!("the seccomp filter of the container ({}) forbids perf_event_open", runtime.name()),
        },
        (None, true) => {
            "a seccomp filter on this process (a sandbox, a service manager) forbids perf_event_open".into()
        }
        (_, false) => "a security module forbids it (no seccomp filter is on this process)".into(),
    }
}

fn no_call(facts: &Facts) -> String {
    match (&facts.container, facts.filtered()) {
        (Some(container), _) if container.runtime == Runtime::Gvisor => "gVisor's kernel has no perf_event_open".into(),
        (_, true) => "a seccomp filter answers as if perf_event_open did not exist".into(),
        (_, false) => "this kernel was built without perf events (CONFIG_PERF_EVENTS)".into(),
    }
}

fn invalid(facts: &Facts) -> String {
    match facts.cpu.hybrid {
        true => {
            "events of two PMUs (cpu_core, cpu_atom) in one group, or attributes that this kernel does not know".into()
        }
        false => "a group that cannot fit the PMU's counters, or attributes that this kernel does not know".into(),
    }
}
