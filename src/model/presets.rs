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

/// The presets' names.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The preset that is meant by a name, in its own spelling.
pub fn known(name: &str) -> Option<&'static str> {
    names().find(|known| spelling(known) == spelling(name))
}

/// A built-in model. Upper and lower case are one, and so are `/`, `_`, `@` and `-`.
pub fn preset(name: &str) -> Result<ClipSpec> {
    preset_as(name, &Wanted::default())
}

/// The same with another image size or text length.
pub fn preset_as(name: &str, wanted: &Wanted) -> Result<ClipSpec> {
    match PRESETS.iter().find(|(known, _)| spelling(known) == spelling(name)) {
        Some((known, text)) => parse_as(known, text, wanted),
        None => Err(Error::input(format!("--preset {name}: there is no such preset{}", nearest(name, names())))
            .remedy(format!("choose one of {}", names().collect::<Vec<_>>().join(", ")))),
    }
}

/// The text of a built-in model's configuration, for programs that read one themselves.
pub fn preset_text(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| spelling(known) == spelling(name)).map(|(_, text)| *text)
}

fn spelling(name: &str) -> String {
    name.to_lowercase().replace(['/', '_', '@'], "-")
}
