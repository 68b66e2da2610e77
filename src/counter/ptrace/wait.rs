//! What the kernel reports of traced threads.

use std::mem::MaybeUninit;

use libc::{c_int, rusage, timeval};
use nix::errno::Errno;
use nix::unistd::Pid;

use super::Stopped;
use crate::counter::Exit;

/// Resources used by a process and by the children that it waited for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    pub user_s: f64,
    pub sys_s: f64,
    pub max_rss_bytes: u64,
}

impl Usage {
    fn new(usage: &rusage) -> Usage {
        let seconds = |t: timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
        Usage {
            user_s: seconds(usage.ru_utime),
            sys_s: seconds(usage.ru_stime),
            max_rss_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0).saturating_mul(1024),
        }
    }
}

/// A thread that is gone.
#[derive(Debug)]
pub struct Ended {
    pub tid: Pid,
    pub exit: Exit,
    pub usage: Usage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// fork, vfork or clone.
    Child,
    Exec,
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

/// Waits for the next change. Err(ECHILD): nothing is left; Err(EINTR): a signal came.
pub fn wait() -> Result<Change, Errno> {
    loop {
        if let Some(change) = wait4()? {
            return Ok(change);
        }
    }
}

fn wait4() -> Result<Option<Change>, Errno> {
    let mut status = 0;
    let mut usage = MaybeUninit::<rusage>::zeroed();
    // SAFETY: both pointers are to locals; __WALL waits for threads as well.
    let tid = unsafe { libc::wait4(-1, &mut status, libc::__WALL, usage.as_mut_ptr()) };
    let tid = Pid::from_raw(Errno::result(tid)?);
    if libc::WIFSTOPPED(status) {
        return Ok(Some(Change::Stopped(Stopped { tid }, stop(status))));
    }
    let exit = if libc::WIFEXITED(status) {
        Exit { code: Some(libc::WEXITSTATUS(status)), signal: None }
    } else if libc::WIFSIGNALED(status) {
        Exit { code: None, signal: Some(libc::WTERMSIG(status)) }
    } else {
        return Ok(None);
    };
    // SAFETY: zeroed memory is a valid rusage, and the kernel filled it.
    let usage = Usage::new(unsafe { usage.assume_init_ref() });
    Ok(Some(Change::Ended(Ended { tid, exit, usage })))
}

/// From the kernel's headers; stops that only PTRACE_SEIZE gives.
const PTRACE_EVENT_STOP: c_int = 128;

fn stop(status: c_int) -> Stop {
    let signal = libc::WSTOPSIG(status);
    match (status >> 16, signal) {
        (0, signal) if signal == libc::SIGTRAP | 0x80 => Stop::Syscall,
        (0, signal) => Stop::Signal(signal),
        (PTRACE_EVENT_STOP, libc::SIGTRAP) => Stop::Trap,
        (PTRACE_EVENT_STOP, signal) => Stop::Group(signal),
        (libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE, _) => Stop::Event(Event::Child),
        (libc::PTRACE_EVENT_EXEC, _) => Stop::Event(Event::Exec),
        _ => Stop::Event(Event::Other),
    }
}
