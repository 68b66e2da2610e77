//! Where in a block the flags, or a register, hold nothing that anybody will read.

use iced_x86::{FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register, RflagsBits};

/// What `inc` writes.
const WRITTEN: u32 = RflagsBits::OF | RflagsBits::SF | RflagsBits::ZF | RflagsBits::AF | RflagsBits::PF;

/// All arithmetic flags: those that are live where it is not known what follows.
pub const ALL: u32 = WRITTEN | RflagsBits::CF;

/// The first instruction before which `inc` may be put; None if there is none. `after`: flags that
/// may be read behind the block.
pub fn dead_flags(block: &[Instruction], after: u32) -> Option<usize> {
    let mut live = after;
    let mut first = (live & WRITTEN == 0).then_some(block.len());
    for (at, instruction) in block.iter().enumerate().rev() {
        live = live_before(instruction, live);
        if live & WRITTEN == 0 {
            first = Some(at);
        }
    }
    // Behind the last instruction there is no place of its own.
    first.filter(|at| *at < block.len())
}

/// The flags that may be read from the start of a block on.
pub fn live_into(block: &[Instruction]) -> u32 {
    block.iter().rev().fold(ALL, |live, instruction| live_before(instruction, live))
}

fn live_before(instruction: &Instruction, live: u32) -> u32 {
    if may_raise(instruction) {
        // The handler of its signal is shown the flags. A system call puts them into r11.
        return ALL;
    }
    live & !killed(instruction) | instruction.rflags_read() & ALL
}

/// Whether an instruction may fault or trap. Only those are known not to that work on general registers and
/// constants alone, are part of every x86-64, and are neither privileged nor able to divide: all others may meet a
/// missing page, an alignment check, a pending x87 or an unmasked SSE exception, or be undefined on this CPU.
pub fn may_raise(instruction: &Instruction) -> bool {
    if instruction.is_jcc_short_or_near() || instruction.is_jmp_short_or_near() {
        return false;
    }
    !is_plain(instruction.mnemonic()) || instruction.flow_control() != FlowControl::Next || !on_general(instruction)
}

/// Instructions of the base set that cannot fault with register and constant operands.
fn is_plain(mnemonic: Mnemonic) -> bool {
    use Mnemonic::*;
    matches!(
        mnemonic,
        Adc | Add
            | And
            | Bsf
            | Bsr
            | Bswap
            | Bt
            | Btc
            | Btr
            | Bts
            | Cbw
            | Cdq
            | Cdqe
            | Clc
            | Cmc
            | Cmova
            | Cmovae
            | Cmovb
            | Cmovbe
            | Cmove
            | Cmovg
            | Cmovge
            | Cmovl
            | Cmovle
            | Cmovne
            | Cmovno
            | Cmovnp
            | Cmovns
            | Cmovo
            | Cmovp
            | Cmovs
            | Cmp
            | Cmpxchg
            | Cqo
            | Cwd
            | Cwde
            | Dec
            | Imul
            | Inc
            | Lahf
            | Lea
            | Mov
            | Movsx
            | Movsxd
            | Movzx
            | Mul
            | Neg
            | Nop
            | Not
            | Or
            | Rcl
            | Rcr
            | Rol
            | Ror
            | Sahf
            | Sal
            | Sar
            | Sbb
            | Seta
            | Setae
            | Setb
            | Setbe
            | Sete
            | Setg
            | Setge
            | Setl
            | Setle
            | Setne
            | Setno
            | Setnp
            | Setns
            | Seto
            | Setp
            | Sets
            | Shl
            | Shld
            | Shr
            | Shrd
            | Stc
            | Std
            | Cld
            | Sub
            | Test
            | Xadd
            | Xchg
            | Xor
    )
}

/// Whether all operands are general registers or constants. The operand of a `lea` or a long `nop` is not accessed.
fn on_general(instruction: &Instruction) -> bool {
    if instruction.has_lock_prefix() {
        return false;
    }
    let accesses = !matches!(instruction.mnemonic(), Mnemonic::Lea | Mnemonic::Nop);
    (0..instruction.op_count()).all(|op| match instruction.op_kind(op) {
        OpKind::Register => instruction.op_register(op).is_gpr(),
        OpKind::Immediate8
        | OpKind::Immediate8to16
        | OpKind::Immediate8to32
        | OpKind::Immediate8to64
        | OpKind::Immediate16
        | OpKind::Immediate32
        | OpKind::Immediate32to64
        | OpKind::Immediate64 => true,
        OpKind::Memory => !accesses,
        _ => false,
    })
}

