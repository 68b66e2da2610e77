//! `flopledger conventions`: whose counts there are, and how each counts.

use crate::Result;
use crate::convention::listing;
use crate::report::Standard;

/// Every counter in every setting: what it counts, what it does not, and where it is documented
///
/// The names are those that explain takes: name[@setting][:tower].
#[derive(clap::Args, Debug)]
#[command(after_help = "Example: flopledger conventions --format csv")]
pub struct Args {
    #[command(flatten)]
    output: super::Output,
}

pub fn run(args: Args) -> Result<u8> {
    args.output.open(Standard::Stdout)?.print(&listing())?;
    Ok(0)
}
