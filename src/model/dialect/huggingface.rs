//! HuggingFace's CLIP: `text_config` and `vision_config`, each often holding only what differs
//! from the library's defaults.

use serde_json::{Map, Value};

use super::{Dialect, has_section};
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::spec::*;

pub struct HuggingFace;

/// The library's defaults for one tower.
struct Defaults {
    width: u64,
    heads: u64,
    mlp_width: u64,
}

const LAYERS: u64 = 12;
const IMAGE: Defaults = Defaults { width: 768, heads: 12, mlp_width: 3072 };
const TEXT: Defaults = Defaults { width: 512, heads: 8, mlp_width: 2048 };
const EMBED_DIM: u64 = 512;

impl Dialect for HuggingFace {
    fn name(&self) -> &'static str {
        "huggingface"
    }

    fn recognises(&self, file: &Map<String, Value>) -> bool {
        let text = has_section(file, &["text_config", "text_config_dict"]);
        let vision = has_section(file, &["vision_config", "vision_config_dict"]);
        match file.get("model_type") {
            // With one section or none, only its type says what the defaults of the rest are.
            None => text && vision,
            Some(kind) => kind == "clip" || text || vision,
        }
    }

    fn read(&self, name: &str, keys: Keys) -> Result<ClipSpec> {
        model_type(keys)?;
        let text = section(keys, "text_config", "text_config_dict")?;
        let vision = section(keys, "vision_config", "vision_config_dict")?;
        let written = keys.section("text_config")?;
        Ok(ClipSpec {
            name: name.into(),
            dialect: self.name(),
            image: image_tower(vision)?,
            text: text_tower(text)?,
            // The sections carry a projection_dim too, which the pair of towers never reads.
            embed_dim: keys.dimension("projection_dim", EMBED_DIM, Dimension::Width)?,
            raw: RawKeys::read(written, keys.section("vision_config")?),
        })
    }
}

/// Other models share the two sections; their towers are different ones.
fn model_type(keys: Keys) -> Result<()> {
    match keys.text("model_type")? {
        None | Some("clip" | "clip_text_model" | "clip_vision_model") => Ok(()),
        Some(other) => Err(keys
            .bad("model_type", format!("not a CLIP that is supported: found {other:?}"))
            .remedy("of HuggingFace's models with a text_config and a vision_config, model_type \"clip\" is read")),
    }
}

/// The section that takes effect: `*_config_dict`, filled up with the defaults, replaces
/// `*_config` as a whole.
fn section<'a>(keys: Keys<'a>, config: &'a str, dict: &'a str) -> Result<Keys<'a>> {
    let section = keys.section(if keys.has(dict) { dict } else { config })?;
    model_type(section)?;
    Ok(section)
}

fn image_tower(keys: Keys) -> Result<ImageTower> {
    let image = keys.size("image_size", 224, Dimension::Image)?;
    let patch = keys.size("patch_size", 32, Dimension::Patch)?;
    limits::patches_tile(&keys, image, patch)?;
    Ok(ImageTower {
        family: Family::Clip,
        image,
        patch,
        channels: keys.dimension("num_channels", 3, Dimension::Channels)?,
        patch_bias: false,
        ln_pre: true,
        encoder: encoder(keys, IMAGE)?,
        ln_post: NormSpan::Pooled,
        pooling: ImagePooling::ClassToken,
        projection: Projection { bias: false },
    })
}

fn text_tower(keys: Keys) -> Result<TextTower> {
    Ok(TextTower {
        vocab: keys.dimension("vocab_size", 49408, Dimension::Vocab)?,
        context: keys.dimension("max_position_embeddings", 77, Dimension::Context)?,
        causal: true,
        encoder: encoder(keys, TEXT)?,
        pooling: TextPooling::Argmax,
        projection: Projection { bias: false },
    })
}

fn encoder(keys: Keys, default: Defaults) -> Result<Encoder> {
    let width = keys.dimension("hidden_size", default.width, Dimension::Width)?;
    let heads = keys.dimension("num_attention_heads", default.heads, Dimension::Heads)?;
    limits::heads_divide(&keys, ("hidden_size", width), ("num_attention_heads", heads))?;
    Ok(Encoder {
        width,
        layers: keys.dimension("num_hidden_layers", LAYERS, Dimension::Layers)?,
        heads,
        mlp_width: keys.dimension("intermediate_size", default.mlp_width, Dimension::MlpWidth)?,
        activation: activation(keys)?,
        norm: NormPlacement::Pre,
        qkv_bias: QkvBias::All,
        layer_scale: false,
    })
}

fn activation(keys: Keys) -> Result<Activation> {
    match keys.text("hidden_act")? {
        None | Some("quick_gelu") => Ok(Activation::QuickGelu),
        Some("gelu") => Ok(Activation::Gelu),
        Some("gelu_new" | "gelu_fast" | "gelu_pytorch_tanh") => Ok(Activation::GeluTanh),
        Some(other) => Err(keys
            .bad("hidden_act", format!("{other:?} is not supported"))
            .remedy("give quick_gelu, gelu, gelu_new, gelu_fast or gelu_pytorch_tanh")),
    }
}
