//! Region markers: the 8-byte NOP by which a program names what it is doing.

use iced_x86::{Code, Instruction, Register};

/// `nop dword ptr [rax+rax*1+imm32]`, `0F 1F 84 00 imm32`, with one of two displacements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Marker {
    /// rdi points at the region's name, rsi is its length in bytes.
    Begin,
    End,
}

impl Marker {
    /// `FLGB` in memory.
    pub const BEGIN: u32 = u32::from_le_bytes(*b"FLGB");
    /// `FLGE` in memory.
    pub const END: u32 = u32::from_le_bytes(*b"FLGE");

    /// Bytes of either marker.
    pub const LENGTH: usize = 8;
}

/// The marker that an instruction is, if it is one.
pub fn marker(instruction: &Instruction) -> Option<Marker> {
    let nop = instruction.code() == Code::Nop_rm32
        && instruction.len() == Marker::LENGTH
        && instruction.memory_base() == Register::RAX
        && instruction.memory_index() == Register::RAX
        && instruction.memory_index_scale() == 1;
    match instruction.memory_displacement32() {
        Marker::BEGIN if nop => Some(Marker::Begin),
        Marker::END if nop => Some(Marker::End),
        _ => None,
    }
}
