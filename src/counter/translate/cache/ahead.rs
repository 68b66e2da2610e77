//! What is translated at one trap: the block that is wanted, and those that are likely to follow.

use std::collections::VecDeque;

use super::{Cache, Untranslatable, World, zone_for};
use crate::counter::translate::blocks::BlockId;
use crate::counter::translate::decode::{self, Decoded, End, MOST_INSTRUCTIONS};
use crate::counter::translate::emitted::To;
use crate::counter::translate::zone::Zone;

/// Blocks translated at one trap at most: a trap costs as much as about eight.
const AHEAD: usize = 32;

/// Of the translation at one trap.
#[derive(Debug, Default)]
struct Progress {
    /// Where the program may go on.
    ahead: VecDeque<u64>,
    /// Blocks so far.
    done: usize,
    /// Blocks that fall through one to the next.
    placed: Vec<BlockId>,
}

impl Cache {
    /// Translates `start` and, right behind it, what it falls through to; then, as far as `AHEAD`
    /// allows, the other ways.
    pub(super) fn chain(
        &mut self,
        zones: &mut [Zone],
        world: &mut World,
        start: u64,
    ) -> Result<BlockId, Untranslatable> {
        let mut progress = Progress::default();
        let zone = zone_for(zones, start)?;
        let first = self.run_of_blocks(&mut zones[zone], zone, world, start, &mut progress)?;
        while let Some(next) = progress.ahead.pop_front().filter(|_| progress.done < AHEAD) {
            if self.find(next).is_none()
                && self.restore(zones, world, next).is_none()
                && zones[zone].reaches(next)
                && zones[zone].has_room()
            {
                // What is ahead may not be code at all; it will be seen when it is executed.
                let _ = self.run_of_blocks(&mut zones[zone], zone, world, next, &mut progress);
            }
        }
        Ok(first)
    }

    fn run_of_blocks(
        &mut self,
        zone: &mut Zone,
        zone_index: usize,
        world: &mut World,
        start: u64,
        progress: &mut Progress,
    ) -> Result<BlockId, Untranslatable> {
        progress.placed.clear();
        let outcome = self.place_run(zone, zone_index, world, start, progress);
        // Only now, with all that one falls through to in place, may other threads come.
        for id in &progress.placed {
            let (start, at) = (self.block(*id).start, self.way_to(*id));
            // Those from other zones are linked when they are taken.
            let holes = self.waiting.remove(&start).unwrap_or_default();
            let (here, elsewhere): (Vec<u64>, Vec<u64>) = holes.into_iter().partition(|hole| zone.memory.holds(*hole));
            for hole in here {
                zone.lead(hole, at);
            }
            if !elsewhere.is_empty() {
                self.waiting.insert(start, elsewhere);
            }
        }
        match progress.placed.first() {
            Some(first) => Ok(*first),
            None => outcome.and(Err(Untranslatable::NoCode)),
        }
    }

    /// Blocks one behind the other, each falling through to the next.
    fn place_run(
        &mut self,
        zone: &mut Zone,
        zone_index: usize,
        world: &mut World,
        start: u64,
        progress: &mut Progress,
    ) -> Result<(), Untranslatable> {
        let mut address = start;
        let mut decoded = decode::decode(world.code, start, MOST_INSTRUCTIONS).ok_or(Untranslatable::NoCode)?;
        loop {
            progress.done += 1;
            let (follow, other) = successors(&decoded);
            progress.ahead.extend(other);
            if let Some(target) = decoded.pointer().and_then(|at| world.code.pointer(at)) {
                self.indirect_targets.insert(target);
                progress.ahead.push_back(target);
            }
            let closed = |next: &u64| self.entry_points.get(*next).is_some_and(|entry| !entry.open);
            progress.ahead.extend(follow.filter(closed));
            let unknown = |next: u64| self.find(next).is_none() && self.entry_points.get(next).is_none();
            let follow = follow.filter(|next| progress.done < AHEAD && *next != address && unknown(*next));
            let following = follow.and_then(|next| decode::decode(world.code, next, MOST_INSTRUCTIONS));
            let follow = follow.filter(|_| following.is_some());
            match self.place(zone, zone_index, world, &decoded, progress.placed.is_empty(), follow) {
                Ok(id) => progress.placed.push(id),
                Err(why) => {
                    if !progress.placed.is_empty() {
                        // The block before falls through to here.
                        let number = self.exits.len() as u32;
                        self.exits.push((0, To::Block(address)));
                        zone.append_jump_to_stub(world.sequences, number);
                    }
                    return Err(why);
                }
            }
            match (follow, following) {
                (Some(next), Some(block)) => (address, decoded) = (next, block),
                _ => return Ok(()),
            }
        }
    }
}

/// Where a block most likely goes on, and other ways worth translating ahead.
fn successors(block: &Decoded) -> (Option<u64>, Vec<u64>) {
    let next = block.next();
    match block.end {
        End::Next | End::Syscall { .. } => (Some(next), vec![]),
        End::Jump { target } => (Some(target), vec![]),
        End::Branch { target } => (Some(next), vec![target]),
        End::ShortBranch { target } => (None, vec![next, target]),
        End::Call { target } => (Some(target), vec![next]),
        End::IndirectCall => (None, vec![next]),
        End::Marker | End::TileConfig => (None, vec![next]),
        End::Transaction { fallback } => (Some(fallback), vec![]),
        End::Return | End::IndirectJump | End::Raises | End::Unsupported(_) => (None, vec![]),
    }
}
