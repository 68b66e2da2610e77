//! Chinese-CLIP's own way: a flat file for each tower, `vision_..` with `embed_dim` and `text_..`
//! without, often joined into one.

use serde_json::{Map, Value};

use super::{Dialect, flat, has_section, huggingface};
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::spec::*;

pub struct ChineseClip;

const TEXT_MARKS: [&str; 3] = ["text_hidden_size", "text_num_hidden_layers", "text_num_attention_heads"];

/// Tokens at which Chinese-CLIP cuts its texts.
const CONTEXT: u64 = 52;

impl Dialect for ChineseClip {
    fn name(&self) -> &'static str {
        "chinese_clip"
    }

    fn recognises(&self, file: &Map<String, Value>) -> bool {
        has_section(file, &TEXT_MARKS) || flat::IMAGE_MARKS.iter().filter(|mark| file.contains_key(**mark)).count() > 1
    }

    fn read(&self, name: &str, keys: Keys) -> Result<ClipSpec> {
        let written = match keys.has("embed_dim") {
            true => Some(keys.required_dimension("embed_dim", Dimension::Width)?),
            false => None,
        };
        let image = match flat::IMAGE_MARKS.iter().any(|mark| keys.has(mark)) {
            true => Some(flat::image_tower(keys, keys.required_dimension("embed_dim", Dimension::Width)?)?),
            false => None,
        };
        let text = match TEXT_MARKS.iter().any(|mark| keys.has(mark)) {
            true => Some(text_tower(keys, written)?),
            false => None,
        };
        let mut notes = Vec::new();
        if let Some(text) = &text {
            notes.push(format!(
                "the file gives no text length: {} tokens are counted (--context changes it)",
                text.context
            ));
            if written.is_none() {
                notes.push("the file gives no embed_dim: the text tower's projection is not counted".into());
            }
        }
        Ok(ClipSpec {
            name: name.into(),
            dialect: self.name(),
            embed_dim: written.or(text.as_ref().map(TextTower::width)).unwrap_or_default(),
            scalars: u64::from(image.is_some() && text.is_some()),
            image,
            text,
            multimodal: None,
            notes,
            raw: RawKeys::read(keys, keys),
        })
    }
}

fn text_tower(keys: Keys, embed_dim: Option<u64>) -> Result<TextTower> {
    let width = keys.required_dimension("text_hidden_size", Dimension::Width)?;
    let heads = keys.dimension("text_num_attention_heads", 12, Dimension::Heads)?;
    limits::heads_divide(&keys, ("text_hidden_size", width), ("text_num_attention_heads", heads))?;
    let layers = keys.dimension("text_num_hidden_layers", 12, Dimension::Layers)?;
    let mlp_width = keys.dimension("text_intermediate_size", 4 * width, Dimension::MlpWidth)?;
    let positions = keys.dimension("text_max_position_embeddings", 512, Dimension::Context)?;
    Ok(TextTower {
        vocab: keys.dimension("vocab_size", 21128, Dimension::Vocab)?,
        context: keys.context(keys.dimension("context_length", CONTEXT, Dimension::Context)?.min(positions)),
        class_token: false,
        embedding: Embedding {
            positions,
            segments: keys.dimension("text_type_vocab_size", 2, Dimension::Vocab)?,
            norm: true,
            ..Embedding::default()
        },
        causal: false,
        encoder: Encoder {
            activation: huggingface::activation_at(keys, "text_hidden_act", Activation::Gelu)?,
            norm: NormPlacement::AfterResidual,
            ..Encoder::plain(width, layers, heads, mlp_width)
        },
        final_norm: false,
        pooling: TextPooling::First,
        transformed: None,
        projection: match embed_dim {
            Some(_) => Projection::Linear { bias: false },
            None => Projection::None,
        },
    })
}
