//! A block: instructions in a row that are entered only at the first, and what follows the last.

use iced_x86::{Code, Decoder, DecoderError, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::counter::sites::LONGEST;
use crate::isa;

/// Instructions of a block at most.
pub const MOST_INSTRUCTIONS: usize = 64;
/// Bytes of a block at most.
pub const MOST_BYTES: usize = MOST_INSTRUCTIONS * LONGEST;

/// What follows a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The block just stops; the last instruction is like any other.
    Next,
    Jump {
        target: u64,
    },
    Branch {
        target: u64,
    },
    /// loop, jrcxz and the like, which have short forms only.
    ShortBranch {
        target: u64,
    },
    Call {
        target: u64,
    },
    Return,
    IndirectJump,
    IndirectCall,
    /// The number, where the block itself sets it.
    Syscall {
        number: Option<u32>,
    },
    /// A region's marker: the tracer takes note behind it.
    Marker,
    /// The tile configuration changes.
    TileConfig,
    /// Begins a transaction, which aborts at once.
    Transaction {
        fallback: u64,
    },
    /// Raises a signal (int3, ud2, hlt ...), or is not known to be an instruction at all.
    Raises,
    /// Cannot be translated; the reason.
    Unsupported(&'static str),
}

#[derive(Debug, Clone)]
pub struct Decoded {
    pub start: u64,
    pub instructions: Vec<Instruction>,
    pub bytes: Vec<u8>,
    pub end: End,
    /// Of all its bytes.
    pub stability: Stability,
    /// Of instructions with an operand relative to the instruction pointer: their address, and
    /// where in their bytes the displacement is.
    displacements: Vec<(u64, usize)>,
}

impl Decoded {
    /// The address behind the last instruction.
    pub fn next(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// Where the pointer is that an indirect branch at the end goes by, if the block alone tells: an
    /// entry of the tables by which objects call each other.
    pub fn pointer(&self) -> Option<u64> {
        let last = self.instructions.last().filter(|last| last.is_ip_rel_memory_operand())?;
        matches!(self.end, End::IndirectJump | End::IndirectCall).then(|| last.ip_rel_memory_address())
    }

    /// Where in an instruction's bytes its displacement from the instruction pointer is.
    pub fn displacement(&self, instruction: &Instruction) -> Option<usize> {
        self.displacements.iter().find(|(ip, _)| *ip == instruction.ip()).map(|(_, at)| *at)
    }

    /// The bytes of one instruction.
    pub fn bytes_of(&self, instruction: &Instruction) -> &[u8] {
        let at = (instruction.ip() - self.start) as usize;
        &self.bytes[at..at + instruction.len()]
    }
}

/// Where code is read from.
pub trait Code64 {
    /// Fills the buffer with executable bytes from `address` on; returns how many there are.
    fn fetch(&mut self, address: u64, buffer: &mut [u8]) -> usize;

    fn stability(&self, address: u64) -> Stability;

    /// The pointer that the program has at an address now.
    fn pointer(&mut self, address: u64) -> Option<u64>;
}

/// How code may come to be replaced by other code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stability {
    /// Only with the file that is mapped there.
    Fixed,
    /// Once its protection has been changed.
    Replaceable,
    /// At any time, while threads are executing it.
    Writable,
}

/// Decodes the block of at most so many instructions at `start`. None where nothing is executable.
pub fn decode(code: &mut dyn Code64, start: u64, most: usize) -> Option<Decoded> {
    let stability = code.stability(start);
    let decoded = decode_as(code, start, most, stability)?;
    // It may run into a page that changes more easily.
    match code.stability(decoded.next().wrapping_sub(1)) {
        further if further > stability && decoded.next() > start => decode_as(code, start, most, further),
        _ => Some(decoded),
    }
}

fn decode_as(code: &mut dyn Code64, start: u64, most: usize, stability: Stability) -> Option<Decoded> {
    let mut buffer = [0; MOST_BYTES];
    let available = code.fetch(start, &mut buffer);
    if available == 0 {
        return None;
    }
    let mut decoder = Decoder::with_ip(64, &buffer[..available], start, DecoderOptions::NONE);
    let mut instructions = Vec::with_capacity(8);
    let mut displacements = Vec::new();
    let mut end = End::Next;
    while instructions.len() < most && decoder.can_decode() {
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            if instructions.is_empty() && decoder.last_error() == DecoderError::NoMoreBytes {
                // Its end cannot be read, at least not yet.
                return None;
            }
            // Unknown: the CPU shall say.
            if instructions.is_empty() {
                instructions.push(instruction);
                end = End::Raises;
            }
            break;
        }
        if instruction.is_ip_rel_memory_operand() {
            displacements.push((instruction.ip(), decoder.get_constant_offsets(&instruction).displacement_offset()));
        }
        instructions.push(instruction);
        end = ending(&instruction, &instructions);
        if end != End::Next {
            break;
        }
        if stability == Stability::Writable && stores(&instruction) {
            // It may have changed what follows, which is looked at again when it is executed.
            break;
        }
    }
    if matches!(end, End::Unsupported(_)) {
        // It will not be executed here, and so not counted.
        instructions.pop();
    }
    let length = instructions.iter().map(Instruction::len).sum();
    if let (End::Syscall { .. }, Stability::Writable) = (end, stability) {
        // The constant may be another at the next execution.
        end = End::Syscall { number: None };
    }
    Some(Decoded { start, instructions, bytes: buffer[..length].to_vec(), end, stability, displacements })
}

