//! What the kernel reports of traced threads.

use libc::c_int;
use nix::errno::Errno;
use nix::unistd::Pid;

use super::Stopped;
use crate::counter::wait::{self, Ended};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// fork, vfork or clone.
    Child,
    Exec,
    /// A system call that a seccomp filter asks the tracer about.
    Seccomp,
    /// About to end; registers and memory are still there.
    Exit,
    Other,
}

/// Why a thread stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// A signal is about to be delivered (SIGTRAP for a finished step as well).
    Signal(c_int),
    /// Entering or leaving a system call.
    Syscall,
    Event(Event),
    /// A stop signal stopped the whole process.
    Group(c_int),
    /// The first stop of a new thread, an interrupt, or the end of a group-stop.
    Trap,
}

#[derive(Debug)]
pub enum Change {
    Stopped(Stopped, Stop),
    Ended(Ended),
}

/// Waits for the next change of any traced thread. Err(ECHILD): nothing is left; Err(EINTR): a
/// signal came.
pub fn wait() -> Result<Change, Errno> {
    Ok(match wait::wait(libc::__WALL)? {
        wait::Change::Stopped { tid, status } => Change::Stopped(Stopped { tid }, stop(status)),
        wait::Change::Ended(ended) => Change::Ended(ended),
    })
}

/// Waits for one thread to stop. Err(ESRCH) if it ends instead, which `wait` will report.
pub fn wait_for(tid: Pid) -> Result<(Stopped, Stop), Errno> {
    let mut status = 0;
    loop {
        let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
        let options = libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT | libc::__WALL;
        // SAFETY: `info` is local; WNOWAIT leaves the change to be waited for again.
        let rc = unsafe { libc::waitid(libc::P_PID, tid.as_raw() as u32, info.as_mut_ptr(), options) };
        match Errno::result(rc) {
            Err(Errno::EINTR) => continue,
            Err(_) => return Err(Errno::ESRCH),
            Ok(_) => {}
        }
        // SAFETY: zeroed memory is a valid siginfo, and waitid filled it.
        let code = unsafe { info.assume_init() }.si_code;
        if code != libc::CLD_STOPPED && code != libc::CLD_TRAPPED {
            return Err(Errno::ESRCH);
        }
        // SAFETY: the status is local.
        let rc = unsafe { libc::waitpid(tid.as_raw(), &mut status, libc::__WALL) };
        match Errno::result(rc) {
            Ok(_) if libc::WIFSTOPPED(status) => return Ok((Stopped { tid }, stop(status))),
            Err(Errno::EINTR) => {}
            _ => return Err(Errno::ESRCH),
        }
    }
}

/// The stop of one thread, if it has stopped by now.
pub fn poll(tid: Pid) -> Option<(Stopped, Stop)> {
    let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WSTOPPED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
    // SAFETY: zeroed memory is a valid siginfo, which stays so if there is nothing.
    let there = unsafe {
        let rc = libc::waitid(libc::P_PID, tid.as_raw() as u32, info.as_mut_ptr(), options);
        rc == 0 && info.assume_init().si_pid() != 0
    };
    there.then(|| wait_for(tid).ok())?
}

/// From the kernel's headers: marks the stops that only PTRACE_SEIZE gives.
const PTRACE_EVENT_STOP: c_int = 128;

fn stop(status: c_int) -> Stop {
    let signal = libc::WSTOPSIG(status);
    match (status >> 16, signal) {
        // PTRACE_O_TRACESYSGOOD sets bit 7.
        (0, signal) if signal == libc::SIGTRAP | 0x80 => Stop::Syscall,
        (0, signal) => Stop::Signal(signal),
        (PTRACE_EVENT_STOP, libc::SIGTRAP) => Stop::Trap,
        (PTRACE_EVENT_STOP, signal) => Stop::Group(signal),
        (libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE, _) => Stop::Event(Event::Child),
        (libc::PTRACE_EVENT_EXEC, _) => Stop::Event(Event::Exec),
        (libc::PTRACE_EVENT_SECCOMP, _) => Stop::Event(Event::Seccomp),
        (libc::PTRACE_EVENT_EXIT, _) => Stop::Event(Event::Exit),
        _ => Stop::Event(Event::Other),
    }
}
