//! Code that may change at any time, by whoever: the program, another of its threads, the kernel, another process, an
//! alias in memory. Its translation begins by comparing what is there now with what was translated.

use iced_x86::{Code, Instruction, MemoryOperand, OpKind, Register};

use super::{Output, relative};
use crate::counter::translate::decode;
use crate::counter::translate::emitted::{Check, Link, To, Unplaceable};

/// Bytes of a conditional branch's displacement.
const DISPLACEMENT: usize = 4;

impl Output<'_> {
    /// Compares the block's bytes in memory with those that are being translated, and branches away where they
    /// differ. `flags_live`: the flags must be as they were afterwards.
    pub(super) fn check(&mut self, flags_live: bool) -> Result<(), Unplaceable> {
        let start = self.offset();
        if flags_live {
            self.sequences.save_flags.emit(&mut self.emitted.code, &[]);
        }
        let saved = flags_live.then(|| self.offset());
        let parts: Vec<(usize, Vec<u8>)> =
            decode::fixed_parts(self.block).map(|(from, bytes)| (from, bytes.to_vec())).collect();
        let mut branches = Vec::new();
        for (from, bytes) in parts {
            let mut at = self.block.start + from as u64;
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                // Aligned: the program may have alignment checks on.
                let taken = match rest.len() {
                    4.. if at.is_multiple_of(4) => 4,
                    2.. if at.is_multiple_of(2) => 2,
                    _ => 1,
                };
                self.compare(at, &rest[..taken])?;
                self.emitted.code.extend_from_slice(&[0x0F, 0x85]);
                branches.push(self.emitted.code.len());
                self.emitted.code.extend_from_slice(&[0; DISPLACEMENT]);
                at += taken as u64;
                rest = &rest[taken..];
            }
        }
        if flags_live {
            self.sequences.restore_flags.emit(&mut self.emitted.code, &[]);
        }
        // Around the way out.
        let length = if flags_live { self.sequences.restore_flags.len() } else { 0 };
        self.align_for(2 + length + 1, DISPLACEMENT);
        self.emitted.code.extend_from_slice(&[0xEB, (length + super::JUMP) as u8]);
        let out = self.emitted.code.len();
        if flags_live {
            self.sequences.restore_flags.emit(&mut self.emitted.code, &[]);
        }
        self.emitted.code.push(0xE9);
        let mismatch = self.emitted.code.len() as u32;
        self.emitted.links.push(Link { offset: mismatch, to: To::Changed(self.block.start) });
        self.emitted.code.extend_from_slice(&[0; DISPLACEMENT]);
        for branch in branches {
            let displacement = (out - branch - DISPLACEMENT) as u32;
            self.emitted.code[branch..branch + DISPLACEMENT].copy_from_slice(&displacement.to_le_bytes());
        }
        self.emitted.check = Some(Check { start, end: self.offset(), saved, mismatch });
        Ok(())
    }

    /// Four, two bytes or one of the program's memory with what they were.
    fn compare(&mut self, at: u64, bytes: &[u8]) -> Result<(), Unplaceable> {
        let template = match bytes.len() {
            4 => &self.sequences.compare_4,
            2 => &self.sequences.compare_2,
            1 => &self.sequences.compare_1,
            _ => return Err(Unplaceable::Unencodable),
        };
        let behind = self.address() + template.len() as u64;
        template.emit(&mut self.emitted.code, &[relative(at, behind)? as u32]);
        // The constant is what the instruction ends in.
        let end = self.emitted.code.len();
        self.emitted.code[end - bytes.len()..].copy_from_slice(bytes);
        Ok(())
    }

    /// A move of a constant, which is loaded from where the program has it now.
    pub(super) fn load_constant(&mut self, instruction: &Instruction, length: usize) -> Result<(), Unplaceable> {
        debug_assert_eq!(instruction.op0_kind(), OpKind::Register);
        let at = instruction.next_ip() - length as u64;
        let code = if length == 8 { Code::Mov_r64_rm64 } else { Code::Mov_r32_rm32 };
        let memory = MemoryOperand::with_base_displ(Register::RIP, at as i64);
        let load = Instruction::with2(code, instruction.op0_register(), memory);
        self.encode(&load.map_err(|_| Unplaceable::Unencodable)?)
    }
}
