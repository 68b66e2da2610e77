//! One file per way of writing a CLIP configuration, each recognised from the file's content.

mod eva_clip;
mod huggingface;
mod open_clip;
mod refused;
mod timm;

use serde_json::{Map, Value};

use super::json::{Keys, Wanted};
use super::spec::ClipSpec;
use crate::Result;

/// A way of writing a CLIP configuration.
pub trait Dialect: Sync {
    /// Its slug in results.
    fn name(&self) -> &'static str;

    /// Does this file use the dialect's keys? Not whether their values make sense.
    fn recognises(&self, file: &Map<String, Value>) -> bool;

    fn read(&self, name: &str, keys: Keys) -> Result<ClipSpec>;
}

/// All dialects, the more particular first.
const DIALECTS: [&dyn Dialect; 3] = [&huggingface::HuggingFace, &eva_clip::EvaClip, &open_clip::OpenClip];

/// Reads a parsed configuration in whichever dialect it is written. `name` names it in results
/// and errors.
pub fn read(name: &str, file: &Value, wanted: &Wanted) -> Result<ClipSpec> {
    let Value::Object(map) = file else {
        return Err(refused::not_a_config(name, file));
    };
    match DIALECTS.iter().find(|dialect| dialect.recognises(map)) {
        Some(dialect) => dialect.read(name, Keys::top(name, map, *wanted)),
        None => Err(refused::not_a_config(name, file)),
    }
}

/// Has the file one of these sections, whatever is in it?
fn has_section(file: &Map<String, Value>, keys: &[&str]) -> bool {
    keys.iter().any(|key| file.contains_key(*key))
}
