//! System calls made on behalf of a stopped thread, which never learns of them.

use libc::{c_int, c_long, user_regs_struct};
use nix::errno::Errno;
use nix::unistd::Pid;

use super::wait::{Event, Stop, wait_for};
use super::{SignalMask, Stopped, Traced};

/// A thread that is being borrowed: `leave` gives it back with its registers and signal mask as
/// they were.
pub struct Remote {
    stopped: Stopped,
    registers: user_regs_struct,
    mask: SignalMask,
    /// A `syscall` instruction in the thread's memory.
    instruction: u64,
    /// It stands at the entry of a call that can be turned into another.
    at_entry: bool,
    /// Signals that cannot be blocked and came meanwhile.
    held: Vec<c_int>,
}

impl Remote {
    /// Of a thread that is about to make a call of its own, that call is not made.
    pub fn enter(stopped: Stopped, instruction: u64) -> Traced<Remote> {
        let at_entry = stopped.is_at_entry()?;
        let registers = stopped.registers()?;
        let mask = stopped.signal_mask()?;
        stopped.set_signal_mask(SignalMask::MAX)?;
        Ok(Remote { stopped, registers, mask, instruction, at_entry, held: Vec::new() })
    }

    pub fn thread(&self) -> &Stopped {
        &self.stopped
    }

    /// The stack pointer of the borrowed thread.
    pub fn stack(&self) -> u64 {
        self.registers.rsp
    }

    /// From now on another `syscall` instruction.
    pub fn set_instruction(&mut self, instruction: u64) {
        self.instruction = instruction;
    }

    /// Makes one system call. The outer error is that of tracing, the inner one the call's.
    pub fn call(self, number: c_long, arguments: [u64; 6]) -> Traced<(Remote, Result<u64, Errno>)> {
        let [rdi, rsi, rdx, r10, r8, r9] = arguments;
        let (rip, orig_rax) = match self.at_entry {
            true => (self.registers.rip, number as u64),
            // No system call is under way, so there is none to restart.
            false => (self.instruction, u64::MAX),
        };
        let registers =
            user_regs_struct { rax: number as u64, orig_rax, rdi, rsi, rdx, r10, r8, r9, rip, ..self.registers };
        self.stopped.set_registers(&registers)?;
        let entered = if self.at_entry { self } else { self.run_to_stop()? };
        entered.run_to_stop()?.result()
    }

    fn result(self) -> Traced<(Remote, Result<u64, Errno>)> {
        let value = self.stopped.registers()?.rax;
        let result = match value as i64 {
            error @ -4095..=-1 => Err(Errno::from_raw(-error as i32)),
            _ => Ok(value),
        };
        Ok((self, result))
    }

    fn run_to_stop(self) -> Traced<Remote> {
        let Remote { mut stopped, registers, mask, instruction, mut held, .. } = self;
        let tid = stopped.tid();
        let mut signal = None;
        loop {
            stopped.run_to_syscall(signal)?;
            let stop;
            (stopped, stop) = wait_for(tid)?;
            signal = None;
            match stop {
                Stop::Syscall => return Ok(Remote { stopped, registers, mask, instruction, at_entry: false, held }),
                Stop::Signal(libc::SIGKILL) => signal = Some(libc::SIGKILL),
                // There is no `syscall` to execute, and there will be none the next time.
                Stop::Signal(fault @ (libc::SIGSEGV | libc::SIGILL | libc::SIGBUS)) if held.contains(&fault) => {
                    return Err(Errno::EFAULT);
                }
                Stop::Signal(other) => held.push(other),
                Stop::Event(Event::Exit) => {
                    stopped.run_on(None)?;
                    return Err(Errno::ESRCH);
                }
                _ => {}
            }
        }
    }

    pub fn leave(self) -> Traced<Stopped> {
        let Remote { stopped, registers, mask, held, .. } = self;
        stopped.set_registers(&registers)?;
        stopped.set_signal_mask(mask)?;
        for signal in held {
            send(stopped.tid(), signal);
        }
        Ok(stopped)
    }
}

/// Sends a signal to one thread.
fn send(tid: Pid, signal: c_int) {
    // SAFETY: no memory is involved; a thread that is gone needs no signal.
    unsafe { libc::syscall(libc::SYS_tkill, tid.as_raw(), signal) };
}
