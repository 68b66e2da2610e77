//! Traced threads: a thread's registers and memory can be touched only through a `Stopped`, which
//! every way of letting it run consumes.

use std::mem::{MaybeUninit, size_of};
use std::ptr;

use libc::{c_int, c_uint, c_void, siginfo_t, user_regs_struct};
use nix::errno::Errno;
use nix::unistd::Pid;

use crate::Error;

mod frame;
mod memory;
mod remote;
pub mod status;
mod wait;
mod xstate;

pub use frame::SavedFlags;
pub use remote::Remote;
pub use wait::{Change, Event, Stop, poll, wait, wait_for};
pub use xstate::Xstate;

/// ESRCH means that the thread was killed in the meantime; its end is then reported by `wait`.
pub type Traced<T> = Result<T, Errno>;

/// Set in rflags while a program single-steps itself.
pub const TRAP_FLAG: u64 = 1 << 8;

/// A mask of signals as the kernel keeps it: signal N is bit N - 1.
pub type SignalMask = u64;

pub const fn signal_bit(signal: c_int) -> SignalMask {
    1 << (signal - 1)
}

/// A thread in a ptrace-stop.
#[derive(Debug)]
#[must_use = "a stopped thread stays stopped until it is resumed"]
pub struct Stopped {
    tid: Pid,
}

fn request(request: c_uint, tid: Pid, address: *mut c_void, data: *mut c_void) -> Traced<()> {
    // SAFETY: callers pass addresses that are valid for what their request reads or writes.
    let rc = unsafe { libc::ptrace(request, tid.as_raw(), address, data) };
    Errno::result(rc).map(drop)
}

/// Attaches to a child without stopping it. Its descendants will be traced too, and all are
/// killed should the tracer die. `further` options beside those that every counter needs.
pub fn seize(pid: Pid, further: c_int) -> Traced<()> {
    let options = further
        | libc::PTRACE_O_EXITKILL
        | libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEEXEC;
    request(libc::PTRACE_SEIZE, pid, ptr::null_mut(), options as usize as *mut c_void)
}

/// Why this machine does not let us trace a child of our own.
pub fn refused(counter: &str, errno: Errno) -> Error {
    let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    let error = Error::failed(format!("ptrace, by which `{counter}` counts, is refused here: {}", errno.desc()));
    match scope.trim() {
        "3" => error.remedy("kernel.yama.ptrace_scope is 3, which only a reboot with another value undoes"),
        "2" => error.remedy("run as root, or: sysctl kernel.yama.ptrace_scope=1"),
        _ => error.remedy(
            "a sandbox (seccomp) or security module forbids it: in Docker, add --cap-add=SYS_PTRACE, \
             or do not run flopledger under another tracer",
        ),
    }
}

/// Asks a running thread to stop; `wait` reports `Stop::Trap`.
pub fn interrupt(tid: Pid) -> Traced<()> {
    request(libc::PTRACE_INTERRUPT, tid, ptr::null_mut(), ptr::null_mut())
}

impl Stopped {
    /// A thread that is in a ptrace-stop of ours which nobody holds; None if it is not.
    pub fn found(tid: Pid) -> Option<Stopped> {
        let stopped = Stopped { tid };
        // ptrace(2): ESRCH if it is "not currently being traced by the caller, or not stopped".
        stopped.signal_mask().is_ok().then_some(stopped)
    }

    pub fn tid(&self) -> Pid {
        self.tid
    }

    fn resume(self, how: c_uint, signal: Option<c_int>) -> Traced<()> {
        request(how, self.tid, ptr::null_mut(), signal.unwrap_or(0) as usize as *mut c_void)
    }

    /// Executes one instruction, or enters the handler of `signal`.
    pub fn step(self, signal: Option<c_int>) -> Traced<()> {
        self.resume(libc::PTRACE_SINGLESTEP, signal)
    }

    /// Runs, without the trap flag, until a system call is entered or left.
    pub fn run_to_syscall(self, signal: Option<c_int>) -> Traced<()> {
        self.resume(libc::PTRACE_SYSCALL, signal)
    }

