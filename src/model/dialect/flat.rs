//! What the flat files of OpenAI's CLIP and of Chinese-CLIP write alike: an image tower whose keys
//! begin with `vision_`.

use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::networks::modified_resnet::{self, ModifiedResNet};
use crate::model::spec::*;

/// The keys of the image tower.
pub const IMAGE_MARKS: [&str; 4] = ["image_resolution", "vision_layers", "vision_width", "vision_patch_size"];

pub fn image_tower(keys: Keys, embed_dim: u64) -> Result<ImageTower> {
    let image = keys.image_size("image_resolution", 224)?;
    let width = keys.required_dimension("vision_width", Dimension::Width)?;
    let head_width = keys.dimension("vision_head_width", 64, Dimension::Width)?;
    if let Some(layers) = keys.list("vision_layers") {
        let layers = modified_resnet::stages(&keys, "vision_layers", layers)?;
        let resnet = ModifiedResNet { layers, width, heads: (width * 32 / head_width).max(1), image };
        return modified_resnet::tower(&keys, resnet, embed_dim).map(ImageTower::Network);
    }
    let heads = (width / head_width).max(1);
    limits::heads_divide(&keys, ("vision_width", width), ("vision_head_width", heads))?;
    let patch = Size::square(keys.required_dimension("vision_patch_size", Dimension::Patch)?);
    limits::at_least_one_patch(&keys, image, patch)?;
    let layers = keys.required_dimension("vision_layers", Dimension::Layers)?;
    let mlp_width = limits::mlp_width(&keys, width, keys.number("vision_mlp_ratio", 4.0)?)?;
    let plain = Encoder::plain(width, layers, heads, mlp_width);
    let encoder = Encoder { activation: Activation::QuickGelu, ..plain };
    Ok(ImageTower::Vit(Vit::clip(image, patch, encoder)))
}
