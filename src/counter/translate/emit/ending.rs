//! How a block ends: what leads on to the next, or to the tracer.

use iced_x86::{Code, Instruction, MemoryOperand, OpKind, Register};

use super::{JUMP, Output, relative};
use crate::counter::translate::area;
use crate::counter::translate::decode::End;
use crate::counter::translate::emitted::{Counting, Fix, INSIDE, LEFT, To, Unplaceable};
use crate::counter::translate::liveness::Induction;
use crate::counter::translate::template::SECOND;
use crate::isa;

impl Output<'_> {
    pub(super) fn close_loop(&mut self, induction: Induction, head: u16) -> Result<(), Unplaceable> {
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

    pub(super) fn end(&mut self, in_lookup: bool, traced: &dyn Fn(u32) -> bool) -> Result<(), Unplaceable> {
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
            End::Syscall { number } => self.system_call(last, next, number, traced)?,
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

    fn system_call(
        &mut self,
        call: &Instruction,
        next: u64,
        number: Option<u32>,
        traced: &dyn Fn(u32) -> bool,
    ) -> Result<(), Unplaceable> {
        let index = self.block.instructions.len() - 1;
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
        self.emitted.code.extend_from_slice(self.block.bytes_of(call));
        self.boundary(index + 1, Fix::AfterSyscall);
        let rcx = MemoryOperand::with_base_displ(Register::RIP, next as i64);
        self.encode(&to_register(Code::Lea_r64_m, Register::RCX, rcx)?)?;
        self.go_on(next);
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

/// The near form of a conditional jump: 0F 80 + condition.
fn branch_opcode(branch: &Instruction, bytes: &[u8]) -> Result<[u8; 2], Unplaceable> {
    let displacement = if branch.is_jcc_short() { 1 } else { 4 };
    let opcode = bytes.len().checked_sub(displacement + 1).and_then(|at| bytes.get(at));
    opcode.map(|opcode| [0x0F, 0x80 | opcode & 0x0F]).ok_or(Unplaceable::Unencodable)
}
