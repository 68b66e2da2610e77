//! A static program of blocks: each begins with a random state and shows the state that it leaves.

use std::io::Write;

use iced_x86::IcedError;
use iced_x86::code_asm::*;

use super::random::Random;

const CODE: u64 = 0x40_0000;
const DATA: u64 = 0x1000_0000;
const LENGTH: u64 = 0x20_0000;
/// What blocks start with, and work on.
const VECTORS: u64 = DATA + 0x1000;
/// Small numbers, for gathers and scatters, whose indices are in registers 14 and 30.
const INDICES: u64 = DATA + 0x3000;
pub const MIDDLE: u64 = DATA + 0x4_0000;
const STACK: u64 = DATA + 0xF_0000;
const HANDLER_STACK: u64 = DATA + 0x10_0000;
const OWN: u64 = DATA + 0x18_0000;
/// Where to go on after a signal.
const RECOVERY: u64 = OWN;
const ACTION: u64 = OWN + 0x40;
const ALTERNATE: u64 = OWN + 0x80;
/// What is shown of a block.
const SHOWN: u64 = OWN + 0x1000;
const SIGNAL: u64 = SHOWN;
const FAULT: u64 = SHOWN + 8;
const GENERAL: u64 = SHOWN + 16;
const FLAGS: u64 = GENERAL + 16 * 8;
const LEGACY: u64 = SHOWN + 0x100;
const MASKS: u64 = LEGACY + 512;
const WIDE: u64 = MASKS + 64;
const MEMORY: u64 = WIDE + 32 * 64;
const WINDOW: u64 = 1024;
/// Where in a record they are: the address of a signal, and the stack pointer.
pub const FAULT_AT: usize = (FAULT - SHOWN) as usize;
pub const STACK_AT: usize = (GENERAL - SHOWN) as usize + 4 * 8;
/// Bytes shown of each block.
pub const RECORD: usize = (MEMORY + WINDOW - SHOWN) as usize;

const GENERAL_REGISTERS: [AsmRegister64; 16] =
    [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];

/// Flags that a program may leave behind: CF, PF, AF, ZF, SF, OF.
const ARITHMETIC: u64 = 0x8D5;

pub struct Program {
    code: CodeAssembler,
    random: Random,
    wide: bool,
    show: CodeLabel,
}

type Assembled<T> = Result<T, IcedError>;

fn at(address: u64) -> AsmMemoryOperand {
    ptr(address as i32)
}

