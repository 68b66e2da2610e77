//! The options of `run` that users of `perf stat` know.

use std::time::Duration;

use clap::Args;
use nix::unistd::Pid;

use crate::counter::perf::names::{self, Named, pmu};
use crate::counter::watch::{Interval, Subject, Tick, Watch};
use crate::counter::{Command, Target};
use crate::{Error, Result};

#[derive(Args, Debug, Clone)]
pub struct StatArgs {
    /// Also count these events, in place of the kernel's own three: names as in `perf list`, rNNN,
    /// PMU/event=..,umask=../, PMU/NAME/; `:u` counts in user mode only, `:k` in the kernel
    #[arg(short = 'e', long = "event", value_name = "EVENT,..")]
    events: Vec<String>,
    /// Run the command N times: the result is the first run's, with the mean, standard deviation and
    /// spread of all
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000),
        conflicts_with_all = ["interval", "pids", "per_thread", "per_process"])]
    repeat: Option<u32>,
    /// Tell what was counted every MS milliseconds, as it goes: as CSV or JSON lines with --format, to
    /// where the result goes (which CSV then leaves out)
    #[arg(short = 'I', long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    interval: Option<u64>,
    /// Start to count MS milliseconds after the command
    #[arg(short = 'D', long, value_name = "MS")]
    delay: Option<u64>,
    /// Count processes that run already, their threads and what they start from now on: until they end,
    /// until COMMAND ends if one is given, or until Ctrl-C
    #[arg(short, long = "pid", value_name = "PID,..", value_delimiter = ',',
        value_parser = clap::value_parser!(i32).range(1..))]
    pids: Vec<i32>,
    /// Count all that runs on the machine: until COMMAND ends, or until Ctrl-C without one
    #[arg(short, long, conflicts_with = "pids")]
    all_cpus: bool,
    /// The same on some CPUs, e.g. 0-3,8
    #[arg(short = 'C', long, value_name = "CPUS", conflicts_with_all = ["pids", "all_cpus"])]
    cpus: Option<String>,
    /// Tell counts apart by thread
    #[arg(long, conflicts_with_all = ["all_cpus", "cpus"])]
    per_thread: bool,
    /// Tell counts apart by process
    #[arg(long, conflicts_with_all = ["all_cpus", "cpus"])]
    per_process: bool,
}

impl StatArgs {
    pub fn events(&self) -> Result<Vec<Named>> {
        let lists = self.events.iter().map(|list| names::parse(list));
        Ok(lists.collect::<Result<Vec<_>>>()?.concat())
    }

    pub fn runs(&self) -> u32 {
        self.repeat.unwrap_or(1)
    }

    pub fn repeats(&self) -> bool {
        self.repeat.is_some()
    }

    pub fn tells_intervals(&self) -> bool {
        self.interval.is_some()
    }

    /// Anything is asked for that takes more than a command's counts at its end.
    pub fn watches(&self) -> bool {
        self.interval.is_some() || self.delay.is_some() || self.per_thread || self.per_process
    }

    pub fn per_thread(&self) -> bool {
        self.per_thread
    }

    pub fn per_process(&self) -> bool {
        self.per_process
    }

    /// What is counted beside or instead of a command, if anything.
    pub fn target(&self) -> Result<Option<Target>> {
        if !self.pids.is_empty() {
            return Ok(Some(Target::Processes(self.pids.clone())));
        }
        let online = pmu::online();
        let Some(text) = &self.cpus else {
            return Ok(self.all_cpus.then_some(Target::Cpus(online)));
        };
        let cpus = pmu::list(text).ok_or_else(|| {
            Error::input(format!("-C {text}: not a list of CPUs")).remedy("write numbers and ranges, e.g. 0-3,8")
        })?;
        match cpus.iter().find(|cpu| !online.contains(cpu)) {
            Some(cpu) => Err(Error::input(format!("-C {text}: CPU {cpu} is not online"))
                .remedy("see /sys/devices/system/cpu/online")),
            None => Ok(Some(Target::Cpus(cpus))),
        }
    }

    /// What only a counter of events can do, if any of it was asked for.
    pub fn watch<'a>(
        &self,
        target: Option<&Target>,
        command: Option<&'a Command>,
        tell: &'a mut dyn FnMut(&Tick),
    ) -> Option<Watch<'a>> {
        if target.is_none() && !self.watches() {
            return None;
        }
        let by_thread = self.per_thread || self.per_process;
        let subject = match target {
            Some(Target::Processes(pids)) => {
                Subject::Processes(pids.iter().copied().map(Pid::from_raw).collect(), command)
            }
            Some(Target::Cpus(cpus)) => Subject::Cpus(cpus.clone(), command),
            None => Subject::Command(command?),
        };
        let interval = self.interval.map(|every| Interval { every: Duration::from_millis(every), tell });
        Some(Watch { subject, delay: self.delay.map(Duration::from_millis), interval, by_thread })
    }
}
