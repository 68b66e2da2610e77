//! The model a subcommand is about.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::model::{self, ClipSpec};
use crate::{Error, Result};

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
    /// The model named, if any.
    pub fn named(&self) -> Result<Option<ClipSpec>> {
        match (&self.config, &self.preset) {
            (Some(path), _) => model::load(path).map(Some),
            (None, Some(name)) => model::preset(name).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The model named, or else this preset.
    pub fn load_or(&self, default: &str) -> Result<ClipSpec> {
        self.named()?.map_or_else(|| model::preset(default), Ok)
    }

    /// The model named; without one, an error.
    pub fn load(&self) -> Result<ClipSpec> {
        self.named()?.ok_or_else(|| {
            Error::input("no model given").remedy(format!(
                "name a configuration file, or a preset with --preset: {}",
                model::names().collect::<Vec<_>>().join(", ")
            ))
        })
    }

    /// The configuration's text, as its file has it.
    pub fn text(&self, default: &str) -> Result<Cow<'static, str>> {
        match (&self.config, &self.preset) {
            (Some(path), _) => std::fs::read_to_string(path)
                .map(Cow::Owned)
                .map_err(|e| Error::input(format!("{}: cannot read: {e}", path.display()))),
            (None, name) => {
                let name = name.as_deref().unwrap_or(default);
                let text = model::preset_text(name);
                text.map(Cow::Borrowed).ok_or_else(|| Error::input(format!("--preset {name}: there is no such preset")))
            }
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
