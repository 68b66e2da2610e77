//! OpenAI's own way: one flat object, the arguments of its `CLIP` class.

use serde_json::{Map, Value};

use super::{Dialect, flat, has_section};
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::spec::*;

pub struct OpenAi;

const TEXT_MARKS: [&str; 3] = ["transformer_width", "transformer_heads", "transformer_layers"];

impl Dialect for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn recognises(&self, file: &Map<String, Value>) -> bool {
        has_section(file, &TEXT_MARKS)
    }

    fn read(&self, name: &str, keys: Keys) -> Result<ClipSpec> {
        let embed_dim = keys.required_dimension("embed_dim", Dimension::Width)?;
        let image = match keys.has("vision_layers") || keys.has("vision_width") {
            true => Some(flat::image_tower(keys, embed_dim)?),
            false => None,
        };
        Ok(ClipSpec {
            name: name.into(),
            dialect: self.name(),
            scalars: u64::from(image.is_some()),
            image,
            text: Some(text_tower(keys)?),
            multimodal: None,
            embed_dim,
            notes: Vec::new(),
            raw: RawKeys::read(keys, keys),
        })
    }
}

fn text_tower(keys: Keys) -> Result<TextTower> {
    let width = keys.required_dimension("transformer_width", Dimension::Width)?;
    let heads = keys.dimension("transformer_heads", (width / 64).max(1), Dimension::Heads)?;
    limits::heads_divide(&keys, ("transformer_width", width), ("transformer_heads", heads))?;
    let layers = keys.required_dimension("transformer_layers", Dimension::Layers)?;
    let context = keys.context(keys.dimension("context_length", 77, Dimension::Context)?);
    Ok(TextTower {
        vocab: keys.dimension("vocab_size", 49408, Dimension::Vocab)?,
        context,
        class_token: false,
        embedding: Embedding { positions: context, ..Embedding::default() },
        causal: true,
        encoder: Encoder { activation: Activation::QuickGelu, ..Encoder::plain(width, layers, heads, 4 * width) },
        final_norm: true,
        pooling: TextPooling::Argmax,
        transformed: None,
        projection: Projection::Linear { bias: false },
    })
}
