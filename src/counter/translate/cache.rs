//! The translations of one address space: where they are, how they are linked, and how they are
//! found by program address and by place.

use iced_x86::InstructionInfoFactory;
use rustc_hash::{FxHashMap, FxHashSet};

use super::blocks::{Block, BlockId, Blocks, Placed};
use super::decode::{self, Code64, Decoded, End, MOST_INSTRUCTIONS, Stability};
use super::emit::{Emitter, JUMP, LINE};
use super::emitted::{Emitted, Lanes, Link, Place, To, Unplaceable};
use super::entry_point::{EntryPoint, EntryPoints};
use super::index::Index;
use super::sequences::Sequences;
use super::work::Use;
use super::zone::Zone;
use super::{area, liveness};
use crate::counter::CountAt;

mod ahead;

/// Translations at most, and counters: as many as a thread's area has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untranslatable {
    /// Nothing executable is there.
    NoCode,
    /// A zone near that address is needed.
    NoZone,
    /// Zones or counters are used up.
    Full,
}

/// Tells the floating-point instructions of a block.
pub type Describe<'a> = dyn FnMut(&Decoded, &[Lanes]) -> Vec<Use> + 'a;

/// What translation needs of the world.
pub struct World<'a> {
    pub sequences: &'a Sequences,
    pub count_at: CountAt,
    pub factory: &'a mut InstructionInfoFactory,
    pub code: &'a mut dyn Code64,
    pub traced: &'a dyn Fn(u32) -> bool,
    /// Describes the floating-point instructions of a block.
    pub uses: &'a mut Describe<'a>,
}

#[derive(Debug, Clone, Default)]
pub struct Cache {
    blocks: Blocks,
    index: Index,
    /// Of the addresses whose code may change.
    entry_points: EntryPoints,
    /// What a trap's number stands for: the four bytes of the branch, and where it leads.
    exits: Vec<(u64, To)>,
    /// Branches to what is not translated yet, by where they lead.
    waiting: FxHashMap<u64, Vec<u64>>,
    /// Addresses to which a return or another indirect branch is likely to lead.
    indirect_targets: FxHashSet<u64>,
    /// Those of them that have been translated since the tables of indirect targets were told.
    returnable: Vec<BlockId>,
    next_slot: u32,
    /// Blocks that nothing leads to any more.
    dead: usize,
}

impl Cache {
    pub fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    pub fn block(&self, id: BlockId) -> &Block {
        self.blocks.get(id)
    }

    pub fn slots(&self) -> u32 {
        self.next_slot
    }

    pub fn exit(&self, number: u32) -> Option<(u64, To)> {
        self.exits.get(number as usize).copied()
    }

    pub fn find(&self, start: u64) -> Option<BlockId> {
        self.index.find(start)
    }

    /// The block whose translation holds an address.
    pub fn at_place(&self, place: u64) -> Option<BlockId> {
        let mut before = self.index.before(place);
        before.find(|(at, id)| place < at + u64::from(self.block(*id).length)).map(|(_, id)| id)
    }

    /// The translation of the block at `start`, with others that are likely to follow.
    pub fn translate(&mut self, zones: &mut [Zone], world: &mut World, start: u64) -> Result<BlockId, Untranslatable> {
        if let Some(known) = self.find(start) {
            return Ok(known);
        }
        if let Some(valid) = self.restore(zones, world, start) {
            return Ok(valid);
        }
        self.chain(zones, world, start)
    }

    /// A translation found that the program's code at `start` has changed. The translation of what is there now.
    pub fn translate_changed(
        &mut self,
        zones: &mut [Zone],
        world: &mut World,
        start: u64,
    ) -> Result<BlockId, Untranslatable> {
        let now = decode::decode(world.code, start, MOST_INSTRUCTIONS).ok_or(Untranslatable::NoCode)?;
        match self.version(&now) {
            Some(known) => Ok(known),
            None => self.chain(zones, world, start),
        }
    }

