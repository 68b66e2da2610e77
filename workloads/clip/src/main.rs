//! CLIP inference on the CPU: the workload that flopledger counts.

mod args;
mod engine;
mod gemm;
mod inject;
mod input;
mod ops;
mod output;
mod plain;
mod region;
mod towers;
mod trace;
mod weights;

use std::process::ExitCode;

use flopledger::Result;
use flopledger::model;
use flopledger::standard::tell_as;

use args::{Args, Model};
use engine::Engine;
use plain::Plain;
use trace::Header;

fn main() -> ExitCode {
    match configure().and_then(|configured| configured.map_or(Ok(()), |(args, spec)| run(args, spec))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell_as("flopledger-clip", &error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// Reads the command line and the model. In a region, since reading decimals is arithmetic too.
fn configure() -> Result<Option<(Args, Plain)>> {
    region::within("configure", || {
        let Some(args) = Args::parse(std::env::args_os().skip(1))? else { return Ok(None) };
        let spec = match &args.model {
            Model::Preset(name) => model::preset(name)?,
            Model::Config(path) => model::load(path)?,
        };
        Ok(Some((args, Plain::of(spec)?)))
    })
}

fn run(args: Args, spec: Plain) -> Result<()> {
    let sink = output::open(args.output.as_deref())?;
    let kernel = gemm::by_name(&args.gemm)?;
    let header = Header { model: &spec.name, batch: args.batch, threads: args.threads, gemm: kernel.constants() };
    let mut engine = Engine::new(kernel, args.threads, trace::Trace::open(&header)?, args.inject.clone());

    let weights = engine.region("weights", |_| weights::load(&spec, &args))?;
    if let Some(path) = &args.dump_weights {
        weights.dump(&spec, path)?;
    }
    let mut embeddings = output::Embeddings::default();
    if args.towers.image() {
        let pixels = engine.region("preprocess", |_| input::pixels(&spec.image, &args))?;
        embeddings.image = towers::image(&mut engine, &spec, weights.image()?, &pixels, args.batch);
    }
    if args.towers.text() {
        let ids = input::tokens(&spec.text, args.tokens.as_deref())?;
        embeddings.text = towers::text(&mut engine, &spec, weights.text()?, &ids, args.batch);
    }
    embeddings.compare(&mut engine, spec.embed_dim as usize);
    engine.finish()?;
    embeddings.write(&spec, sink)
}
