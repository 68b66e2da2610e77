//! Waiting for children, and what they used.

use std::mem::MaybeUninit;

use libc::{c_int, rusage, timeval};
use nix::errno::Errno;
use nix::unistd::Pid;

use super::Exit;

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
            // The kernel counts it in kiB.
            max_rss_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0).saturating_mul(1024),
        }
    }
}

/// CPU time of this process so far, in seconds.
pub fn own_cpu_seconds() -> f64 {
    let mut usage = MaybeUninit::<rusage>::zeroed();
    // SAFETY: the pointer is to a local; zeroed memory is a valid rusage.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        Usage::new(usage.assume_init_ref())
    };
    usage.user_s + usage.sys_s
}

/// A process or thread that is gone.
#[derive(Debug)]
pub struct Ended {
    pub tid: Pid,
    pub exit: Exit,
    pub usage: Usage,
}

#[derive(Debug)]
pub enum Change {
    Stopped { tid: Pid, status: c_int },
    Ended(Ended),
}

/// Waits for the next change. Err(ECHILD): nothing is left; Err(EINTR): a signal came.
pub fn wait(options: c_int) -> Result<Change, Errno> {
    loop {
        // Without WNOHANG there is one.
        if let Some(change) = next(options)? {
            return Ok(change);
        }
    }
}

/// The next change; with WNOHANG, None if there is none yet.
pub fn next(options: c_int) -> Result<Option<Change>, Errno> {
    let mut status = 0;
    let mut usage = MaybeUninit::<rusage>::zeroed();
    loop {
        // SAFETY: both pointers are to locals.
        let tid = unsafe { libc::wait4(-1, &mut status, options, usage.as_mut_ptr()) };
        let tid = match Errno::result(tid)? {
            0 => return Ok(None),
            tid => Pid::from_raw(tid),
        };
        let exit = if libc::WIFSTOPPED(status) {
            return Ok(Some(Change::Stopped { tid, status }));
        } else if libc::WIFEXITED(status) {
            Exit { code: Some(libc::WEXITSTATUS(status)), signal: None }
        } else if libc::WIFSIGNALED(status) {
            Exit { code: None, signal: Some(libc::WTERMSIG(status)) }
        } else {
            continue;
        };
        // SAFETY: zeroed memory is a valid rusage, and the kernel filled it.
        let usage = Usage::new(unsafe { usage.assume_init_ref() });
        return Ok(Some(Change::Ended(Ended { tid, exit, usage })));
    }
}