    /// A translation of this very code, which may be reached in a way that does not lead to it.
    fn version(&self, now: &Decoded) -> Option<BlockId> {
        let versions = &self.entry_points.get(now.start)?.versions;
        versions.iter().copied().find(|id| self.blocks.is_translation_of(self.block(*id), now))
    }

    /// An entry point that was closed, and whose code turns out to be what it was.
    fn restore(&mut self, zones: &mut [Zone], world: &mut World, start: u64) -> Option<BlockId> {
        if self.entry_points.get(start)?.open {
            return None;
        }
        let now = decode::decode(world.code, start, MOST_INSTRUCTIONS)?;
        let id = self.version(&now)?;
        let versions = self.entry_points.get(start)?.versions.clone();
        // Those that check their code lead on to each other; one that does not is right only now.
        let (first, kept) = match versions.iter().all(|id| self.block(*id).check.is_some()) {
            true => (versions[0], versions),
            false => (id, vec![id]),
        };
        let at = self.block(first).at;
        let entry = self.entry_points.get_mut(start)?;
        self.dead += entry.versions.len() - kept.len();
        entry.versions = kept;
        entry.open_to(zones, world.sequences, at);
        self.index.insert(start, first);
        for hole in self.waiting.remove(&start).unwrap_or_default() {
            self.link(zones, world.sequences, hole, first);
        }
        Some(id)
    }

    /// Emits one block where the zone's last ended.
    fn place(
        &mut self,
        zone: &mut Zone,
        zone_index: usize,
        world: &mut World,
        block: &Decoded,
        first: bool,
        follow: Option<u64>,
    ) -> Result<BlockId, Untranslatable> {
        if self.next_slot + 2 * decode::MOST_INSTRUCTIONS as u32 > area::MOST_COUNTERS {
            return Err(Untranslatable::Full);
        }
        let stability = block.stability;
        let replaceable = stability != Stability::Fixed;
        let pad = replaceable && self.entry_points.get(block.start).is_none();
        // Where a return will lead, it goes on without a jump.
        let landing = match first && pad == replaceable && self.indirect_targets.contains(&block.start) {
            true => zone.landing(world.sequences),
            false => 0,
        };
        if pad {
            // Its first bytes are replaced in one store.
            let rest = (LINE - zone.top() % LINE) as usize;
            if rest < size_of::<u64>() {
                zone.append(world.sequences.nops(rest).bytes());
            }
        }
        let place = Place {
            at: zone.top(),
            search: zone.search(),
            slot: self.next_slot,
            follow,
            pad,
            stability,
            count_at: world.count_at,
            live_after: live_behind(world.code, block),
        };
        let mut emitter = Emitter { sequences: world.sequences, factory: world.factory, traced: world.traced };
        let emitted = emitter.emit(block, place).map_err(|refusal| match refusal {
            Unplaceable::TooFar => Untranslatable::NoZone,
            Unplaceable::Unencodable => Untranslatable::Full,
        })?;
        self.next_slot += emitted.slots;
        let Emitted { mut code, boundaries, counting, lanes, check, links, constants, .. } = emitted;
        let id = self.blocks.add(Placed {
            decoded: block,
            at: place.at,
            length: code.len() as u32,
            zone: zone_index as u16,
            replaceable,
            check,
            landing,
            counting,
            boundaries: &boundaries,
            lanes: &lanes,
            uses: &(world.uses)(block, &lanes),
        });
        for (offset, constant) in constants {
            let pool = zone.constant(constant);
            fill(&mut code, offset, place.at, pool);
        }
        if pad {
            let entry = EntryPoint::new(place.at, zone_index as u16, landing);
            self.entry_points.insert(block.start, entry);
        }
        // The way to the block, for others and for itself.
        let way_in = self.entry_points.get(block.start).filter(|_| replaceable).map_or(place.at, |entry| entry.at);
        for Link { offset, to } in links {
            let hole = place.at + u64::from(offset);
            let target = match to {
                To::Block(address) if address == block.start => Some(way_in),
                To::Block(address) => self.find(address).map(|id| self.way_to(id)),
                _ => None,
            };
            let target = match target {
                Some(target) => zone.within_reach(hole, target),
                None => {
                    let number = self.exits.len() as u32;
                    self.exits.push((hole, to));
                    if let To::Block(address) = to {
                        self.waiting.entry(address).or_default().push(hole);
                    }
                    zone.stub(world.sequences, number)
                }
            };
            fill(&mut code, offset, place.at, target);
        }
        zone.append(&code);
        if pad || !replaceable {
            zone.promise_stub(world.sequences);
        }
        match replaceable {
            true => self.add_version(zone, world.sequences, id),
            false => self.index.insert(block.start, id),
        }
        if let End::Call { .. } | End::IndirectCall = block.end {
            self.indirect_targets.insert(block.next());
            if let Some(known) = self.find(block.next()) {
                self.returnable.push(known);
            }
        }
        if self.indirect_targets.contains(&block.start) {
            self.returnable.push(id);
        }
        self.index.placed(zone_index, place.at, id);
        Ok(id)
    }

