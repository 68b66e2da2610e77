//! One file per way of writing a CLIP configuration, each recognised from the file's content.

mod chinese_clip;
mod eva_clip;
mod flat;
mod huggingface;
mod jina_clip;
mod mobileclip;
mod open_clip;
mod openai;
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
const DIALECTS: [&dyn Dialect; 7] = [
    &jina_clip::JinaClip,
    &huggingface::HuggingFace,
    &mobileclip::MobileClip,
    &eva_clip::EvaClip,
    &open_clip::OpenClip,
    &openai::OpenAi,
    &chinese_clip::ChineseClip,
];

/// Reads a parsed configuration in whichever dialect it is written. `name` names it in results
/// and errors.
pub fn read(name: &str, file: &Value, wanted: &Wanted) -> Result<ClipSpec> {
    let Value::Object(map) = file else {
        return Err(refused::not_a_config(name, file));
    };
    if let Some(Value::Object(model)) = map.get("model_cfg") {
        // open_clip_config.json: the configuration beside that of the pixels.
        return recognised(name, file, model, wanted);
    }
    recognised(name, file, map, wanted)
}

fn recognised(name: &str, file: &Value, map: &Map<String, Value>, wanted: &Wanted) -> Result<ClipSpec> {
    match DIALECTS.iter().find(|dialect| dialect.recognises(map)) {
        Some(dialect) => dialect.read(name, Keys::top(name, map, wanted)),
        None => Err(refused::not_a_config(name, file)),
    }
}

/// Has the file one of these sections, whatever is in it?
fn has_section(file: &Map<String, Value>, keys: &[&str]) -> bool {
    keys.iter().any(|key| file.contains_key(*key))
}
