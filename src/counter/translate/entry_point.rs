//! Entry points: where all branches to an address lead whose code may change. Each is five bytes in the code cache:
//! nothing, or a jump to whichever translation is right at present, or to the tracer.

use rustc_hash::FxHashMap;

use super::blocks::BlockId;
use super::cache::jump;
use super::emit::JUMP;
use super::sequences::Sequences;
use super::zone::Zone;

pub type EntryPoints = Table;

#[derive(Debug, Clone, Default)]
pub struct Table {
    known: FxHashMap<u64, EntryPoint>,
}

impl Table {
    pub fn get(&self, address: u64) -> Option<&EntryPoint> {
        self.known.get(&address)
    }

    pub fn get_mut(&mut self, address: u64) -> Option<&mut EntryPoint> {
        self.known.get_mut(&address)
    }

    pub fn insert(&mut self, address: u64, entry: EntryPoint) {
        self.known.insert(address, entry);
    }
}

#[derive(Debug, Clone)]
pub struct EntryPoint {
    /// Its place.
    pub at: u64,
    pub zone: u16,
    /// What indirect branches land on; 0 if none has yet.
    pub landing: u64,
    /// It leads to the first of its translations. Those that check their code lead on from each to the next.
    pub open: bool,
    pub versions: Vec<BlockId>,
    /// The way to the tracer; 0 if it has not been needed.
    stub: u64,
}

impl EntryPoint {
    pub fn new(at: u64, zone: u16, landing: u64) -> EntryPoint {
        EntryPoint { at, zone, landing, open: false, versions: Vec::new(), stub: 0 }
    }

    /// Lets it lead to the translation at `target`. `zones`: its own, at least.
    pub fn open_to(&mut self, zones: &mut [Zone], sequences: &Sequences, target: u64) {
        let Some(zone) = zones.iter_mut().find(|zone| zone.memory.holds(self.at)) else { return };
        let offset = self.at - zone.memory.start;
        match target == self.at {
            // The translation that follows has room for it.
            true => zone.memory.replace(offset, sequences.nops(JUMP).bytes()),
            false => {
                let within = zone.within_reach(self.at + 1, target);
                zone.memory.replace(offset, &jump(self.at, within));
            }
        }
        self.open = true;
    }

    /// Lets it lead to the tracer, by a trap of this number unless it has one. Tells whether the number was taken.
    pub fn close(&mut self, zones: &mut [Zone], sequences: &Sequences, number: u32) -> bool {
        let zone = &mut zones[usize::from(self.zone)];
        let first = self.stub == 0;
        if first {
            self.stub = zone.promised_stub(sequences, number);
        }
        zone.memory.replace(self.at - zone.memory.start, &jump(self.at, self.stub));
        self.open = false;
        first
    }
}
