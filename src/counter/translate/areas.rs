//! The areas of an address space's threads, and its table of indirect targets.

use std::rc::Rc;

use super::sequences::{SHARED_ENTRIES, SHARED_ENTRY, shared_offset};
use super::shared::{Attempt, Place, Shared};
use super::{area, syscalls};
use crate::counter::ptrace::Remote;

/// Threads' areas that are mapped at once.
const BATCH: u64 = 4;
const TABLE: u64 = SHARED_ENTRIES * SHARED_ENTRY;
const MOST_LEARNED: u64 = SHARED_ENTRIES / 4 * 3;

/// One mapping of several areas; the first also has the table.
#[derive(Debug)]
struct Batch {
    memory: Rc<std::cell::RefCell<Shared>>,
}

/// One thread's area.
#[derive(Debug, Clone)]
pub struct Area {
    memory: Rc<std::cell::RefCell<Shared>>,
    offset: u64,
}

impl Area {
    /// What GS has to point to.
    pub fn base(&self) -> u64 {
        self.memory.borrow().start + self.offset
    }

    pub fn load(&self, displacement: u32) -> u64 {
        self.memory.borrow().load_u64(self.offset + u64::from(displacement))
    }

    pub fn store(&self, displacement: u32, value: u64) {
        self.memory.borrow_mut().store_u64(self.offset + u64::from(displacement), value);
    }

    pub fn counter(&self, slot: u32) -> u64 {
        self.load(area::counter(slot))
    }

    pub fn add(&self, slot: u32, amount: u64) {
        self.store(area::counter(slot), self.counter(slot).wrapping_add(amount));
    }

    /// The thread's own table learns where the translation of an address is.
    pub fn learn(&self, address: u64, landing: u64) {
        self.store(area::LANDINGS + 8 * area::landing_index(address) as u32, landing);
        self.store(area::KEYS + 8 * area::key_index(address) as u32, address.wrapping_neg());
    }

    fn prepare(&self, table: u64) {
        let mut memory = self.memory.borrow_mut();
        memory.write(self.offset + u64::from(area::POPULATION), &area::population_tables());
        for number in syscalls::TRACED {
            memory.write(self.offset + u64::from(area::TRACED_CALLS) + number as u64, &[1]);
        }
        memory.store_u64(self.offset + u64::from(area::SHARED_TABLE), table);
        // An empty entry is 0 and would match address 0.
        memory.store_u64(self.offset + u64::from(area::KEYS), NO_KEY);
    }

    fn clear(&self) {
        self.memory.borrow_mut().clear(self.offset, area::STRIDE);
    }
}

/// Matches no address that can be an entry's: 1 is the negation of the highest address.
const NO_KEY: u64 = 1;

#[derive(Debug)]
pub struct Areas {
    batches: Vec<Batch>,
    free: Vec<Area>,
    /// Entries of the table in use.
    learned: u64,
}

impl Areas {
    pub fn new(remote: Remote, name: u64) -> Attempt<Areas> {
        let areas = Areas { batches: Vec::new(), free: Vec::new(), learned: 0 };
        areas.grow(remote, name, Place::Anywhere)
    }

    fn grow(mut self, remote: Remote, name: u64, place: Place) -> Attempt<Areas> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let length = (TABLE + BATCH * area::STRIDE) as usize;
        let (remote, memory) = Shared::new(remote, name, length, place, protection)?;
        let grown = memory.map(|memory| {
            let memory = Rc::new(std::cell::RefCell::new(memory));
            let area = |n| Area { memory: memory.clone(), offset: TABLE + n * area::STRIDE };
            self.free.extend((0..BATCH).rev().map(area));
            self.batches.push(Batch { memory });
            self
        });
        Ok((remote, grown))
    }

    pub fn is_empty(&self) -> bool {
        self.free.is_empty()
    }

    /// Maps further areas.
    pub fn more(&mut self, remote: Remote, name: u64) -> Attempt<()> {
        let (remote, more) = Areas::new(remote, name)?;
        Ok((
            remote,
            more.map(|more| {
                self.batches.extend(more.batches);
                self.free.extend(more.free);
            }),
        ))
    }

    pub fn take(&mut self) -> Option<Area> {
        let area = self.free.pop()?;
        area.prepare(self.table_address());
        Some(area)
    }

    /// Forgets all translations, and what has been counted: `taken` are the areas of living threads.
    pub fn empty(&mut self, taken: &[Area]) {
        self.learned = 0;
        if let Some(batch) = self.batches.first() {
            batch.memory.borrow_mut().clear(0, TABLE);
        }
        for area in taken {
            area.clear();
            area.prepare(self.table_address());
        }
    }

    pub fn give_back(&mut self, area: Area) {
        area.clear();
        self.free.push(area);
    }

    fn table_address(&self) -> u64 {
        self.batches.first().map_or(0, |batch| batch.memory.borrow().start)
    }

    /// The shared table learns where the translation of an address is, unless it is so full that
    /// looking through it would take long: what it does not know, the tracer is asked.
    pub fn learn(&mut self, address: u64, landing: u64) {
        let Some(batch) = self.batches.first() else { return };
        let mut memory = batch.memory.borrow_mut();
        let mut at = shared_offset(address);
        loop {
            let key = memory.load_u64(at);
            if key == 0 && self.learned == MOST_LEARNED {
                return;
            }
            if key == address || key == 0 {
                self.learned += u64::from(key == 0);
                memory.store_u64(at + 8, landing);
                memory.store_u64(at, address);
                return;
            }
            at = (at + SHARED_ENTRY) % TABLE;
        }
    }

    /// A forked process's own areas in the place of those that it shares with its parent: empty
    /// but for the area that its one thread, whose parent's is `own`, goes on with.
    pub fn copy(&self, mut remote: Remote, name: u64, own: &Area) -> Attempt<(Areas, Area)> {
        let mut copy = Areas { batches: Vec::new(), free: Vec::new(), learned: self.learned };
        let mut kept = None;
        for batch in &self.batches {
            let start = batch.memory.borrow().start;
            let place = Place::Over(start);
            let (rest, grown) = copy.grow(remote, name, place)?;
            remote = rest;
            copy = match grown {
                Ok(grown) => grown,
                Err(refusal) => return Ok((remote, Err(refusal))),
            };
            let Some(new) = copy.batches.last() else { break };
            let source = batch.memory.borrow();
            new.memory.borrow_mut().copy_from(&source, 0, TABLE);
            drop(source);
            if Rc::ptr_eq(&batch.memory, &own.memory) {
                let source = own.memory.borrow();
                // Registers and tables, but not the counters, which are the parent's.
                new.memory.borrow_mut().copy_from(&source, own.offset, u64::from(area::COUNTERS));
                kept = Some(Area { memory: new.memory.clone(), offset: own.offset });
            }
        }
        let Some(kept) = kept else { return Ok((remote, Err(("fork", nix::errno::Errno::ESRCH)))) };
        copy.free.retain(|area| area.offset != kept.offset || !Rc::ptr_eq(&area.memory, &kept.memory));
        Ok((remote, Ok((copy, kept))))
    }
}
