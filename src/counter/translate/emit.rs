//! A block's translation: its own instructions, byte for byte but for what reads or writes the
//! instruction pointer, and a counter.

use iced_x86::{Code, Encoder, Instruction, InstructionInfoFactory, MemoryOperand, OpKind, Register};

use super::area;
use super::decode::{Decoded, End, Stability};
use super::emitted::{Boundary, Counting, ENTERED, Emitted, Fix, INSIDE, LEFT, Lanes, Link, Place, To, Unplaceable};
use super::liveness::{self, Induction};
use super::sequences::Sequences;
use super::template::SECOND;
use crate::counter::CountAt;
use crate::isa;

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
                links: Vec::new(),
                constants: Vec::new(),
                slots: 1,
            },
        };
        if place.stability != Stability::Fixed {
            self.sequences.nops(JUMP).emit(&mut out.emitted.code, &[]);
        }
        let mut head = 0;
        if let Plan::Loop(induction) = count {
            out.emitted.slots = 3;
            let counters = [area::counter(place.slot + ENTERED), area::counter(place.slot + INSIDE)];
            self.sequences.enter_loop(induction.register).emit(&mut out.emitted.code, &counters);
            out.align(LOOP_ALIGNMENT);
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
            out.count(How::Spilled);
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
const LOOP_ALIGNMENT: u64 = 32;

/// Where and how the counter goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Before(usize, How),
    InLookup,
    Loop(Induction),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// The flags are dead.
    Plain,
    /// This register is.
    Through(usize),
    Spilled,
}

