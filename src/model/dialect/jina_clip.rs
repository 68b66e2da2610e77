//! Jina's CLIP: HuggingFace's two sections around an EVA image tower and a text tower that is only
//! named.

use serde_json::{Map, Value};

use super::{Dialect, eva_clip};
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::spec::*;

pub struct JinaClip;

impl Dialect for JinaClip {
    fn name(&self) -> &'static str {
        "jina_clip"
    }

    fn recognises(&self, file: &Map<String, Value>) -> bool {
        file.get("model_type").is_some_and(|kind| kind == "jina_clip")
    }

    fn read(&self, name: &str, keys: Keys) -> Result<ClipSpec> {
        let (text, vision) = (keys.section("text_config")?, keys.section("vision_config")?);
        let embed_dim = keys.dimension("projection_dim", 768, Dimension::Width)?;
        let projected = keys.flag("add_projections", false)?;
        let (text_tower, note) = text_tower(text, projected)?;
        keys.settle(&["model_type", "architectures"]);
        for section in [text, vision] {
            section.settle(&["model_type"]);
            let width = section.dimension("embed_dim", embed_dim, Dimension::Width)?;
            if width != embed_dim {
                return Err(section
                    .bad("embed_dim", format!("{width}, and projection_dim is {embed_dim}"))
                    .remedy("both towers end in one embedding: give the same number in all three"));
            }
        }
        Ok(ClipSpec {
            name: name.into(),
            dialect: self.name(),
            image: Some(ImageTower::Vit(image_tower(vision)?)),
            text: Some(text_tower),
            multimodal: None,
            embed_dim,
            scalars: 1,
            notes: vec![note],
            raw: RawKeys::read(text, vision),
        })
    }
}

fn image_tower(keys: Keys) -> Result<Vit> {
    let image = keys.image_size("image_size", 224)?;
    let patch = keys.size("patch_size", 16, Dimension::Patch)?;
    limits::at_least_one_patch(&keys, image, patch)?;
    let width = keys.dimension("width", 768, Dimension::Width)?;
    let head_width = keys.dimension("head_width", 64, Dimension::Width)?;
    let heads = (width / head_width).max(1);
    limits::heads_divide(&keys, ("width", width), ("head_width", heads))?;
    let layers = keys.dimension("layers", 12, Dimension::Layers)?;
    let mlp_width = limits::mlp_width(&keys, width, keys.number("mlp_ratio", 4.0)?)?;
    let gated = keys.flag("naive_swiglu", false)?;
    let inner = keys.flag("subln", false)?;
    let encoder = Encoder {
        mlp: if gated { Mlp::Gated } else { Mlp::Plain },
        activation: if gated { Activation::Silu } else { Activation::Gelu },
        norm: if keys.flag("post_norm", false)? { NormPlacement::Post } else { NormPlacement::Pre },
        qkv_bias: if keys.flag("qkv_bias", true)? { QkvBias::QueryValue } else { QkvBias::None },
        inner_norms: InnerNorms { attention: inner, mlp: inner, ..InnerNorms::default() },
        rotary: keys.flag("rope_embeddings", false)?,
        layer_scale: keys.has("ls_init_value"),
        ..Encoder::plain(width, layers, heads, mlp_width)
    };
    Ok(eva_clip::eva(image, patch, encoder))
}

/// Tokens of a text that the models were trained with; they take up to 8192.
const CONTEXT: u64 = 512;

fn text_tower(keys: Keys, projected: bool) -> Result<(TextTower, String)> {
    let name = keys.text("hf_model_name_or_path")?.unwrap_or("jinaai/jina-bert-flash-implementation");
    let bert = name.contains("jina-bert");
    if !bert && !name.contains("jina-embeddings-v3") && !name.contains("xlm-roberta") {
        return Err(keys
            .bad("hf_model_name_or_path", format!("the dimensions of {name:?} are not known"))
            .remedy("known: jinaai/jina-bert-flash-implementation and jinaai/jina-embeddings-v3"));
    }
    let encoder = match bert {
        // Distances are a fixed slope for each head.
        true => Encoder { mlp: Mlp::Gated, ..Encoder::plain(768, 12, 12, 3072) },
        false => Encoder { rotary: true, ..Encoder::plain(1024, 24, 16, 4096) },
    };
    let context = keys.context(CONTEXT);
    let tower = TextTower {
        vocab: if bert { 30_528 } else { 250_002 },
        context,
        class_token: false,
        embedding: Embedding { segments: if bert { 2 } else { 1 }, norm: true, ..Embedding::default() },
        causal: false,
        encoder: Encoder { norm: NormPlacement::AfterResidual, ..encoder },
        final_norm: false,
        pooling: match keys.text("pooler_type")? {
            None | Some("mean_pooler") => TextPooling::Mean,
            Some("cls_pooler" | "cls_last_hidden_state_pooler") => TextPooling::First,
            Some(other) => {
                return Err(keys
                    .bad("pooler_type", format!("{other:?} is not supported"))
                    .remedy("give \"mean_pooler\" or \"cls_pooler\""));
            }
        },
        transformed: None,
        projection: if projected { Projection::Linear { bias: false } } else { Projection::None },
    };
    let note = format!(
        "the text tower is only named: its dimensions are those of {name}, without its adapters; {context} tokens are counted of the up to 8192 that it takes (--context changes it)"
    );
    Ok((tower, note))
}