    /// A new translation at an entry point: behind the others, if each of them finds out that it is not the one.
    fn add_version(&mut self, zone: &mut Zone, sequences: &Sequences, id: BlockId) {
        let Block { start, at, check, .. } = *self.block(id);
        let Some(entry) = self.entry_points.get(start) else { return };
        let last = entry.versions.last().map(|last| self.block(*last));
        let behind = last.and_then(|last| Some((last.at, last.check?)));
        let (open, kept) = (entry.open, entry.versions.len());
        let several = check.is_some()
            && open
            && kept < MOST_VERSIONS
            && entry.versions.iter().all(|id| self.block(*id).check.is_some());
        let (Some(entry), zones) = (self.entry_points.get_mut(start), std::slice::from_mut(zone)) else { return };
        match behind.filter(|_| several) {
            // A trap leads to it all the same where the other is in another zone.
            Some((before, check)) => {
                if let Some(zone) = zones.iter_mut().find(|zone| zone.memory.holds(before)) {
                    zone.lead(before + u64::from(check.mismatch), at);
                }
            }
            None => {
                self.dead += kept;
                entry.versions.clear();
                entry.open_to(zones, sequences, at);
                self.index.insert(start, id);
            }
        }
        entry.versions.push(id);
    }

    /// Where a direct branch to a block has to lead.
    fn way_to(&self, id: BlockId) -> u64 {
        let block = self.block(id);
        let entry = self.entry_points.get(block.start).filter(|_| block.replaceable);
        entry.map_or(block.at, |entry| entry.at)
    }

    /// Lets a direct branch lead straight to a block.
    pub fn link(&mut self, zones: &mut [Zone], sequences: &Sequences, hole: u64, to: BlockId) {
        let target = self.way_to(to);
        if hole == pad(target) {
            // The entry point itself: open by now, unless its translation is in another zone.
            let start = self.block(to).start;
            let first = self.entry_points.get(start).and_then(|entry| entry.versions.first()).copied();
            let at = first.map(|first| self.block(first).at);
            if let (Some(entry), Some(at)) = (self.entry_points.get_mut(start).filter(|entry| !entry.open), at) {
                entry.open_to(zones, sequences, at);
            }
            return;
        }
        if let Some(zone) = zones.iter_mut().find(|zone| zone.memory.holds(hole)) {
            zone.lead(hole, target);
        }
    }

    /// Blocks that returns will lead to, and that the tables of indirect targets are to learn.
    pub fn take_returnable(&mut self) -> Vec<BlockId> {
        std::mem::take(&mut self.returnable)
    }