impl Plan {
    fn new(factory: &mut InstructionInfoFactory, block: &Decoded, place: &Place) -> Plan {
        let instructions = &block.instructions;
        match place.count_at {
            CountAt::Cheapest => {}
            CountAt::First => return Plan::Before(0, How::Spilled),
            CountAt::Last => return Plan::Before(instructions.len().saturating_sub(1), How::Spilled),
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
            None => Plan::Before(0, How::Spilled),
        }
    }
}

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
            How::Spilled => &self.sequences.count_spilled,
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

    fn align(&mut self, to: u64) {
        let missing = (to - self.address() % to) % to;
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

    fn close_loop(&mut self, induction: Induction, head: u16) -> Result<(), Unplaceable> {
        let Some(branch) = self.block.instructions.last() else { return Ok(()) };
        self.boundary(self.block.instructions.len() - 1, Fix::None);
        let opcode = branch_opcode(branch, self.block.bytes_of(branch))?;
        let behind = self.emitted.code.len() + opcode.len() + 4;
        let back = i32::from(head) - behind as i32;
        self.emitted.code.extend_from_slice(&opcode);
        self.emitted.code.extend_from_slice(&back.to_le_bytes());
        let tail = self.offset();
        let slot = self.place.slot;
        let counters = [area::counter(slot + LEFT), area::counter(slot + INSIDE)];
        self.sequences.leave_loop(induction.register).emit(&mut self.emitted.code, &counters);
        self.emitted.counting = Counting::Loop { slot, induction, head, tail };
        self.go_on(self.block.next());
        Ok(())
    }

    fn end(&mut self, in_lookup: bool, traced: &dyn Fn(u32) -> bool) -> Result<(), Unplaceable> {
        let next = self.block.next();
        let End::Unsupported(reason) = self.block.end else {
            return match (self.block.end, self.block.instructions.last()) {
                (End::Next, _) | (_, None) => {
                    self.go_on(next);
                    Ok(())
                }
                (_, Some(last)) => self.last(last, next, in_lookup, traced),
            };
        };
        self.boundary(self.block.instructions.len(), Fix::None);
        self.jump(To::Unsupported { at: next, reason });
        Ok(())
    }

    fn last(
        &mut self,
        last: &Instruction,
        next: u64,
        in_lookup: bool,
        traced: &dyn Fn(u32) -> bool,
    ) -> Result<(), Unplaceable> {
        let index = self.block.instructions.len() - 1;
        self.boundary(index, Fix::None);
        match self.block.end {
            End::Next | End::Unsupported(_) => {}
            End::Jump { target } => self.go_on(target),
            End::Branch { target } => {
                self.branch(&branch_opcode(last, self.block.bytes_of(last))?, To::Block(target));
                self.go_on(next);
            }
            End::ShortBranch { target } => {
                // Over the jump that goes on.
                let bytes = self.block.bytes_of(last);
                let (_, opcode) = bytes.split_last().ok_or(Unplaceable::Unencodable)?;
                self.emitted.code.extend_from_slice(opcode);
                let over = self.emitted.code.len();
                self.emitted.code.push(0);
                self.jump(To::Block(next));
                self.emitted.code[over] = (self.emitted.code.len() - over - 1) as u8;
                self.jump(To::Block(target));
            }
            End::Call { target } => {
                self.push(next);
                self.go_on(target);
            }
            End::Return => {
                self.sequences.save_rcx.emit(&mut self.emitted.code, &[]);
                self.boundary(index, Fix::None);
                self.encode(&with_register(Code::Pop_r64, Register::RCX)?)?;
                if last.op0_kind() == OpKind::Immediate16 {
                    let above = MemoryOperand::with_base_displ(Register::RSP, last.immediate16().into());
                    self.encode(&to_register(Code::Lea_r64_m, Register::RSP, above)?)?;
                }
                self.lookup(in_lookup)?;
            }
            End::IndirectJump | End::IndirectCall => {
                self.sequences.save_rcx.emit(&mut self.emitted.code, &[]);
                self.boundary(index, Fix::None);
                self.load_target(last)?;
                if self.block.end == End::IndirectCall {
                    self.boundary(index, Fix::Rcx);
                    self.push(next);
                }
                self.lookup(in_lookup)?;
            }
            End::Syscall { number } => {
                match number {
                    Some(number) if traced(number) => {
                        self.jump(To::Syscall { next });
                        return Ok(());
                    }
                    Some(_) => {}
                    None => {
                        // The five bytes at the end of the sequence become a jump.
                        let behind = self.sequences.untraced_call.len();
                        self.align_for(behind - 4, 4);
                        self.sequences.untraced_call.emit(&mut self.emitted.code, &[]);
                        let jump = self.emitted.code.len() - JUMP;
                        self.emitted.code.truncate(jump);
                        self.jump(To::Syscall { next });
                        self.boundary(index, Fix::None);
                    }
                }
                self.emitted.code.extend_from_slice(self.block.bytes_of(last));
                self.boundary(index + 1, Fix::AfterSyscall);
                let rcx = MemoryOperand::with_base_displ(Register::RIP, next as i64);
                self.encode(&to_register(Code::Lea_r64_m, Register::RCX, rcx)?)?;
                self.go_on(next);
            }
            End::Marker => {
                self.copy(last)?;
                let marker = isa::marker(last).ok_or(Unplaceable::Unencodable)?;
                self.jump(To::Marker { marker, next });
            }
            End::TileConfig => {
                self.copy(last)?;
                self.jump(To::TileConfig { next });
            }
            End::Transaction { fallback } => {
                let no_reason = Instruction::with2(Code::Mov_r32_imm32, Register::EAX, 0);
                self.encode(&no_reason.map_err(|_| Unplaceable::Unencodable)?)?;
                self.go_on(fallback);
            }
            End::Raises => {
                match last.is_invalid() {
                    true => self.encode(&Instruction::with(Code::Ud2))?,
                    false => self.copy(last)?,
                }
                self.boundary(index + 1, Fix::None);
                self.jump(To::Block(next));
            }
        }
        Ok(())
    }

    /// Pushes the program's own return address.
    fn push(&mut self, address: u64) {
        match i32::try_from(address) {
            Ok(address) => {
                self.emitted.code.push(0x68);
                self.emitted.code.extend_from_slice(&address.to_le_bytes());
            }
            Err(_) => {
                self.emitted.code.extend_from_slice(&[0xFF, 0x35]);
                self.emitted.constants.push((self.emitted.code.len() as u32, address));
                self.emitted.code.extend_from_slice(&[0; 4]);
            }
        }
    }

    /// Loads an indirect branch's target into rcx.
    fn load_target(&mut self, branch: &Instruction) -> Result<(), Unplaceable> {
        let mut load = match branch.op0_kind() {
            OpKind::Register => Instruction::with2(Code::Mov_r64_rm64, Register::RCX, branch.op0_register())
                .map_err(|_| Unplaceable::Unencodable)?,
            _ => {
                let operand = MemoryOperand::new(
                    branch.memory_base(),
                    branch.memory_index(),
                    branch.memory_index_scale(),
                    branch.memory_displacement64() as i64,
                    branch.memory_displ_size(),
                    false,
                    branch.segment_prefix(),
                );
                to_register(Code::Mov_r64_rm64, Register::RCX, operand)?
            }
        };
        if load.segment_prefix() == Register::DS {
            // notrack.
            load.set_segment_prefix(Register::None);
        }
        self.encode(&load)
    }

    fn lookup(&mut self, counting: bool) -> Result<(), Unplaceable> {
        let template = if counting { &self.sequences.lookup_counting } else { &self.sequences.lookup };
        let behind = template.behind(SECOND).ok_or(Unplaceable::Unencodable)?;
        let search = relative(self.place.search, self.address() + behind as u64)?;
        template.emit(&mut self.emitted.code, &[area::counter(self.place.slot), search as u32]);
        if counting {
            self.counted();
        }
        Ok(())
    }
}

fn with_register(code: Code, register: Register) -> Result<Instruction, Unplaceable> {
    Instruction::with1(code, register).map_err(|_| Unplaceable::Unencodable)
}

fn to_register(code: Code, register: Register, operand: MemoryOperand) -> Result<Instruction, Unplaceable> {
    Instruction::with2(code, register, operand).map_err(|_| Unplaceable::Unencodable)
}

/// The displacement that leads from behind an instruction to an address.
pub fn relative(to: u64, behind: u64) -> Result<i32, Unplaceable> {
    i32::try_from(to.wrapping_sub(behind) as i64).map_err(|_| Unplaceable::TooFar)
}

/// The near form of a conditional jump: 0F 80 + condition.
fn branch_opcode(branch: &Instruction, bytes: &[u8]) -> Result<[u8; 2], Unplaceable> {
    let displacement = if branch.is_jcc_short() { 1 } else { 4 };
    let opcode = bytes.len().checked_sub(displacement + 1).and_then(|at| bytes.get(at));
    opcode.map(|opcode| [0x0F, 0x80 | opcode & 0x0F]).ok_or(Unplaceable::Unencodable)
}