/// Flags that an instruction surely overwrites.
fn killed(instruction: &Instruction) -> u32 {
    let maybe = match instruction.mnemonic() {
        // A count of 0 leaves the flags alone.
        Mnemonic::Shl
        | Mnemonic::Shr
        | Mnemonic::Sar
        | Mnemonic::Rol
        | Mnemonic::Ror
        | Mnemonic::Rcl
        | Mnemonic::Rcr
        | Mnemonic::Shld
        | Mnemonic::Shrd
        | Mnemonic::Sal => true,
        _ => instruction.is_string_instruction(),
    };
    match maybe {
        true => 0,
        false => instruction.rflags_written() | instruction.rflags_cleared() | instruction.rflags_set(),
    }
}

/// An instruction that overwrites a whole general register without reading it, and the register by
/// iced's numbering: before it, the register is dead. Not one that may fault, since the handler
/// would be shown the register.
pub fn dead_register(factory: &mut InstructionInfoFactory, block: &[Instruction]) -> Option<(usize, usize)> {
    block.iter().enumerate().find_map(|(at, instruction)| {
        if may_raise(instruction) || may_not_write(instruction) {
            return None;
        }
        let used = factory.info(instruction).used_registers();
        let whole = |register: Register| register.is_gpr64() || register.is_gpr32();
        let written = used.iter().find(|u| u.access() == OpAccess::Write && whole(u.register()))?;
        let full = written.register().full_register();
        let alone = used.iter().filter(|u| u.register().full_register() == full).count() == 1;
        (alone && full != Register::RSP).then_some((at, full.number()))
    })
}

/// A register that the block does not use, if there is one: to save it and to give it back delays nothing.
pub fn idle_register(factory: &mut InstructionInfoFactory, block: &[Instruction]) -> usize {
    let mut used = 1u32 << Register::RSP.number();
    for instruction in block {
        for register in factory.info(instruction).used_registers() {
            let full = register.register().full_register();
            if full.is_gpr64() {
                used |= 1 << full.number();
            }
        }
    }
    (0..16).rev().find(|register| used >> register & 1 == 0).unwrap_or(Register::RAX.number())
}

/// Leaves its register alone at times: rdssp does where there is no shadow stack, of which the unwinder
/// makes use, and the bit scans do where there is no bit.
fn may_not_write(instruction: &Instruction) -> bool {
    matches!(instruction.mnemonic(), Mnemonic::Rdsspd | Mnemonic::Rdsspq | Mnemonic::Bsf | Mnemonic::Bsr)
}

/// A register that goes up or down by a constant each time the block runs: how often it ran is
/// then the difference of the register over the constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Induction {
    /// By iced's numbering.
    pub register: usize,
    pub step: i64,
    /// The instruction that changes it.
    pub at: usize,
}

pub fn induction(factory: &mut InstructionInfoFactory, block: &[Instruction]) -> Option<Induction> {
    let mut writes = [0u32; 16];
    let mut found = None;
    for (at, instruction) in block.iter().enumerate() {
        for used in factory.info(instruction).used_registers() {
            let full = used.register().full_register();
            if full.is_gpr64() && !matches!(used.access(), OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess)
            {
                writes[full.number()] += 1;
            }
        }
        let register = instruction.op0_register();
        if let Some(step) = constant_step(instruction).filter(|step| *step != 0 && register != Register::RSP) {
            found = found.or(Some(Induction { register: register.number(), step, at }));
        }
        // A later one is taken if the first turns out to be written elsewhere too.
        if found.is_some_and(|f: Induction| writes[f.register] > 1) {
            found = None;
        }
    }
    found.filter(|f| writes[f.register] == 1)
}

/// What an instruction adds to its own first operand, a 64-bit register.
fn constant_step(instruction: &Instruction) -> Option<i64> {
    let register = instruction.op0_register();
    if !register.is_gpr64() || instruction.op0_kind() != OpKind::Register {
        return None;
    }
    let immediate = || match instruction.op1_kind() {
        OpKind::Immediate8to64 => Some(instruction.immediate8to64()),
        OpKind::Immediate32to64 => Some(instruction.immediate32to64()),
        _ => None,
    };
    match instruction.mnemonic() {
        Mnemonic::Inc => Some(1),
        Mnemonic::Dec => Some(-1),
        Mnemonic::Add => immediate(),
        Mnemonic::Sub => immediate()?.checked_neg(),
        Mnemonic::Lea if instruction.memory_base() == register && instruction.memory_index() == Register::None => {
            Some(instruction.memory_displacement64() as i64)
        }
        _ => None,
    }
}
