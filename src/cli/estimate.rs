//! `flopledger estimate`: analytic counts, under every convention.

use std::path::PathBuf;

use super::model_args::ShapeArgs;
use crate::convention::{Estimate, Logits, MOST, Options, Recompute, Setting, estimate_with};
use crate::model;
use crate::report::{Estimates, Standard};
use crate::standard::tell;
use crate::{Error, Result};

/// What a CLIP costs, counted from its configuration: true FLOPs, parameters, and what every
/// counter would print
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  flopledger estimate ViT-B-16-SigLIP
  flopledger estimate --preset ViT-L-14-336
  flopledger estimate config.json --terms --format csv -o terms.csv")]
pub struct Args {
    /// Configuration files of models, folders with one, or names of built-in models (open_clip's too)
    #[arg(value_name = "CONFIG.json")]
    configs: Vec<PathBuf>,
    /// A built-in model; may be given several times
    #[arg(long = "preset", value_name = "NAME")]
    presets: Vec<String>,
    #[command(flatten)]
    shape: ShapeArgs,
    /// Images, and as many texts, in a batch
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=MOST))]
    batch: u64,
    /// Count a training step: the gradients of inputs and weights too (but not of the pixels)
    #[arg(long)]
    backward: bool,
    /// What is computed once more on the way back
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Recompute::None)]
    recompute: Recompute,
    /// Count the contrastive logits: each rank its own rows, or all of them
    #[arg(long, value_name = "LOSS", value_enum)]
    logits: Option<Logits>,
    /// Ranks whose batches the logits join
    #[arg(long, value_name = "N", default_value_t = 1, requires = "logits", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    ranks: u64,
    /// Count element-wise work too, under a stated cost model
    #[arg(long)]
    elementwise: bool,
    /// List every operation of the model in the table (JSON and CSV always do)
    #[arg(long)]
    terms: bool,
    #[command(flatten)]
    output: super::Output,
}

pub fn run(args: Args) -> Result<u8> {
    let asked = args.configs.len() + args.presets.len();
    if asked == 0 {
        return Err(Error::input("estimate: no model given").remedy(format!(
            "name a configuration file, or a preset with --preset: {}",
            model::names().collect::<Vec<_>>().join(", ")
        )));
    }
    let sink = args.output.open(Standard::Stdout)?;
    let (wanted, options) = (args.shape.wanted()?, args.options());
    let files = args.configs.iter().map(|path| model::load_as(path, &wanted));
    let presets = args.presets.iter().map(|name| model::preset_as(name, &wanted));
    let (estimates, errors) = split(files.chain(presets).map(|spec| estimate_with(&spec?, &options)));
    // One bad file does not keep the others from being printed.
    if let [error] = errors.as_slice()
        && asked == 1
    {
        return Err(error.clone());
    }
    sink.print(&Estimates { estimates: &estimates, several: asked > 1, terms: args.terms })?;
    errors.iter().for_each(tell);
    Ok(errors.first().map_or(0, Error::exit_code))
}

impl Args {
    fn options(&self) -> Options {
        let Args { batch, backward, recompute, logits, ranks, elementwise, .. } = *self;
        Options::new(Setting { batch, backward, recompute, logits, ranks }, elementwise)
    }
}

fn split(models: impl Iterator<Item = Result<Estimate>>) -> (Vec<Estimate>, Vec<Error>) {
    let mut estimates = Vec::new();
    let mut errors = Vec::new();
    for model in models {
        match model {
            Ok(estimate) => estimates.push(estimate),
            Err(error) => errors.push(error),
        }
    }
    (estimates, errors)
}
