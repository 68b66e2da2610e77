//! Launching a command and counting what it executes: three counters behind one trait.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};

use crate::Result;

mod choose;
mod cpus;
mod launch;
pub mod maps;
pub mod perf;
pub mod ptrace;
pub mod record;
pub mod regions;
mod result;
mod shown;
pub mod sites;
pub mod step;
pub mod symbols;
mod tally;
pub mod timed;
pub mod timing;
pub mod translate;
pub mod trial;
mod wait;
mod watchdog;

pub use choose::{Choice, Chosen, choose, hardware, pmu_model};
pub use result::{ClassRow, FunctionRow, Instructions, Precisions, RegionRow, RunResult, visible};
pub use shown::{Reference, Shown, ShownEvent};
pub use tally::{ClassCount, Classes, FunctionCount, RegionTally, Tally, flops_of};

/// The command to run, as the user typed it.
#[derive(Debug, Clone)]
pub struct Command {
    pub program: OsString,
    pub args: Vec<OsString>,
    /// Set for the command on top of the inherited environment.
    pub env: Vec<(OsString, OsString)>,
    /// Sends the command's stdout to our stderr (`reconcile`, whose stdout carries its result).
    pub stdout_to_stderr: bool,
}

/// What the user may change about a measurement.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Count until every process that the command started has ended, not only the command.
    pub wait_all: bool,
    pub count_at: CountAt,
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
    pub user_s: f64,
    pub sys_s: f64,
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

/// One perf event as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub name: String,
    /// None where the event never ran or could not be opened.
    pub raw: Option<u64>,
    pub enabled_ns: u64,
    pub running_ns: u64,
    pub status: EventStatus,
    /// Why it was not counted, where the kernel said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// FLOPs that perf events add up to, by precision where the CPU's events tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PmuFlops {
    pub total: Option<u64>,
    pub fp16: Option<u64>,
    pub fp32: Option<u64>,
    pub fp64: Option<u64>,
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
    /// False where something voids the claim of exactness; `reasons` says what.
    pub exact: bool,
    pub reasons: Vec<String>,
    pub exit: Exit,
    pub time: Time,
    pub max_rss_bytes: u64,
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
}
