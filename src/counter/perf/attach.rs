//! Processes that run already.

use std::fs;

use nix::unistd::Pid;

use crate::{Error, Result};

/// All threads of some processes.
pub fn threads(processes: &[Pid]) -> Result<Vec<Pid>> {
    let mut threads = Vec::new();
    for process in processes {
        let listing = fs::read_dir(format!("/proc/{process}/task")).map_err(|_| {
            Error::input(format!("-p {process}: there is no such process"))
                .remedy("give the number of a process that runs, as pgrep prints it")
        })?;
        let names = listing.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        threads.extend(names.filter_map(|name| name.parse().ok()).map(Pid::from_raw));
    }
    threads.sort_unstable();
    Ok(threads)
}

/// Opens something on all threads of processes: again, if a thread was started meanwhile, as it could
/// be counted twice or not at all. False if they never stood still.
pub fn on_all<T>(processes: &[Pid], mut open: impl FnMut(Vec<Pid>) -> Result<T>) -> Result<(T, bool)> {
    const TRIES: usize = 10;
    let mut listed = threads(processes)?;
    for _ in 1..TRIES {
        let opened = open(listed.clone())?;
        let now = threads(processes)?;
        if now.iter().all(|thread| listed.contains(thread)) {
            return Ok((opened, true));
        }
        listed = now;
    }
    Ok((open(listed)?, false))
}
