//! The traced threads and processes, and what each is doing.

use std::collections::BTreeMap;

use libc::user_regs_struct;
use nix::unistd::Pid;

use super::super::cpus::Cpus;
use crate::counter::Classes;
use crate::counter::maps::Maps;
use crate::counter::record::FunctionId;
use crate::counter::regions::Regions;
use crate::counter::sites::Site;

/// What a thread was let run for.
#[derive(Debug, Clone, Copy)]
pub enum Doing {
    /// It has not executed the command yet.
    Launching,
    /// To finish one instruction; none to count at the entry of a signal handler.
    Stepping(Option<Flight>),
    /// To enter the system call that it stands before.
    Entering(Entry),
    /// To leave a system call.
    Calling(Call),
}

impl Doing {
    /// In a system call that may make a thread or process.
    pub fn may_create(&self) -> bool {
        let creates = [libc::SYS_clone, libc::SYS_clone3, libc::SYS_fork, libc::SYS_vfork];
        matches!(self, Doing::Calling(Call { number: Some(number), .. }) if creates.contains(number))
    }
}

/// An instruction that counts if it retires.
#[derive(Debug, Clone, Copy)]
pub struct Flight {
    pub site: Site,
    /// Lanes that it works on.
    pub lanes: Option<u64>,
    /// The program single-steps itself and expects the trap.
    pub own_trap: bool,
}

#[derive(Debug, Clone, Copy)]
pub enum Entry {
    /// Counts as an instruction.
    First(Site),
    /// The kernel goes back to a call that it interrupted without a handler having run.
    Again,
}

/// A system call between its entry and its exit.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// By the table of 64-bit programs; None for 32-bit calls.
    pub number: Option<i64>,
    pub args: [u64; 4],
    /// What the first word behind the second argument was at the entry, for calls that set signals.
    pub word: Option<u64>,
}

impl Call {
    /// One whose arguments do not matter any more.
    pub const DONE: Call = Call { number: None, args: [0; 4], word: None };

    pub fn new(registers: &user_regs_struct) -> Call {
        let number = registers.orig_rax as i64;
        Call { number: Some(number), args: [registers.rdi, registers.rsi, registers.rdx, registers.r10], word: None }
    }
}

#[derive(Debug, Clone)]
pub struct Thread {
    pub process: Pid,
    pub doing: Doing,
    /// The last system call was interrupted and will be entered again.
    pub interrupted: bool,
    /// The program blocks SIGTRAP. The kernel never does: a step would unblock it by force.
    pub blocks_trap: bool,
    /// A SIGTRAP came meanwhile.
    pub pending_trap: bool,
    pub cpus: Cpus,
}

impl Thread {
    /// A thread just created by this one.
    pub fn child(&self, process: Pid) -> Thread {
        Thread { process, doing: Doing::Stepping(None), interrupted: false, pending_trap: false, ..*self }
    }
}

/// A process, while it lives.
#[derive(Debug, Default)]
pub struct Process {
    /// Executions so far.
    pub classes: Classes,
    pub regions: Regions,
    /// Functions of floating-point instructions, by address.
    pub functions: BTreeMap<u64, FunctionId>,
    /// None where they have to be read anew.
    pub maps: Option<Maps>,
    /// The program ignores SIGTRAP, which a step would make the kernel forget.
    pub ignores_trap: bool,
}

impl Process {
    pub fn child(&self) -> Process {
        Process { regions: self.regions.of_child(), ignores_trap: self.ignores_trap, ..Process::default() }
    }

    /// Another program takes its place.
    pub fn exec(&mut self) {
        self.regions.exec();
        self.functions.clear();
        self.maps = None;
    }

    /// What lies from `start` on may be something else now.
    pub fn remapped(&mut self, start: u64, length: u64) {
        self.maps = None;
        let end = start.saturating_add(length);
        let gone: Vec<u64> = self.functions.range(start..end).map(|(address, _)| *address).collect();
        for address in gone {
            self.functions.remove(&address);
        }
    }
}
