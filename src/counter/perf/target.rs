//! Whose events are counted, and from when on.

use nix::unistd::Pid;

use super::names::pmu;

/// From when on an event counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// From the command's first instruction on.
    OnExec,
    /// From when it is enabled on.
    Enabled,
}

/// Threads or CPUs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// These threads, and all that they start from now on.
    Threads(Vec<Pid>),
    /// All that runs on these CPUs.
    Cpus(Vec<usize>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub whose: Whose,
    pub start: Start,
    /// Counts are told apart by thread.
    pub by_thread: bool,
}

/// Where one counter of an event is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// None for all threads.
    pub thread: Option<Pid>,
    /// None for all CPUs.
    pub cpu: Option<usize>,
}

impl Target {
    /// A child that has not executed its program yet.
    pub fn child(child: Pid) -> Target {
        Target { whose: Whose::Threads(vec![child]), start: Start::OnExec, by_thread: false }
    }

    /// This process, where nothing counts: to see what opens.
    pub fn ourselves() -> Target {
        Target::child(Pid::from_raw(0))
    }

    /// Where an event of a PMU is opened. By thread, it takes a counter a CPU: only such can be
    /// inherited and leave records in memory.
    pub fn slots(&self, pmu: u32) -> impl Iterator<Item = Slot> {
        let cpus = match &self.whose {
            Whose::Threads(_) if !self.by_thread => vec![None],
            Whose::Threads(_) => pmu::cpus_of(pmu).into_iter().map(Some).collect(),
            Whose::Cpus(wanted) => {
                let offered = pmu::cpus_of(pmu);
                wanted.iter().copied().filter(|cpu| offered.contains(cpu)).map(Some).collect()
            }
        };
        let threads = match &self.whose {
            Whose::Threads(threads) => threads.iter().copied().map(Some).collect(),
            Whose::Cpus(_) => vec![None],
        };
        threads.into_iter().flat_map(move |thread| {
            let cpus = cpus.clone();
            cpus.into_iter().map(move |cpu| Slot { thread, cpu })
        })
    }
}
