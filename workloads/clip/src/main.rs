//! CLIP inference on the CPU: the workload that flopledger counts.

mod args;
mod engine;
mod gemm;
mod input;
mod ops;
mod output;
mod region;
mod towers;
mod trace;
mod weights;

use std::process::ExitCode;

use flopledger::{Result, model};

use args::{Args, Model};
use engine::Engine;
use trace::Header;

fn main() -> ExitCode {
    match Args::parse(std::env::args_os().skip(1)).and_then(|args| args.map_or(Ok(()), run)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("flopledger-clip: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(args: Args) -> Result<()> {
    let spec = match &args.model {
        Model::Preset(name) => model::preset(name)?,
        Model::Config(path) => model::load(path)?,
    };
    let kernel = gemm::by_name(&args.gemm)?;
    let header = Header { model: &spec.name, batch: args.batch, threads: args.threads, gemm: kernel.constants() };
    let mut engine = Engine::new(kernel, args.threads, trace::Trace::open(&header)?);

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
    embeddings.write(&spec, args.output.as_deref())
}
