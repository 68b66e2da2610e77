//! From the counters of blocks to what a process has executed.

use std::collections::HashMap;

use iced_x86::Mnemonic;

use super::areas::Area;
use super::blocks::{Block, BlockId, Blocks};
use super::emitted::{Counting, ENTERED, INSIDE, LEFT};
use crate::counter::record::{FunctionId, Record};
use crate::counter::{ClassCount, Classes};
use crate::isa::Class;

/// A floating-point instruction of a block.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    /// Its place in the block.
    pub index: u8,
    pub pair: Pair,
    pub lanes: LaneSource,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneSource {
    /// The same at each execution.
    Fixed(u16),
    /// Added up in a counter.
    Counted(u32),
    /// The tile configuration tells.
    Tiles,
}

/// A function together with a class of instruction: what results are broken down by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pair(u32);

#[derive(Debug, Default)]
pub struct Pairs {
    known: HashMap<(FunctionId, Class), Pair>,
    /// The function of each, and where its class is in `classes`.
    all: Vec<(FunctionId, usize)>,
    classes: Vec<Class>,
}

impl Pairs {
    pub fn of(&mut self, function: FunctionId, class: Class) -> Pair {
        let next = Pair(self.all.len() as u32);
        let pair = *self.known.entry((function, class)).or_insert(next);
        if pair == next {
            let known = self.classes.iter().position(|known| *known == class);
            let class = known.unwrap_or_else(|| {
                self.classes.push(class);
                self.classes.len() - 1
            });
            self.all.push((function, class));
        }
        pair
    }

    /// By class.
    pub fn classes(&self, counts: &Counts) -> Classes {
        let mut sums = vec![ClassCount::default(); self.classes.len()];
        for ((_, class), count) in self.all.iter().zip(&counts.0) {
            sums[*class] += *count;
        }
        self.classes.iter().copied().zip(sums).filter(|(_, sum)| sum.executions != 0).collect()
    }
}

/// Counts by pair. They may be below 0 (wrapped) in between.
#[derive(Debug, Clone, Default)]
pub struct Counts(Vec<ClassCount>);

impl Counts {
    fn at(&mut self, pair: Pair) -> &mut ClassCount {
        let index = pair.0 as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, ClassCount::default());
        }
        &mut self.0[index]
    }

    fn add(&mut self, pair: Pair, executions: u64, lanes: u64) {
        let count = self.at(pair);
        count.executions = count.executions.wrapping_add(executions);
        count.lanes = count.lanes.wrapping_add(lanes);
    }

    /// Adds `now - since`.
    fn add_difference(&mut self, now: &Counts, since: &Counts) {
        for (index, count) in now.0.iter().enumerate() {
            let before = since.0.get(index).copied().unwrap_or_default();
            let executions = count.executions.wrapping_sub(before.executions);
            self.add(Pair(index as u32), executions, count.lanes.wrapping_sub(before.lanes));
        }
    }
}

/// What a process has executed.
#[derive(Debug, Default)]
pub struct Work {
    /// Counters of threads that have ended.
    slots: Vec<u64>,
    /// Blocks of which only so many instructions were executed.
    partial: HashMap<(BlockId, u8), u64>,
    /// Of translations that are gone.
    mnemonics: HashMap<Mnemonic, u64>,
    /// Of floating-point instructions, as of the last update.
    counts: Counts,
    /// What is in `counts` of each floating-point block, and of each counter of lanes.
    executions_seen: Vec<u64>,
    lanes_seen: Vec<u64>,
    /// Executed while no region was open.
    outside: Counts,
    /// What had been executed when the last region was closed.
    closed_at: Counts,
}

impl Work {
    /// A thread's counters, once it has ended.
    pub fn keep(&mut self, area: &Area, slots: u32) {
        self.slots.resize(self.slots.len().max(slots as usize), 0);
        for (slot, sum) in self.slots.iter_mut().take(slots as usize).enumerate() {
            *sum = sum.wrapping_add(area.counter(slot as u32));
        }
    }

    /// A thread has left a block after `executed` of its instructions.
    pub fn left_block(&mut self, blocks: &Blocks, id: BlockId, executed: u8) {
        if executed > 0 {
            *self.partial.entry((id, executed)).or_default() += 1;
        }
        // Lanes that are counted at each execution are in their counter already.
        for used in blocks.uses(blocks.get(id)).iter().filter(|used| used.index < executed) {
            self.counts.add(used.pair, 1, used.fixed_lanes());
        }
    }

