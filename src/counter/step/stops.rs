//! What each stop of a thread means, and what the thread does next.

use libc::{SIGTRAP, c_int, user_regs_struct};

use super::Tracer;
use super::thread::{Call, Doing, Entry, Flight};
use crate::counter::launch::stop_with_command;
use crate::counter::ptrace::status::Dispositions;
use crate::counter::ptrace::{Event, Stop, Stopped, TRAP_FLAG, Traced, interrupt};
use crate::counter::sites::{LONGEST, Special};

/// si_code of a SIGTRAP: raised by a breakpoint instruction.
const SI_KERNEL: c_int = 0x80;
/// By the end of a step.
const TRAP_BRKPT: c_int = 1;
const TRAP_TRACE: c_int = 2;
/// ptrace(2): "if PTRACE_SINGLESTEP is used and a signal handler is entered", with SIGTRAP itself.
const HANDLER_ENTRY: c_int = SIGTRAP;

/// The code segment of 64-bit programs.
const CS_64: u64 = 0x33;

impl Tracer {
    pub(super) fn stopped(&mut self, stopped: Stopped, stop: Stop) -> Traced<()> {
        let tid = stopped.tid();
        let Some(thread) = self.threads.get_mut(&tid) else {
            self.early.insert(tid, stopped);
            return Ok(());
        };
        let doing = thread.doing;
        match (stop, doing) {
            (Stop::Event(Event::Exec), _) => self.executed_program(stopped),
            (Stop::Event(Event::Child), _) => self.started_child(stopped),
            (Stop::Event(_), _) => stopped.run_to_syscall(None),
            (Stop::Signal(signal), Doing::Launching) => stopped.run_on(Some(signal)),
            (_, Doing::Launching) => stopped.run_on(None),
            (Stop::Syscall, Doing::Entering(entry)) => self.enter(stopped, entry),
            (Stop::Syscall, Doing::Calling(call)) => {
                let registers = stopped.registers()?;
                self.left(&stopped, &call, &registers)?;
                self.advance(stopped, &registers, None)
            }
            (Stop::Signal(SIGTRAP), Doing::Stepping(flight)) => self.trapped(stopped, flight),
            (Stop::Signal(signal), _) => self.signalled(stopped, signal),
            (Stop::Group(signal), _) => self.group_stopped(stopped, signal),
            (Stop::Trap | Stop::Syscall, _) => {
                let registers = stopped.registers()?;
                self.advance(stopped, &registers, None)
            }
        }
    }

    /// SIGTRAP while a step was under way: its end, or a trap of the program's own.
    fn trapped(&mut self, stopped: Stopped, flight: Option<Flight>) -> Traced<()> {
        let registers = stopped.registers()?;
        match stopped.signal_info()?.si_code {
            TRAP_TRACE | TRAP_BRKPT => {
                match &flight {
                    Some(flight) => self.retired(&stopped, flight, &registers)?,
                    // It could not be read, as on the vsyscall page.
                    None => self.record.void(format!("an instruction before {:#x} escaped the counter", registers.rip)),
                }
                match flight {
                    Some(flight) if flight.own_trap => self.signalled(stopped, SIGTRAP),
                    Some(flight) if flight.site.special == Some(Special::PopFlags) => {
                        self.shed_step(stopped, &registers)
                    }
                    _ => self.advance(stopped, &registers, None),
                }
            }
            HANDLER_ENTRY => {
                self.handler_entered(&stopped, &registers)?;
                self.advance(stopped, &registers, None)
            }
            SI_KERNEL => {
                // int3 is a trap: it retires, and then raises the signal.
                if let Some(flight) = &flight {
                    self.retired(&stopped, flight, &registers)?;
                }
                self.signalled(stopped, SIGTRAP)
            }
            _ => self.signalled(stopped, SIGTRAP),
        }
    }

