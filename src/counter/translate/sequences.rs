//! The code that translation adds to a program's own, all of it. It leaves the flags, the vector
//! state and the program's stack alone, unless it says otherwise.

use iced_x86::code_asm::{
    AsmRegister64, AsmRegisterK, al, ax, byte_ptr, eax, ecx, edx, qword_ptr, r11, r11d, r11w, rax, rbp, rbx, rcx, rdi,
    rdx, rsi, rsp, word_ptr,
};
use iced_x86::code_asm::{k0, k1, k2, k3, k4, k5, k6, k7, r8, r9, r10, r12, r13, r14, r15};
use iced_x86::{Code, Encoder, IcedError, Instruction, MemoryOperand, Register};

use super::area;
use super::filter::MAGIC;
use super::template::{Assembler, FIRST, SECOND, Template, area as at};

/// Entries of the address space's table of indirect targets: an address and its landing, or 0.
pub const SHARED_ENTRIES: u64 = 1 << 18;
pub const SHARED_ENTRY: u64 = 16;
/// Spreads pages of code over the pages of the table.
const SPREAD: i32 = 0x1E37_79B1;
/// The bits of an offset into the table that tell the page, and those that tell where in it.
const TABLE_PAGE: i32 = 0x3F_F000;
const IN_PAGE: i32 = 0xFF0;

/// The byte offset into the shared table at which the search for an address begins. What is near
/// each other in the program is so in the table, of which only what is touched becomes memory.
pub fn shared_offset(address: u64) -> u64 {
    let page = (address >> 12).wrapping_mul(SPREAD as u64) >> 10;
    page & TABLE_PAGE as u64 | address & IN_PAGE as u64
}

/// The general registers, by iced's numbering.
const REGISTERS: [AsmRegister64; 16] = [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];

const MASKS: [AsmRegisterK; 8] = [k0, k1, k2, k3, k4, k5, k6, k7];

#[derive(Debug)]
pub struct Sequences {
    /// `inc` of the counter FIRST, where the flags are dead.
    pub count: Template,
    /// The same through a dead register.
    count_through: Vec<Template>,
    /// The same where nothing is dead, through a register that is saved meanwhile.
    count_spilled: Vec<Template>,
    /// Adds a register to the counter FIRST, and marks in the counter SECOND being in a loop.
    enter_loop: Vec<Template>,
    leave_loop: Vec<Template>,
    /// Adds to the counter FIRST the lanes of a mask register of 1 to 8 lanes, whose population
    /// table is SECOND.
    lanes_8: Vec<Template>,
    lanes_16: Vec<Template>,
    lanes_32: Vec<Template>,
    /// Compare four, two bytes or one, FIRST from the next instruction, with the constant at their end.
    pub compare_4: Template,
    pub compare_2: Template,
    pub compare_1: Template,
    /// Around comparisons: the arithmetic flags, through rax.
    pub save_flags: Template,
    pub restore_flags: Template,
    /// Saves rcx for an indirect branch.
    pub save_rcx: Template,
    /// From the target in rcx to its translation; the counter FIRST counts on the way.
    pub lookup_counting: Template,
    pub lookup: Template,
    /// Before a `syscall` with a number that is not known: jumps over what follows (5 bytes) if
    /// the tracer does not want to see it. rcx may be lost, as the call loses it.
    pub untraced_call: Template,
    /// Tells what the trap is about.
    pub note_exit: Template,
    /// A direct branch's exit through here to the tracer: for the trap at the end.
    pub trap: Template,
    /// Reads the byte that rcx points to, for a thread that may have to wait for it; then the tracer.
    pub probe: Template,
    /// An indirect branch's way if the thread's own table does not know the target.
    pub search: Template,
    /// What an indirect branch lands on: gives the borrowed registers back.
    pub land: Template,
    /// Padding of 0 to 63 bytes.
    nops: Vec<Template>,
}

