//! The tracer runs where the thread that traps runs: a trap costs a third of what it costs from one
//! CPU to another. Only our own affinity changes; the program never sees a difference.

use std::fs;

use nix::unistd::Pid;

/// Traps from one look at the thread's CPU to the next.
const OFTEN: u32 = 64;

#[derive(Debug, Default)]
pub struct Follow {
    traps: u32,
    at: Option<usize>,
}

impl Follow {
    /// A thread has trapped.
    pub fn trapped(&mut self, tid: Pid) {
        self.traps += 1;
        if self.traps % OFTEN != 1 {
            return;
        }
        let Some(cpu) = cpu_of(tid).filter(|cpu| self.at != Some(*cpu)) else { return };
        self.at = Some(cpu);
        // SAFETY: an all-zero set is valid, `cpu` is below its size, and it is only read. Should the
        // kernel refuse, all goes on as before.
        unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(cpu, &mut set);
            libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set);
        }
    }
}

/// The CPU that a thread ran on last.
fn cpu_of(tid: Pid) -> Option<usize> {
    /// Of the fields behind the name, which may hold spaces.
    const PROCESSOR: usize = 36;
    let stat = fs::read_to_string(format!("/proc/{tid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(PROCESSOR)?.parse().ok().filter(|cpu| *cpu < libc::CPU_SETSIZE as usize)
}