    /// A signal is about to be delivered; the instruction under way, if any, did not retire.
    fn signalled(&mut self, stopped: Stopped, signal: c_int) -> Traced<()> {
        let tid = stopped.tid();
        let registers = stopped.registers()?;
        if signal == SIGTRAP {
            if self.process_of(tid).is_some_and(|process| process.ignores_trap) {
                return self.advance(stopped, &registers, None);
            }
            if let Some(thread) = self.threads.get_mut(&tid).filter(|thread| thread.blocks_trap) {
                thread.pending_trap = true;
                return self.advance(stopped, &registers, None);
            }
        }
        let dispositions = Dispositions::of(tid).unwrap_or_default();
        if dispositions.catches(signal) {
            self.does(&stopped, Doing::Stepping(None));
            return self.resume_or_let_go(stopped, Some(signal), Stopped::step);
        }
        // Natively, a signal without effect would not even have interrupted a system call.
        let effective = (!dispositions.discards(signal)).then_some(signal);
        self.advance(stopped, &registers, effective)
    }

    /// ptrace(2): "group-stop ... PTRACE_LISTEN ... the tracee remains stopped".
    fn group_stopped(&mut self, stopped: Stopped, signal: c_int) -> Traced<()> {
        let tid = stopped.tid();
        self.watchdog.rests(tid, true);
        self.resume_or_let_go(stopped, None, |stopped, _| stopped.listen())?;
        if tid == self.root {
            stop_with_command(tid.as_raw(), signal);
        }
        Ok(())
    }

    /// At the entry of a system call, which has retired as an instruction.
    fn enter(&mut self, stopped: Stopped, entry: Entry) -> Traced<()> {
        let registers = stopped.registers()?;
        let mut call = self.entered(&stopped, &registers);
        if let Entry::First(site) = entry {
            self.count(&stopped, &site, Some(0), registers.rip);
            if site.special == Some(Special::Syscall32) {
                self.record.void("the program made system calls by the 32-bit table");
                call = Call::DONE;
            }
        }
        self.does(&stopped, Doing::Calling(call));
        stopped.run_to_syscall(None)
    }

    /// Lets a thread execute its next instruction, `signal` being delivered before.
    pub(super) fn advance(
        &mut self,
        stopped: Stopped,
        registers: &user_regs_struct,
        signal: Option<c_int>,
    ) -> Traced<()> {
        if self.threads.get(&stopped.tid()).is_some_and(|thread| thread.interrupted) {
            self.does(&stopped, Doing::Entering(Entry::Again));
            return self.resume_or_let_go(stopped, signal, Stopped::run_to_syscall);
        }
        if registers.cs != CS_64 {
            self.record.void("32-bit code was executed, whose instructions are not counted");
            self.does(&stopped, Doing::Stepping(None));
            return self.resume_or_let_go(stopped, signal, Stopped::step);
        }
        let mut bytes = [0; LONGEST];
        let length = stopped.read(registers.rip, &mut bytes);
        let site = self.sites.at(registers.rip, &bytes[..length]);
        if let Some(site) = site.filter(|s| matches!(s.special, Some(Special::Syscall | Special::Syscall32))) {
            self.does(&stopped, Doing::Entering(Entry::First(site)));
            return self.resume_or_let_go(stopped, signal, Stopped::run_to_syscall);
        }
        let flight = match site {
            Some(site) => {
                let lanes = self.lanes(&stopped, &site)?;
                Some(Flight { site, lanes, own_trap: registers.eflags & TRAP_FLAG != 0 })
            }
            // Nothing to read there: it will fault, or is the vsyscall page.
            None => None,
        };
        self.does(&stopped, Doing::Stepping(flight));
        self.resume_or_let_go(stopped, signal, Stopped::step)
    }

    /// After an instruction that loads the flags, the kernel takes the trap flag of the next step for
    /// the program's own. It forgets that there are steps where a thread is let run, which this one does
    /// no further than to the stop that awaits it.
    fn shed_step(&mut self, stopped: Stopped, registers: &user_regs_struct) -> Traced<()> {
        if registers.eflags & TRAP_FLAG != 0 {
            return self.advance(stopped, registers, None);
        }
        self.does(&stopped, Doing::Stepping(None));
        interrupt(stopped.tid())?;
        self.resume_or_let_go(stopped, None, Stopped::run_on)
    }

    fn does(&mut self, stopped: &Stopped, doing: Doing) {
        if let Some(thread) = self.threads.get_mut(&stopped.tid()) {
            thread.doing = doing;
        }
    }
}
