//! What /proc/PID tells of a process that ptrace does not.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use libc::c_int;
use nix::unistd::{Pid, Uid};

use super::{SignalMask, signal_bit};

/// What a process does on each signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dispositions {
    pub ignored: SignalMask,
    pub caught: SignalMask,
}

impl Dispositions {
    pub fn of(tid: Pid) -> Option<Dispositions> {
        let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
        Some(Dispositions { ignored: mask(&status, "SigIgn:")?, caught: mask(&status, "SigCgt:")? })
    }

    pub fn catches(self, signal: c_int) -> bool {
        self.caught & signal_bit(signal) != 0
    }

    /// True if the signal has no effect at all.
    pub fn discards(self, signal: c_int) -> bool {
        let by_default = matches!(signal, libc::SIGCHLD | libc::SIGURG | libc::SIGWINCH | libc::SIGCONT);
        self.ignored & signal_bit(signal) != 0 || by_default && !self.catches(signal)
    }
}

fn mask(status: &str, key: &str) -> Option<SignalMask> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    SignalMask::from_str_radix(line.trim(), 16).ok()
}

/// The name of a process, as ps shows it.
pub fn name(pid: Pid) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).map_or_else(|_| "?".into(), |name| name.trim_end().into())
}

/// The parent of a process.
pub fn parent_of(pid: Pid) -> Option<Pid> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok().map(Pid::from_raw)
}

/// Whether a thread sleeps in a way that no signal ends: in a vfork, or waiting for a device.
pub fn sleeps_deeply(tid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default();
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    state.is_some_and(|state| state.trim_start().starts_with('D'))
}

/// CPU time of a thread, and whether it wants more.
pub fn cpu_time(tid: Pid) -> Option<(std::time::Duration, bool)> {
    let times = fs::read_to_string(format!("/proc/{tid}/schedstat")).ok()?;
    let ran = times.split_whitespace().next()?.parse().ok()?;
    let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
    let state = status.lines().find_map(|line| line.strip_prefix("State:"))?;
    Some((std::time::Duration::from_nanos(ran), state.trim_start().starts_with('R')))
}

/// The process that a thread belongs to.
pub fn process_of(tid: Pid) -> Option<Pid> {
    let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
    line.trim().parse().ok().map(Pid::from_raw)
}

/// False for a process that has ended, reaped or not.
pub fn is_running(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    state.is_some_and(|state| !state.trim_start().starts_with(['Z', 'X']))
}

/// A set-user-ID program gets its privilege only from a tracer that has it.
pub fn loses_privilege(pid: Pid) -> bool {
    const SET_ID: u32 = libc::S_ISUID | libc::S_ISGID;
    let mode = std::fs::metadata(format!("/proc/{pid}/exe")).map_or(0, |program| program.permissions().mode());
    mode & SET_ID != 0 && !Uid::effective().is_root()
}
