//! Why the kernel refuses an event, and what can be done about it.

use std::io;

use crate::Error;

pub fn paranoid() -> Option<i32> {
    std::fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").ok()?.trim().parse().ok()
}

/// The cause in a few words.
pub fn cause(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOENT) => "this machine has no such hardware event (no PMU, as in most virtual machines)".into(),
        Some(libc::EOPNOTSUPP) => "the PMU does not offer it".into(),
        Some(libc::EACCES) => match paranoid() {
            Some(level) => format!("not allowed: kernel.perf_event_paranoid is {level}"),
            None => "not allowed".into(),
        },
        Some(libc::EPERM) => "not allowed: a sandbox (the seccomp profile of a container) forbids it".into(),
        Some(libc::ENOSYS) => "perf_event_open does not exist: a kernel without perf, or a sandbox hides it".into(),
        Some(libc::EINVAL) => "the kernel does not accept its attributes, or the events do not fit the PMU".into(),
        Some(libc::EMFILE) => "too many open files".into(),
        Some(libc::EBUSY) => "another tool holds the PMU exclusively".into(),
        Some(libc::ESRCH) => "the command was gone before it could be counted".into(),
        Some(libc::ENODEV) => "the PMU or CPU is offline".into(),
        Some(libc::EIO) => "the kernel could not read its counter (an input/output error)".into(),
        Some(libc::ECHILD) => "a child's events no longer match its parent's".into(),
        _ if error.kind() == io::ErrorKind::Unsupported => "the kernel is too old for its attributes".into(),
        // A pinned event that lost its counter reads as end of file.
        _ if error.kind() == io::ErrorKind::UnexpectedEof => "it lost its hardware counter".into(),
        _ => error.to_string(),
    }
}

/// The error for a counter that cannot count here.
pub fn error(event: &str, refused: &io::Error) -> Error {
    let error = Error::failed(format!("perf cannot count {event}: {}", cause(refused))).briefly(cause(refused));
    match refused.raw_os_error() {
        Some(libc::EACCES) => error.remedy("sysctl kernel.perf_event_paranoid=2 (as root), or run as root"),
        Some(libc::EPERM | libc::ENOSYS) => {
            error.remedy("start the container with --cap-add=PERFMON, or count with --counter translate")
        }
        Some(libc::EMFILE) => error.remedy("raise the limit: ulimit -n 4096"),
        Some(libc::EBUSY) => error.remedy("end the other tool, or count with --counter translate"),
        _ => error.remedy(
            "count with --counter translate, or on a machine with a PMU (bare metal, or a VM type that offers one)",
        ),
    }
}

/// The error where nothing that was asked for can be counted.
pub fn of_all(refused: &[(&str, &io::Error)]) -> Error {
    let causes: Vec<String> = refused.iter().map(|(event, error)| format!("{event}: {}", cause(error))).collect();
    let message = format!("none of the events can be counted: {}", causes.join("; "));
    match refused {
        [(event, first), ..] if matches!(first.raw_os_error(), Some(libc::EACCES | libc::EMFILE | libc::EBUSY)) => {
            error(event, first).with_message(message)
        }
        [(_, first), ..] if matches!(first.raw_os_error(), Some(libc::EPERM | libc::ENOSYS)) => {
            Error::failed(message).remedy("start the container with --cap-add=PERFMON")
        }
        _ => Error::failed(message)
            .remedy("name others with -e: task-clock and page-faults are counted by the kernel itself, without a PMU"),
    }
}
