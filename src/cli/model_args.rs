//! The model a subcommand is about.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::model::spec::Size;
use crate::model::{self, ClipSpec, Wanted};
use crate::{Error, Result};

/// What of a model is wanted otherwise than its file has it.
#[derive(Args, Debug, Clone, Default)]
pub struct ShapeArgs {
    /// Pixels of an image instead of the file's: one number, or HEIGHTxWIDTH
    #[arg(long, value_name = "PIXELS")]
    image_size: Option<String>,
    /// Tokens of a text instead of the file's
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u64).range(1..=1 << 24))]
    context: Option<u64>,
    /// The dimensions of a tower that the file only names: its own config.json, or an object with
    /// open_clip's keys
    #[arg(long = "tower-config", value_name = "FILE")]
    tower_files: Vec<PathBuf>,
}

impl ShapeArgs {
    pub fn wanted(&self) -> Result<Wanted> {
        Ok(Wanted {
            image_size: self.image_size.as_deref().map(size).transpose()?,
            context: self.context,
            towers: self.tower_files.iter().map(|path| model::tower_file(path)).collect::<Result<_>>()?,
        })
    }
}

fn size(text: &str) -> Result<Size> {
    const MOST: u64 = 1 << 16;
    let side = |text: &str| text.parse::<u64>().ok().filter(|side| (1..=MOST).contains(side));
    let sides = match text.split_once(['x', 'X']) {
        Some((height, width)) => side(height).zip(side(width)),
        None => side(text).map(|side| (side, side)),
    };
    sides.map(|(height, width)| Size { height, width }).ok_or_else(|| {
        Error::input(format!("--image-size {text}: not a size in pixels"))
            .remedy(format!("give 1 to {MOST}, or height and width: 336, 224x320"))
    })
}

#[derive(Args, Debug, Clone)]
pub struct ModelArgs {
    /// The model's configuration file, its folder, or a built-in model's name
    #[arg(value_name = "CONFIG.json", conflicts_with = "preset")]
    config: Option<PathBuf>,
    /// A built-in model instead of a file
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    #[command(flatten)]
    shape: ShapeArgs,
}

impl ModelArgs {
    /// The model named, if any.
    pub fn named(&self) -> Result<Option<ClipSpec>> {
        match (&self.config, &self.preset) {
            (Some(path), _) => model::load_as(path, &self.shape.wanted()?).map(Some),
            (None, Some(name)) => model::preset_as(name, &self.shape.wanted()?).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The model named, or else this preset.
    pub fn load_or(&self, default: &str) -> Result<ClipSpec> {
        self.named()?.map_or_else(|| model::preset_as(default, &self.shape.wanted()?), Ok)
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
            (Some(path), _) if !path.exists() && model::known(&path.to_string_lossy()).is_some() => {
                Ok(Cow::Borrowed(model::preset_text(&path.to_string_lossy()).unwrap_or_default()))
            }
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

    /// The same choice as arguments of the built-in workload, which runs models as their files are.
    pub fn words(&self, default: &str) -> Result<Vec<OsString>> {
        if self.shape.wanted()? != Wanted::default() {
            return Err(Error::input(
                "--image-size, --context, --tower-config: the workload runs a model as its file is",
            )
            .remedy("write the sizes into a configuration file and give that"));
        }
        Ok(match (&self.config, &self.preset) {
            (Some(path), _) if !path.exists() && model::known(&path.to_string_lossy()).is_some() => {
                vec!["--preset".into(), path.into()]
            }
            (Some(path), _) => vec!["--config".into(), path.into()],
            (None, Some(name)) => vec!["--preset".into(), name.into()],
            (None, None) => vec!["--preset".into(), default.into()],
        })
    }
}
