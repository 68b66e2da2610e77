//! What can be asked of a counter that reads events, beside counting one command from its start.

use std::time::Duration;

use nix::unistd::Pid;
use serde::Serialize;

use super::Command;

/// What is counted.
#[derive(Debug, Clone)]
pub enum Subject<'a> {
    Command(&'a Command),
    /// Until the command ends; without one, until all have ended, or a signal comes.
    Processes(Vec<Pid>, Option<&'a Command>),
    /// All that runs there, until the command ends; without one, until a signal comes.
    Cpus(Vec<usize>, Option<&'a Command>),
}

impl<'a> Subject<'a> {
    /// The one to be launched.
    pub fn command(&self) -> Option<&'a Command> {
        match self {
            Subject::Command(command) => Some(command),
            Subject::Processes(_, command) | Subject::Cpus(_, command) => *command,
        }
    }
}

pub struct Watch<'a> {
    pub subject: Subject<'a>,
    /// Counting starts that long after the command.
    pub delay: Option<Duration>,
    pub interval: Option<Interval<'a>>,
    /// Counts are told apart by thread.
    pub by_thread: bool,
}

impl<'a> Watch<'a> {
    /// A command from its start to its end, and nothing else.
    pub fn of(command: &'a Command) -> Watch<'a> {
        Watch { subject: Subject::Command(command), delay: None, interval: None, by_thread: false }
    }
}

/// Tells the counts as they come.
pub struct Interval<'a> {
    pub every: Duration,
    pub tell: &'a mut dyn FnMut(&Tick),
}

/// What was counted since the last one.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Seconds since the start.
    pub time_s: f64,
    pub deltas: Vec<Delta>,
}

/// One line of an interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delta {
    pub time_s: f64,
    /// Its name, or `flops` for what the floating-point events add up to.
    pub event: String,
    /// None where it is not known.
    pub delta: Option<u64>,
    /// Which share of the time the event was on a counter.
    pub running: Option<f64>,
}
