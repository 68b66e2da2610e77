//! open_clip's own image towers.

use super::text::{activation, custom_attention, encoder};
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::networks::modified_resnet::{self, ModifiedResNet};
use crate::model::spec::*;

pub fn tower(keys: Keys, quick_gelu: bool, embed_dim: u64) -> Result<ImageTower> {
    match keys.list("layers") {
        Some(layers) => resnet(keys, layers, embed_dim),
        None => vit(keys, quick_gelu, embed_dim).map(ImageTower::Vit),
    }
}

fn vit(keys: Keys, quick_gelu: bool, embed_dim: u64) -> Result<Vit> {
    keys.refuse(&["input_patchnorm"], "a norm of the pixels of each patch")?;
    keys.section("norm_kwargs")?;
    let image = keys.image_size("image_size", 224)?;
    let patch = keys.size("patch_size", 16, Dimension::Patch)?;
    limits::at_least_one_patch(&keys, image, patch)?;
    let (width, heads) = width_and_heads(keys)?;
    let after = keys.flag("final_ln_after_pool", false)?;
    let encoder = Encoder {
        activation: activation(keys, quick_gelu)?,
        ..custom_attention(keys, encoder(keys, (width, 12, heads), quick_gelu)?)?
    };
    Ok(Vit {
        channels: keys.dimension("in_chans", 3, Dimension::Channels)?,
        ln_pre: !keys.flag("no_ln_pre", false)?,
        ln_post: if after { NormSpan::Pooled } else { NormSpan::AllTokens },
        pooling: pooling(keys, embed_dim)?,
        ..Vit::clip(image, patch, encoder)
    })
}

/// An image tower gives the width of its heads, not their number.
pub fn width_and_heads(keys: Keys) -> Result<(u64, u64)> {
    let width = keys.dimension("width", 768, Dimension::Width)?;
    let head_width = keys.dimension("head_width", 64, Dimension::Width)?;
    if width % head_width != 0 {
        return Err(keys
            .bad("head_width", format!("{head_width} does not divide the width {width}"))
            .remedy("every head is equally wide: give a divisor of the width"));
    }
    Ok((width, width / head_width))
}

fn pooling(keys: Keys, embed_dim: u64) -> Result<ImagePooling> {
    let embedding = match keys.get("attentional_pool") {
        None | Some(serde_json::Value::Bool(false)) => return plain_pooling(keys),
        Some(serde_json::Value::Bool(true)) => EmbeddingQuery::Shared,
        Some(serde_json::Value::String(kind)) if kind == "parallel" => EmbeddingQuery::Parallel,
        Some(serde_json::Value::String(kind)) if kind == "cascade" => EmbeddingQuery::Cascade,
        Some(other) => {
            return Err(keys
                .bad("attentional_pool", format!("{other} is not supported"))
                .remedy("give true, false, \"parallel\" or \"cascade\""));
        }
    };
    let heads = keys.dimension("attn_pooler_heads", 8, Dimension::Heads)?;
    limits::heads_divide(&keys, ("embed_dim", embed_dim), ("attn_pooler_heads", heads))?;
    let queries = keys.dimension("attn_pooler_queries", 256, Dimension::Context)?;
    Ok(ImagePooling::Queries(QueryPool { queries, heads, embedding }))
}

fn plain_pooling(keys: Keys) -> Result<ImagePooling> {
    if keys.flag("global_average_pool", false)? {
        return Ok(ImagePooling::AveragePatches);
    }
    match keys.text("pool_type")? {
        None | Some("tok") => Ok(ImagePooling::ClassToken),
        Some("avg" | "avg_all") => Ok(ImagePooling::AveragePatches),
        Some(other) => Err(keys
            .bad("pool_type", format!("{other:?} is not a pooling that is known"))
            .remedy("a pooling that is known costs the same only where it pools without weights: see what the model's code does, and give \"tok\", \"avg\" or \"avg_all\" where it is one of these")),
    }
}

/// OpenAI's CLIP with a list of layers.
fn resnet(keys: Keys, layers: &[serde_json::Value], embed_dim: u64) -> Result<ImageTower> {
    let image = keys.image_size("image_size", 224)?;
    let width = keys.dimension("width", 64, Dimension::Width)?;
    let head_width = keys.dimension("head_width", 64, Dimension::Width)?;
    let resnet = ModifiedResNet {
        layers: modified_resnet::stages(&keys, "layers", layers)?,
        width,
        heads: (width * 32 / head_width).max(1),
        image,
    };
    modified_resnet::tower(&keys, resnet, embed_dim).map(ImageTower::Network)
}
