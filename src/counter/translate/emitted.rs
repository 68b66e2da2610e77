//! What a block's translation is: code, and what is known of each place in it.

use super::decode::Stability;
use super::liveness::Induction;
use crate::counter::CountAt;
use crate::isa;

/// Why a block cannot be translated into this part of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unplaceable {
    /// What it refers to is further away than 2 GiB.
    TooFar,
    /// The encoder refused; never seen.
    Unencodable,
}

/// How a thread's state at a place in the translation leads to the program's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fix {
    /// They are the same.
    None,
    /// rcx is in the thread's area.
    Rcx,
    /// Behind a system call: rcx is to be the address of the next instruction.
    AfterSyscall,
    /// In the comparison of the program's code with what was translated: nothing of the program has happened, and
    /// rax or the flags may be in the thread's area.
    InCheck { rax: bool, flags: bool },
}

/// A place where the program's state is known: `index` instructions have been executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boundary {
    pub offset: u16,
    pub index: u8,
    pub fix: Fix,
}

/// How the executions of a block are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// One counter goes up by one; from `done` (an offset) on it has.
    Counter { slot: u32, done: u16 },
    /// A loop of one block: the register is added to the counter `slot` on entry and to the next one
    /// on exit; the one after those is 1 in between. `head` to `tail` are the loop's own offsets.
    Loop { slot: u32, induction: Induction, head: u16, tail: u16 },
}

/// The counters of a loop, from its slot on.
pub const ENTERED: u32 = 0;
pub const LEFT: u32 = 1;
pub const INSIDE: u32 = 2;

/// Adds up the active lanes of a masked instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lanes {
    pub index: u8,
    pub slot: u32,
}

/// A translation's comparison of the program's code, as it is when it is executed, with what was translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Offsets of its first instruction, and behind it.
    pub start: u16,
    pub end: u16,
    /// The offset from which on rax and the arithmetic flags are in the thread's area, if they are.
    pub saved: Option<u16>,
    /// Offset of the four bytes of the branch that is taken where the code has changed.
    pub mismatch: u32,
}

impl Check {
    /// The state in which a thread is at an offset.
    pub fn at(&self, offset: u16) -> Option<Fix> {
        let within = (self.start..self.end).contains(&offset);
        let flags = self.saved.is_some_and(|saved| offset >= saved);
        let rax = self.saved.is_some() && offset > self.start;
        within.then_some(Fix::InCheck { rax, flags })
    }
}

/// A direct branch: four bytes to be filled with the way to a program address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Of the four bytes.
    pub offset: u32,
    pub to: To,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// The translation of a program address.
    Block(u64),
    /// The same, from a translation whose program code turned out to have changed.
    Changed(u64),
    /// The tracer, which sees to a system call and goes on at `next`.
    Syscall {
        next: u64,
    },
    Marker {
        marker: isa::Marker,
        next: u64,
    },
    TileConfig {
        next: u64,
    },
    Unsupported {
        at: u64,
        reason: &'static str,
    },
}

#[derive(Debug)]
pub struct Emitted {
    pub code: Vec<u8>,
    pub boundaries: Vec<Boundary>,
    pub counting: Counting,
    pub lanes: Vec<Lanes>,
    /// How it compares the program's code with what was translated, if it does.
    pub check: Option<Check>,
    pub links: Vec<Link>,
    /// Return addresses: places of four bytes that are to lead to the 8-byte constant.
    pub constants: Vec<(u32, u64)>,
    /// Counters that it uses.
    pub slots: u32,
}

/// Where a block goes and what it may use.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Address of its first byte.
    pub at: u64,
    /// Of the zone's `search`.
    pub search: u64,
    /// The first free counter.
    pub slot: u32,
    /// The program address whose translation will follow immediately.
    pub follow: Option<u64>,
    /// The block begins with an instruction that can be turned into a jump elsewhere at any time.
    pub pad: bool,
    pub stability: Stability,
    pub count_at: CountAt,
    /// Flags that may be read behind the block.
    pub live_after: u32,
}
