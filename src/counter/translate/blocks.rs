//! The blocks that have been translated, and what is known of each.
//!
//! What differs in length from block to block lies in lists that all blocks share: to add a block
//! takes no allocations of its own, to fork copies a few buffers, and to mark a region walks
//! through little memory.

use iced_x86::{Decoder, DecoderOptions, Instruction};

use super::decode::{self, Decoded, Stability};
use super::emitted::{Boundary, Check, Counting, Lanes};
use super::work::{LaneSource, Pair, Use};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub u32);

#[derive(Debug, Clone)]
pub struct Block {
    /// Address in the program.
    pub start: u64,
    /// Address and length of its translation.
    pub at: u64,
    pub length: u32,
    pub instructions: u8,
    pub counting: Counting,
    pub zone: u16,
    /// It is reached through the entry point of its address, since its code may change.
    pub replaceable: bool,
    pub check: Option<Check>,
    /// The way to the tracer that its start leads to once its code is gone; 0 if it never was.
    pub revoked_by: u64,
    /// What indirect branches land on; 0 if none has yet.
    pub landing: u64,
    bytes: Part,
    boundaries: Part,
    lanes: Part,
    uses: Part,
}

impl Block {
    /// The address behind it in the program.
    pub fn next(&self) -> u64 {
        self.start + u64::from(self.bytes.length)
    }
}

/// What a block has in a list.
#[derive(Debug, Clone, Copy)]
struct Part {
    from: u32,
    length: u32,
}

impl Part {
    fn add<T: Clone>(list: &mut Vec<T>, values: &[T]) -> Part {
        let from = list.len() as u32;
        list.extend_from_slice(values);
        Part { from, length: values.len() as u32 }
    }

    fn of<T>(self, list: &[T]) -> &[T] {
        &list[self.from as usize..][..self.length as usize]
    }
}

/// A block with floating-point instructions.
#[derive(Debug, Clone, Copy)]
pub struct Floating {
    pub counting: Counting,
    uses: Part,
}

/// A translation that has been placed.
pub struct Placed<'a> {
    pub decoded: &'a Decoded,
    pub at: u64,
    pub length: u32,
    pub zone: u16,
    pub replaceable: bool,
    pub check: Option<Check>,
    pub landing: u64,
    pub counting: Counting,
    pub boundaries: &'a [Boundary],
    pub lanes: &'a [Lanes],
    pub uses: &'a [Use],
}

#[derive(Debug, Clone, Default)]
pub struct Blocks {
    all: Vec<Block>,
    bytes: Vec<u8>,
    boundaries: Vec<Boundary>,
    lanes: Vec<Lanes>,
    uses: Vec<Use>,
    floating: Vec<Floating>,
    lane_counters: Vec<(u32, Pair)>,
    with_tiles: Vec<BlockId>,
}

impl Blocks {
    pub fn add(&mut self, placed: Placed) -> BlockId {
        let id = BlockId(self.all.len() as u32);
        let Placed { decoded, at, length, zone, replaceable, check, landing, counting, .. } = placed;
        let uses = Part::add(&mut self.uses, placed.uses);
        if !placed.uses.is_empty() {
            self.floating.push(Floating { counting, uses });
        }
        for used in placed.uses {
            match used.lanes {
                LaneSource::Fixed(_) => {}
                LaneSource::Counted(slot) => self.lane_counters.push((slot, used.pair)),
                LaneSource::Tiles if self.with_tiles.last() == Some(&id) => {}
                LaneSource::Tiles => self.with_tiles.push(id),
            }
        }
        self.all.push(Block {
            start: decoded.start,
            at,
            length,
            instructions: decoded.instructions.len() as u8,
            counting,
            zone,
            replaceable,
            check,
            revoked_by: 0,
            landing,
            bytes: Part::add(&mut self.bytes, &decoded.bytes),
            boundaries: Part::add(&mut self.boundaries, placed.boundaries),
            lanes: Part::add(&mut self.lanes, placed.lanes),
            uses,
        });
        id
    }

    pub fn get(&self, id: BlockId) -> &Block {
        &self.all[id.0 as usize]
    }

    pub fn get_mut(&mut self, id: BlockId) -> &mut Block {
        &mut self.all[id.0 as usize]
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Block> {
        self.all.iter()
    }

    /// The program's own bytes.
    pub fn bytes(&self, block: &Block) -> &[u8] {
        block.bytes.of(&self.bytes)
    }

    /// Whether a block is a translation of this code, and is right for as long as it has to be.
    pub fn is_translation_of(&self, block: &Block, now: &Decoded) -> bool {
        let bytes = self.bytes(block);
        if bytes.len() != now.bytes.len() || block.instructions as usize != now.instructions.len() {
            return false;
        }
        match block.check {
            Some(_) => decode::fixed_parts(now).all(|(from, part)| &bytes[from..from + part.len()] == part),
            None => now.stability != Stability::Writable && bytes == now.bytes,
        }
    }

    pub fn instructions(&self, block: &Block) -> impl Iterator<Item = Instruction> {
        let decoder = Decoder::with_ip(64, self.bytes(block), block.start, DecoderOptions::NONE);
        decoder.into_iter().take(block.instructions.into())
    }

    pub fn boundaries(&self, block: &Block) -> &[Boundary] {
        block.boundaries.of(&self.boundaries)
    }

    pub fn lanes(&self, block: &Block) -> &[Lanes] {
        block.lanes.of(&self.lanes)
    }

    /// Its floating-point instructions.
    pub fn uses(&self, block: &Block) -> &[Use] {
        block.uses.of(&self.uses)
    }

    /// Those with floating-point instructions.
    pub fn floating(&self) -> impl ExactSizeIterator<Item = (Counting, &[Use])> {
        self.floating.iter().map(|floating| (floating.counting, floating.uses.of(&self.uses)))
    }

    /// Counters of active lanes, and what each counts for.
    pub fn lane_counters(&self) -> &[(u32, Pair)] {
        &self.lane_counters
    }

    /// Those with tile products.
    pub fn with_tiles(&self) -> &[BlockId] {
        &self.with_tiles
    }
}
