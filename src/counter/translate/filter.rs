//! The seccomp filter by which translated code traps to the tracer: one magic system call number
//! stops for the tracer, all else passes. Harmless once nobody traces (ENOSYS for the magic number).

use libc::{c_long, sock_filter, sock_fprog};
use nix::errno::Errno;

/// No system call has this number.
pub const MAGIC: u32 = 0x0F10_ED6E;

const LOAD_WORD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const JUMP_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
/// Offset of the number in struct seccomp_data.
const NUMBER: u32 = 0;
const SET_MODE_FILTER: c_long = 1;

const fn statement(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

const fn unless_equal(k: u32, skip: u8) -> sock_filter {
    sock_filter { code: JUMP_EQUAL, jt: 0, jf: skip, k }
}

static FILTER: [sock_filter; 4] = [
    statement(LOAD_WORD, NUMBER),
    unless_equal(MAGIC, 1),
    statement(RETURN, libc::SECCOMP_RET_TRACE),
    statement(RETURN, libc::SECCOMP_RET_ALLOW),
];

/// In the forked child, before exec. Takes away the right to gain privilege (setuid programs) only
/// where the kernel asks for that. Async-signal-safe.
pub fn install() -> Result<(), Errno> {
    let program = sock_fprog { len: FILTER.len() as u16, filter: FILTER.as_ptr().cast_mut() };
    // SAFETY: the kernel copies the program, which it does not write to.
    let set = || unsafe { Errno::result(libc::syscall(libc::SYS_seccomp, SET_MODE_FILTER, 0, &raw const program)) };
    match set() {
        Err(Errno::EACCES) => {
            // SAFETY: no memory is involved.
            Errno::result(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
            set().map(drop)
        }
        other => other.map(drop),
    }
}

/// Bytes of one instruction of a filter.
pub const INSTRUCTION: usize = size_of::<sock_filter>();

/// What goes before a program's own filter, whose verdict would else take precedence over ours:
/// it never sees the magic number.
pub fn preamble() -> Vec<u8> {
    let before = [statement(LOAD_WORD, NUMBER), unless_equal(MAGIC, 1), statement(RETURN, libc::SECCOMP_RET_ALLOW)];
    before.iter().flat_map(bytes).collect()
}

fn bytes(instruction: &sock_filter) -> [u8; INSTRUCTION] {
    let [c0, c1] = instruction.code.to_ne_bytes();
    let [k0, k1, k2, k3] = instruction.k.to_ne_bytes();
    [c0, c1, instruction.jt, instruction.jf, k0, k1, k2, k3]
}
