//! `flopledger identify`: whose number is this?

use crate::Result;
use crate::convention::{MOST, Scope};
use crate::ledger::identify::Query;
use crate::model::ClipSpec;
use crate::report::{Identified, Standard};

/// Whose number is this? Every counter, setting, tower and batch that yields it, the likeliest first
///
/// A number may have a prefix, a unit and what it is of: 116512260096, "116.5 G", 0.117T, 17.5B,
/// "41.09 GFLOPs", 14.04e9, "4.4 GMACs/img". Its last digit says how it was rounded; without a prefix
/// it is exact. As MACs are often called FLOPs, a unit excludes nothing. A number of parameters is
/// recognised as one. Without a model, every preset is searched. Exits with 1 where nothing matches.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  flopledger identify 116.5Gmac
  flopledger identify 41.09GFLOPs --preset ViT-B-16
  flopledger identify 281GFLOPs --preset ViT-B-16 --frames 16
  flopledger identify 1.1e21 --preset ViT-L-14 --samples 12800000000")]
pub struct Args {
    /// The number
    number: String,
    /// It is of so many images, and as many texts
    #[arg(long, value_name = "N", conflicts_with_all = ["frames", "samples"], value_parser = clap::value_parser!(u64).range(1..=MOST))]
    batch: Option<u64>,
    /// It is of so many frames of one video
    #[arg(long, value_name = "N", conflicts_with = "samples", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    frames: Option<u64>,
    /// It is of this tower, or of both
    #[arg(long, value_name = "TOWER")]
    tower: Option<Tower>,
    /// It is the total of so many samples, as of a training: examples times epochs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    samples: Option<u64>,
    /// Print all that match, not the ten likeliest
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    model: super::model_args::ModelArgs,
    #[command(flatten)]
    output: super::Output,
}

#[derive(clap::ValueEnum, Debug, Clone, Copy)]
enum Tower {
    Image,
    Text,
    Total,
}

pub fn run(args: Args) -> Result<u8> {
    let models: Vec<ClipSpec> = args.model.named()?.into_iter().collect();
    let tower = args.tower.map(|tower| match tower {
        Tower::Image => Scope::IMAGE,
        Tower::Text => Scope::TEXT,
        Tower::Total => Scope::Total,
    });
    let query = Query { batch: args.batch, frames: args.frames, tower, samples: args.samples };
    let found = crate::identify_as(&args.number, &query, &models)?;
    args.output.open(Standard::Stdout)?.print(&Identified { found: &found, all: args.all })?;
    Ok(if found.found() { 0 } else { 1 })
}
