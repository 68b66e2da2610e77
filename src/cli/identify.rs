//! `flopledger identify`: whose number is this?

use crate::Result;
use crate::model::ClipSpec;
use crate::report::Standard;

/// Whose number is this? Every counter, setting, tower and batch that yields it
///
/// A number may have a prefix and a unit: 116512260096, "116.5 G", 0.117T, "41.09 GFLOPs", 14.04e9.
/// Its last digit says how it was rounded; without a prefix it is exact. As MACs are often called
/// FLOPs, a unit excludes nothing. Without a model, every preset is searched.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  flopledger identify 116.5Gmac
  flopledger identify 41.09GFLOPs --preset ViT-B-16")]
pub struct Args {
    /// The number
    number: String,
    #[command(flatten)]
    model: super::model_args::ModelArgs,
    #[command(flatten)]
    output: super::Output,
}

pub fn run(args: Args) -> Result<u8> {
    let models: Vec<ClipSpec> = args.model.named()?.into_iter().collect();
    let found = crate::identify(&args.number, &models)?;
    args.output.open(Standard::Stdout)?.print(&found)?;
    Ok(0)
}
