//! Learnt numbers of a model, per tower.

use serde::Serialize;

use super::spec::*;
use crate::units::Count;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Parameters {
    pub image: Count,
    pub text: Count,
    /// Outside both towers: the logit scale.
    pub other: Count,
    pub total: Count,
}

const LOGIT_SCALE: Count = 1;

pub fn parameters(spec: &ClipSpec) -> Parameters {
    let embed_dim = Count::from(spec.embed_dim);
    let image = image(&spec.image, embed_dim);
    let text = text(&spec.text, embed_dim);
    Parameters { image, text, other: LOGIT_SCALE, total: image + text + LOGIT_SCALE }
}

fn image(tower: &ImageTower, embed_dim: Count) -> Count {
    let width = Count::from(tower.encoder.width);
    let kernel = Count::from(tower.channels) * Count::from(tower.patch.height) * Count::from(tower.patch.width);
    let class_token = width;
    let positions = Count::from(tower.tokens()) * width;
    let norms = norm(width) * (1 + Count::from(tower.ln_pre));
    kernel * width
        + bias(tower.patch_bias, width)
        + class_token
        + positions
        + blocks(&tower.encoder)
        + norms
        + projection(tower.projection, width, embed_dim)
}

fn text(tower: &TextTower, embed_dim: Count) -> Count {
    let width = Count::from(tower.encoder.width);
    let embeddings = (Count::from(tower.vocab) + Count::from(tower.context)) * width;
    embeddings + blocks(&tower.encoder) + norm(width) + projection(tower.projection, width, embed_dim)
}

fn blocks(encoder: &Encoder) -> Count {
    let (width, mlp) = (Count::from(encoder.width), Count::from(encoder.mlp_width));
    let qkv_bias = match encoder.qkv_bias {
        QkvBias::None => 0,
        QkvBias::QueryValue => 2 * width,
        QkvBias::All => 3 * width,
    };
    let attention = 3 * width * width + qkv_bias + width * width + width;
    let mlp = width * mlp + mlp + mlp * width + width;
    let layer_scale = if encoder.layer_scale { 2 * width } else { 0 };
    Count::from(encoder.layers) * (attention + mlp + 2 * norm(width) + layer_scale)
}

/// A layer norm's scale and shift.
fn norm(width: Count) -> Count {
    2 * width
}

fn projection(projection: Projection, width: Count, embed_dim: Count) -> Count {
    width * embed_dim + bias(projection.bias, embed_dim)
}

fn bias(there: bool, width: Count) -> Count {
    if there { width } else { 0 }
}
