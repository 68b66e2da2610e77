//! The CPUs that this process may use.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use serde::Serialize;

use crate::{Error, Result};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cores {
    /// Numbers of the logical CPUs, one thread each.
    pub cpus: Vec<usize>,
    /// Cores that these belong to: siblings share one and its pipes.
    pub physical: usize,
    /// They are of two kinds, with different peaks.
    pub hybrid: bool,
    /// CPUs' worth of time that a control group allows, where it does not allow all.
    pub quota: Option<f64>,
}

impl Cores {
    pub fn usable() -> Result<Cores> {
        let set = sched_getaffinity(Pid::from_raw(0))
            .map_err(|errno| Error::failed(format!("cannot ask which CPUs may be used: {}", errno.desc())))?;
        let cpus: Vec<usize> = (0..CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).collect();
        let cores: HashSet<(String, String)> = cpus.iter().map(|cpu| core_of(*cpu)).collect();
        let quota = fs::read_to_string("/sys/fs/cgroup/cpu.max").ok().and_then(|text| quota(&text));
        let hybrid = Path::new("/sys/bus/event_source/devices/cpu_atom").exists();
        Ok(Cores { physical: cores.len(), hybrid, quota: quota.filter(|quota| *quota < cpus.len() as f64), cpus })
    }
}

/// Package and core; where they are not told, the CPU is a core of its own.
fn core_of(cpu: usize) -> (String, String) {
    let read = |name: &str| fs::read_to_string(format!("/sys/devices/system/cpu/cpu{cpu}/topology/{name}")).ok();
    match (read("physical_package_id"), read("core_id")) {
        (Some(package), Some(core)) => (package, core),
        _ => (String::new(), cpu.to_string()),
    }
}

/// `max 100000` or `150000 100000`: microseconds in a period.
fn quota(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
    (period > 0.0).then_some(quota / period)
}

/// Runs `work` on each of these CPUs at once, which wait for each other before each round.
pub fn on_each<T: Send>(cpus: &[usize], work: impl Fn(&Barrier) -> T + Sync) -> Result<Vec<T>> {
    let barrier = Barrier::new(cpus.len());
    thread::scope(|scope| {
        let (barrier, work) = (&barrier, &work);
        let run = |cpu: usize| {
            scope.spawn(move || {
                let mut set = CpuSet::new();
                // A thread that cannot be pinned measures all the same, wherever it runs.
                let _ = set.set(cpu).and_then(|()| sched_setaffinity(Pid::from_raw(0), &set));
                work(barrier)
            })
        };
        let threads: Vec<_> = cpus.iter().map(|cpu| run(*cpu)).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.collect::<thread::Result<Vec<T>>>().map_err(|_| Error::failed("a measuring thread panicked"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas() {
        assert_eq!(quota("max 100000\n"), None);
        assert_eq!(quota("150000 100000\n"), Some(1.5));
    }

    #[test]
    fn there_is_a_core() {
        let cores = Cores::usable().unwrap();
        assert!((1..=cores.cpus.len()).contains(&cores.physical));
        assert_eq!(on_each(&cores.cpus, |_| 1).unwrap().len(), cores.cpus.len());
    }
}
