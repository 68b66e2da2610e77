//! Tracer and traced threads share one CPU, which halves the price of a step. The threads
//! themselves see the CPUs that they would natively run on: how many threads a program starts
//! often depends on that.

use nix::unistd::Pid;

use super::super::cpus::{BYTES, Cpus};
use super::super::ptrace::{Stopped, Traced};

/// The CPU that all share, and the set that each thread believes in.
pub struct Pin {
    shared: Option<Cpus>,
    /// What the command was started with.
    pub native: Cpus,
}

impl Pin {
    /// Pins the calling thread and the command to the CPU that we are on. Where that is refused
    /// nothing is pinned, and only time is lost.
    pub fn new(command: Pid) -> Pin {
        let own = Pid::from_raw(0);
        let native = Cpus::of(own).unwrap_or(Cpus([0xff; BYTES]));
        let pinned = Cpus::here().filter(|cpu| cpu.apply(own).is_ok() && cpu.apply(command).is_ok());
        Pin { shared: pinned, native }
    }

    /// After a thread asked for the CPUs of a thread that believes in `cpus`.
    pub fn show(&self, stopped: &Stopped, address: u64, returned: u64, cpus: &Cpus) -> Traced<()> {
        let length = usize::try_from(returned).unwrap_or(0).min(BYTES);
        match self.shared {
            Some(_) => stopped.write(address, &cpus.0[..length]),
            None => Ok(()),
        }
    }

    /// After a thread set the CPUs of `target`: returns what it shall believe in from now on.
    pub fn changed(&self, stopped: &Stopped, address: u64, length: u64, target: Pid) -> Traced<Cpus> {
        let mut wanted = Cpus([0; BYTES]);
        let length = usize::try_from(length).unwrap_or(BYTES).min(BYTES);
        stopped.read(address, &mut wanted.0[..length]);
        if let Some(cpu) = &self.shared {
            cpu.apply(target)?;
        }
        Ok(wanted.and(&self.native))
    }

    /// Before a thread is let go.
    pub fn release(&self, tid: Pid, cpus: &Cpus) {
        if self.shared.is_some() {
            // It may have ended.
            let _ = cpus.apply(tid);
        }
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.release(Pid::from_raw(0), &self.native);
    }
}
