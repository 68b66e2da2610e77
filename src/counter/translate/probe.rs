//! Memory that may not be there yet, and that the program itself may have to supply (userfaultfd): whoever reads it
//! waits until it is there. So the thread that is to execute it reads it first, as it natively would; the tracer,
//! whom nobody could interrupt, reads only what is there.

use std::fs::File;
use std::os::unix::fs::FileExt;

use libc::user_regs_struct;
use nix::unistd::Pid;

use super::Tracer;
use super::code_map::PAGE;
use super::thread::Doing;
use crate::counter::ptrace::{Stopped, Traced};

/// Tells which pages of an address space are there.
#[derive(Debug, Default)]
pub struct Residency {
    /// Opened when it is first needed; None in it where the kernel does not let us.
    pagemap: Option<Option<File>>,
}

impl Residency {
    /// Whether a page is there, in memory or in swap; `tid`: a thread of the address space.
    pub fn is_there(&mut self, tid: Pid, page: u64) -> bool {
        const PRESENT: u64 = 1 << 63;
        const SWAPPED: u64 = 1 << 62;
        let mut entry = [0; 8];
        let pagemap = self.pagemap.get_or_insert_with(|| File::open(format!("/proc/{tid}/pagemap")).ok());
        let read = pagemap.as_ref().map(|map| map.read_exact_at(&mut entry, page / PAGE * 8));
        // Where the kernel does not tell, it is read as it is.
        !matches!(read, Some(Ok(()))) || u64::from_le_bytes(entry) & (PRESENT | SWAPPED) != 0
    }
}

impl Tracer {
    /// Lets a thread read the byte at `missing`, and then go on at `address`.
    pub(super) fn probe(
        &mut self,
        stopped: Stopped,
        registers: user_regs_struct,
        address: u64,
        missing: u64,
    ) -> Traced<()> {
        let tid = stopped.tid();
        let Some(probe) = self.space_of(tid).and_then(|space| space.zones.first()).map(|zone| zone.probe()) else {
            return self.disown(stopped);
        };
        let Some(thread) = self.threads.get_mut(&tid) else { return self.disown(stopped) };
        thread.probing = Some((registers, address));
        thread.doing = Doing::Running;
        stopped.set_registers(&user_regs_struct { rip: probe, rcx: missing, orig_rax: u64::MAX, ..registers })?;
        stopped.run_on(None)
    }

    /// What a thread was about to do that reads a byte first: the program's registers, and where it goes on.
    pub(super) fn take_probing(&mut self, tid: Pid) -> Option<(user_regs_struct, u64)> {
        self.threads.get_mut(&tid)?.probing.take()
    }
}
