//! A block's translation: its own instructions, byte for byte but for what reads or writes the
//! instruction pointer, and a counter.

use iced_x86::{Encoder, Instruction, InstructionInfoFactory, Register};

use super::area;
use super::decode::{self, Decoded, End, Stability};
use super::emitted::{Boundary, Counting, ENTERED, Emitted, Fix, INSIDE, Lanes, Link, Place, To, Unplaceable};
use super::liveness;
use super::plan::{How, Plan};
use super::sequences::Sequences;
use crate::isa;

mod check;
mod ending;

pub struct Emitter<'a> {
    pub sequences: &'a Sequences,
    pub factory: &'a mut InstructionInfoFactory,
    /// Tells whether the tracer wants to see a system call.
    pub traced: &'a dyn Fn(u32) -> bool,
}

impl Emitter<'_> {
    pub fn emit(&mut self, block: &Decoded, place: Place) -> Result<Emitted, Unplaceable> {
        let count = Plan::new(self.factory, block, &place);
        let mut out = Output {
            place,
            sequences: self.sequences,
            block,
            emitted: Emitted {
                code: Vec::with_capacity(64),
                boundaries: Vec::with_capacity(block.instructions.len() + 1),
                counting: Counting::Counter { slot: place.slot, done: 0 },
                lanes: Vec::new(),
                check: None,
                links: Vec::new(),
                constants: Vec::new(),
                slots: 1,
            },
        };
        if place.pad {
            self.sequences.nops(JUMP).emit(&mut out.emitted.code, &[]);
        }
        if place.stability == Stability::Writable {
            out.check(liveness::live_into(&block.instructions) != 0)?;
        }
        let mut head = 0;
        if let Plan::Loop(induction) = count {
            out.emitted.slots = 3;
            let counters = [area::counter(place.slot + ENTERED), area::counter(place.slot + INSIDE)];
            self.sequences.enter_loop(induction.register).emit(&mut out.emitted.code, &counters);
            out.align_as(block.start);
            head = out.offset();
        }
        let last = block.instructions.len().saturating_sub(1);
        // What cannot be translated is not among the instructions.
        let own_end = !matches!(block.end, End::Next | End::Unsupported(_));
        for (index, instruction) in block.instructions.iter().enumerate() {
            if let Plan::Before(at, how) = count
                && at == index
            {
                out.count(how);
            }
            if own_end && index == last {
                break;
            }
            out.lanes(index, instruction);
            out.boundary(index, Fix::None);
            out.copy(instruction)?;
        }
        if block.instructions.is_empty() {
            out.count(How::Spilled(Register::RAX.number()));
        }
        let in_lookup = count == Plan::InLookup;
        match count {
            Plan::Loop(induction) => out.close_loop(induction, head)?,
            _ => out.end(in_lookup, self.traced)?,
        }
        if out.emitted.code.len() < SHORTEST {
            let missing = SHORTEST - out.emitted.code.len();
            self.sequences.nops(missing).emit(&mut out.emitted.code, &[]);
        }
        Ok(out.emitted)
    }
}

/// Bytes of the jump that replaces the start of a block that is no longer valid.
pub const JUMP: usize = 5;
const SHORTEST: usize = JUMP;
/// Bytes that a CPU fetches, and that another can write, at once.
pub const LINE: u64 = 64;

struct Output<'a> {
    place: Place,
    sequences: &'a Sequences,
    block: &'a Decoded,
    emitted: Emitted,
}

