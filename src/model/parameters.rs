//! Learnt numbers of a model, per tower.

use serde::Serialize;

use super::spec::*;
use super::terms::{Dims, Kind, Role, Term, Tower};
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

/// Learnt numbers that one term uses, in all layers. The class token and the logit scale belong
/// to no term.
pub fn term_parameters(spec: &ClipSpec, term: &Term) -> Count {
    let times = Count::from(term.times);
    match term.dims {
        Dims::Product { .. } if term.kind == Kind::Matmul => 0,
        Dims::Product { n, k, .. } => Count::from(n) * Count::from(k) * times,
        Dims::Elements { rows, width } => {
            let (rows, width) = (Count::from(rows), Count::from(width));
            match term.role {
                Role::TokenEmbed => Count::from(spec.text.vocab) * width,
                Role::Position => rows * width,
                Role::QkvBias => qkv_bias(encoder(spec, term.tower)) * times,
                Role::AttnLayerScale | Role::MlpLayerScale => width * times,
                _ if term.kind == Kind::LayerNorm => norm(width) * times,
                role => bias(role.is_bias(), width) * times,
            }
        }
    }
}

fn encoder(spec: &ClipSpec, tower: Option<Tower>) -> &Encoder {
    match tower {
        Some(Tower::Text) => &spec.text.encoder,
        Some(Tower::Image) | None => &spec.image.encoder,
    }
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
    let attention = 3 * width * width + qkv_bias(encoder) + width * width + width;
    let mlp = width * mlp + mlp + mlp * width + width;
    let layer_scale = if encoder.layer_scale { 2 * width } else { 0 };
    Count::from(encoder.layers) * (attention + mlp + 2 * norm(width) + layer_scale)
}

fn qkv_bias(encoder: &Encoder) -> Count {
    let width = Count::from(encoder.width);
    match encoder.qkv_bias {
        QkvBias::None => 0,
        QkvBias::QueryValue => 2 * width,
        QkvBias::All => 3 * width,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{names, preset, terms};

    #[test]
    fn the_terms_use_every_parameter() {
        for name in names() {
            let spec = preset(name).unwrap();
            let used: Count = terms(&spec).iter().map(|term| term_parameters(&spec, term)).sum();
            let class_token = Count::from(spec.image.encoder.width);
            assert_eq!(used + class_token + LOGIT_SCALE, parameters(&spec).total, "{name}");
        }
    }
}
