//! timm's ViTamin: convolutions, then its vision transformer.

use super::head::Head;
use super::name::Name;
use crate::Result;
use crate::model::json::Keys;
use crate::model::networks::vitamin;
use crate::model::spec::*;

struct Dims {
    name: &'static str,
    /// Channels of the first stage.
    channels: u64,
    width: u64,
    layers: u64,
    heads: u64,
    positions: bool,
}

const fn dims(name: &'static str, [channels, width, layers, heads]: [u64; 4]) -> Dims {
    Dims { name, channels, width, layers, heads, positions: true }
}

const TOWERS: [Dims; 5] = [
    dims("vitamin_small", [64, 384, 14, 6]),
    dims("vitamin_base", [128, 768, 14, 12]),
    dims("vitamin_large", [160, 1024, 31, 16]),
    dims("vitamin_large2", [160, 1024, 31, 16]),
    Dims { positions: false, ..dims("vitamin_xlarge", [192, 1152, 32, 16]) },
];

pub const KNOWN: &[&str] = &["vitamin_{small,base,large,large2,xlarge}"];

pub fn tower(name: &Name, keys: &Keys, head: &Head) -> Option<Result<ImageTower>> {
    let dims = TOWERS.iter().find(|dims| dims.name == name.stem)?;
    Some(read(dims, name, keys, head))
}

fn read(dims: &Dims, name: &Name, keys: &Keys, head: &Head) -> Result<ImageTower> {
    head.mean_only(keys)?;
    let image = keys.image_size("image_size", name.image.unwrap_or(224))?;
    let patch = Size::square(vitamin::STRIDE);
    // The borders are padded.
    let grid = Size { height: image.height.div_ceil(patch.height), width: image.width.div_ceil(patch.width) };
    let tokens = Vit {
        family: Family::Timm,
        image: Size { height: grid.height * patch.height, width: grid.width * patch.width },
        patch,
        channels: 3,
        patch_linear: false,
        patch_bias: true,
        prefix: 0,
        positions: if dims.positions { Positions::Patches { table: grid.area() } } else { Positions::None },
        ln_pre: false,
        encoder: Encoder {
            mlp: Mlp::Gated,
            inner_norms: InnerNorms { mlp_input: true, ..InnerNorms::default() },
            ..Encoder::plain(dims.width, dims.layers, dims.heads, 2 * dims.width)
        },
        ln_post: NormSpan::Pooled,
        pooling: ImagePooling::AveragePatches,
        projection: head.projection,
    };
    Ok(ImageTower::Network(vitamin::before(&tokens, dims.channels, image, head.embed_dim)))
}
