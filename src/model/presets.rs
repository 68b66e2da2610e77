//! Models that are always at hand: each is the text of a configuration as its publisher writes
//! it, read by the same code as any file.

use super::{ClipSpec, Wanted, parse_as};
use crate::nearest::nearest;
use crate::{Error, Result};

const PRESETS: [(&str, &str); 10] = [
    ("ViT-B-32", include_str!("presets/ViT-B-32.json")),
    ("ViT-B-16", include_str!("presets/ViT-B-16.json")),
    ("ViT-L-14", include_str!("presets/ViT-L-14.json")),
    ("ViT-L-14-336", include_str!("presets/ViT-L-14-336.json")),
    ("ViT-H-14", include_str!("presets/ViT-H-14.json")),
    ("ViT-g-14", include_str!("presets/ViT-g-14.json")),
    ("ViT-bigG-14", include_str!("presets/ViT-bigG-14.json")),
    ("EVA02-E-14", include_str!("presets/EVA02-E-14.json")),
    ("EVA02-E-14-plus", include_str!("presets/EVA02-E-14-plus.json")),
    ("tiny", include_str!("presets/tiny.json")),
];

/// open_clip's own models: a name and its configuration a line.
const OPEN_CLIP: &str = include_str!("presets/open_clip.tsv");

/// The names of the presets that are searched where no model is given.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The names of all presets, open_clip's models among them.
pub fn all_names() -> impl Iterator<Item = &'static str> {
    all().map(|(name, _)| name)
}

fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let more = OPEN_CLIP.lines().filter_map(|line| line.split_once('\t'));
    PRESETS.into_iter().chain(more.filter(|(name, _)| names().all(|known| known != *name)))
}

/// The preset that is meant by a name, in its own spelling.
pub fn known(name: &str) -> Option<&'static str> {
    all_names().find(|known| spelling(known) == spelling(name))
}

/// The error of a name that is no preset: it offers those that come near.
pub fn no_preset(name: &str, what: &str) -> Error {
    Error::input(format!("{what}{}", nearest(name, all_names()))).remedy(format!(
        "choose one of {}, or a model of open_clip by its name, such as ViT-B-16-SigLIP or RN50; or give the path of a configuration file",
        names().collect::<Vec<_>>().join(", ")
    ))
}

/// A built-in model. Upper and lower case are one, and so are `/`, `_`, `@` and `-`.
pub fn preset(name: &str) -> Result<ClipSpec> {
    preset_as(name, &Wanted::default())
}

/// The same with another image size or text length.
pub fn preset_as(name: &str, wanted: &Wanted) -> Result<ClipSpec> {
    match all().find(|(known, _)| spelling(known) == spelling(name)) {
        Some((known, text)) => parse_as(known, text, wanted),
        None => Err(no_preset(name, &format!("--preset {name}: there is no such preset"))),
    }
}

/// The text of a built-in model's configuration, for programs that read one themselves.
pub fn preset_text(name: &str) -> Option<&'static str> {
    all().find(|(known, _)| spelling(known) == spelling(name)).map(|(_, text)| text)
}

fn spelling(name: &str) -> String {
    name.to_lowercase().replace(['/', '_', '@'], "-")
}
