//! `flopledger peak`: what this machine can do.

use std::time::Duration;

use clap::Args as Arguments;

use super::Output;
use super::progress::Progress;
use crate::machine::{Cpu, peak};
use crate::report::{Format, Standard};
use crate::{Error, Result};

/// This machine's peak: FLOP/s by precision and width, and bandwidth by cache level, on one and on all
/// CPUs; measured, beside what its microarchitecture promises
#[derive(Arguments, Debug)]
#[command(after_help = "Example: flopledger peak --seconds 0.5")]
pub struct Args {
    /// How long each figure is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 0.1)]
    seconds: f64,
    /// The CPU whose theoretical peak to show, where /proc/cpuinfo is not to be believed
    #[arg(long, value_name = "VENDOR-FAMILY-MODEL")]
    cpu: Option<Cpu>,
    /// The same as --format json
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    output: Output,
}

pub fn run(mut args: Args) -> Result<u8> {
    const LONGEST: f64 = 60.0;
    if !(args.seconds > 0.0 && args.seconds <= LONGEST) {
        return Err(Error::input(format!("--seconds {}: want more than 0 and at most {LONGEST}", args.seconds))
            .remedy("0.1 is enough on a quiet machine"));
    }
    if args.json {
        args.output.format = Format::Json;
    }
    let sink = args.output.open(Standard::Stdout)?;
    // The peak can be measured without knowing whose it is.
    let cpu = args.cpu.or_else(|| Cpu::this().ok());
    let progress = Progress::of("measuring this machine's peak");
    let peak = peak::measure(cpu.as_ref(), Duration::from_secs_f64(args.seconds));
    drop(progress);
    sink.print(&peak?)?;
    Ok(0)
}