impl Output<'_> {
    fn offset(&self) -> u16 {
        self.emitted.code.len() as u16
    }

    fn address(&self) -> u64 {
        self.place.at + self.emitted.code.len() as u64
    }

    fn boundary(&mut self, index: usize, fix: Fix) {
        let offset = self.offset();
        self.emitted.boundaries.push(Boundary { offset, index: index as u8, fix });
    }

    fn count(&mut self, how: How) {
        let template = match how {
            How::Plain => &self.sequences.count,
            How::Through(register) => self.sequences.count_through(register),
            How::Spilled(register) => self.sequences.count_spilled(register),
        };
        template.emit(&mut self.emitted.code, &[area::counter(self.place.slot)]);
        self.counted();
    }

    fn counted(&mut self) {
        let done = self.offset();
        self.emitted.counting = Counting::Counter { slot: self.place.slot, done };
    }

    /// Counts the lanes that a masked instruction is about to work on.
    fn lanes(&mut self, index: usize, instruction: &Instruction) {
        let Some(classified) = isa::classify(instruction) else { return };
        let Some(mask) = classified.mask.filter(|_| classified.class.masked) else { return };
        let lanes = classified.class.lanes;
        let Some(template) = self.sequences.lanes(lanes, mask.number()) else { return };
        let slot = self.place.slot + self.emitted.slots;
        self.emitted.slots += 1;
        template.emit(&mut self.emitted.code, &[area::counter(slot), area::population(lanes)]);
        self.emitted.lanes.push(Lanes { index: index as u8, slot });
    }

    /// The instruction as it is, its operand still where it was.
    fn copy(&mut self, instruction: &Instruction) -> Result<(), Unplaceable> {
        let bytes = self.block.bytes_of(instruction);
        if self.place.stability == Stability::Writable
            && let Some(length) = decode::loaded_constant(instruction)
        {
            return self.load_constant(instruction, length);
        }
        if !instruction.is_ip_rel_memory_operand() {
            self.emitted.code.extend_from_slice(bytes);
            return Ok(());
        }
        let behind = self.address() + bytes.len() as u64;
        let displacement = relative(instruction.ip_rel_memory_address(), behind)?;
        let at = self.block.displacement(instruction).ok_or(Unplaceable::Unencodable)?;
        let start = self.emitted.code.len();
        self.emitted.code.extend_from_slice(bytes);
        self.emitted.code[start + at..start + at + 4].copy_from_slice(&displacement.to_le_bytes());
        Ok(())
    }

    fn encode(&mut self, instruction: &Instruction) -> Result<(), Unplaceable> {
        let mut encoder = Encoder::new(64);
        encoder.encode(instruction, self.address()).map_err(|_| Unplaceable::TooFar)?;
        self.emitted.code.append(&mut encoder.take_buffer());
        Ok(())
    }

    /// So that the four bytes which begin `before` bytes from here lie in one line.
    fn align_for(&mut self, before: usize, length: usize) {
        let at = (self.address() + before as u64) % LINE;
        if at + length as u64 > LINE {
            self.sequences.nops((LINE - at) as usize).emit(&mut self.emitted.code, &[]);
        }
    }

    /// So that a loop lies in lines as its compiler placed it: how fast it runs may depend on that.
    fn align_as(&mut self, original: u64) {
        let missing = original.wrapping_sub(self.address()) % LINE;
        self.sequences.nops(missing as usize).emit(&mut self.emitted.code, &[]);
    }

    /// A branch with a 32-bit displacement, to be filled in.
    fn branch(&mut self, opcode: &[u8], to: To) {
        self.align_for(opcode.len(), 4);
        self.emitted.code.extend_from_slice(opcode);
        let offset = self.emitted.code.len() as u32;
        self.emitted.links.push(Link { offset, to });
        self.emitted.code.extend_from_slice(&[0; 4]);
    }

    fn jump(&mut self, to: To) {
        self.branch(&[0xE9], to);
    }

    /// Goes on at a program address: nothing to do if that follows.
    fn go_on(&mut self, address: u64) {
        if self.place.follow != Some(address) {
            self.jump(To::Block(address));
        }
    }
}

/// The displacement that leads from behind an instruction to an address.
pub fn relative(to: u64, behind: u64) -> Result<i32, Unplaceable> {
    i32::try_from(to.wrapping_sub(behind) as i64).map_err(|_| Unplaceable::TooFar)
}
