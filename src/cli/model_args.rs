//! The model a subcommand is about.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::Result;
use crate::model::{self, ClipSpec};

#[derive(Args, Debug, Clone)]
pub struct ModelArgs {
    /// The model's configuration file
    #[arg(value_name = "CONFIG.json", conflicts_with = "preset")]
    config: Option<PathBuf>,
    /// A built-in model instead of a file
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
}

impl ModelArgs {
    /// The model named, or else this preset.
    pub fn load_or(&self, default: &str) -> Result<ClipSpec> {
        match (&self.config, &self.preset) {
            (Some(path), _) => model::load(path),
            (None, Some(name)) => model::preset(name),
            (None, None) => model::preset(default),
        }
    }

    /// The same choice as arguments of the built-in workload.
    pub fn words(&self, default: &str) -> Vec<OsString> {
        match (&self.config, &self.preset) {
            (Some(path), _) => vec!["--config".into(), path.into()],
            (None, Some(name)) => vec!["--preset".into(), name.into()],
            (None, None) => vec!["--preset".into(), default.into()],
        }
    }
}
