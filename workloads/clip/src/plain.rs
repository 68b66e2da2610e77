//! The models that this workload runs: CLIP's plain vision transformer and text transformer.

use flopledger::model::ClipSpec;
use flopledger::model::spec::*;
use flopledger::{Error, Result};

/// A model whose towers are both plain.
pub struct Plain {
    pub name: String,
    pub image: Vit,
    pub text: TextTower,
    pub embed_dim: u64,
    /// An image is the mean of its patches, not its class token.
    pub averages: bool,
    pub place: Place,
}

/// The token that a text is embedded by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Argmax,
    First,
    Last,
}

impl Plain {
    pub fn of(spec: ClipSpec) -> Result<Plain> {
        let ClipSpec { name, image, text, embed_dim, .. } = spec;
        let refused = |what: &str| {
            Error::input(format!("{name}: {what}")).remedy(
                "this workload runs CLIP's own two transformers; flopledger estimate counts the model all the same",
            )
        };
        let Some(ImageTower::Vit(image)) = image else {
            return Err(refused("the image tower is not there, or no vision transformer"));
        };
        let Some(text) = text else {
            return Err(refused("the text tower is not there"));
        };
        let averages = match image.pooling {
            ImagePooling::ClassToken => false,
            ImagePooling::AveragePatches => true,
            _ => return Err(refused("the image tower is pooled by attention")),
        };
        let place = match text.pooling {
            TextPooling::Argmax => Place::Argmax,
            TextPooling::First => Place::First,
            TextPooling::Last => Place::Last,
            _ => return Err(refused("the text tower is not embedded by one of its tokens")),
        };
        if !plain_vit(&image) {
            return Err(refused("the image tower differs from CLIP's own"));
        }
        if !plain_text(&text) {
            return Err(refused("the text tower differs from CLIP's own"));
        }
        Ok(Plain { name, image, text, embed_dim, averages, place })
    }
}

fn plain_vit(vit: &Vit) -> bool {
    vit.tiled()
        && !vit.patch_linear
        && vit.prefix == 1
        && vit.positions == Positions::All
        && vit.ln_post != NormSpan::None
        && matches!(vit.projection, Projection::Linear { .. })
        && plain_encoder(&vit.encoder)
}

fn plain_text(text: &TextTower) -> bool {
    let embedding = Embedding { positions: text.context, ..Embedding::default() };
    !text.class_token
        && text.embedding == embedding
        && text.final_norm
        && text.transformed.is_none()
        && matches!(text.projection, Projection::Linear { .. })
        && plain_encoder(&text.encoder)
}

/// Equal to CLIP's own but in what the blocks here can vary.
fn plain_encoder(encoder: &Encoder) -> bool {
    let Encoder { width, layers, heads, mlp_width, activation, norm, qkv_bias, layer_scale, .. } = *encoder;
    let plain = Encoder { activation, norm, qkv_bias, layer_scale, ..Encoder::plain(width, layers, heads, mlp_width) };
    *encoder == plain
        && norm != NormPlacement::AfterResidual
        && matches!(activation, Activation::QuickGelu | Activation::Gelu | Activation::GeluTanh)
}

/// Does the map into the embedding space add a bias?
pub fn has_bias(projection: Projection) -> bool {
    projection == Projection::Linear { bias: true }
}
