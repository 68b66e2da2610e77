//! System calls that the tracer has to see, and what it does about them.

use libc::{c_int, user_regs_struct};
use nix::unistd::Pid;

use super::code_map::{self, CodeMap, Memory, PAGE, page_of};
use super::filter;
use crate::counter::maps::Mapping;
use crate::counter::ptrace::{Stopped, Traced};

const CALLS: [libc::c_long; 17] = [
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_pkey_mprotect,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_shmat,
    libc::SYS_shmdt,
    libc::SYS_rt_sigreturn,
    libc::SYS_arch_prctl,
    libc::SYS_prctl,
    libc::SYS_seccomp,
    libc::SYS_ptrace,
    libc::SYS_personality,
    libc::SYS_clone,
    libc::SYS_modify_ldt,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_setaffinity,
];

/// Their numbers.
pub const TRACED: [usize; CALLS.len()] = {
    let mut numbers = [0; CALLS.len()];
    let mut at = 0;
    while at < numbers.len() {
        numbers[at] = CALLS[at] as usize;
        at += 1;
    }
    numbers
};

/// A traced call between its entry and its exit.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    pub number: i64,
    /// The program's registers at the call.
    pub before: user_regs_struct,
    /// Where the program goes on.
    pub next: u64,
}

/// What to do with a call before it is made.
pub enum Verdict {
    /// Made with these registers.
    Make(user_regs_struct),
    /// It cannot be followed; why.
    Unsupported(&'static str),
}

const PROT_GROWSDOWN: u64 = 0x0100_0000;
const PROTECTION: u64 = (libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC) as u64;
/// What a call that a signal interrupts returns to the kernel's own code, which makes it again.
pub const INTERRUPTED: std::ops::RangeInclusive<i64> = -516..=-512;
/// Bytes of the instruction.
pub const SYSCALL: u64 = 2;

/// The registers of a thread that is stopped within a system call, as the kernel will set them to make it again.
pub fn interrupted(registers: &user_regs_struct) -> Option<user_regs_struct> {
    const ERESTART_RESTARTBLOCK: i64 = -516;
    let (number, result) = (registers.orig_rax as i64, registers.rax as i64);
    if number < 0 || !INTERRUPTED.contains(&result) {
        return None;
    }
    let rax = if result == ERESTART_RESTARTBLOCK { libc::SYS_restart_syscall as u64 } else { registers.orig_rax };
    Some(user_regs_struct { rax, rip: registers.rip.wrapping_sub(SYSCALL), orig_rax: u64::MAX, ..*registers })
}

const ARCH_SET_GS: u64 = 0x1001;
const ARCH_GET_GS: u64 = 0x1004;
const READ_IMPLIES_EXEC: u64 = 0x0040_0000;

pub fn verdict(stopped: &Stopped, call: &Call, scratch: u64) -> Traced<Verdict> {
    let mut registers = call.before;
    match call.number {
        libc::SYS_mmap | libc::SYS_mprotect | libc::SYS_pkey_mprotect => {
            // Bits that are no protection stay, for the kernel to refuse.
            let others = registers.rdx & !PROTECTION;
            registers.rdx = others | code_map::hidden((registers.rdx & PROTECTION) as i32) as u64;
        }
        libc::SYS_shmat if registers.rdx & 0o100000 != 0 => registers.rdx &= !0o100000,
        libc::SYS_arch_prctl if registers.rdi == ARCH_SET_GS => {
            return Ok(Verdict::Unsupported("it sets the base of GS, which the translator needs itself"));
        }
        libc::SYS_ptrace => return Ok(Verdict::Unsupported("it uses ptrace")),
        libc::SYS_modify_ldt if registers.rdi != 0 => {
            return Ok(Verdict::Unsupported("it changes its segments (modify_ldt)"));
        }
        libc::SYS_personality if registers.rdi != 0xFFFF_FFFF && registers.rdi & READ_IMPLIES_EXEC != 0 => {
            return Ok(Verdict::Unsupported("it makes all that is readable executable (personality)"));
        }
        libc::SYS_clone if registers.rdi & libc::CLONE_UNTRACED as u64 != 0 => {
            registers.rdi &= !(libc::CLONE_UNTRACED as u64);
        }
        libc::SYS_prctl if registers.rdi == libc::PR_SET_SECCOMP as u64 => {
            const STRICT: u64 = 1;
            if registers.rsi == STRICT {
                return Ok(Verdict::Unsupported("it confines itself to strict seccomp"));
            }
            wrap_filter(stopped, &mut registers.rdx, scratch)?;
        }
        libc::SYS_seccomp if registers.rdi == 0 => {
            return Ok(Verdict::Unsupported("it confines itself to strict seccomp"));
        }
        libc::SYS_seccomp if registers.rdi == 1 => wrap_filter(stopped, &mut registers.rdx, scratch)?,
        _ => {}
    }
    Ok(Verdict::Make(registers))
}

/// The thread that a call wants to trace, as only one tracer can.
pub fn wants_to_trace(call: &Call) -> Option<Pid> {
    let (request, target) = (call.before.rdi as libc::c_uint, call.before.rsi as i32);
    let wants = call.number == libc::SYS_ptrace && matches!(request, libc::PTRACE_ATTACH | libc::PTRACE_SEIZE);
    wants.then_some(Pid::from_raw(target))
}

/// Whether a call reads the base of GS, which is ours.
pub fn asks_for_gs(call: &Call) -> bool {
    call.number == libc::SYS_arch_prctl && call.before.rdi == ARCH_GET_GS
}

/// Replaces a program's filter by one that lets the tracer's number pass. `scratch`: room for it.
fn wrap_filter(stopped: &Stopped, program: &mut u64, scratch: u64) -> Traced<()> {
    const HEADER: u64 = 16;
    let Some(header) = stopped.read_array::<16>(*program) else { return Ok(()) };
    let length = u16::from_le_bytes([header[0], header[1]]);
    let mut at = [0; 8];
    at.copy_from_slice(&header[8..]);
    let mut filter = vec![0; usize::from(length) * filter::INSTRUCTION];
    if stopped.read(u64::from_le_bytes(at), &mut filter) != filter.len() {
        return Ok(());
    }
    let mut wrapped = filter::preamble();
    wrapped.append(&mut filter);
    let count = (wrapped.len() / filter::INSTRUCTION) as u16;
    let mut header = [0; HEADER as usize];
    header[..2].copy_from_slice(&count.to_le_bytes());
    header[8..].copy_from_slice(&(scratch + HEADER).to_le_bytes());
    stopped.write(scratch, &header)?;
    stopped.write(scratch + HEADER, &wrapped)?;
    *program = scratch;
    Ok(())
}

/// The descriptor of a file of which a call has mapped code.
pub fn maps_code_of(call: &Call) -> Option<c_int> {
    let r = &call.before;
    let maps = call.number == libc::SYS_mmap && r.rdx as c_int & libc::PROT_EXEC != 0;
    (maps && r.r10 as c_int & libc::MAP_ANONYMOUS == 0).then_some(r.r8 as c_int)
}

/// What a call that succeeded has changed of the program's ranges: returns those whose translations are no longer
/// valid. `mapping`: where `spans_mapping` asks for it.
pub fn changed_code(code: &mut CodeMap, call: &Call, result: u64, mapping: Option<&Mapping>) -> Vec<(u64, u64)> {
    let first = mapping.map(|mapping| mapping.start);
    let up = |length: u64| page_of(length.saturating_add(PAGE - 1));
    let r = &call.before;
    match call.number {
        libc::SYS_mmap => {
            let (start, end) = (result, result.saturating_add(up(r.rsi)));
            let anonymous = r.r10 as c_int & libc::MAP_ANONYMOUS != 0;
            let shared = r.r10 as c_int & libc::MAP_SHARED != 0;
            let grows = r.r10 as c_int & libc::MAP_GROWSDOWN != 0;
            code.map(start..end, r.rdx as i32, Memory { shared, anonymous, grows, rewritten: false });
            vec![(start, end)]
        }
        libc::SYS_mprotect | libc::SYS_pkey_mprotect => {
            let (start, end) = (first.unwrap_or(r.rdi), r.rdi.saturating_add(up(r.rsi)));
            code.protect(start..end, r.rdx as i32);
            vec![(start, end)]
        }
        libc::SYS_munmap => {
            let (start, end) = (r.rdi, r.rdi.saturating_add(up(r.rsi)));
            code.clear(start, end);
            vec![(start, end)]
        }
        libc::SYS_mremap => {
            let (protection, memory) = (code.at(r.rdi).map(|code| code.protection), code.memory(r.rdi));
            let old = (r.rdi, r.rdi.saturating_add(up(r.rsi)));
            let new = (result, result.saturating_add(up(r.rdx)));
            // mremap(2): a length of 0 makes another mapping of the same pages.
            const MREMAP_DONTUNMAP: u64 = 4;
            if r.rsi != 0 && r.r10 & MREMAP_DONTUNMAP == 0 {
                code.clear(old.0, old.1);
            }
            code.map(new.0..new.1, protection.unwrap_or(libc::PROT_NONE), memory);
            vec![old, new]
        }
        libc::SYS_shmat => {
            const SHM_RDONLY: u64 = 0o10000;
            const SHM_EXEC: u64 = 0o100000;
            let write = if r.rdx & SHM_RDONLY == 0 { libc::PROT_WRITE } else { 0 };
            let execute = if r.rdx & SHM_EXEC != 0 { libc::PROT_EXEC } else { 0 };
            let (start, end) = (result, mapping.map_or(result, |mapping| mapping.end));
            code.map(start..end, libc::PROT_READ | write | execute, Memory { shared: true, ..Memory::PRIVATE });
            vec![(start, end)]
        }
        libc::SYS_shmdt => {
            let (start, end) = (r.rdi, code.end_of(r.rdi));
            code.clear(start, end);
            vec![(start, end)]
        }
        _ => Vec::new(),
    }
}

/// An address whose whole mapping a call is about.
pub fn spans_mapping(call: &Call, result: u64) -> Option<u64> {
    match call.number {
        libc::SYS_shmat => Some(result),
        libc::SYS_mprotect | libc::SYS_pkey_mprotect if call.before.rdx & PROT_GROWSDOWN != 0 => Some(call.before.rdi),
        _ => None,
    }
}

/// Whether a call has mapped a file so that others see what is written to it.
pub fn shares_a_file(call: &Call) -> bool {
    let flags = call.before.r10 as c_int;
    call.number == libc::SYS_mmap && flags & libc::MAP_SHARED != 0 && flags & libc::MAP_ANONYMOUS == 0
}
