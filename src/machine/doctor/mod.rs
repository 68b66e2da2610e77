//! What this machine allows: facts from /proc and /sys, what perf answers, what to do about it.
//!
//! The facts are read below a [`Root`], so that tests can show other machines' trees; what has to be
//! tried is tried by [`Probe`].

use serde::Serialize;

mod advice;
mod container;
mod errno;
mod hypervisor;
mod kernel;
mod probe;
mod process;
mod processor;
mod root;
#[cfg(test)]
mod tests;

pub use advice::{Advice, Hardware, Outcome, advise};
pub use container::{Container, Runtime};
pub use errno::{Refusal, explain};
pub use hypervisor::{Hypervisor, signature};
pub use kernel::{Flavour, Kernel, Paranoia, scope_words};
pub use probe::Probe;
pub use process::{Capabilities, Process, Seccomp};
pub use processor::Processor;
pub use root::Root;

/// Everything that can be known without trying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    pub cpu: Processor,
    pub hypervisor: Option<Hypervisor>,
    pub container: Option<Container>,
    pub kernel: Kernel,
    pub process: Process,
}

impl Facts {
    /// `signature` is what [`signature`] gives on the machine itself.
    pub fn gather(root: &Root, signature: Option<&str>) -> Facts {
        Facts {
            cpu: Processor::of(root),
            hypervisor: Hypervisor::of(root, signature),
            container: Container::of(root),
            kernel: Kernel::of(root),
            process: Process::of(root),
        }
    }

    /// May this process count its children in user mode, as far as the sysctl decides?
    pub fn paranoia_permits(&self) -> bool {
        let Some(paranoia) = self.kernel.paranoia() else { return true };
        let held = |capability: bool| capability && !self.process.user_namespace;
        paranoia != Paranoia::Everything || held(self.process.capabilities.sys_admin)
    }

    /// May this process trace its own children, as far as Yama decides?
    pub fn yama_permits(&self) -> bool {
        match self.kernel.ptrace_scope {
            None | Some(0 | 1) => true,
            Some(2) => self.process.capabilities.sys_ptrace,
            Some(_) => false,
        }
    }

    /// Is a filter in the way of system calls?
    pub fn filtered(&self) -> bool {
        matches!(self.process.seccomp, Some(Seccomp::Filter | Seccomp::Strict))
    }
}
