//! A folder that a model was saved into: its configuration by the name of the file.

use std::path::{Path, PathBuf};

use super::{ClipSpec, Wanted, load_as};
use crate::{Error, Result};

/// transformers' and diffusers' name, then open_clip's, then sentence-transformers' first module.
const FILES: [&str; 4] =
    ["config.json", "open_clip_config.json", "0_CLIPModel/config.json", "0_Transformer/config.json"];

pub fn load(folder: &Path, wanted: &Wanted) -> Result<ClipSpec> {
    let found: Vec<PathBuf> = FILES.iter().map(|file| folder.join(file)).filter(|file| file.is_file()).collect();
    let Some((last, before)) = found.split_last() else {
        return Err(Error::input(format!("{}: cannot read: a folder without a configuration file", folder.display()))
            .remedy(format!("give a folder with one of {}, or the path of a configuration file", FILES.join(", "))));
    };
    // The first that is a model's: beside open_clip's file may stand another library's.
    before.iter().find_map(|file| load_as(file, wanted).ok()).map_or_else(|| load_as(last, wanted), Ok)
}