impl Program {
    pub fn new(seed: u64) -> Assembled<Program> {
        let mut a = CodeAssembler::new(64)?;
        let (mut handler, mut restorer, mut show, mut start) =
            (a.create_label(), a.create_label(), a.create_label(), a.create_label());
        let wide = std::arch::is_x86_feature_detected!("avx512bw");
        a.jmp(start)?;
        // handler(signal, information, context): notes what happened, and goes on elsewhere.
        a.set_label(&mut handler)?;
        a.mov(qword_ptr(at(SIGNAL)), rdi)?;
        a.mov(rax, qword_ptr(rdx + 168))?;
        a.mov(qword_ptr(at(FAULT)), rax)?;
        a.mov(rax, qword_ptr(at(RECOVERY)))?;
        a.mov(qword_ptr(rdx + 168), rax)?;
        a.ret()?;
        a.set_label(&mut restorer)?;
        a.mov(eax, libc::SYS_rt_sigreturn as i32)?;
        a.syscall()?;
        show_state(&mut a, &mut show, wide)?;
        a.set_label(&mut start)?;
        a.lea(rax, ptr(handler))?;
        a.mov(qword_ptr(at(ACTION)), rax)?;
        const RESTORER: i32 = 0x0400_0000;
        a.mov(qword_ptr(at(ACTION + 8)), libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER | RESTORER)?;
        a.lea(rax, ptr(restorer))?;
        a.mov(qword_ptr(at(ACTION + 16)), rax)?;
        a.mov(qword_ptr(at(ALTERNATE)), HANDLER_STACK as i32)?;
        a.mov(qword_ptr(at(ALTERNATE + 16)), 0x6_0000)?;
        a.mov(edi, ALTERNATE as i32)?;
        a.xor(esi, esi)?;
        a.mov(eax, libc::SYS_sigaltstack as i32)?;
        a.syscall()?;
        for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP] {
            a.mov(edi, signal)?;
            a.mov(esi, ACTION as i32)?;
            a.xor(edx, edx)?;
            a.mov(r10d, 8)?;
            a.mov(eax, libc::SYS_rt_sigaction as i32)?;
            a.syscall()?;
        }
        Ok(Program { code: a, random: Random::new(seed), wide, show })
    }

    /// A block: `write` puts its instructions between the state that it begins with and the end.
    pub fn block(&mut self, write: impl FnOnce(&mut CodeAssembler, &mut Random) -> Assembled<()>) -> Assembled<()> {
        let (a, random) = (&mut self.code, &mut self.random);
        let mut end = a.create_label();
        a.lea(rax, ptr(end))?;
        a.mov(qword_ptr(at(RECOVERY)), rax)?;
        a.fninit()?;
        a.mov(dword_ptr(at(FLAGS + 8)), 0x1F80)?;
        a.ldmxcsr(dword_ptr(at(FLAGS + 8)))?;
        let vectors = VECTORS + 64 * random.below(16);
        if self.wide {
            for (mask, k) in [k0, k1, k2, k3, k4, k5, k6, k7].into_iter().enumerate() {
                a.kmovq(k, qword_ptr(at(vectors + 8 * mask as u64)))?;
            }
            for (n, zmm) in zmms().into_iter().enumerate() {
                let from = if n % 16 == 14 { INDICES } else { vectors + 64 * n as u64 };
                a.vmovups(zmm, zmmword_ptr(at(from)))?;
            }
        } else {
            for (n, xmm) in xmms().into_iter().enumerate() {
                let from = if n == 14 { INDICES } else { vectors + 16 * n as u64 };
                a.movups(xmm, xmmword_ptr(at(from)))?;
            }
        }
        a.mov(esp, STACK as i32)?;
        a.push(((random.next() & ARITHMETIC) | 0x202) as i32)?;
        a.popfq()?;
        for register in GENERAL_REGISTERS {
            let value = match register {
                r if r == rsp => continue,
                r if r == r15 => MIDDLE,
                r if r == r14 => random.below(64),
                r if r == rcx => random.below(70),
                r if [rsi, rdi, rbx, rbp].contains(&r) => MIDDLE - 256 + random.below(512),
                _ => random.number(),
            };
            a.mov(register, value)?;
        }
        write(a, random)?;
        a.set_label(&mut end)?;
        a.mov(qword_ptr(at(GENERAL + 8 * 4)), rsp)?;
        a.mov(esp, STACK as i32)?;
        a.call(self.show)
    }

    /// The whole program, as a file.
    pub fn write(mut self, path: &std::path::Path) -> Assembled<()> {
        let a = &mut self.code;
        a.xor(edi, edi)?;
        a.mov(eax, libc::SYS_exit_group as i32)?;
        a.syscall()?;
        let code = a.assemble(CODE + 0x1000)?;
        let mut data = vec![0; 0x8_0000];
        for chunk in data.chunks_exact_mut(8) {
            // Numbers that are near each other as often as not.
            let value = match self.random.below(4) {
                0 => self.random.number(),
                1 => u64::from((self.random.below(1000) as f32 / 8.0).to_bits()) * 0x1_0000_0001,
                2 => (self.random.below(1000) as f64 / 8.0 - 50.0).to_bits(),
                _ => self.random.next(),
            };
            chunk.copy_from_slice(&value.to_le_bytes());
        }
        let indices = (INDICES - DATA) as usize;
        for chunk in data[indices..indices + 64].chunks_exact_mut(8) {
            chunk.copy_from_slice(&self.random.below(64).to_le_bytes());
        }
        let file = elf(&code, &data);
        let mut out = std::fs::File::create(path).expect("a file");
        out.write_all(&file).expect("a file that can be written");
        std::os::unix::fs::PermissionsExt::set_mode(&mut out.metadata().expect("its data").permissions(), 0o755);
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("to be executable");
        Ok(())
    }
}

