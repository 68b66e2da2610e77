//! System calls whose effects a single-stepped program would otherwise see, or that the counter
//! has to know of.

use libc::{SIGTRAP, user_regs_struct};
use nix::unistd::Pid;

use super::Tracer;
use super::thread::Call;
use crate::counter::ptrace::{SavedFlags, Stopped, TRAP_FLAG, Traced, signal_bit};
use crate::counter::sites::{LONGEST, Special};

const TRAP: u64 = signal_bit(SIGTRAP);
/// Where a kernel sigaction has its handler is its first word.
const IGNORE: u64 = libc::SIG_IGN as u64;

/// The kernel's own results -512 to -516: the call is to be entered again.
const RESTARTS: std::ops::RangeInclusive<i64> = -516..=-512;

impl Tracer {
    /// At the entry of a system call.
    pub(super) fn entered(&mut self, stopped: &Stopped, registers: &user_regs_struct) -> Call {
        let mut call = Call::new(registers);
        match call.number {
            Some(libc::SYS_rt_sigprocmask | libc::SYS_rt_sigaction) if call.args[1] != 0 => {
                call.word = stopped.read_u64(call.args[1]);
            }
            Some(libc::SYS_ptrace) => self.record.void("the program uses ptrace, which it cannot under this counter"),
            Some(libc::SYS_clone) if call.args[0] & libc::CLONE_UNTRACED as u64 != 0 => {
                self.record.void("the program started a process that refuses to be traced");
            }
            _ => {}
        }
        call
    }

    /// At the exit of a system call.
    pub(super) fn left(&mut self, stopped: &Stopped, call: &Call, registers: &user_regs_struct) -> Traced<()> {
        let tid = stopped.tid();
        let result = registers.rax as i64;
        let restarts = registers.orig_rax as i64 >= 0 && RESTARTS.contains(&result);
        let Some(thread) = self.threads.get_mut(&tid) else { return Ok(()) };
        thread.interrupted = restarts;
        let Some(number) = call.number else { return Ok(()) };
        if number == libc::SYS_rt_sigreturn {
            return self.take_trap_from_mask(stopped, true);
        }
        if result < 0 {
            return Ok(());
        }
        let [first, second, third, _] = call.args;
        match number {
            libc::SYS_rt_sigprocmask => self.mask_changed(stopped, call),
            libc::SYS_rt_sigaction if first == SIGTRAP as u64 => self.trap_action_changed(stopped, call),
            libc::SYS_sched_getaffinity => match self.threads.get(&named(first, tid)) {
                Some(thread) => self.pin.show(stopped, third, registers.rax, &thread.cpus),
                None => Ok(()),
            },
            libc::SYS_sched_setaffinity => {
                let target = named(first, tid);
                let cpus = self.pin.changed(stopped, third, second, target)?;
                if let Some(thread) = self.threads.get_mut(&target) {
                    thread.cpus = cpus;
                }
                Ok(())
            }
            libc::SYS_mmap => self.remapped(tid, registers.rax, second),
            libc::SYS_munmap | libc::SYS_mprotect | libc::SYS_pkey_mprotect => self.remapped(tid, first, second),
            libc::SYS_mremap => {
                self.remapped(tid, first, second)?;
                self.remapped(tid, registers.rax, third)
            }
            libc::SYS_shmat | libc::SYS_shmdt => self.remapped(tid, 0, u64::MAX),
            _ => Ok(()),
        }
    }

    fn remapped(&mut self, tid: Pid, start: u64, length: u64) -> Traced<()> {
        if let Some(process) = self.process_of(tid) {
            process.remapped(start, length);
        }
        Ok(())
    }

