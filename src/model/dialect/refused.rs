//! What a JSON that is no CLIP configuration seems to be.

use serde_json::Value;

use crate::Error;
use crate::model::json::shown;

pub fn not_a_config(name: &str, file: &Value) -> Error {
    Error::input(format!("{name}: not a CLIP configuration: found {}", found(file)))
        .remedy("give a file with text_config and vision_config (HuggingFace) or text_cfg and vision_cfg (open_clip)")
}

/// What the file holds, in a few words.
fn found(file: &Value) -> String {
    let Value::Object(map) = file else {
        return match file {
            Value::Array(items) => format!("a list of {} items", items.len()),
            other => format!("the bare value {}", shown(other)),
        };
    };
    if map.is_empty() {
        return "an empty object".into();
    }
    let mut parts = Vec::new();
    if let Some(kind) = map.get("model_type") {
        parts.push(format!("model_type {}", shown(kind)));
    }
    if let Some(Value::String(architecture)) = map.get("architectures").and_then(|list| list.get(0)) {
        parts.push(format!("architecture {architecture:?}"));
    }
    if parts.is_empty() {
        const SHOWN: usize = 6;
        let keys: Vec<&str> = map.keys().take(SHOWN).map(String::as_str).collect();
        let more = if map.len() > SHOWN { ", .." } else { "" };
        parts.push(format!("an object with the keys {}{more}", keys.join(", ")));
    }
    parts.join(", ")
}
