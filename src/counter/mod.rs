//! Launching a command and counting what it executes: three counters behind one trait.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};
use watch::Watch;

mod alarm;
mod by_thread;
mod choose;
mod cpus;
mod last_call;
mod launch;
pub mod maps;
pub mod merge;
pub mod perf;
mod precision_set;
pub mod ptrace;
pub mod record;
pub mod regions;
pub mod repeat;
mod result;
mod shown;
pub mod sites;
pub mod step;
pub mod symbols;
mod tally;
pub mod timed;
pub mod timing;
mod tiny;
pub mod translate;
pub mod trial;
mod wait;
pub mod watch;
mod watchdog;

pub use by_thread::{ProcessRow, ThreadRow, by_process};
pub use choose::{Choice, Chosen, choose, hardware, pmu_model};
pub use precision_set::PrecisionSet;
pub use result::{ClassRow, FunctionRow, Instructions, Precisions, RegionRow, RunResult, SCHEMA, Target, visible};
pub use shown::{Reference, Shown, ShownEvent};
pub use tally::{ClassCount, Classes, FunctionCount, RegionTally, Tally, flops_of};

/// The command to run, as the user typed it.
#[derive(Debug, Clone)]
pub struct Command {
    pub program: OsString,
    pub args: Vec<OsString>,
    /// Set for the command on top of the inherited environment.
    pub env: Vec<(OsString, OsString)>,
    pub stdout: Stdout,
}

/// Where the command's stdout goes.
#[derive(Debug, Clone)]
pub enum Stdout {
    /// Where ours goes.
    Ours,
    /// To our stderr (`reconcile`, whose stdout carries its result).
    Stderr,
    /// Into this, by which it is read as it comes.
    Into(Arc<OwnedFd>),
}

impl Command {
    /// As results tell it.
    pub fn words(&self) -> Vec<String> {
        let words = std::iter::once(&self.program).chain(&self.args);
        words.map(|word| word.to_string_lossy().into_owned()).collect()
    }
}

/// What the user may change about a measurement.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Count until every process that the command started has ended, not only the command.
    pub wait_all: bool,
    pub count_at: CountAt,
    /// Counted beside the floating-point operations; the kernel's own if none is named.
    pub events: Vec<perf::names::Named>,
}

/// Where in a block the translator counts it. No count may depend on this, which the tests use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum CountAt {
    #[default]
    Cheapest,
    First,
    Last,
}

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

impl Exit {
    /// As a shell would pass it on: the code, or 128 + the signal.
    pub fn status(self) -> u8 {
        match (self.code, self.signal) {
            (Some(code), _) => code as u8,
            (None, Some(signal)) => 128u8.wrapping_add(signal as u8),
            (None, None) => 125,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Time {
    pub wall_s: f64,
    /// None where it was not our child.
    pub user_s: Option<f64>,
    pub sys_s: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventStatus {
    #[serde(rename = "counted")]
    Counted,
    /// Multiplexed: it ran for part of the time only.
    #[serde(rename = "partial")]
    Partial,
    /// It never ran, which is not a count of 0.
    #[serde(rename = "not counted")]
    NotCounted,
}

/// What is known of a count that ran for part of the time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    /// Of the time that it was enabled.
    pub running_fraction: f64,
    /// What was counted while it ran.
    pub at_least: u64,
    /// What it would be, had the rest been like the part that was counted: an estimate, and no count. None
    /// where nothing speaks for that.
    pub estimate: Option<u64>,
}

/// One perf event as it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub name: String,
    /// None where the event never ran or could not be opened.
    pub raw: Option<u64>,
    pub enabled_ns: u64,
    pub running_ns: u64,
    pub status: EventStatus,
    /// Where it ran for part of the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
    /// Which of several runs counted it, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<u32>,
    /// Why it was not counted, where the kernel said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Event {
    /// Its count, had it run all the time and counted at the same rate.
    fn as_if_all_the_time(&self) -> Option<u64> {
        let scaled = u128::from(self.raw?) * u128::from(self.enabled_ns);
        u64::try_from(scaled.checked_div(self.running_ns.into())?).ok()
    }

    /// What is known, if it was made for part of the time only. Nothing is estimated unless the rest is
    /// `alike`: what ran on cores of another kind, or in another thread, need not be.
    fn share(&self, alike: bool) -> Option<Partial> {
        (self.status == EventStatus::Partial).then_some(Partial {
            running_fraction: self.running_ns as f64 / self.enabled_ns.max(1) as f64,
            at_least: self.raw?,
            estimate: self.as_if_all_the_time().filter(|_| alike),
        })
    }
}

/// FLOPs that perf events add up to, by precision where the CPU's events tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PmuFlops {
    pub total: Option<u64>,
    pub fp16: Option<u64>,
    pub fp32: Option<u64>,
    pub fp64: Option<u64>,
    /// Precisions that the CPU has events for, which were not opened: no part of the total.
    #[serde(default, skip_serializing_if = "PrecisionSet::is_empty")]
    pub not_counted: PrecisionSet,
    /// Where the events ran for part of the time, so that the total is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
}

/// What one run of a command under one counter gave.
#[derive(Debug, Clone)]
pub struct Measurement {
    pub counter: &'static str,
    /// None for `perf`, which sees no instructions.
    pub tally: Option<Tally>,
    /// What hardware events showed, under `perf`.
    pub pmu_flops: Option<PmuFlops>,
    pub events: Vec<Event>,
    /// Where counts were to be told apart.
    pub by_thread: Option<Vec<ThreadRow>>,
    /// False where something voids the claim of exactness; `reasons` says what.
    pub exact: bool,
    pub reasons: Vec<String>,
    pub exit: Exit,
    pub time: Time,
    /// Seconds of wall time in which FLOPs were counted; None where counting slows so much that no rate can
    /// be told.
    pub counted_s: Option<f64>,
    /// None where it was not our child.
    pub max_rss_bytes: Option<u64>,
    /// None where the counter does not see them.
    pub processes: Option<u64>,
    pub threads: Option<u64>,
    /// What the counter itself took, where it translates.
    pub effort: Option<Effort>,
}

/// What counting by translation took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Effort {
    /// Blocks translated.
    pub blocks: u64,
    /// Translations in memory at once, of all processes, at most.
    pub cache_bytes: u64,
    /// Times that a thread stopped for the tracer.
    pub traps: u64,
    /// CPU time of flopledger itself.
    pub cpu_s: f64,
}

/// A way to obtain a measurement.
pub trait Counter {
    fn name(&self) -> &'static str;
    fn measure(&self, command: &Command, options: &Options) -> Result<Measurement>;

    /// Counts more than a command from its start to its end, which takes events.
    fn observe(&self, _: Watch, _: &Options) -> Result<Measurement> {
        Err(Error::input(format!("the counter `{}` counts a command from its start to its end, and no more", self.name()))
            .remedy("--interval, --delay, -p, -a, -C, --per-thread and --per-process take --counter perf; or, without FLOPs, --counter events"))
    }
}
