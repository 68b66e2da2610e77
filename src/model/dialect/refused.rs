//! What a JSON that is no CLIP configuration seems to be.

use serde_json::{Map, Value};

use crate::Error;
use crate::model::json::shown;

pub fn not_a_config(name: &str, file: &Value) -> Error {
    let (found, remedy) = match file {
        Value::Object(map) => (described(map), remedy(map)),
        Value::Array(items) => (format!("found a list of {} items", items.len()), REMEDY),
        other => (format!("found the bare value {}", shown(other)), REMEDY),
    };
    Error::input(format!("{name}: not a CLIP configuration: {found}")).remedy(remedy)
}

const REMEDY: &str =
    "give a file with text_config and vision_config (HuggingFace) or text_cfg and vision_cfg (open_clip)";

/// Beginnings of a `model_type`, and what such models are.
const TYPES: [(&str, &str); 17] = [
    ("blip", "BLIP, a model that captions images"),
    ("instructblip", "InstructBLIP, a vision-language model"),
    ("qwen", "Qwen, a language or vision-language model"),
    ("llava", "LLaVA, a vision-language model"),
    ("paligemma", "PaliGemma, a vision-language model"),
    ("idefics", "Idefics, a vision-language model"),
    ("internvl", "InternVL, a vision-language model"),
    ("mllama", "Llama, a vision-language model"),
    ("llama", "Llama, a language model"),
    ("git", "GIT, a model that captions images"),
    ("flava", "FLAVA, which joins its towers by a third"),
    ("clap", "CLAP, which embeds sound"),
    ("xclip", "X-CLIP, which embeds video"),
    ("bert", "BERT, a text model"),
    ("roberta", "RoBERTa, a text model"),
    ("vit", "ViT, an image classifier"),
    ("t5", "T5, a text model"),
];

/// Keys that tell other files apart.
const KEYS: [(&[&str], &str); 9] = [
    (&["_class_name"], "a part of a diffusers pipeline"),
    (&["crop_size", "do_normalize", "image_processor_type", "preprocess_cfg"], "the preprocessing of images"),
    (&["add_prefix_space", "tokenizer_class", "bos_token"], "a tokenizer's configuration"),
    (&["zero_optimization", "train_micro_batch_size_per_gpu"], "a DeepSpeed configuration"),
    (&["per_device_train_batch_size", "num_train_epochs"], "the arguments of a training run"),
    (&["train_data", "epochs", "lr", "learning_rate", "optimizer"], "a training configuration"),
    (&["weight_map"], "the index of a weight file"),
    (&["quantization_config"], "a quantised model that is not recognised"),
    (&["metadata", "batch_wait_s"], "a server's description of a model"),
];

fn described(map: &Map<String, Value>) -> String {
    if map.is_empty() {
        return "found an empty object".into();
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
    let found = format!("found {}", parts.join(", "));
    match seems(map) {
        Some(what) => format!("it seems to be {what}; {found}"),
        None => found,
    }
}

fn seems(map: &Map<String, Value>) -> Option<&'static str> {
    if let Some(Value::String(kind)) = map.get("model_type") {
        return TYPES.iter().find(|(start, _)| kind.starts_with(start)).map(|(_, what)| *what);
    }
    KEYS.iter().find(|(keys, _)| keys.iter().any(|key| map.contains_key(*key))).map(|(_, what)| *what)
}

fn remedy(map: &Map<String, Value>) -> &'static str {
    let nested = ["text_config", "vision_config"].iter().any(|section| map.contains_key(*section));
    // Only where the image section says itself that it is a tower that is counted.
    let image = map.get("vision_config").and_then(|section| section.get("model_type")).and_then(Value::as_str);
    let counted =
        image.is_some_and(|kind| ["clip_vision_model", "siglip_vision_model", "siglip2_vision_model"].contains(&kind));
    match nested && counted {
        true => "give its vision_config, which is CLIP's or SigLIP's, as a file of its own: the image tower is counted",
        false if nested => {
            "this kind of model has no count here; give a file of CLIP's kind (text_config and vision_config, or text_cfg and vision_cfg)"
        }
        false => REMEDY,
    }
}