    /// What an indirect branch to the block lands on.
    pub fn landing(&mut self, zones: &mut [Zone], sequences: &Sequences, id: BlockId) -> u64 {
        let Block { start, at, zone, replaceable, .. } = *self.block(id);
        let (landing, zone, target) = match self.entry_points.get_mut(start).filter(|_| replaceable) {
            Some(entry) => (&mut entry.landing, entry.zone, entry.at),
            None => (&mut self.blocks.get_mut(id).landing, zone, at),
        };
        if *landing == 0 {
            *landing = zones[usize::from(zone)].landing_for(sequences, target);
        }
        *landing
    }

    /// The program's code in a range is gone or may have changed: what leads there leads to the tracer.
    pub fn revoke(&mut self, zones: &mut [Zone], sequences: &Sequences, start: u64, end: u64) {
        let from = start.saturating_sub(decode::MOST_BYTES as u64);
        for (first, id) in self.index.take(from, end) {
            let block = self.block(id);
            let entry = self.entry_points.get(first).filter(|_| block.replaceable);
            let behind = entry.map_or(block.next(), |entry| {
                entry.versions.iter().map(|id| self.block(*id).next()).max().unwrap_or(first)
            });
            if behind <= start {
                self.index.insert(first, id);
                continue;
            }
            let Block { at, replaceable, revoked_by: mut stub, zone, .. } = *block;
            let number = self.exits.len() as u32;
            if let Some(entry) = self.entry_points.get_mut(first).filter(|_| replaceable) {
                if entry.close(zones, sequences, number) {
                    self.exits.push((pad(entry.at), To::Block(first)));
                }
                continue;
            }
            let zone = &mut zones[usize::from(zone)];
            if stub == 0 {
                self.exits.push((0, To::Block(first)));
                stub = zone.promised_stub(sequences, number);
                self.blocks.get_mut(id).revoked_by = stub;
                self.dead += 1;
            }
            zone.memory.replace(at - zone.memory.start, &jump(at, stub));
        }
    }

    /// Blocks that nothing leads to any more.
    pub fn dead(&self) -> usize {
        self.dead
    }
}

/// Translations of one address that are tried one after the other, before all are given up for the next.
const MOST_VERSIONS: usize = 8;

/// Instructions looked at behind a block: flags seldom live longer.
const BEHIND: usize = 6;

/// The flags that may be read behind a block. It is asked only where the answer changes something.
fn live_behind(code: &mut dyn Code64, block: &Decoded) -> u32 {
    let next = match block.end {
        _ if liveness::dead_flags(&block.instructions, liveness::ALL).is_some() => return liveness::ALL,
        End::Next => block.next(),
        End::Jump { target } | End::Call { target } => target,
        _ => return liveness::ALL,
    };
    match code.stability(next) {
        Stability::Fixed => {
            decode::decode(code, next, BEHIND).map_or(liveness::ALL, |b| liveness::live_into(&b.instructions))
        }
        _ => liveness::ALL,
    }
}

/// A jump that is at `at`.
pub fn jump(at: u64, target: u64) -> [u8; JUMP] {
    let mut jump = [0xE9, 0, 0, 0, 0];
    fill(&mut jump, 1, at, target);
    jump
}

/// The displacement of the jump that a closed entry point is.
fn pad(at: u64) -> u64 {
    at + 1
}

/// The zone for translations of an address.
fn zone_for(zones: &[Zone], address: u64) -> Result<usize, Untranslatable> {
    zones.iter().rposition(|zone| zone.reaches(address) && zone.has_room()).ok_or(Untranslatable::NoZone)
}

/// Fills the four bytes at `offset` of code that goes to `at`, so that they lead to `target`.
fn fill(code: &mut [u8], offset: u32, at: u64, target: u64) {
    let behind = at + u64::from(offset) + 4;
    let displacement = target.wrapping_sub(behind) as u32;
    code[offset as usize..offset as usize + 4].copy_from_slice(&displacement.to_le_bytes());
}
