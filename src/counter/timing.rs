//! How long a command takes when nobody counts.

use std::io::IsTerminal;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Instant;

use nix::unistd::{Whence, lseek};
use serde::{Deserialize, Serialize};

use super::{Command, Exit};
use crate::{Error, Result};

/// Wall times of several runs, in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    pub runs_s: Vec<f64>,
    pub median_s: f64,
    pub min_s: f64,
    pub max_s: f64,
    /// (max - min) / median
    pub spread: f64,
}

impl Timing {
    fn of(runs_s: Vec<f64>) -> Timing {
        let mut sorted = runs_s.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len() - 1;
        let median_s = (sorted[last / 2] + sorted[last.div_ceil(2)]) / 2.0;
        let (min_s, max_s) = (sorted[0], sorted[last]);
        Timing { runs_s, median_s, min_s, max_s, spread: (max_s - min_s) / median_s }
    }
}

/// Where every run's input begins. Taken before the counted run, which reads it too.
#[derive(Debug, Clone, Copy)]
pub struct Input(Option<i64>);

impl Input {
    /// An error where only one run could read the input.
    pub fn remember(option: &str) -> Result<Input> {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            return Ok(Input(None));
        }
        match lseek(&stdin, 0, Whence::SeekCur) {
            Ok(at) => Ok(Input(Some(at))),
            // A closed one has nothing to read, for all runs.
            Err(nix::errno::Errno::EBADF) => Ok(Input(None)),
            Err(_) => Err(Error::input(format!("{option}: the input is a pipe, which only one run can read"))
                .remedy("redirect it from a file, or from /dev/null")),
        }
    }

    /// Before each run but the first.
    pub fn rewind(self) -> Result<()> {
        let Some(at) = self.0 else { return Ok(()) };
        lseek(std::io::stdin(), at, Whence::SeekSet)
            .map(drop)
            .map_err(|errno| Error::failed(format!("cannot rewind the input: {}", errno.desc())))
    }
}

/// Runs the command natively; its output goes nowhere. Each run has to end as the counted one did, or it
/// did something else.
pub fn time(command: &Command, runs: u32, input: Input, counted: Exit) -> Result<Timing> {
    let mut times = Vec::new();
    for run in 1..=runs {
        input.rewind()?;
        let mut native = std::process::Command::new(&command.program);
        native.args(&command.args).envs(command.env.iter().cloned());
        native.stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let ended = native.status();
        times.push(start.elapsed().as_secs_f64());
        let program = command.program.to_string_lossy();
        let ended = ended.map_err(|error| Error::failed(format!("--time-runs: {program}: {error}")))?;
        let exit = Exit { code: ended.code(), signal: ended.signal() };
        if exit != counted {
            return Err(Error::failed(format!(
                "--time-runs: run {run} ended with status {}, the counted one with {}: no rate can be told",
                exit.status(),
                counted.status()
            ))
            .remedy("time a command that does the same each time"));
        }
    }
    Ok(Timing::of(times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_spreads() {
        let odd = Timing::of(vec![3.0, 1.0, 2.0]);
        assert_eq!((odd.median_s, odd.min_s, odd.max_s, odd.spread), (2.0, 1.0, 3.0, 1.0));
        assert_eq!(odd.runs_s, [3.0, 1.0, 2.0]);
        assert_eq!(Timing::of(vec![4.0, 1.0, 2.0, 3.0]).median_s, 2.5);
        assert_eq!(Timing::of(vec![4.0]).spread, 0.0);
    }
}
