//! From the counters of blocks to what a process has executed.

use std::collections::HashMap;

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic};

use super::areas::Area;
use super::cache::{Block, BlockId, Cache};
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

#[derive(Debug, Clone, Copy)]
pub enum LaneSource {
    /// The same at each execution.
    Fixed(u64),
    /// Added up in a counter.
    Counted(u32),
    /// The tile configuration tells; the instruction names the tiles.
    Tiles(Instruction),
}

/// A function together with a class of instruction: what results are broken down by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pair(u32);

#[derive(Debug, Default)]
pub struct Pairs {
    known: HashMap<(FunctionId, Class), Pair>,
    all: Vec<(FunctionId, Class)>,
}

impl Pairs {
    pub fn of(&mut self, function: FunctionId, class: Class) -> Pair {
        let next = Pair(self.all.len() as u32);
        let pair = *self.known.entry((function, class)).or_insert(next);
        if pair == next {
            self.all.push((function, class));
        }
        pair
    }

    /// By class.
    pub fn classes(&self, counts: &Counts) -> Classes {
        let mut classes = Classes::new();
        for ((_, class), count) in self.all.iter().zip(&counts.0) {
            if count.executions != 0 {
                *classes.entry(*class).or_default() += *count;
            }
        }
        classes
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
    pub fn add_difference(&mut self, now: &Counts, since: &Counts) {
        for (index, count) in now.0.iter().enumerate() {
            let before = since.0.get(index).copied().unwrap_or_default();
            let executions = count.executions.wrapping_sub(before.executions);
            self.add(Pair(index as u32), executions, count.lanes.wrapping_sub(before.lanes));
        }
    }
}

/// What a process has executed, apart from what its living threads' areas hold.
#[derive(Debug, Default)]
pub struct Work {
    /// Counters of threads that have ended.
    slots: Vec<u64>,
    /// Blocks of which only so many instructions were executed.
    partial: HashMap<(BlockId, u8), u64>,
    /// Of translations that are gone, and of tiles.
    mnemonics: HashMap<Mnemonic, u64>,
    counts: Counts,
    /// Executed while no region was open.
    pub outside: Counts,
    /// What had been executed when the last region was closed.
    pub closed_at: Counts,
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
    pub fn left_block(&mut self, id: BlockId, executed: u8) {
        if executed > 0 {
            *self.partial.entry((id, executed)).or_default() += 1;
        }
    }

    /// What has been executed so far, floating-point only. The inner flag: a thread was in a loop
    /// whose count is not known until it leaves.
    pub fn now(&self, cache: &Cache, areas: &[&Area]) -> (Counts, bool) {
        let mut counts = self.counts.clone();
        let mut in_loop = false;
        for (_, block) in cache.floating() {
            if let Counting::Loop { slot, .. } = block.counting {
                in_loop |= areas.iter().any(|area| area.counter(slot + INSIDE) != 0);
            }
            let sum = |slot: u32| self.sum(areas, slot);
            add_uses(&mut counts, block, executions(block, &sum), &sum);
        }
        for ((id, executed), times) in &self.partial {
            add_part(&mut counts, cache.block(*id), *executed, *times);
        }
        (counts, in_loop)
    }

    fn sum(&self, areas: &[&Area], slot: u32) -> u64 {
        let ended = self.slots.get(slot as usize).copied().unwrap_or(0);
        areas.iter().fold(ended, |sum, area| sum.wrapping_add(area.counter(slot)))
    }

    /// Tile products under the configuration that a thread has had so far.
    pub fn add_tiles(&mut self, pair: Pair, lanes: u64) {
        self.counts.add(pair, 0, lanes);
    }

    /// Before its translations go: adds up what they have counted.
    pub fn fold(&mut self, cache: &Cache, areas: &[&Area]) {
        let (counts, _) = self.now(cache, areas);
        for block in cache.blocks() {
            let times = executions(block, &|slot| self.sum(areas, slot));
            if times != 0 {
                self.add_mnemonics(block, block.instructions, times);
            }
        }
        for ((id, executed), times) in std::mem::take(&mut self.partial) {
            self.add_mnemonics(cache.block(id), executed, times);
        }
        self.counts = counts;
        self.slots.clear();
    }

    fn add_mnemonics(&mut self, block: &Block, instructions: u8, times: u64) {
        let decoder = Decoder::with_ip(64, &block.bytes, block.start, DecoderOptions::NONE);
        for instruction in decoder.into_iter().take(instructions.into()) {
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
            record.executed_all(*function, class, *count, outside);
        }
        record.add(&pairs.classes(&self.counts));
    }

    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

/// How often a block was executed as a whole.
pub fn executions(block: &Block, sum: &dyn Fn(u32) -> u64) -> u64 {
    match block.counting {
        Counting::Counter { slot, .. } => sum(slot),
        Counting::Loop { slot, induction, .. } => {
            let changed = sum(slot + LEFT).wrapping_sub(sum(slot + ENTERED)) as i64;
            changed.wrapping_div(induction.step) as u64
        }
    }
}

fn add_uses(counts: &mut Counts, block: &Block, times: u64, sum: &dyn Fn(u32) -> u64) {
    for used in &block.uses {
        let lanes = match used.lanes {
            LaneSource::Fixed(lanes) => lanes.wrapping_mul(times),
            LaneSource::Counted(slot) => sum(slot),
            LaneSource::Tiles(_) => 0,
        };
        counts.add(used.pair, times, lanes);
    }
}

/// Lanes that are counted at each execution are in their counter already.
fn add_part(counts: &mut Counts, block: &Block, executed: u8, times: u64) {
    for used in block.uses.iter().filter(|used| used.index < executed) {
        let lanes = match used.lanes {
            LaneSource::Fixed(lanes) => lanes.wrapping_mul(times),
            LaneSource::Counted(_) | LaneSource::Tiles(_) => 0,
        };
        counts.add(used.pair, times, lanes);
    }
}
