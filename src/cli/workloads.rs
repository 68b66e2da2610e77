//! The workloads that `reconcile` runs: each a command that marks its regions and writes a trace.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueEnum;
use tempfile::TempDir;

use super::model_args::ModelArgs;
use crate::counter::{Command, Stdout};
use crate::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// CLIP inference in f32, built in: kernels whose constants are known
    Clip,
    /// CLIP inference by PyTorch: open_clip or transformers, as the configuration's dialect says. The variable
    /// FLOPLEDGER_PYTHON names an interpreter that has them; else python3
    Torch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Product {
    /// The crate matrixmultiply: AVX2 and FMA
    Matrixmultiply,
    /// The crate gemm: AVX-512 where the CPU has it
    Gemm,
    /// Plain loops: exactly 2 FLOPs a MAC
    Reference,
}

/// A command and the files that it needs.
pub struct Prepared {
    pub command: Command,
    /// Removed with this.
    _folder: Option<TempDir>,
}

impl From<Command> for Prepared {
    fn from(command: Command) -> Prepared {
        Prepared { command, _folder: None }
    }
}

type Environment = Vec<(OsString, OsString)>;

const BUILT_IN: &str = "flopledger-clip";

pub fn clip(model: &ModelArgs, default: &str, gemm: Option<Product>, env: Environment) -> Result<Prepared> {
    let gemm = gemm.unwrap_or(Product::Matrixmultiply).to_possible_value();
    let mut args: Vec<OsString> = model.words(default)?;
    args.extend(gemm.into_iter().flat_map(|gemm| ["--gemm".into(), gemm.get_name().into()]));
    let command = Command { program: built_in()?.into(), args, env, stdout: Stdout::Stderr };
    Ok(command.into())
}

/// The workload beside this executable, else the one on PATH.
fn built_in() -> Result<PathBuf> {
    let here = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(BUILT_IN)));
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let places = here.into_iter().chain(std::env::split_paths(&on_path).map(|folder| folder.join(BUILT_IN)));
    places.into_iter().find(|place| place.is_file()).ok_or_else(|| {
        Error::failed(format!("the built-in workload {BUILT_IN} is neither beside flopledger nor on PATH"))
            .remedy("build and install both with `make install`")
    })
}

/// Names the interpreter.
const PYTHON: &str = "FLOPLEDGER_PYTHON";

/// The programs, which need not be installed anywhere.
const TORCH: [(&str, &str); 2] = [
    ("clip_torch.py", include_str!("../../workloads/clip_torch.py")),
    ("torch_trace.py", include_str!("../../workloads/torch_trace.py")),
];

pub fn torch(model: &ModelArgs, default: &str, mut env: Environment) -> Result<Prepared> {
    let failed = |e: std::io::Error| Error::failed(format!("cannot write the workload's files: {e}"));
    let folder = tempfile::Builder::new().prefix("flopledger-torch-").tempdir().map_err(failed)?;
    for (name, text) in TORCH {
        std::fs::write(folder.path().join(name), text).map_err(failed)?;
    }
    let config = folder.path().join("config.json");
    std::fs::write(&config, model.text(default)?.as_bytes()).map_err(failed)?;
    // What Python would write beside the programs, or do in another order each time.
    env.extend(
        [("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONHASHSEED", "0")].map(|(name, value)| (name.into(), value.into())),
    );
    let python = std::env::var_os(PYTHON).filter(|name| !name.is_empty()).unwrap_or_else(|| "python3".into());
    let args = vec![folder.path().join(TORCH[0].0).into(), config.into()];
    let command = Command { program: python, args, env, stdout: Stdout::Stderr };
    Ok(Prepared { command, _folder: Some(folder) })
}
