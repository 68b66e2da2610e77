//! Sets of CPUs that a thread may run on.

use nix::errno::Errno;
use nix::unistd::Pid;

/// 1024 CPUs, as much as glibc's cpu_set_t holds.
pub const BYTES: usize = 128;

/// A set of CPUs in the kernel's layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpus(pub [u8; BYTES]);

impl Cpus {
    pub fn of(tid: Pid) -> Result<Cpus, Errno> {
        let mut cpus = Cpus([0; BYTES]);
        // SAFETY: the kernel writes at most BYTES bytes.
        let rc = unsafe { libc::sched_getaffinity(tid.as_raw(), BYTES, cpus.0.as_mut_ptr().cast()) };
        Errno::result(rc).map(|_| cpus)
    }

    pub fn apply(&self, tid: Pid) -> Result<(), Errno> {
        // SAFETY: the kernel reads BYTES bytes.
        let rc = unsafe { libc::sched_setaffinity(tid.as_raw(), BYTES, self.0.as_ptr().cast()) };
        Errno::result(rc).map(drop)
    }

    pub fn single(cpu: usize) -> Option<Cpus> {
        let mut cpus = Cpus([0; BYTES]);
        *cpus.0.get_mut(cpu / 8)? |= 1 << (cpu % 8);
        Some(cpus)
    }

    /// The CPU that we run on ourselves.
    pub fn here() -> Option<Cpus> {
        // SAFETY: takes no arguments.
        let cpu = unsafe { libc::sched_getcpu() };
        usize::try_from(cpu).ok().and_then(Cpus::single)
    }

    pub fn and(&self, other: &Cpus) -> Cpus {
        Cpus(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }
}
