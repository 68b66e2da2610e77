//! `flopledger merge`: the results of many ranks, added.

use std::path::PathBuf;

use super::Output;
use super::results;
use crate::Result;
use crate::counter::merge::{Ranked, merge};
use crate::report::Standard;

/// Add the results of many ranks, and show how evenly the work is spread
///
/// Each rank writes its own: mpirun -n 4 flopledger run --format json -o run.%r.json -- COMMAND.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: flopledger merge run.*.json")]
pub struct Args {
    /// Results of `flopledger run`
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
}

pub fn run(args: Args) -> Result<u8> {
    let load = |path: &PathBuf| results::load_run(path).map(|named| Ranked { file: named.name, result: named.result });
    let ranks = args.files.iter().map(load).collect::<Result<Vec<_>>>()?;
    let merged = merge(ranks)?;
    args.output.open(Standard::Stdout)?.print(&merged)?;
    Ok(0)
}