/// Writes what a block has left to stdout, and prepares for the next.
fn show_state(a: &mut CodeAssembler, show: &mut CodeLabel, wide: bool) -> Assembled<()> {
    a.set_label(show)?;
    for (n, register) in GENERAL_REGISTERS.into_iter().enumerate().filter(|(n, _)| *n != 4) {
        a.mov(qword_ptr(at(GENERAL + 8 * n as u64)), register)?;
    }
    a.pushfq()?;
    a.pop(qword_ptr(at(FLAGS)))?;
    a.cld()?;
    a.fxsave64(ptr(LEGACY as i32))?;
    // The x87's instruction and operand addresses.
    for offset in [6, 8, 14, 16] {
        a.mov(word_ptr(at(LEGACY + offset)), 0)?;
    }
    a.mov(qword_ptr(at(LEGACY + 8)), 0)?;
    a.mov(qword_ptr(at(LEGACY + 16)), 0)?;
    if wide {
        for (mask, k) in [k0, k1, k2, k3, k4, k5, k6, k7].into_iter().enumerate() {
            a.kmovq(qword_ptr(at(MASKS + 8 * mask as u64)), k)?;
        }
        for (n, zmm) in zmms().into_iter().enumerate() {
            a.vmovups(zmmword_ptr(at(WIDE + 64 * n as u64)), zmm)?;
        }
    }
    a.mov(esi, (MIDDLE - WINDOW / 2) as i32)?;
    a.mov(edi, MEMORY as i32)?;
    a.mov(ecx, WINDOW as i32)?;
    a.rep().movsb()?;
    a.mov(edi, 1)?;
    a.mov(esi, SHOWN as i32)?;
    a.mov(edx, RECORD as i32)?;
    a.mov(eax, libc::SYS_write as i32)?;
    a.syscall()?;
    a.mov(qword_ptr(at(SIGNAL)), 0)?;
    a.mov(qword_ptr(at(FAULT)), 0)?;
    a.ret()
}

fn zmms() -> [AsmRegisterZmm; 32] {
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15, zmm16,
        zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
    ]
}

fn xmms() -> [AsmRegisterXmm; 16] {
    [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15]
}

/// Code and data as a static program.
fn elf(code: &[u8], data: &[u8]) -> Vec<u8> {
    const HEADERS: usize = 0x1000;
    let data_at = (HEADERS + code.len()).next_multiple_of(0x1000);
    let mut file = vec![0; data_at];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"\x7fELF\x02\x01\x01");
    put(16, &2u16.to_le_bytes());
    put(18, &62u16.to_le_bytes());
    put(20, &1u32.to_le_bytes());
    put(24, &(CODE + HEADERS as u64).to_le_bytes());
    put(32, &64u64.to_le_bytes());
    put(52, &64u16.to_le_bytes());
    put(54, &56u16.to_le_bytes());
    put(56, &2u16.to_le_bytes());
    let mut segment = |n: usize, flags: u32, offset: usize, address: u64, in_file: usize, length: u64| {
        let at = 64 + 56 * n;
        put(at, &1u32.to_le_bytes());
        put(at + 4, &flags.to_le_bytes());
        let words = [offset as u64, address, address, in_file as u64, length, 0x1000];
        for (n, word) in words.into_iter().enumerate() {
            put(at + 8 + 8 * n, &word.to_le_bytes());
        }
    };
    segment(0, 5, 0, CODE, HEADERS + code.len(), (HEADERS + code.len()) as u64);
    segment(1, 6, data_at, DATA, data.len(), LENGTH);
    put(HEADERS, code);
    file.extend_from_slice(data);
    file
}
