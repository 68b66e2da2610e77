//! `flopledger operators FILE`: operator counts from a trace or a log.

use std::path::PathBuf;

use crate::Result;
use crate::operators;
use crate::report::Standard;

/// Operator counts from a trace of what a framework ran
#[derive(clap::Args)]
pub struct Args {
    /// The trace that a workload wrote to the file that FLOPLEDGER_TRACE named
    file: PathBuf,
    #[command(flatten)]
    output: super::Output,
}

pub fn run(args: Args) -> Result<u8> {
    let sink = args.output.open(Standard::Stdout)?;
    sink.print(&operators::read(&args.file)?)?;
    Ok(0)
}
