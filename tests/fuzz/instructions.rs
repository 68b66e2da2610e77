//! Machine code of every form of instruction that a user program may execute anywhere in a block.

use std::collections::BTreeMap;

use iced_x86::{
    Code, Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
    Register,
};

use super::random::Random;

/// Where `r15` points; operands in memory are around it.
pub const AROUND: i32 = 256;

/// What is executed: bytes that do not depend on where they are.
pub type Form = (Code, Vec<u8>);

/// Forms by their code, as many variants of each as chance gave.
pub fn forms(random: &mut Random, tries: usize, most: usize) -> BTreeMap<u32, Vec<Form>> {
    let mut factory = InstructionInfoFactory::new();
    let mut found: BTreeMap<u32, Vec<Form>> = BTreeMap::new();
    for _ in 0..tries {
        let mut bytes = candidate(random);
        let instruction = Decoder::with_ip(64, &bytes, 0x40_0000, DecoderOptions::NONE).decode();
        if instruction.is_invalid() || !allowed(&mut factory, &instruction) {
            continue;
        }
        bytes.truncate(instruction.len());
        let variants = found.entry(instruction.code() as u32).or_default();
        if variants.len() < most {
            variants.push((instruction.code(), bytes));
        }
    }
    found
}

/// Random bytes in the shape of an instruction, whose operand in memory, if any, is near `r15`.
fn candidate(random: &mut Random) -> Vec<u8> {
    let memory = random.one_in(2);
    let mut code = Vec::with_capacity(32);
    // What extends the register fields: the index is r14, the base r15.
    let (r, x, b) =
        (random.below(2) as u8, if memory { 1 } else { random.below(2) as u8 }, u8::from(memory || random.one_in(2)));
    let w = random.below(2) as u8;
    match random.below(4) {
        0 | 1 => {
            if random.one_in(12) {
                code.push(0xF0);
            }
            match random.below(6) {
                0 => code.push(0x66),
                1 => code.push(0xF3),
                2 => code.push(0xF2),
                3 if random.one_in(4) => code.extend([0x66, *random.choose(&[0xF2, 0xF3])]),
                _ => {}
            }
            code.push(0x40 | w << 3 | r << 2 | x << 1 | b);
            match random.below(5) {
                0 => {}
                1 | 2 => code.push(0x0F),
                3 => code.extend([0x0F, 0x38]),
                _ => code.extend([0x0F, 0x3A]),
            }
        }
        2 => {
            let map = 1 + random.below(3) as u8;
            let rest = random.next() as u8;
            code.extend([0xC4, (1 - r) << 7 | (1 - x) << 6 | (1 - b) << 5 | map, rest]);
        }
        _ => {
            let map = *random.choose(&[1, 2, 3, 5, 6]);
            let high = random.below(2) as u8;
            code.extend([0x62, (1 - r) << 7 | (1 - x) << 6 | (1 - b) << 5 | high << 4 | map, random.next() as u8 | 4]);
            let mut last = random.next() as u8;
            if random.one_in(2) {
                // Neither broadcast nor rounding.
                last &= !0x10;
            }
            code.push(last);
        }
    }
    code.push(random.next() as u8);
    let register = (random.below(8) as u8) << 3;
    let displacement = match random.below(4) {
        0 => random.below(2 * AROUND as u64) as i32 - AROUND,
        _ => (random.below(2 * AROUND as u64 / 64) as i32 * 64) - AROUND,
    };
    match (memory, random.below(3)) {
        (false, _) => code.push(0xC0 | register | random.below(8) as u8),
        // [r15 + displacement]
        (true, 0 | 1) => code.push(0x80 | register | 7),
        // [r15 + r14 * scale + displacement]
        (true, _) => code.extend([0x80 | register | 4, (random.below(4) as u8) << 6 | 6 << 3 | 7]),
    }
    if memory {
        code.extend(displacement.to_le_bytes());
    }
    // Immediates.
    code.extend(random.number().to_le_bytes());
    code.truncate(15);
    code
}

/// An operand in the test's own memory. Elsewhere there may be the translator's, which natively is not.
fn is_near(instruction: &Instruction) -> bool {
    use Register as R;
    let pointers = [R::R15, R::RBX, R::RBP, R::RSI, R::RDI, R::RSP];
    pointers.contains(&instruction.memory_base())
        && (instruction.memory_displacement64().cast_signed()).unsigned_abs() <= 2 * AROUND as u64
}

/// Leaves out what is not the same each time that it is executed, what needs a place of its own (the
/// branches), what the translator refuses by design (GS, far branches), and what would take the
/// ground from under the test: its pointers and the trap flag.
fn allowed(factory: &mut InstructionInfoFactory, instruction: &Instruction) -> bool {
    use Mnemonic as M;
    let special = matches!(
        instruction.mnemonic(),
        M::Rdtsc | M::Rdtscp | M::Rdrand | M::Rdseed | M::Rdpmc | M::Rdpid | M::Rdpru | M::Cpuid | M::Xgetbv | M::Lsl
            | M::Sgdt | M::Sidt | M::Sldt | M::Str | M::Smsw
            // The address of the last x87 instruction is ours.
            | M::Fnstenv | M::Fstenv | M::Fnsave | M::Fsave | M::Fxsave | M::Fxsave64 | M::Xsave | M::Xsave64
            | M::Xsavec | M::Xsavec64 | M::Xsaveopt | M::Xsaveopt64 | M::Xsaves | M::Xsaves64
            | M::Fxrstor | M::Fxrstor64 | M::Xrstor | M::Xrstor64 | M::Xrstors | M::Xrstors64
            | M::Popf | M::Popfq | M::Wrfsbase | M::Rdfsbase | M::Wrgsbase | M::Rdgsbase | M::Wrpkru | M::Rdpkru
            | M::Xbegin | M::Xabort | M::Xend | M::Xtest | M::Umwait | M::Tpause | M::Umonitor | M::Monitor | M::Mwait
            | M::Monitorx | M::Mwaitx | M::Ptwrite | M::Enqcmd | M::Enqcmds | M::Getsec | M::Encls | M::Enclu
            | M::Lfs | M::Lgs | M::Lss | M::Leave | M::Enter | M::Rdsspd | M::Rdsspq | M::Incsspd | M::Incsspq | M::Testui | M::Clui | M::Stui
            | M::Senduipi | M::Serialize | M::Pause | M::Clzero | M::Vmmcall | M::Vmcall | M::Vmfunc | M::Hreset
    );
    let info = instruction.op_code();
    let segment = |op| instruction.op_kind(op) == OpKind::Register && instruction.op_register(op).is_segment_register();
    if special
        || info.is_privileged()
        || instruction.flow_control() != FlowControl::Next
        || instruction.segment_prefix() == Register::GS
        || (0..instruction.op_count()).any(|op| instruction.op_kind(op) == OpKind::Memory && !is_near(instruction))
        || (0..instruction.op_count()).any(segment)
    {
        return false;
    }
    // What is in these indexes operands in memory.
    let kept = [Register::R14, Register::R15, Register::ZMM14, Register::ZMM30];
    factory.info(instruction).used_registers().iter().all(|used| {
        let full = used.register().full_register();
        let written = !matches!(used.access(), OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess);
        let own_stack =
            instruction.is_stack_instruction() && instruction.op0_register().full_register() != Register::RSP;
        !written || !kept.contains(&full) && (full != Register::RSP || own_stack)
    })
}