    /// After rt_sigprocmask: the program's bit for SIGTRAP is ours to keep.
    fn mask_changed(&mut self, stopped: &Stopped, call: &Call) -> Traced<()> {
        let [how, set, former, _] = call.args;
        let Some(thread) = self.threads.get_mut(&stopped.tid()) else { return Ok(()) };
        let blocked = thread.blocks_trap;
        if former != 0 && blocked {
            let mask = stopped.read_u64(former).unwrap_or(0) | TRAP;
            stopped.write(former, &mask.to_le_bytes())?;
        }
        let Some(word) = call.word.filter(|_| set != 0) else { return Ok(()) };
        let named = word & TRAP != 0;
        let blocks = match how as i32 {
            libc::SIG_BLOCK => blocked || named,
            libc::SIG_UNBLOCK => blocked && !named,
            _ => named,
        };
        self.take_trap_from_mask(stopped, false)?;
        self.block_trap(stopped.tid(), blocks);
        Ok(())
    }

    /// After rt_sigaction on SIGTRAP.
    fn trap_action_changed(&mut self, stopped: &Stopped, call: &Call) -> Traced<()> {
        let [_, _, former, _] = call.args;
        let Some(process) = self.process_of(stopped.tid()) else { return Ok(()) };
        let ignored = process.ignores_trap;
        if let Some(handler) = call.word {
            process.ignores_trap = handler == IGNORE;
        }
        if former != 0 && ignored {
            stopped.write(former, &IGNORE.to_le_bytes())?;
        }
        Ok(())
    }

    /// Unblocks SIGTRAP for the kernel, and keeps in mind whether the program had it blocked:
    /// `replaces` if the kernel's mask is now all that counts, else only ever more blocked.
    pub(super) fn take_trap_from_mask(&mut self, stopped: &Stopped, replaces: bool) -> Traced<()> {
        let mask = stopped.signal_mask()?;
        let blocks = mask & TRAP != 0;
        if blocks {
            stopped.set_signal_mask(mask & !TRAP)?;
        }
        if blocks || replaces {
            self.block_trap(stopped.tid(), blocks);
        }
        Ok(())
    }

    fn block_trap(&mut self, tid: Pid, blocks: bool) {
        let Some(thread) = self.threads.get_mut(&tid) else { return };
        thread.blocks_trap = blocks;
        if !blocks && std::mem::take(&mut thread.pending_trap) {
            // SAFETY: no memory is involved.
            unsafe { libc::syscall(libc::SYS_tgkill, thread.process.as_raw(), tid.as_raw(), SIGTRAP) };
        }
    }

    /// At the first instruction of a signal handler: the mask that the frame will restore is the
    /// program's, and the handler's own mask may block SIGTRAP.
    pub(super) fn handler_entered(&mut self, stopped: &Stopped, registers: &user_regs_struct) -> Traced<()> {
        /// uc_sigmask in the ucontext that rdx points to.
        const MASK_OFFSET: u64 = 296;
        let Some(thread) = self.threads.get_mut(&stopped.tid()) else { return Ok(()) };
        thread.interrupted = false;
        if thread.blocks_trap {
            let address = registers.rdx.wrapping_add(MASK_OFFSET);
            if let Some(mask) = stopped.read_u64(address) {
                stopped.write(address, &(mask | TRAP).to_le_bytes())?;
            }
        }
        self.clear_trap_flag(stopped, registers.rdx)?;
        self.take_trap_from_mask(stopped, false)
    }

    /// Where the signal came before an instruction that loads the flags, the kernel took the trap flag of
    /// the step for the program's own, and the frame has it.
    fn clear_trap_flag(&mut self, stopped: &Stopped, context: u64) -> Traced<()> {
        let Some(frame) = SavedFlags::of(stopped, context).filter(|frame| frame.flags & TRAP_FLAG != 0) else {
            return Ok(());
        };
        let mut bytes = [0; LONGEST];
        let length = stopped.read(frame.rip, &mut bytes);
        match self.sites.at(frame.rip, &bytes[..length]).and_then(|site| site.special) {
            Some(Special::PopFlags) => frame.clear_trap_flag(stopped),
            _ => Ok(()),
        }
    }
}

/// The thread that an argument of sched_setaffinity names.
fn named(argument: u64, own: Pid) -> Pid {
    match argument as i32 {
        0 => own,
        tid => Pid::from_raw(tid),
    }
}
