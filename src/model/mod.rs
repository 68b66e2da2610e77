//! CLIP configurations of any dialect -> one [`ClipSpec`] -> terms and parameters.

mod dialect;
mod folder;
mod json;
mod limits;
mod listing;
mod networks;
mod parameters;
mod presets;
mod raw;
mod reads;
pub mod spec;
pub mod terms;
mod towers;
mod unread;
mod written;

use std::fs;
use std::path::Path;

pub use json::{TowerFile, Wanted};
pub use parameters::{Parameters, parameters};
pub use presets::{all_names, known, names, preset, preset_as, preset_text};
pub use spec::ClipSpec;
pub use terms::{Term, terms};
#[doc(hidden)]
pub use unread::{Entry, Why, entries, harmless};

use crate::{Error, Result};

/// Reads a configuration file in any dialect.
pub fn load(path: &Path) -> Result<ClipSpec> {
    load_as(path, &Wanted::default())
}

/// The same with another image size or text length than the file's.
pub fn load_as(path: &Path, wanted: &Wanted) -> Result<ClipSpec> {
    let name = path.display().to_string();
    if !path.exists() && path.components().count() <= 2 && path.extension().is_none_or(|end| end != "json") {
        return match known(&name) {
            Some(preset) => preset_as(preset, wanted),
            None => Err(presets::no_preset(&name, &format!("{name}: cannot read: no such file, and no such preset"))),
        };
    }
    if path.is_dir() {
        return folder::load(path, wanted);
    }
    let text = fs::read_to_string(path).map_err(|e| {
        Error::input(format!("{name}: cannot read: {e}"))
            .remedy("give the path of a configuration file, or --preset NAME for a built-in model")
    })?;
    parse_as(&name, &text, wanted)
}

/// Reads the dimensions of one tower, for files that only name theirs.
pub fn tower_file(path: &Path) -> Result<TowerFile> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|e| {
        Error::input(format!("--tower-config: {name}: cannot read: {e}"))
            .remedy("give the path of a tower's configuration")
    })?;
    tower(&name, &text)
}

/// The same from their text.
pub fn tower(name: &str, text: &str) -> Result<TowerFile> {
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(keys)) => Ok(TowerFile { name: name.into(), keys }),
        Ok(_) => Err(Error::input(format!("--tower-config: {name}: not an object of keys"))
            .remedy("give a tower's own config.json, or an object with open_clip's keys: width, layers, ..")),
        Err(e) => Err(Error::input(format!("--tower-config: {name}: not JSON: {e}"))
            .remedy("give a tower's own config.json, or an object with open_clip's keys: width, layers, ..")),
    }
}

/// Reads the text of a configuration; `name` names it in results and errors.
pub fn parse(name: &str, text: &str) -> Result<ClipSpec> {
    parse_as(name, text, &Wanted::default())
}

/// The same with another image size or text length than the text's.
pub fn parse_as(name: &str, text: &str, wanted: &Wanted) -> Result<ClipSpec> {
    let file = written::value(name, text)?;
    wanted.check()?;
    dialect::read(name, &file, wanted)
}

/// The dialect of a configuration's text, and the paths of its keys that the reading looks at.
#[doc(hidden)]
pub fn looked_at(name: &str, text: &str) -> Result<(&'static str, Vec<String>)> {
    let file = serde_json::from_str(text).map_err(|e| Error::input(format!("{name}: not JSON: {e}")))?;
    dialect::looked_at(name, &file, &Wanted::default())
}

#[cfg(test)]
mod tests {
    use num_rational::BigRational;

    use super::*;

    #[test]
    fn every_preset_is_read() {
        for name in names() {
            let spec = preset(name).unwrap();
            assert_eq!(spec.name, name);
        }
    }

    #[test]
    fn large_336_has_its_published_dimensions() {
        let spec = preset("vit-l/14@336").unwrap();
        assert_eq!(spec.dialect, "huggingface");
        let image = spec.vit().unwrap();
        assert_eq!((image.patches(), image.tokens()), (576, 577));
        assert_eq!((image.encoder.heads, image.encoder.head_width()), (16, 64));
        assert_eq!(spec.raw.text_depth, Some(12));
    }

    #[test]
    fn enormous_has_eva_clips_keys() {
        let spec = preset("EVA02-E-14").unwrap();
        assert_eq!(spec.dialect, "eva_clip");
        let image = spec.vit().unwrap();
        assert_eq!((image.encoder.mlp_width, image.encoder.heads), (15360, 16));
        assert_eq!((spec.raw.text_depth, spec.raw.text_length), (None, Some(77)));
        let ratio = BigRational::new(8_571_428_571_428_571_i64.into(), 1_000_000_000_000_000_i64.into());
        assert_eq!(spec.raw.mlp_ratio, Some(ratio));
    }
}
