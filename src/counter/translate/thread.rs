//! The traced threads and processes.

use std::collections::{BTreeMap, VecDeque};

use libc::{c_int, siginfo_t, user_regs_struct};
use nix::unistd::Pid;

use super::areas::Area;
use super::deferred::Handling;
use super::refusals;
use super::syscalls::Call;
use super::work::Work;
use crate::counter::maps::Maps;
use crate::counter::ptrace::SignalMask;
use crate::counter::record::FunctionId;
use crate::counter::regions::Regions;
use crate::isa::TileConfig;

/// Stands for an address space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpaceId(pub u32);

#[derive(Debug, Clone)]
pub enum Doing {
    /// It has not executed the command yet.
    Launching,
    /// execve has succeeded and is about to return.
    Executing,
    /// Running translations.
    Running,
    /// In a system call that the tracer wants to see the end of.
    Calling(Box<Call>),
    /// Making single steps to where the program's state is known, so that signals can be delivered.
    ToBoundary { steps: u32 },
    /// Entering the handler of a signal.
    IntoHandler,
}

/// A signal that waits for a boundary.
#[derive(Clone, Copy)]
pub struct Pending {
    pub signal: c_int,
    pub info: siginfo_t,
}

/// What is changed of a thread's signal mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// All signals that can wait are blocked; this is the program's own mask.
    All(SignalMask),
    /// SIGTRAP, which the program blocks, is not.
    Trap,
}

pub struct Thread {
    pub process: Pid,
    pub doing: Doing,
    /// None before the first program is executed.
    pub area: Option<Area>,
    pub pending: VecDeque<Pending>,
    /// While another mask than the program's own is in force, for steps to a boundary.
    pub held: Option<Held>,
    pub tiles: Option<TileConfig>,
    /// Counts of tile products so far, by block: what has been added up under former configurations.
    pub tiles_counted: BTreeMap<u32, u64>,
    pub handling: Handling,
    /// While it reads a byte for us: the program's registers, and the address where it goes on.
    pub probing: Option<(user_regs_struct, u64)>,
    /// The error code that the CPU natively gives with the fault that is being delivered.
    pub fault_error: Option<u64>,
    /// An address where the program shall fault by itself: nothing executable is there.
    pub faults_at: Option<u64>,
}

impl Thread {
    pub fn new(process: Pid, doing: Doing) -> Thread {
        Thread {
            process,
            doing,
            area: None,
            pending: VecDeque::new(),
            held: None,
            tiles: None,
            tiles_counted: BTreeMap::new(),
            handling: Handling::default(),
            probing: None,
            fault_error: None,
            faults_at: None,
        }
    }
}

pub struct Process {
    pub space: Option<SpaceId>,
    pub work: Work,
    pub regions: Regions,
    /// Functions of floating-point instructions, by address.
    pub functions: BTreeMap<u64, FunctionId>,
    /// None where they have to be read anew.
    pub maps: Option<Maps>,
    /// Runs without us from now on.
    pub released: bool,
    /// It has asked that no memory become executable (PR_SET_MDWE), with these bits.
    pub refuses_gain: u64,
}

impl Process {
    pub fn new() -> Process {
        Process {
            space: None,
            work: Work::default(),
            regions: Regions::default(),
            functions: BTreeMap::new(),
            maps: None,
            released: false,
            refuses_gain: 0,
        }
    }

    pub fn child(&self, space: SpaceId) -> Process {
        let refuses_gain = refusals::inherited(self.refuses_gain);
        Process { space: Some(space), regions: self.regions.of_child(), refuses_gain, ..Process::new() }
    }
}