    /// Runs until something happens to it.
    pub fn run_on(self, signal: Option<c_int>) -> Traced<()> {
        self.resume(libc::PTRACE_CONT, signal)
    }

    /// Leaves a thread in its group-stop while waiting for what comes next.
    pub fn listen(self) -> Traced<()> {
        self.resume(libc::PTRACE_LISTEN, None)
    }

    pub fn detach(self, signal: Option<c_int>) -> Traced<()> {
        self.resume(libc::PTRACE_DETACH, signal)
    }

    pub fn registers(&self) -> Traced<user_regs_struct> {
        let mut registers = MaybeUninit::<user_regs_struct>::uninit();
        request(libc::PTRACE_GETREGS, self.tid, ptr::null_mut(), registers.as_mut_ptr().cast())?;
        // SAFETY: the kernel filled the whole structure.
        Ok(unsafe { registers.assume_init() })
    }

    pub fn set_registers(&self, registers: &user_regs_struct) -> Traced<()> {
        let data = ptr::from_ref(registers).cast_mut().cast();
        request(libc::PTRACE_SETREGS, self.tid, ptr::null_mut(), data)
    }

    pub fn signal_info(&self) -> Traced<siginfo_t> {
        let mut info = MaybeUninit::<siginfo_t>::zeroed();
        request(libc::PTRACE_GETSIGINFO, self.tid, ptr::null_mut(), info.as_mut_ptr().cast())?;
        // SAFETY: the kernel filled the whole structure.
        Ok(unsafe { info.assume_init() })
    }

    pub fn set_signal_info(&self, info: &siginfo_t) -> Traced<()> {
        let data = ptr::from_ref(info).cast_mut().cast();
        request(libc::PTRACE_SETSIGINFO, self.tid, ptr::null_mut(), data)
    }

    pub fn signal_mask(&self) -> Traced<SignalMask> {
        let mut mask: SignalMask = 0;
        let size = size_of::<SignalMask>() as *mut c_void;
        request(libc::PTRACE_GETSIGMASK, self.tid, size, (&raw mut mask).cast())?;
        Ok(mask)
    }

    pub fn set_signal_mask(&self, mut mask: SignalMask) -> Traced<()> {
        let size = size_of::<SignalMask>() as *mut c_void;
        request(libc::PTRACE_SETSIGMASK, self.tid, size, (&raw mut mask).cast())
    }

    /// What an event-stop is about: the new thread's id, or the former one of a thread that executed
    /// a program.
    pub fn event_message(&self) -> Traced<Pid> {
        let mut message: libc::c_ulong = 0;
        request(libc::PTRACE_GETEVENTMSG, self.tid, ptr::null_mut(), (&raw mut message).cast())?;
        Ok(Pid::from_raw(message as i32))
    }

    /// Whether it is about to make a system call.
    pub fn is_at_entry(&self) -> Traced<bool> {
        let mut info = MaybeUninit::<libc::ptrace_syscall_info>::zeroed();
        let size = size_of_val(&info) as *mut c_void;
        request(libc::PTRACE_GET_SYSCALL_INFO, self.tid, size, info.as_mut_ptr().cast())?;
        // SAFETY: zeros are a value of each of its fields, and the kernel filled those that it knows.
        let op = unsafe { info.assume_init() }.op;
        Ok(matches!(op, libc::PTRACE_SYSCALL_INFO_ENTRY | libc::PTRACE_SYSCALL_INFO_SECCOMP))
    }

    /// The extended state (XSAVE layout) from its start, as much as fits.
    fn extended_state(&self, buffer: &mut [u8]) -> Traced<usize> {
        const NT_X86_XSTATE: usize = 0x202;
        let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        request(libc::PTRACE_GETREGSET, self.tid, NT_X86_XSTATE as *mut c_void, (&raw mut part).cast())?;
        Ok(part.iov_len)
    }
}