    /// Brings the counts of floating-point instructions up to date: `areas` are those of the living
    /// threads. Tells whether one was in a loop, whose count is not known until it leaves.
    pub fn update(&mut self, blocks: &Blocks, areas: &[&Area]) -> bool {
        let Work { slots, counts, executions_seen, lanes_seen, .. } = self;
        let sum = |slot| sum(slots, areas, slot);
        let mut in_loop = false;
        executions_seen.resize(blocks.floating().len(), 0);
        for ((counting, uses), seen) in blocks.floating().zip(executions_seen) {
            if let Counting::Loop { slot, .. } = counting {
                in_loop |= areas.iter().any(|area| area.counter(slot + INSIDE) != 0);
            }
            let times = executions(counting, &sum);
            let more = times.wrapping_sub(std::mem::replace(seen, times));
            // Most blocks have not been executed since.
            if more != 0 {
                for used in uses {
                    counts.add(used.pair, more, used.fixed_lanes().wrapping_mul(more));
                }
            }
        }
        lanes_seen.resize(blocks.lane_counters().len(), 0);
        for ((slot, pair), seen) in blocks.lane_counters().iter().zip(lanes_seen) {
            let lanes = sum(*slot);
            counts.add(*pair, 0, lanes.wrapping_sub(std::mem::replace(seen, lanes)));
        }
        in_loop
    }

    /// Tile products under the configuration that a thread has had so far.
    pub fn add_tiles(&mut self, pair: Pair, lanes: u64) {
        self.counts.add(pair, 0, lanes);
    }

    /// Before its translations go: adds up what they have counted.
    pub fn fold(&mut self, blocks: &Blocks, areas: &[&Area]) {
        self.update(blocks, areas);
        for block in blocks.iter() {
            let times = executions(block.counting, &|slot| sum(&self.slots, areas, slot));
            if times != 0 {
                self.add_mnemonics(blocks, block, block.instructions, times);
            }
        }
        for ((id, executed), times) in std::mem::take(&mut self.partial) {
            self.add_mnemonics(blocks, blocks.get(id), executed, times);
        }
        self.slots.clear();
        self.executions_seen.clear();
        self.lanes_seen.clear();
    }

    fn add_mnemonics(&mut self, blocks: &Blocks, block: &Block, instructions: u8, times: u64) {
        for instruction in blocks.instructions(block).take(instructions.into()) {
            let sum = self.mnemonics.entry(instruction.mnemonic()).or_default();
            *sum = sum.wrapping_add(times);
        }
    }

    /// Hands everything over, once folded. Err: something came out below 0, which is a defect.
    pub fn finish(self, pairs: &Pairs, record: &mut Record) {
        for (mnemonic, times) in self.mnemonics {
            record.executed_times(mnemonic, times);
        }
        for (index, ((function, class), count)) in pairs.all.iter().zip(&self.counts.0).enumerate() {
            let outside = self.outside.0.get(index).copied().unwrap_or_default();
            record.executed_all(*function, &pairs.classes[*class], *count, outside);
        }
        record.add(&pairs.classes(&self.counts));
    }

    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// After an update: no region was open, and what was executed meanwhile is outside of all.
    pub fn end_outside(&mut self) {
        self.outside.add_difference(&self.counts, &self.closed_at);
    }

    /// After an update: no region is open from now on.
    pub fn begin_outside(&mut self) {
        self.closed_at.clone_from(&self.counts);
    }
}

impl Use {
    /// Lanes of one execution, as far as they are always the same.
    fn fixed_lanes(self) -> u64 {
        match self.lanes {
            LaneSource::Fixed(lanes) => lanes.into(),
            LaneSource::Counted(_) | LaneSource::Tiles => 0,
        }
    }
}

/// A counter of all threads; `slots`: of those that have ended.
fn sum(slots: &[u64], areas: &[&Area], slot: u32) -> u64 {
    let ended = slots.get(slot as usize).copied().unwrap_or(0);
    areas.iter().fold(ended, |sum, area| sum.wrapping_add(area.counter(slot)))
}

/// How often a block was executed as a whole.
pub fn executions(counting: Counting, sum: &dyn Fn(u32) -> u64) -> u64 {
    match counting {
        Counting::Counter { slot, .. } => sum(slot),
        Counting::Loop { slot, induction, .. } => {
            let changed = sum(slot + LEFT).wrapping_sub(sum(slot + ENTERED)) as i64;
            changed.wrapping_div(induction.step) as u64
        }
    }
}
