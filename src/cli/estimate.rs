//! `flopledger estimate`: analytic counts, under every convention.

use std::path::PathBuf;

use crate::convention::{Estimate, estimate};
use crate::model::{self, ClipSpec};
use crate::report::{Estimates, Standard};
use crate::{Error, Result};

/// What a CLIP costs, counted from its configuration: true FLOPs, parameters, and what every
/// counter would print
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  flopledger estimate --preset ViT-L-14-336
  flopledger estimate config.json --terms --format csv -o terms.csv")]
pub struct Args {
    /// Configuration files of models
    #[arg(value_name = "CONFIG.json")]
    configs: Vec<PathBuf>,
    /// A built-in model; may be given several times
    #[arg(long = "preset", value_name = "NAME")]
    presets: Vec<String>,
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
    let files = args.configs.iter().map(|path| model::load(path));
    let presets = args.presets.iter().map(|name| model::preset(name));
    let models: Vec<Result<ClipSpec>> = files.chain(presets).collect();
    let (estimates, errors) = split(models);
    // One bad file does not keep the others from being printed.
    if let [error] = errors.as_slice()
        && asked == 1
    {
        return Err(error.clone());
    }
    sink.print(&Estimates { estimates: &estimates, several: asked > 1, terms: args.terms })?;
    for error in &errors {
        eprintln!("flopledger: {error}");
    }
    Ok(errors.first().map_or(0, Error::exit_code))
}

fn split(models: Vec<Result<ClipSpec>>) -> (Vec<Estimate>, Vec<Error>) {
    let mut estimates = Vec::new();
    let mut errors = Vec::new();
    for model in models {
        match model {
            Ok(spec) => estimates.push(estimate(&spec)),
            Err(error) => errors.push(error),
        }
    }
    (estimates, errors)
}
