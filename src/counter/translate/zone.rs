//! A part of the code cache, within reach of the code that it serves. Translations grow from its
//! start, what is rarely executed from its end.

use super::code_map::PAGE;
use super::emit::{JUMP, relative};
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
/// `jmp [rip]`: to the address that follows it.
const BRIDGE: [u8; 6] = [0xFF, 0x25, 0, 0, 0, 0];
/// What all translations share, at the start.
const HEADER: u64 = PAGE;

#[derive(Debug)]
pub struct Zone {
    pub memory: Shared,
    search: u64,
    probe: u64,
    top: u64,
    bottom: u64,
    /// Bytes kept for the stubs of blocks that may yet be revoked.
    promised: u64,
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
        let probe = search + sequences.search.len() as u64;
        memory.write(probe, sequences.probe.bytes());
        debug_assert!(probe + sequences.probe.len() as u64 <= HEADER);
        let start = memory.start;
        Zone {
            search: start + search,
            probe: start + probe,
            top: start + HEADER,
            bottom: memory.end(),
            promised: 0,
            memory,
        }
    }

    /// A forked process's own copy, in the place of the one that it shares with its parent.
    pub fn copy(&self, remote: Remote, name: u64) -> Attempt<Zone> {
        let protection = libc::PROT_READ | libc::PROT_EXEC;
        let place = Place::Over(self.memory.start);
        let source = &self.memory;
        let (remote, memory) = Shared::copy_of(remote, name, source, place, protection)?;
        let Zone { search, probe, top, bottom, promised, .. } = *self;
        let copy = memory.map(|memory| Zone { memory, search, probe, top, bottom, promised });
        Ok((remote, copy))
    }

    /// A `syscall` instruction.
    pub fn syscall(&self) -> u64 {
        self.memory.start
    }

    /// Reads the byte that rcx points to, and traps.
    pub fn probe(&self) -> u64 {
        self.probe
    }

    /// Gives all translations up.
    pub fn empty(&mut self) {
        let used = self.memory.end() - self.memory.start - HEADER;
        self.memory.clear(HEADER, used);
        (self.top, self.bottom, self.promised) = (self.memory.start + HEADER, self.memory.end(), 0);
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

    /// Whether translations here reach all of a range.
    pub fn reaches_all(&self, start: u64, end: u64) -> bool {
        self.reaches(start) && self.reaches(end)
    }

    pub fn has_room(&self) -> bool {
        self.top + RESERVE + self.promised < self.bottom
    }

    /// Bytes in use.
    pub fn used(&self) -> u64 {
        self.top - self.memory.start + (self.memory.end() - self.bottom)
    }

    pub fn append(&mut self, code: &[u8]) {
        self.memory.write(self.top - self.memory.start, code);
        self.top += code.len() as u64;
    }

    /// Lets the branch whose displacement is at `hole` lead to `target`. Without room for a bridge it goes on to
    /// trap.
    pub fn lead(&mut self, hole: u64, target: u64) {
        let room = self.top + BRIDGE.len() as u64 + size_of::<u64>() as u64 + self.promised <= self.bottom;
        if room || relative(target, hole + 4).is_ok() {
            let distance = self.within_reach(hole, target).wrapping_sub(hole + 4);
            self.memory.store_u32(hole - self.memory.start, distance as u32);
        }
    }

    /// Where the branch whose displacement is at `hole` has to lead to arrive at `target`: zones may be further apart
    /// than a branch reaches, which then goes over a bridge.
    pub fn within_reach(&mut self, hole: u64, target: u64) -> u64 {
        if relative(target, hole + 4).is_ok() {
            return target;
        }
        let mut code = BRIDGE.to_vec();
        code.extend_from_slice(&target.to_le_bytes());
        self.prepend(&code)
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

    /// Keeps room for a stub that will be needed when there may be no other room left.
    pub fn promise_stub(&mut self, sequences: &Sequences) {
        self.promised += stub_length(sequences);
    }

    pub fn promised_stub(&mut self, sequences: &Sequences, number: u32) -> u64 {
        self.promised -= stub_length(sequences);
        self.stub(sequences, number)
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

fn stub_length(sequences: &Sequences) -> u64 {
    (sequences.note_exit.len() + JUMP) as u64
}