/// Whether an instruction may write to memory other than the stack that it pushes to.
fn stores(instruction: &Instruction) -> bool {
    let to_memory = (0..instruction.op_count()).any(|op| {
        !matches!(
            instruction.op_kind(op),
            OpKind::Register
                | OpKind::Immediate8
                | OpKind::Immediate8_2nd
                | OpKind::Immediate8to16
                | OpKind::Immediate8to32
                | OpKind::Immediate8to64
                | OpKind::Immediate16
                | OpKind::Immediate32
                | OpKind::Immediate32to64
                | OpKind::Immediate64
        )
    });
    // Few of those that only read are worth telling apart: loads and comparisons.
    let reads = matches!(instruction.op0_kind(), OpKind::Register)
        && !matches!(instruction.mnemonic(), Mnemonic::Xchg | Mnemonic::Xadd | Mnemonic::Cmpxchg)
        || matches!(instruction.mnemonic(), Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Lea | Mnemonic::Nop);
    to_memory && !reads
}

/// Parts of a block's bytes that must be what they were for its translation to be right: all but the constants that
/// its moves load, which translations of code that may change load from there.
pub fn fixed_parts(block: &Decoded) -> impl Iterator<Item = (usize, &[u8])> {
    let mut parts = Vec::new();
    let mut from = 0;
    for instruction in &block.instructions {
        if let Some(length) = loaded_constant(instruction) {
            let end = (instruction.next_ip() - block.start) as usize;
            parts.push((from, end - length));
            from = end;
        }
    }
    parts.push((from, block.bytes.len()));
    parts.into_iter().filter(|(from, to)| from < to).map(|(from, to)| (from, &block.bytes[from..to]))
}

/// The bytes at its end that a move loads into a register as a constant.
pub fn loaded_constant(instruction: &Instruction) -> Option<usize> {
    match instruction.code() {
        Code::Mov_r32_imm32 => Some(4),
        Code::Mov_r64_imm64 => Some(8),
        _ => None,
    }
}

