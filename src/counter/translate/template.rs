//! Machine code written once through iced's assembler, copied often, with a few numbers filled in.

use iced_x86::code_asm::{AsmMemoryOperand, CodeAssembler, ptr};
use iced_x86::{BlockEncoder, BlockEncoderOptions, Code, IcedError, Instruction, InstructionBlock};

/// A 32-bit number that each copy fills in. Its value marks the place in the assembled bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole(u32);

pub const FIRST: Hole = Hole(0x5EED_0001);
pub const SECOND: Hole = Hole(0x5EED_0002);

impl Hole {
    /// As an immediate.
    pub fn value(self) -> u32 {
        self.0
    }

    /// As the displacement of an operand in the thread's area.
    pub fn operand(self) -> AsmMemoryOperand {
        ptr(self.0).gs()
    }
}

/// An operand in the thread's area.
pub fn area(displacement: u32) -> AsmMemoryOperand {
    ptr(displacement).gs()
}

/// Position-independent code.
#[derive(Debug, Clone)]
pub struct Template {
    bytes: Vec<u8>,
    holes: Vec<(Hole, usize)>,
}

/// What writes a template's instructions.
pub type Assembler = CodeAssembler;

/// Between rax and memory the assembler prefers forms with an 8-byte address, which are long and slow.
fn shorten(instruction: &mut Instruction) {
    let code = match instruction.code() {
        Code::Mov_RAX_moffs64 => Code::Mov_r64_rm64,
        Code::Mov_moffs64_RAX => Code::Mov_rm64_r64,
        Code::Mov_EAX_moffs32 => Code::Mov_r32_rm32,
        Code::Mov_moffs32_EAX => Code::Mov_rm32_r32,
        _ => return,
    };
    instruction.set_code(code);
}

impl Template {
    pub fn new(write: impl FnOnce(&mut Assembler) -> Result<(), IcedError>) -> Result<Template, IcedError> {
        let mut assembler = CodeAssembler::new(64)?;
        write(&mut assembler)?;
        let mut instructions = assembler.take_instructions();
        instructions.iter_mut().for_each(shorten);
        let block = InstructionBlock::new(&instructions, 0);
        let bytes = BlockEncoder::encode(64, block, BlockEncoderOptions::NONE)?.code_buffer;
        let holes = [FIRST, SECOND]
            .into_iter()
            .flat_map(|hole| {
                let mark = hole.0.to_le_bytes();
                let found: Vec<_> =
                    bytes.windows(4).enumerate().filter(|(_, w)| *w == mark).map(|(at, _)| (hole, at)).collect();
                found
            })
            .collect();
        Ok(Template { bytes, holes })
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Behind the number that fills a hole: what a relative branch counts from.
    pub fn behind(&self, hole: Hole) -> Option<usize> {
        self.holes.iter().find(|(h, _)| *h == hole).map(|(_, at)| at + 4)
    }

    /// Appends a copy to `code`, its holes filled.
    pub fn emit(&self, code: &mut Vec<u8>, values: &[u32]) {
        let start = code.len();
        code.extend_from_slice(&self.bytes);
        for (hole, at) in &self.holes {
            let value = values[(hole.0 - FIRST.0) as usize];
            code[start + at..start + at + 4].copy_from_slice(&value.to_le_bytes());
        }
    }
}
