//! Tracer and traced threads share one CPU, which halves the price of a step. The threads
//! themselves see the CPUs that they would natively run on: how many threads a program starts
//! often depends on that.

use libc::c_int;
use nix::errno::Errno;
use nix::unistd::Pid;

use super::super::ptrace::{Stopped, Traced};

/// 1024 CPUs, as much as glibc's cpu_set_t holds.
const BYTES: usize = 128;

/// A set of CPUs in the kernel's layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpus([u8; BYTES]);

impl Cpus {
    fn of(tid: Pid) -> Traced<Cpus> {
        let mut cpus = Cpus([0; BYTES]);
        // SAFETY: the kernel writes at most BYTES bytes.
        let rc = unsafe { libc::sched_getaffinity(tid.as_raw(), BYTES, cpus.0.as_mut_ptr().cast()) };
        Errno::result(rc).map(|_| cpus)
    }

    fn apply(&self, tid: Pid) -> Traced<()> {
        // SAFETY: the kernel reads BYTES bytes.
        let rc = unsafe { libc::sched_setaffinity(tid.as_raw(), BYTES, self.0.as_ptr().cast()) };
        Errno::result(rc).map(drop)
    }

    fn single(cpu: c_int) -> Option<Cpus> {
        let cpu = usize::try_from(cpu).ok()?;
        let mut cpus = Cpus([0; BYTES]);
        *cpus.0.get_mut(cpu / 8)? |= 1 << (cpu % 8);
        Some(cpus)
    }

    fn and(&self, other: &Cpus) -> Cpus {
        Cpus(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }
}

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
        // SAFETY: takes no arguments.
        let shared = Cpus::single(unsafe { libc::sched_getcpu() });
        let pinned = shared.filter(|cpu| cpu.apply(own).is_ok() && cpu.apply(command).is_ok());
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
