//! What a program that reads a file's keys literally finds there.

use serde_json::Value;

use super::json::Keys;
use super::spec::RawKeys;

impl RawKeys {
    pub(super) fn read(text: Keys, vision: Keys) -> RawKeys {
        let first = |keys: [&str; 2]| keys.iter().find_map(|key| text.get(key).and_then(Value::as_u64));
        RawKeys {
            text_depth: first(["num_hidden_layers", "num_layers"]),
            text_length: first(["context_length", "max_position_embeddings"]),
            mlp_ratio: vision.get("mlp_ratio").filter(|value| value.is_number()).map(Value::to_string),
        }
    }
}
