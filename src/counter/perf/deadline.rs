//! Waiting for processes, signals and points in time, whichever comes first.

use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::time::TimeSpec;
use nix::unistd::Pid;

use crate::counter::launch::FORWARDED;
use crate::{Error, Result};

/// While it lives, signals that are passed on arrive only during its waits, so that none comes
/// between a look at what it did and the next wait.
pub struct Alarm {
    before: SigSet,
    children: Option<SignalFd>,
    processes: Vec<OwnedFd>,
}

impl Alarm {
    /// Rings when the state of a child changes.
    pub fn for_children() -> Result<Alarm> {
        let before = hold(true)?;
        let child = SigSet::from(Signal::SIGCHLD);
        let children = SignalFd::with_flags(&child, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map_err(failed)?;
        Ok(Alarm { before, children: Some(children), processes: Vec::new() })
    }

    /// Rings when one of these processes, which need not be children, has ended.
    pub fn for_processes(pids: &[Pid]) -> Result<Alarm> {
        let before = hold(false)?;
        let processes = pids.iter().filter_map(|pid| open_process(*pid).transpose()).collect::<Result<_>>()?;
        Ok(Alarm { before, children: None, processes })
    }

    /// True while one of the processes runs.
    pub fn any_running(&self) -> bool {
        !self.processes.is_empty()
    }

    /// Waits until it rings, a signal comes, or the time is reached.
    pub fn wait(&mut self, until: Option<Instant>) -> Result<()> {
        let left = until.map(|until| TimeSpec::from(until.saturating_duration_since(Instant::now())));
        let fds = self.children.iter().map(AsFd::as_fd).chain(self.processes.iter().map(AsFd::as_fd));
        let mut fds: Vec<PollFd> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        match ppoll(&mut fds, left, Some(self.before)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(failed(errno)),
        }
        let mut ended = fds.iter().map(|fd| fd.any() == Some(true)).collect::<Vec<_>>().into_iter();
        if let Some(children) = &self.children {
            ended.next();
            while let Ok(Some(_)) = children.read_signal() {}
        }
        self.processes.retain(|_| ended.next() != Some(true));
        Ok(())
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        // Restoring a mask that was in force cannot fail.
        let _ = self.before.thread_set_mask();
    }
}

/// Blocks the signals; returns the mask for waits.
fn hold(children: bool) -> Result<SigSet> {
    let mut held: SigSet = FORWARDED.iter().filter_map(|signal| Signal::try_from(*signal).ok()).collect();
    if children {
        held.add(Signal::SIGCHLD);
    }
    let mut before = held.thread_swap_mask(SigmaskHow::SIG_BLOCK).map_err(failed)?;
    if children {
        // It arrives through its descriptor.
        before.add(Signal::SIGCHLD);
    }
    Ok(before)
}

/// None for a process that is gone already.
fn open_process(pid: Pid) -> Result<Option<OwnedFd>> {
    // SAFETY: no memory is involved.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    match Errno::result(fd) {
        // SAFETY: the call has just returned the descriptor, which nobody else owns.
        Ok(fd) => Ok(Some(unsafe { OwnedFd::from_raw_fd(fd as i32) })),
        Err(Errno::ESRCH) => Ok(None),
        Err(errno) => Err(failed(errno)),
    }
}

fn failed(errno: Errno) -> Error {
    Error::failed(format!("cannot wait: {}", errno.desc()))
}
