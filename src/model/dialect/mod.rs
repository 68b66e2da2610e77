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
use super::reads::Reads;
use super::spec::ClipSpec;
use super::unread;
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
    let reads = Reads::default();
    let mut spec = recognised(name, file, wanted, &reads)?;
    let said = spec.dialect;
    let mut unread = file.as_object().map_or_else(Vec::new, |map| reads.unread(map));
    // A tower's own file is a HuggingFace file by its keys, whatever the file that names it is.
    for tower in &wanted.towers {
        match reads.any(&tower.keys) {
            true => spec.notes.extend(unread::judge(&tower.name, "huggingface", reads.unread(&tower.keys))?),
            false => spec
                .notes
                .push(format!("--tower-config {}: not used: the file names no tower that it fits", tower.name)),
        }
    }
    unread.retain(|key| !spec.notes.iter().any(|note| names(note, &key.path)));
    spec.notes.extend(unread::judge(name, said, unread)?);
    Ok(spec)
}

/// Has a note said of this key already that it is not read?
fn names(note: &str, path: &str) -> bool {
    note.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).any(|word| word.trim_end_matches('.') == path)
}

/// Paths of the keys of a file that a count depends on, as far as reading looks at them.
pub fn looked_at(name: &str, file: &Value, wanted: &Wanted) -> Result<(&'static str, Vec<String>)> {
    let reads = Reads::default();
    let spec = recognised(name, file, wanted, &reads)?;
    Ok((spec.dialect, file.as_object().map_or_else(Vec::new, |map| reads.read(map))))
}

fn recognised(name: &str, file: &Value, wanted: &Wanted, reads: &Reads) -> Result<ClipSpec> {
    let Value::Object(map) = file else {
        return Err(refused::not_a_config(name, file));
    };
    let mut keys = Keys::top(name, map, wanted, reads);
    if let Some(Value::Object(_)) = map.get("model_cfg") {
        // open_clip_config.json: the configuration beside that of the pixels.
        keys = keys.section("model_cfg")?;
    }
    let Some(map) = keys.object() else {
        return Err(refused::not_a_config(name, file));
    };
    match DIALECTS.iter().find(|dialect| dialect.recognises(map)) {
        Some(dialect) => dialect.read(name, keys),
        None => Err(refused::not_a_config(name, file)),
    }
}

/// Has the file one of these sections, whatever is in it?
fn has_section(file: &Map<String, Value>, keys: &[&str]) -> bool {
    keys.iter().any(|key| file.contains_key(*key))
}