impl Sequences {
    pub fn new() -> Result<Sequences, IcedError> {
        let each_register =
            |write: fn(&mut Assembler, AsmRegister64) -> Result<(), IcedError>| -> Result<Vec<Template>, IcedError> {
                REGISTERS.iter().map(|register| Template::new(|a| write(a, *register))).collect()
            };
        let each_mask =
            |write: fn(&mut Assembler, usize) -> Result<(), IcedError>| -> Result<Vec<Template>, IcedError> {
                (0..8).map(|mask| Template::new(|a| add_lanes(a, mask, write))).collect()
            };
        Ok(Sequences {
            count: Template::new(|a| a.inc(qword_ptr(FIRST.operand())))?,
            count_through: each_register(count_through)?,
            count_spilled: each_register(|a, register| {
                a.mov(at(area::RAX), register)?;
                count_through(a, register)?;
                a.mov(register, at(area::RAX))
            })?,
            enter_loop: each_register(|a, register| add_register(a, register, 1))?,
            leave_loop: each_register(|a, register| add_register(a, register, 0))?,
            lanes_8: each_mask(|a, mask| {
                a.kmovw(eax, MASKS[mask])?;
                a.movzx(eax, al)?;
                a.movzx(eax, byte_ptr(rax + SECOND.value()).gs())
            })?,
            lanes_16: each_mask(|a, mask| {
                a.kmovw(eax, MASKS[mask])?;
                lanes_of_two_bytes(a)
            })?,
            lanes_32: each_mask(|a, mask| {
                a.kmovd(eax, MASKS[mask])?;
                a.mov(at(area::SCRATCH), rax)?;
                lanes_of_two_bytes(a)?;
                a.mov(at(area::TARGET), rax)?;
                a.movzx(eax, word_ptr(at(area::SCRATCH + 2)))?;
                lanes_of_two_bytes(a)?;
                a.mov(rcx, at(area::TARGET))?;
                a.lea(rax, qword_ptr(rax + rcx))
            })?,
            compare_4: compare(Code::Cmp_rm32_imm32)?,
            compare_2: compare(Code::Cmp_rm16_imm16)?,
            compare_1: compare(Code::Cmp_rm8_imm8)?,
            save_flags: Template::new(|a| {
                a.mov(at(area::RAX), rax)?;
                a.lahf()?;
                a.seto(al)?;
                a.mov(at(area::FLAGS), rax)
            })?,
            restore_flags: Template::new(|a| {
                // Overflows exactly where al is 1.
                a.add(al, 127)?;
                a.sahf()?;
                a.mov(rax, at(area::RAX))
            })?,
            save_rcx: Template::new(|a| a.mov(at(area::RCX), rcx))?,
            lookup_counting: Template::new(|a| {
                a.mov(at(area::R11), r11)?;
                count_through(a, r11)?;
                look_up(a)
            })?,
            lookup: Template::new(|a| {
                a.mov(at(area::R11), r11)?;
                look_up(a)
            })?,
            untraced_call: Template::new(|a| {
                let mut direct = a.create_label();
                a.movzx(ecx, ax)?;
                a.movzx(ecx, byte_ptr(rcx + area::TRACED_CALLS).gs())?;
                a.jrcxz(direct)?;
                a.db(&[0; 5])?;
                a.set_label(&mut direct)?;
                a.zero_bytes()
            })?,
            note_exit: Template::new(|a| a.mov(iced_x86::code_asm::dword_ptr(at(area::EXIT)), FIRST.value()))?,
            trap: Template::new(|a| {
                a.mov(at(area::RAX), rax)?;
                a.mov(at(area::RCX), rcx)?;
                a.mov(at(area::R11), r11)?;
                trap(a)
            })?,
            search: Template::new(search)?,
            probe: Template::new(|a| {
                a.movzx(ecx, byte_ptr(rcx))?;
                a.mov(iced_x86::code_asm::dword_ptr(at(area::EXIT)), PROBED)?;
                trap(a)
            })?,
            land: Template::new(|a| {
                a.mov(r11, at(area::R11))?;
                a.mov(rcx, at(area::RCX))
            })?,
            nops: (0..64)
                .map(|size| {
                    Template::new(|a| match size {
                        0 => a.zero_bytes(),
                        size => a.nops_with_size(size),
                    })
                })
                .collect::<Result<_, _>>()?,
        })
    }

