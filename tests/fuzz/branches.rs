//! Ways through a block: what is executed once, often, or not at all.

use iced_x86::IcedError;
use iced_x86::code_asm::*;

use super::random::Random;

type Assembled = Result<(), IcedError>;
/// Writes a random instruction.
pub type Fill<'a> = dyn FnMut(&mut CodeAssembler, &mut Random) -> Assembled + 'a;

/// Holds what random instructions may not change: a counter, a target.
const KEPT: u64 = super::program::MIDDLE + 0x1_0000;

fn some(a: &mut CodeAssembler, random: &mut Random, fill: &mut Fill) -> Assembled {
    for _ in 0..random.below(5) {
        fill(a, random)?;
    }
    Ok(())
}

pub fn mixture(a: &mut CodeAssembler, random: &mut Random, fill: &mut Fill) -> Assembled {
    for _ in 0..1 + random.below(4) {
        some(a, random, fill)?;
        match random.below(9) {
            0 | 1 => skipped(a, random, fill)?,
            2 => counted_loop(a, random, fill)?,
            3 => loop_in_memory(a, random, fill)?,
            4 => called(a, random, fill)?,
            5 => indirect(a, random, fill)?,
            6 => short(a, random, fill)?,
            7 => strings(a, random)?,
            _ => {
                a.pushfq()?;
                some(a, random, &mut |_, _| Ok(()))?;
                a.pop(qword_ptr(KEPT as i32 + 64))?;
            }
        }
    }
    some(a, random, fill)
}

/// Some condition or other.
fn branch(a: &mut CodeAssembler, random: &mut Random, target: CodeLabel) -> Assembled {
    match random.below(16) {
        0 => a.jo(target),
        1 => a.jno(target),
        2 => a.jb(target),
        3 => a.jae(target),
        4 => a.je(target),
        5 => a.jne(target),
        6 => a.jbe(target),
        7 => a.ja(target),
        8 => a.js(target),
        9 => a.jns(target),
        10 => a.jp(target),
        11 => a.jnp(target),
        12 => a.jl(target),
        13 => a.jge(target),
        14 => a.jle(target),
        _ => a.jg(target),
    }
}

fn skipped(a: &mut CodeAssembler, random: &mut Random, fill: &mut Fill) -> Assembled {
    let mut behind = a.create_label();
    branch(a, random, behind)?;
    fill(a, random)?;
    some(a, random, fill)?;
    a.set_label(&mut behind)?;
    a.zero_bytes()
}

/// A loop of one block, by a register that only the loop changes, in the ways that compilers do.
fn counted_loop(a: &mut CodeAssembler, random: &mut Random, fill: &mut Fill) -> Assembled {
    let mut head = a.create_label();
    let (step, times) = (1 + random.below(5) as i32, 1 + random.below(9) as i32);
    // r14 is left alone by random instructions; it is the index of operands in memory, and stays small.
    let up = random.one_in(2);
    a.mov(r14d, if up { 0 } else { step * times })?;
    a.set_label(&mut head)?;
    a.nop()?;
    for _ in 0..random.below(3) {
        fill(a, random)?;
    }
    match (up, random.below(3)) {
        (true, 0) => a.add(r14, step)?,
        (true, _) => a.lea(r14, qword_ptr(r14 + step))?,
        (false, 0) => a.sub(r14, step)?,
        (false, _) => a.add(r14, -step)?,
    }
    a.cmp(r14, if up { step * times } else { 0 })?;
    match random.below(2) {
        0 => a.jne(head),
        _ if up => a.jl(head),
        _ => a.jg(head),
    }
}

fn loop_in_memory(a: &mut CodeAssembler, random: &mut Random, fill: &mut Fill) -> Assembled {
    let (mut head, mut out) = (a.create_label(), a.create_label());
    a.mov(dword_ptr(KEPT as i32), 1 + random.below(9) as i32)?;
    a.set_label(&mut head)?;
    a.nop()?;
    some(a, random, fill)?;
    if random.one_in(2) {
        branch(a, random, out)?;
        fill(a, random)?;
    }
    a.dec(dword_ptr(KEPT as i32))?;
    a.jne(head)?;
    a.set_label(&mut out)?;
    a.zero_bytes()
}

/// A function, called directly, by a register or by a pointer in memory, or reached by a push and a return.
fn called(a: &mut CodeAssembler, random: &mut Random, fill: &mut Fill) -> Assembled {
    let (mut function, mut behind) = (a.create_label(), a.create_label());
    a.mov(rsp, super::program::MIDDLE + 0xA_0000)?;
    a.lea(rax, ptr(function))?;
    a.mov(qword_ptr(KEPT as i32 + 8), rax)?;
    for _ in 0..1 + random.below(3) {
        match random.below(4) {
            0 => a.call(function)?,
            1 => {
                a.mov(r11, qword_ptr(KEPT as i32 + 8))?;
                a.call(r11)?;
            }
            2 => a.call(qword_ptr(KEPT as i32 + 8))?,
            _ => {
                let mut here = a.create_label();
                a.lea(rcx, ptr(here))?;
                a.push(rcx)?;
                a.push(qword_ptr(KEPT as i32 + 8))?;
                a.ret()?;
                a.set_label(&mut here)?;
                a.nop()?;
            }
        }
        some(a, random, fill)?;
    }
    a.jmp(behind)?;
    a.set_label(&mut function)?;
    a.nop()?;
    fill(a, random)?;
    a.ret()?;
    a.set_label(&mut behind)?;
    a.zero_bytes()
}

fn indirect(a: &mut CodeAssembler, random: &mut Random, fill: &mut Fill) -> Assembled {
    let (mut one, mut other, mut behind) = (a.create_label(), a.create_label(), a.create_label());
    a.lea(rdx, ptr(one))?;
    a.lea(rax, ptr(other))?;
    branch(a, random, other)?;
    a.cmovs(rdx, rax)?;
    a.jmp(rdx)?;
    a.set_label(&mut one)?;
    a.nop()?;
    fill(a, random)?;
    a.jmp(behind)?;
    a.set_label(&mut other)?;
    a.nop()?;
    fill(a, random)?;
    a.set_label(&mut behind)?;
    a.zero_bytes()
}

/// Branches that have short forms only.
fn short(a: &mut CodeAssembler, random: &mut Random, fill: &mut Fill) -> Assembled {
    let (mut head, mut behind) = (a.create_label(), a.create_label());
    a.mov(ecx, random.below(4) as i32)?;
    a.jrcxz(behind)?;
    a.set_label(&mut head)?;
    a.nop()?;
    match random.below(3) {
        0 => a.loop_(head)?,
        1 => a.loopne(head)?,
        _ => a.loope(head)?,
    }
    a.set_label(&mut behind)?;
    a.nop()?;
    fill(a, random)
}

fn strings(a: &mut CodeAssembler, random: &mut Random) -> Assembled {
    a.mov(esi, super::program::MIDDLE as i32 - 100)?;
    a.mov(edi, super::program::MIDDLE as i32 + 60)?;
    a.mov(ecx, random.below(40) as i32)?;
    match random.below(4) {
        0 => a.rep().movsb(),
        1 => a.rep().stosw(),
        2 => a.repe().cmpsb(),
        _ => a.repne().scasb(),
    }
}
