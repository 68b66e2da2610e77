//! What the kernel saved of a thread that enters a signal handler.

use super::{Stopped, TRAP_FLAG, Traced};

/// Saved registers behind the two words and the stack of a ucontext.
const REGISTERS: u64 = 40;

/// Where a thread was, and its flags.
pub struct SavedFlags {
    at: u64,
    pub rip: u64,
    pub flags: u64,
}

impl SavedFlags {
    /// In the ucontext at `context`, the third argument of a handler.
    pub fn of(stopped: &Stopped, context: u64) -> Option<SavedFlags> {
        let register = |n: libc::c_int| context.wrapping_add(REGISTERS + 8 * n as u64);
        let at = register(libc::REG_EFL);
        Some(SavedFlags { at, rip: stopped.read_u64(register(libc::REG_RIP))?, flags: stopped.read_u64(at)? })
    }

    /// The error code of the fault that is being handled, in the ucontext at `context`.
    pub fn set_error(stopped: &Stopped, context: u64, error: u64) -> Traced<()> {
        let at = context.wrapping_add(REGISTERS + 8 * libc::REG_ERR as u64);
        stopped.write(at, &error.to_le_bytes())
    }

    pub fn clear_trap_flag(&self, stopped: &Stopped) -> Traced<()> {
        match self.flags & TRAP_FLAG {
            0 => Ok(()),
            _ => stopped.write(self.at, &(self.flags & !TRAP_FLAG).to_le_bytes()),
        }
    }
}
