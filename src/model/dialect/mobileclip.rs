//! Apple's MobileCLIP: `image_cfg` names the image tower, `text_cfg` has its own keys.

use serde_json::{Map, Value};

use super::{Dialect, has_section, timm};
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::spec::*;

pub struct MobileClip;

impl Dialect for MobileClip {
    fn name(&self) -> &'static str {
        "mobileclip"
    }

    fn recognises(&self, file: &Map<String, Value>) -> bool {
        has_section(file, &["image_cfg"]) && has_section(file, &["text_cfg"])
    }

    fn read(&self, name: &str, keys: Keys) -> Result<ClipSpec> {
        let embed_dim = keys.required_dimension("embed_dim", Dimension::Width)?;
        let (image, text) = (keys.required_section("image_cfg")?, keys.required_section("text_cfg")?);
        Ok(ClipSpec {
            name: name.into(),
            dialect: self.name(),
            image: Some(timm::mobileclip(image, embed_dim)?),
            text: Some(text_tower(text)?),
            multimodal: None,
            embed_dim,
            scalars: 1,
            notes: vec!["the image tower is only named: its dimensions are the public ones, its branches unmerged as in training".into()],
            raw: RawKeys::read(text, image),
        })
    }
}

fn text_tower(keys: Keys) -> Result<TextTower> {
    match keys.text("model_name")? {
        None | Some("base") => {}
        Some(other) => {
            return Err(keys
                .bad("model_name", format!("{other:?} is a text tower with convolutions that are not modelled"))
                .remedy("of MobileCLIP's text towers \"base\" is read"));
        }
    }
    match keys.text("norm_layer")? {
        None | Some("layer_norm" | "layer_norm_fp32") => {}
        Some(other) => {
            return Err(keys
                .bad("norm_layer", format!("{other:?} is not supported"))
                .remedy("give \"layer_norm\" or \"layer_norm_fp32\", where it is one of these"));
        }
    }
    let width = keys.required_dimension("dim", Dimension::Width)?;
    let heads = keys.dimension("n_heads_per_layer", 8, Dimension::Heads)?;
    limits::heads_divide(&keys, ("dim", width), ("n_heads_per_layer", heads))?;
    let layers = keys.required_dimension("n_transformer_layers", Dimension::Layers)?;
    let mlp_width = limits::mlp_width(&keys, width, keys.number("ffn_multiplier_per_layer", 4.0)?)?;
    let context = keys.context(keys.dimension("context_length", 77, Dimension::Context)?);
    Ok(TextTower {
        vocab: keys.dimension("vocab_size", 49408, Dimension::Vocab)?,
        context,
        class_token: false,
        embedding: Embedding {
            positions: if keys.flag("no_pos_embedding", false)? { 0 } else { context },
            ..Embedding::default()
        },
        causal: keys.flag("causal_masking", false)?,
        encoder: Encoder::plain(width, layers, heads, mlp_width),
        final_norm: true,
        pooling: TextPooling::Argmax,
        transformed: None,
        projection: Projection::Linear { bias: false },
    })
}