    /// Counts through a register whose value is not needed any more.
    pub fn count_through(&self, register: usize) -> &Template {
        &self.count_through[register]
    }

    pub fn count_spilled(&self, register: usize) -> &Template {
        &self.count_spilled[register]
    }

    pub fn nops(&self, size: usize) -> &Template {
        &self.nops[size]
    }

    pub fn enter_loop(&self, register: usize) -> &Template {
        &self.enter_loop[register]
    }

    pub fn leave_loop(&self, register: usize) -> &Template {
        &self.leave_loop[register]
    }

    /// Adds the active lanes of an instruction of so many lanes; None for a number that has no
    /// sequence.
    pub fn lanes(&self, lanes: u16, mask: usize) -> Option<&Template> {
        let by_mask = match lanes {
            1 | 2 | 4 | 8 => &self.lanes_8,
            16 => &self.lanes_16,
            32 => &self.lanes_32,
            _ => return None,
        };
        by_mask.get(mask)
    }
}

fn compare(code: Code) -> Result<Template, IcedError> {
    let at = |displacement: u64| {
        let memory = MemoryOperand::with_base_displ(Register::RIP, displacement as i64);
        Instruction::with2(code, memory, 0u32)
    };
    // Its length is that of any other displacement.
    let length = Encoder::new(64).encode(&at(u64::from(FIRST.value()))?, 0)? as u64;
    Template::new(|a| a.add_instruction(at(u64::from(FIRST.value()) + length)?))
}

fn count_through(a: &mut Assembler, register: AsmRegister64) -> Result<(), IcedError> {
    a.mov(register, FIRST.operand())?;
    a.lea(register, qword_ptr(register + 1))?;
    a.mov(FIRST.operand(), register)
}

fn add_register(a: &mut Assembler, register: AsmRegister64, inside: i32) -> Result<(), IcedError> {
    let (sum, saved) = if register == rax { (rcx, area::RCX) } else { (rax, area::RAX) };
    a.mov(at(saved), sum)?;
    a.mov(sum, FIRST.operand())?;
    a.lea(sum, qword_ptr(register + sum))?;
    a.mov(FIRST.operand(), sum)?;
    a.mov(qword_ptr(SECOND.operand()), inside)?;
    a.mov(sum, at(saved))
}

/// `write` puts the number of lanes of a mask into rax, and may use rcx. It reads 16 bits of a mask
/// where that will do: fewer or more need further extensions of AVX-512.
fn add_lanes(
    a: &mut Assembler,
    mask: usize,
    write: fn(&mut Assembler, usize) -> Result<(), IcedError>,
) -> Result<(), IcedError> {
    a.mov(at(area::RAX), rax)?;
    a.mov(at(area::RCX), rcx)?;
    write(a, mask)?;
    a.mov(rcx, FIRST.operand())?;
    a.lea(rcx, qword_ptr(rcx + rax))?;
    a.mov(FIRST.operand(), rcx)?;
    a.mov(rcx, at(area::RCX))?;
    a.mov(rax, at(area::RAX))
}

fn lanes_of_two_bytes(a: &mut Assembler) -> Result<(), IcedError> {
    use iced_x86::code_asm::ah;
    a.movzx(ecx, ah)?;
    a.movzx(eax, al)?;
    let full = area::population(8);
    a.movzx(ecx, byte_ptr(rcx + full).gs())?;
    a.movzx(eax, byte_ptr(rax + full).gs())?;
    a.lea(rax, qword_ptr(rax + rcx))
}