fn ending(instruction: &Instruction, block: &[Instruction]) -> End {
    if isa::marker(instruction).is_some() {
        return End::Marker;
    }
    if let Some(reason) = unsupported(instruction) {
        return End::Unsupported(reason);
    }
    if let Mnemonic::Sysret | Mnemonic::Sysretq | Mnemonic::Sysexit | Mnemonic::Sysexitq = instruction.mnemonic() {
        // For the kernel only.
        return End::Raises;
    }
    match instruction.flow_control() {
        FlowControl::Next => match instruction.mnemonic() {
            Mnemonic::Ldtilecfg | Mnemonic::Tilerelease => End::TileConfig,
            // Nor could its lanes be counted, which takes AVX-512 too.
            _ if instruction.op_mask() != Register::None && !is_x86_feature_detected!("avx512f") => End::Raises,
            _ => End::Next,
        },
        FlowControl::UnconditionalBranch => End::Jump { target: instruction.near_branch_target() },
        FlowControl::ConditionalBranch => {
            let target = instruction.near_branch_target();
            match instruction.is_jcc_short_or_near() {
                true => End::Branch { target },
                false => End::ShortBranch { target },
            }
        }
        FlowControl::Call if instruction.mnemonic() == Mnemonic::Syscall => End::Syscall { number: number(block) },
        FlowControl::Call => End::Call { target: instruction.near_branch_target() },
        FlowControl::Return => End::Return,
        FlowControl::IndirectBranch => End::IndirectJump,
        FlowControl::IndirectCall => End::IndirectCall,
        FlowControl::XbeginXabortXend => match instruction.mnemonic() {
            Mnemonic::Xbegin if !is_x86_feature_detected!("rtm") => End::Raises,
            Mnemonic::Xbegin => End::Transaction { fallback: instruction.near_branch_target() },
            _ => End::Next,
        },
        FlowControl::Interrupt | FlowControl::Exception => End::Raises,
    }
}

fn unsupported(instruction: &Instruction) -> Option<&'static str> {
    let code = instruction.code();
    if instruction.is_call_far() || instruction.is_call_far_indirect() || instruction.is_jmp_far_indirect() {
        return Some("a far branch");
    }
    let gs = |op| instruction.op_kind(op) == OpKind::Memory && instruction.memory_segment() == Register::GS;
    if (0..instruction.op_count()).any(gs) && instruction.mnemonic() != Mnemonic::Lea {
        return Some("an access through GS, which the translator needs itself");
    }
    if instruction.memory_base() == Register::EIP {
        return Some("a 32-bit address relative to the instruction pointer");
    }
    match instruction.mnemonic() {
        Mnemonic::Iret | Mnemonic::Iretd | Mnemonic::Iretq | Mnemonic::Retf => Some("a far return"),
        Mnemonic::Wrgsbase | Mnemonic::Rdgsbase => Some("the base of GS, which the translator needs itself"),
        Mnemonic::Sysenter => Some("a system call by a 32-bit way"),
        Mnemonic::Int if instruction.immediate8() == 0x80 => Some("a system call by the 32-bit table"),
        Mnemonic::Mov if instruction.op0_register() == Register::GS => Some("a load of GS"),
        Mnemonic::Pop if instruction.op0_register() == Register::GS => Some("a load of GS"),
        Mnemonic::Lgs => Some("a load of GS"),
        _ if code == Code::Jmpe_disp16 || code == Code::Jmpe_disp32 => Some("jmpe"),
        _ => None,
    }
}

/// The number of the system call that the block's last instruction makes: the last thing that
/// wrote eax must be a constant.
fn number(block: &[Instruction]) -> Option<u32> {
    let (_, before) = block.split_last()?;
    // Everything between must leave rax alone: only plain moves to other registers are believed.
    for instruction in before.iter().rev() {
        if instruction.code() == Code::Mov_r32_imm32 || instruction.code() == Code::Mov_rm32_imm32 {
            if instruction.op0_register() == Register::EAX {
                return Some(instruction.immediate32());
            }
            continue;
        }
        let zeroed = instruction.mnemonic() == Mnemonic::Xor
            && instruction.op0_register() == Register::EAX
            && instruction.op1_register() == Register::EAX;
        if zeroed {
            return Some(0);
        }
        let plain = matches!(instruction.mnemonic(), Mnemonic::Mov | Mnemonic::Lea);
        let register = instruction.op0_register().full_register();
        if !plain || instruction.op0_kind() != OpKind::Register || register == Register::RAX {
            return None;
        }
    }
    None
}
