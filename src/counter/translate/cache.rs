//! The translations of one address space: where they are, how they are linked, and how they are
//! found by program address and by place.

use iced_x86::InstructionInfoFactory;
use rustc_hash::{FxHashMap, FxHashSet};

use super::blocks::{Block, BlockId, Blocks, Placed};
use super::decode::{self, Code64, Decoded, End, MOST_INSTRUCTIONS, Stability};
use super::emit::{Emitter, JUMP, LINE};
use super::emitted::{Emitted, Lanes, Link, Place, To, Unplaceable};
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

/// How a block is to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From wherever the program comes, with the block at `follow` to be placed right behind it.
    /// To the `first` of a run none falls through.
    Run { first: bool, follow: Option<u64> },
    /// By the tracer only.
    Alone,
}

#[derive(Debug, Clone, Default)]
pub struct Cache {
    blocks: Blocks,
    index: Index,
    /// Blocks of code that may have changed, until it is known whether it has.
    revoked: FxHashMap<u64, BlockId>,
    /// Single instructions.
    alone: FxHashMap<u64, BlockId>,
    /// What a trap's number stands for: the four bytes of the branch, and where it leads.
    exits: Vec<(u64, To)>,
    /// Branches to what is not translated yet, by where they lead.
    waiting: FxHashMap<u64, Vec<u64>>,
    /// Addresses to which a return or another indirect branch is likely to lead.
    indirect_targets: FxHashSet<u64>,
    /// Those of them that have been translated since the tables of indirect targets were told.
    returnable: Vec<BlockId>,
    next_slot: u32,
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

    /// The translation of one instruction, which only this call leads to.
    pub fn translate_alone(
        &mut self,
        zones: &mut [Zone],
        world: &mut World,
        start: u64,
    ) -> Result<BlockId, Untranslatable> {
        let decoded = decode::decode(world.code, start, 1).ok_or(Untranslatable::NoCode)?;
        if let Some(known) = self.alone.get(&start).filter(|id| self.blocks.bytes(self.block(**id)) == decoded.bytes) {
            return Ok(*known);
        }
        let zone = zone_for(zones, start)?;
        let id = self.place(&mut zones[zone], zone, world, &decoded, Way::Alone)?;
        self.alone.insert(start, id);
        Ok(id)
    }

    /// A block that was revoked and whose code turns out to be what it was.
    fn restore(&mut self, zones: &mut [Zone], world: &mut World, start: u64) -> Option<BlockId> {
        let id = self.revoked.remove(&start)?;
        let block = self.block(id);
        let now = decode::decode(world.code, start, MOST_INSTRUCTIONS)?;
        if now.bytes != self.blocks.bytes(block) {
            return None;
        }
        let (at, zone) = (block.at, &mut zones[usize::from(block.zone)]);
        zone.memory.replace(at - zone.memory.start, world.sequences.nops(JUMP).bytes());
        self.index.insert(start, id);
        for hole in self.waiting.remove(&start).unwrap_or_default() {
            self.link(zones, hole, id);
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
        way: Way,
    ) -> Result<BlockId, Untranslatable> {
        if self.next_slot + 2 * decode::MOST_INSTRUCTIONS as u32 > area::MOST_COUNTERS {
            return Err(Untranslatable::Full);
        }
        let (follow, alone) = match way {
            Way::Run { follow, .. } => (follow, false),
            Way::Alone => (None, true),
        };
        // Where a return will lead, it goes on without a jump.
        let landing = match way {
            Way::Run { first: true, .. } if self.indirect_targets.contains(&block.start) => {
                zone.landing(world.sequences)
            }
            _ => 0,
        };
        let stability = world.code.stability(block.start);
        if stability != Stability::Fixed {
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
        let Emitted { mut code, boundaries, counting, lanes, links, constants, .. } = emitted;
        let id = self.blocks.add(Placed {
            decoded: block,
            at: place.at,
            length: code.len() as u32,
            zone: zone_index as u16,
            revocable: stability != Stability::Fixed,
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
        if !alone {
            self.index.insert(block.start, id);
        }
        for Link { offset, to } in links {
            let hole = place.at + u64::from(offset);
            let target = match to {
                To::Block(address) if address == block.start && !alone => Some(place.at),
                To::Block(address) => self.find(address).map(|id| self.block(id).at),
                _ => None,
            };
            let target = match target {
                Some(target) => zone.within_reach(hole, target),
                None => {
                    let number = self.exits.len() as u32;
                    self.exits.push((hole, to));
                    if let To::Block(address) = to
                        && !alone
                    {
                        self.waiting.entry(address).or_default().push(hole);
                    }
                    zone.stub(world.sequences, number)
                }
            };
            fill(&mut code, offset, place.at, target);
        }
        zone.append(&code);
        zone.promise_stub(world.sequences);
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

    /// Lets a direct branch lead straight to a block.
    pub fn link(&mut self, zones: &mut [Zone], hole: u64, to: BlockId) {
        let target = self.block(to).at;
        if hole == pad(target) {
            // Restored; it leads nowhere else now.
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
        let block = self.blocks.get_mut(id);
        if block.landing == 0 {
            block.landing = zones[usize::from(block.zone)].landing_for(sequences, block.at);
        }
        block.landing
    }

    /// The program's code in a range is gone or has changed: its translations lead to the tracer.
    pub fn revoke(&mut self, zones: &mut [Zone], sequences: &Sequences, start: u64, end: u64) {
        let from = start.saturating_sub(decode::MOST_BYTES as u64);
        for (first, id) in self.index.take(from, end) {
            let block = self.block(id);
            if block.next() <= start {
                self.index.insert(first, id);
                continue;
            }
            let (at, revocable, zone) = (block.at, block.revocable, &mut zones[usize::from(block.zone)]);
            let hole = if revocable { pad(at) } else { 0 };
            let mut stub = block.revoked_by;
            if stub == 0 {
                let number = self.exits.len() as u32;
                self.exits.push((hole, To::Block(first)));
                stub = zone.promised_stub(sequences, number);
                self.blocks.get_mut(id).revoked_by = stub;
            }
            if revocable {
                // What leads here will be led on to what is translated instead, by one store.
                self.waiting.entry(first).or_default().push(hole);
                self.revoked.insert(first, id);
            }
            let mut jump = vec![0xE9, 0, 0, 0, 0];
            fill(&mut jump, 1, at, stub);
            debug_assert_eq!(jump.len(), JUMP);
            zone.memory.replace(at - zone.memory.start, &jump);
        }
    }
}

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

/// The displacement of the jump that a revoked block begins with.
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
