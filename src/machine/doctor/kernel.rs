//! The kernel's settings that decide who may count and trace.

use serde::Serialize;

use super::root::Root;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kernel {
    pub release: Option<String>,
    pub flavour: Flavour,
    /// None where the kernel has no perf, or hides it.
    pub perf_event_paranoid: Option<i32>,
    pub nmi_watchdog: Option<bool>,
    /// None without Yama.
    pub ptrace_scope: Option<u8>,
}

/// Whose patches a kernel has: the paranoid levels above 2 mean something with some only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavour {
    Debian,
    Ubuntu,
    /// Levels above 2 are as 2, unless it has such a patch without saying so.
    Mainline,
}

/// What perf_event_paranoid leaves to a process without privileges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paranoia {
    /// Everything.
    Nothing,
    /// All but raw tracepoints.
    Tracepoints,
    /// All but those and what counts on whole CPUs.
    Cpus,
    /// Only one's own processes, in user mode: all that flopledger needs.
    KernelMode,
    /// Nothing at all: a patch of Debian's and Ubuntu's.
    Everything,
}

impl Kernel {
    pub fn of(root: &Root) -> Kernel {
        let setting = |name: &str| format!("/proc/sys/kernel/{name}");
        let version = root.text("/proc/version").unwrap_or_default();
        // The kernel's own words: /etc/os-release would be the container's.
        let flavour = if version.contains("Ubuntu") {
            Flavour::Ubuntu
        } else if version.to_lowercase().contains("debian") {
            Flavour::Debian
        } else {
            Flavour::Mainline
        };
        Kernel {
            release: root.text(&setting("osrelease")),
            flavour,
            perf_event_paranoid: root.number(&setting("perf_event_paranoid")),
            nmi_watchdog: root.number::<u8>(&setting("nmi_watchdog")).map(|value| value != 0),
            ptrace_scope: root.number(&setting("yama/ptrace_scope")),
        }
    }

    pub fn paranoia(&self) -> Option<Paranoia> {
        let level = self.perf_event_paranoid?;
        let refuses_all_from = match self.flavour {
            Flavour::Debian => 3,
            Flavour::Ubuntu => 4,
            Flavour::Mainline => i32::MAX,
        };
        Some(match level {
            level if level >= refuses_all_from => Paranoia::Everything,
            ..0 => Paranoia::Nothing,
            0 => Paranoia::Tracepoints,
            1 => Paranoia::Cpus,
            _ => Paranoia::KernelMode,
        })
    }
}

impl Kernel {
    /// What the level means here.
    pub fn paranoia_words(&self) -> Option<&'static str> {
        let unsaid = self.flavour == Flavour::Mainline && self.perf_event_paranoid > Some(2);
        let words = self.paranoia()?.words();
        Some(if unsaid { "as 2, or with Debian's or Ubuntu's patch: nothing without CAP_SYS_ADMIN" } else { words })
    }
}

impl Paranoia {
    /// What a process without privileges may do.
    fn words(self) -> &'static str {
        match self {
            Paranoia::Nothing => "everybody may count everything",
            Paranoia::Tracepoints => "everybody may count everything but raw tracepoints",
            Paranoia::Cpus => "everybody may count their own processes, also in kernel mode",
            Paranoia::KernelMode => "everybody may count their own processes in user mode, which is enough",
            Paranoia::Everything => "nobody without CAP_SYS_ADMIN may count anything (a patch of this distribution)",
        }
    }
}

/// What Yama's scope means for tracing one's own children, in which flopledger counts.
pub fn scope_words(scope: u8) -> &'static str {
    match scope {
        0 => "any process of one's own may be traced",
        1 => "one's own children may be traced, which is enough",
        2 => "only with CAP_SYS_PTRACE may anything be traced",
        _ => "nothing may be traced until the next boot",
    }
}
