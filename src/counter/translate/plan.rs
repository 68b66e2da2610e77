//! Where in a block its counter goes up, and by what: as cheaply as the block allows.

use iced_x86::{InstructionInfoFactory, Register};

use super::decode::{Decoded, End, Stability};
use super::emitted::Place;
use super::liveness::{self, Induction};
use crate::counter::CountAt;

/// Where and how the counter goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    Before(usize, How),
    InLookup,
    Loop(Induction),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The flags are dead.
    Plain,
    /// This register is.
    Through(usize),
    /// Nothing is dead: this register is saved, and given back.
    Spilled(usize),
}

impl Plan {
    pub fn new(factory: &mut InstructionInfoFactory, block: &Decoded, place: &Place) -> Plan {
        let instructions = &block.instructions;
        let spilled = How::Spilled(liveness::idle_register(factory, instructions));
        match place.count_at {
            CountAt::Cheapest => {}
            CountAt::First => return Plan::Before(0, spilled),
            CountAt::Last => return Plan::Before(instructions.len().saturating_sub(1), spilled),
        }
        // A loop's own branch does not come by where a block is revoked.
        if block.end == (End::Branch { target: block.start })
            && place.stability < Stability::Writable
            && let Some(induction) = liveness::induction(factory, instructions)
        {
            return Plan::Loop(induction);
        }
        if let Some(at) = liveness::dead_flags(instructions, place.live_after) {
            return Plan::Before(at, How::Plain);
        }
        if matches!(block.end, End::Return | End::IndirectJump | End::IndirectCall) {
            return Plan::InLookup;
        }
        if let End::Syscall { .. } = block.end {
            return Plan::Before(instructions.len() - 1, How::Through(Register::RCX.number()));
        }
        match liveness::dead_register(factory, instructions) {
            Some((at, register)) => Plan::Before(at, How::Through(register)),
            None => Plan::Before(0, spilled),
        }
    }
}