/// The thread's own table. Neither compares nor subtracts, for the flags: the table holds negated
/// addresses, so that a match adds up to 0. Borrows r11, not rax: what a function returns would
/// wait for its way through memory, and r11 is dead by convention wherever functions come and go.
fn look_up(a: &mut Assembler) -> Result<(), IcedError> {
    let mut hit = a.create_label();
    a.movzx(r11d, iced_x86::code_asm::cx)?;
    a.mov(r11, qword_ptr(r11 * 8 + area::KEYS).gs())?;
    a.lea(rcx, qword_ptr(rcx + r11))?;
    a.jrcxz(hit)?;
    // The way to `search`, which each zone has.
    a.db(&[0xE9])?;
    a.dd(&[SECOND.value()])?;
    a.set_label(&mut hit)?;
    // The negated address leads back to the index: -x = !x + 1, the 1 being in the displacement.
    a.not(r11)?;
    a.movzx(r11d, r11w)?;
    a.jmp(qword_ptr(r11 * 8 + (area::LANDINGS + 8)).gs())
}

/// rax, rcx and r11, which the call loses, have been saved.
fn trap(a: &mut Assembler) -> Result<(), IcedError> {
    a.mov(eax, MAGIC)?;
    a.syscall()?;
    // The tracer always leads elsewhere.
    a.ud2()
}

/// The address space's table, by open addressing, under saved flags; then the tracer. The thread's
/// own table learns what was found.
fn search(a: &mut Assembler) -> Result<(), IcedError> {
    let (mut next, mut found, mut absent) = (a.create_label(), a.create_label(), a.create_label());
    // rcx is the target plus what the table held, which is in r11.
    a.not(r11)?;
    a.lea(rcx, qword_ptr(rcx + r11 + 1))?;
    a.mov(at(area::TARGET), rcx)?;
    a.mov(at(area::RAX), rax)?;
    a.mov(at(area::RDX), rdx)?;
    a.lahf()?;
    a.seto(al)?;
    a.mov(at(area::FLAGS), rax)?;
    a.mov(rdx, rcx)?;
    a.shr(rdx, 12)?;
    a.imul_3(rax, rdx, SPREAD)?;
    a.shr(rax, 10)?;
    a.and(eax, TABLE_PAGE)?;
    a.mov(edx, ecx)?;
    a.and(edx, IN_PAGE)?;
    a.or(eax, edx)?;
    a.mov(rdx, at(area::SHARED_TABLE))?;
    a.set_label(&mut next)?;
    // First, lest an empty entry be taken for that of address 0.
    a.cmp(qword_ptr(rdx + rax), 0)?;
    a.je(absent)?;
    a.cmp(rcx, qword_ptr(rdx + rax))?;
    a.je(found)?;
    a.add(eax, SHARED_ENTRY as i32)?;
    a.and(eax, ((SHARED_ENTRIES - 1) * SHARED_ENTRY) as i32)?;
    a.jmp(next)?;

    a.set_label(&mut found)?;
    a.mov(rdx, qword_ptr(rdx + rax + 8))?;
    a.mov(at(area::SCRATCH), rdx)?;
    a.lea(eax, qword_ptr(rcx - 1))?;
    a.movzx(eax, ax)?;
    a.mov(qword_ptr(rax * 8 + (area::LANDINGS + 8)).gs(), rdx)?;
    a.movzx(eax, iced_x86::code_asm::cx)?;
    a.neg(rcx)?;
    a.mov(qword_ptr(rax * 8 + area::KEYS).gs(), rcx)?;
    restore_flags(a)?;
    a.jmp(qword_ptr(at(area::SCRATCH)))?;

    a.set_label(&mut absent)?;
    restore_flags(a)?;
    a.mov(iced_x86::code_asm::dword_ptr(at(area::EXIT)), UNKNOWN_TARGET)?;
    trap(a)
}

/// The exit number of an indirect branch whose target is not translated yet.
pub const UNKNOWN_TARGET: u32 = 0x7FFF_FFFF;
/// That of a thread which has read a byte.
pub const PROBED: u32 = 0x7FFF_FFFE;

fn restore_flags(a: &mut Assembler) -> Result<(), IcedError> {
    a.mov(rax, at(area::FLAGS))?;
    // Overflows exactly where al is 1.
    a.add(al, 127)?;
    a.sahf()?;
    a.mov(rdx, at(area::RDX))?;
    a.mov(rax, at(area::RAX))
}
