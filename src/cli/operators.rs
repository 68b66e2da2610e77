//! `flopledger operators FILE`: operator counts from a trace, a log or a model.

use std::path::PathBuf;

use crate::Result;
use crate::operators;
use crate::report::Standard;

/// Operator counts from what a framework ran, or from a model
#[derive(clap::Args)]
#[command(
    after_help = "Example: FLOPLEDGER_TRACE=trace.jsonl flopledger-clip --preset tiny && flopledger operators trace.jsonl"
)]
pub struct Args {
    /// The trace that a workload wrote to the file that FLOPLEDGER_TRACE named, a log of oneDNN
    /// (ONEDNN_VERBOSE=1) or MKL (MKL_VERBOSE=1), or an ONNX model
    file: PathBuf,
    /// The size of a dimension that an ONNX model leaves free, e.g. batch=1; repeatable
    #[arg(long = "dim", value_name = "NAME=N", value_parser = dimension)]
    dimensions: Vec<(String, u64)>,
    #[command(flatten)]
    output: super::Output,
}

pub fn run(args: Args) -> Result<u8> {
    let sink = args.output.open(Standard::Stdout)?;
    sink.print(&operators::read(&args.file, &args.dimensions.into_iter().collect())?)?;
    Ok(0)
}

fn dimension(text: &str) -> std::result::Result<(String, u64), String> {
    let (name, size) = text.split_once('=').ok_or("give a name and a size: batch=1")?;
    let size = size.parse().map_err(|_| format!("{size} is no size"))?;
    Ok((name.to_owned(), size))
}
