//! A part of the code cache, within reach of the code that it serves. Translations grow from its
//! start, what is rarely executed from its end.

use super::emit::relative;
use super::sequences::Sequences;
use super::shared::{Attempt, Place, Shared};
use crate::counter::ptrace::Remote;

pub const LENGTH: u64 = 64 << 20;
/// A program's code must be that near, so that its data is within reach too.
const REACH: u64 = (1 << 31) - (160 << 20);
/// Room for one more run of blocks with its stubs.
const RESERVE: u64 = 1 << 20;

/// `syscall`, for calls that the tracer makes in the program's name.
const SYSCALL: [u8; 2] = [0x0F, 0x05];
const TRAP: u64 = 16;

#[derive(Debug)]
pub struct Zone {
    pub memory: Shared,
    search: u64,
    top: u64,
    bottom: u64,
}

impl Zone {
    pub fn new(remote: Remote, name: u64, at: u64, sequences: &Sequences) -> Attempt<Zone> {
        let protection = libc::PROT_READ | libc::PROT_EXEC;
        let (remote, memory) = Shared::new(remote, name, LENGTH as usize, Place::Free(at), protection)?;
        Ok((remote, memory.map(|memory| Zone::with(memory, sequences))))
    }

    fn with(mut memory: Shared, sequences: &Sequences) -> Zone {
        memory.write(0, &SYSCALL);
        memory.write(TRAP, sequences.trap.bytes());
        let search = TRAP + sequences.trap.len() as u64;
        memory.write(search, sequences.search.bytes());
        let top = (search + sequences.search.len() as u64).next_multiple_of(64);
        let start = memory.start;
        Zone { search: start + search, top: start + top, bottom: memory.end(), memory }
    }

    /// A forked process's own copy, in the place of the one that it shares with its parent.
    pub fn copy(&self, remote: Remote, name: u64) -> Attempt<Zone> {
        let protection = libc::PROT_READ | libc::PROT_EXEC;
        let place = Place::Over(self.memory.start);
        let source = &self.memory;
        let (remote, memory) = Shared::copy_of(remote, name, source, place, protection)?;
        let copy = memory.map(|memory| Zone { memory, search: self.search, top: self.top, bottom: self.bottom });
        Ok((remote, copy))
    }

    /// A `syscall` instruction.
    pub fn syscall(&self) -> u64 {
        self.memory.start
    }

    pub fn search(&self) -> u64 {
        self.search
    }

    pub fn top(&self) -> u64 {
        self.top
    }

    pub fn reaches(&self, address: u64) -> bool {
        address.abs_diff(self.memory.start) < REACH && address.abs_diff(self.memory.end()) < REACH
    }

    pub fn has_room(&self) -> bool {
        self.top + RESERVE < self.bottom
    }

    /// Bytes in use.
    pub fn used(&self) -> u64 {
        self.top - self.memory.start + (self.memory.end() - self.bottom)
    }

    pub fn append(&mut self, code: &[u8]) {
        self.memory.write(self.top - self.memory.start, code);
        self.top += code.len() as u64;
    }

    /// Lets the branch whose displacement is at `hole` lead to `target`, if it reaches that far.
    pub fn lead(&mut self, hole: u64, target: u64) {
        if let Ok(distance) = relative(target, hole + 4) {
            self.memory.store_u32(hole - self.memory.start, distance as u32);
        }
    }

    fn prepend(&mut self, code: &[u8]) -> u64 {
        self.bottom -= code.len() as u64;
        self.memory.write(self.bottom - self.memory.start, code);
        self.bottom
    }

    pub fn constant(&mut self, value: u64) -> u64 {
        self.bottom &= !7;
        self.prepend(&value.to_le_bytes())
    }

    /// The way to the tracer, with a number that tells what it is about.
    pub fn stub(&mut self, sequences: &Sequences, number: u32) -> u64 {
        let mut code = Vec::new();
        sequences.note_exit.emit(&mut code, &[number]);
        code.push(0xE9);
        let trap = self.memory.start + TRAP;
        code.extend_from_slice(&relative(trap, self.bottom).unwrap_or(0).to_le_bytes());
        self.prepend(&code)
    }

    /// Where a translation would follow that cannot be made.
    pub fn append_jump_to_stub(&mut self, sequences: &Sequences, number: u32) {
        let stub = self.stub(sequences, number);
        self.append_jump(stub);
    }

    fn append_jump(&mut self, target: u64) {
        let mut jump = vec![0xE9];
        // A zone is much smaller than what a jump reaches.
        jump.extend_from_slice(&relative(target, self.top + 5).unwrap_or(0).to_le_bytes());
        self.append(&jump);
    }

    /// Gives back what an indirect branch has borrowed, then goes on to what is appended next.
    pub fn landing(&mut self, sequences: &Sequences) -> u64 {
        let at = self.top;
        self.append(sequences.land.bytes());
        at
    }

    /// The same, for a translation that is elsewhere in the zone.
    pub fn landing_for(&mut self, sequences: &Sequences, target: u64) -> u64 {
        let at = self.landing(sequences);
        self.append_jump(target);
        at
    }
}
