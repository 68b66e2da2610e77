//! HuggingFace's image towers.

use super::kinds::{ImageCode, ImageDefaults};
use super::text::activation;
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::spec::*;

pub fn tower(keys: Keys, defaults: &ImageDefaults, projection: Projection) -> Result<Vit> {
    let patch = keys.size("patch_size", defaults.patch, Dimension::Patch)?;
    let (image, table) = pixels(keys, defaults, patch)?;
    limits::at_least_one_patch(&keys, image, patch)?;
    keys.refuse_filled("pruned_heads", "a tower whose heads were pruned")?;
    let width = keys.dimension("hidden_size", defaults.width, Dimension::Width)?;
    let heads = keys.dimension("num_attention_heads", defaults.heads, Dimension::Heads)?;
    limits::heads_divide(&keys, ("hidden_size", width), ("num_attention_heads", heads))?;
    let layers = keys.dimension("num_hidden_layers", defaults.layers, Dimension::Layers)?;
    let mlp_width = keys.dimension("intermediate_size", defaults.mlp_width, Dimension::MlpWidth)?;
    let encoder = Encoder {
        activation: activation(keys, defaults.activation)?,
        ..Encoder::plain(width, layers, heads, mlp_width)
    };
    let channels = keys.dimension("num_channels", 3, Dimension::Channels)?;
    let clip = Vit { channels, projection, ..Vit::clip(image, patch, encoder) };
    Ok(match defaults.code {
        ImageCode::Clip => clip,
        ImageCode::Siglip | ImageCode::Siglip2 => Vit {
            patch_linear: defaults.code == ImageCode::Siglip2,
            patch_bias: true,
            prefix: 0,
            positions: Positions::Patches { table },
            ln_pre: false,
            ln_post: NormSpan::AllTokens,
            pooling: match keys.flag("vision_use_head", true)? {
                true => ImagePooling::Attention(AttentionPool::siglip(heads, mlp_width)),
                // Nothing pools: every token is an output.
                false => ImagePooling::ClassToken,
            },
            projection: Projection::None,
            ..clip
        },
    })
}

/// The image, and the rows of the table of positions.
fn pixels(keys: Keys, defaults: &ImageDefaults, patch: Size) -> Result<(Size, u64)> {
    // SigLIP 2 goes by a number of patches; it does not look at an image_size, which some files
    // give as -1.
    if defaults.code == ImageCode::Siglip2 && !keys.wants_image_size() {
        let default = (defaults.image / defaults.patch).pow(2);
        let patches = keys.dimension("num_patches", default, Dimension::Image)?;
        let side = patches.isqrt();
        let grid = if side * side == patches { Size::square(side) } else { Size { height: 1, width: patches } };
        let image = Size { height: grid.height * patch.height, width: grid.width * patch.width };
        return Ok((image, patches));
    }
    let image = keys.image_size("image_size", defaults.image)?;
    let grid = Size { height: image.height / patch.height, width: image.width / patch.width };
    Ok((image, grid.area()))
}
