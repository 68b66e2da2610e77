//! `flopledger diff`: what changed between two results.

use std::path::PathBuf;

use super::Output;
use super::html_args::HtmlArgs;
use super::results;
use crate::Result;
use crate::ledger::diff::difference;
use crate::report::Standard;

/// What changed between two results, and why: two machines, two library versions, two matrix products
///
/// Both are files that run, reconcile or estimate wrote with --format json -o FILE, of the same subcommand.
/// The difference of their totals is taken apart by cause, operator, instruction and function, each time in a
/// ledger of its own.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example: flopledger reconcile --gemm gemm --format json -o b.json && flopledger diff a.json b.json"
)]
pub struct Args {
    /// The result to start from
    #[arg(value_name = "A.json")]
    from: PathBuf,
    /// The result to end at
    #[arg(value_name = "B.json")]
    to: PathBuf,
    #[command(flatten)]
    html: HtmlArgs,
    #[command(flatten)]
    output: Output,
}

pub fn run(args: Args) -> Result<u8> {
    print(args.from, args.to, &args.output, &args.html)
}

pub fn print(from: PathBuf, to: PathBuf, output: &Output, html: &HtmlArgs) -> Result<u8> {
    let difference = difference(&results::load(&from)?, &results::load(&to)?)?;
    let (sink, page) = (output.open(Standard::Stdout)?, html.open()?);
    sink.print(&difference)?;
    page.write(&difference)?;
    Ok(0)
}
