//! Timing a command beside counting it.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use super::progress::Progress;
use crate::counter::timed::{PeakUsed, Roof, Timed};
use crate::counter::timing::{self, Input, Timing};
use crate::counter::{Command, Exit};
use crate::isa::Precision;
use crate::machine::peak;
use crate::standard::tell;
use crate::utilisation::decimal;
use crate::{Error, Result};

#[derive(Args, Debug, Clone)]
pub struct TimeArgs {
    /// Also run the command N times without counting, and tell its FLOP/s; the output of these runs goes
    /// nowhere
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    time_runs: Option<u32>,
    /// Hold the rate against a peak: a number, or `measured` for this machine's in the precision that does
    /// most, and for its bandwidth
    #[arg(long, value_name = "GFLOP/S", requires = "time_runs")]
    peak: Option<PeakChoice>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum PeakChoice {
    Measured,
    Given { flop_per_s: f64 },
}

impl FromStr for PeakChoice {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<PeakChoice, String> {
        if text == "measured" {
            return Ok(PeakChoice::Measured);
        }
        let giga = decimal::positive(text).map_err(|error| format!("{error}; or give `measured`"))?;
        Ok(PeakChoice::Given { flop_per_s: decimal::to_f64(&giga) * 1e9 })
    }
}

/// What is known before the command is counted.
pub struct Timer {
    args: TimeArgs,
    input: Option<Input>,
}

/// FLOPs of one run.
pub struct Work {
    pub executed: Option<u64>,
    pub model: Option<u128>,
    /// In which most of it is done.
    pub precision: Precision,
}

impl TimeArgs {
    pub fn runs_again(&self) -> bool {
        self.time_runs.is_some()
    }

    /// To be called before the command is counted, which reads its input.
    pub fn timer(&self) -> Result<Timer> {
        let input = self.time_runs.map(|_| Input::remember("--time-runs")).transpose()?;
        Ok(Timer { args: self.clone(), input })
    }
}

impl Timer {
    /// None where no timing was asked for. What goes wrong is told, and does not spoil the count.
    pub fn time(self, command: &Command, counted: Exit, work: &Work) -> Option<Timed> {
        let runs = self.args.time_runs?;
        let progress = Progress::of(&format!("timing {runs} runs"));
        let timed = timing::time(command, runs, self.input?, counted);
        drop(progress);
        let timed = timed.and_then(|timing| self.rates(timing, work));
        timed.inspect_err(|error| tell(error)).ok()
    }

    fn rates(&self, timing: Timing, work: &Work) -> Result<Timed> {
        let peak = self.args.peak.map(|choice| peak_used(choice, work.precision)).transpose()?;
        Ok(Timed::new(timing, work.executed, work.model, peak))
    }
}

fn peak_used(choice: PeakChoice, precision: Precision) -> Result<PeakUsed> {
    const EACH: Duration = Duration::from_millis(100);
    match choice {
        PeakChoice::Given { flop_per_s } => Ok(PeakUsed { flop_per_s, from: "given".into(), bandwidth: Vec::new() }),
        PeakChoice::Measured => {
            let _progress = Progress::of("measuring this machine's peak");
            let best = peak::best(precision, EACH)?.ok_or_else(|| {
                Error::failed(format!("--peak measured: there is no kernel that measures {precision:?}"))
                    .remedy("give the peak as a number of GFLOP/s")
            })?;
            let from = format!("measured: {} {} on {} threads", best.shape, best.instruction, best.threads);
            let bandwidth = peak::bandwidth(EACH)?.into_iter().map(|measured| Roof {
                level: measured.level,
                threads: measured.threads,
                bytes_per_s: measured.measured_bytes_per_s,
            });
            Ok(PeakUsed { flop_per_s: best.measured_flop_per_s, from, bandwidth: bandwidth.collect() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_given_or_measured() {
        assert_eq!("measured".parse(), Ok(PeakChoice::Measured));
        assert_eq!("2.5".parse(), Ok(PeakChoice::Given { flop_per_s: 2.5e9 }));
        assert!("fast".parse::<PeakChoice>().is_err_and(|error| error.contains("measured")));
        assert!("0".parse::<PeakChoice>().is_err());
    }
}
