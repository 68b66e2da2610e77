//! timm's `VisionTransformerRelPos`.

use super::head::{Head, Pool};
use super::name::Name;
use crate::model::json::Keys;
use crate::model::limits;
use crate::model::networks::relative;
use crate::model::spec::*;
use crate::{Error, Result};

struct Dims {
    name: &'static str,
    width: u64,
    heads: u64,
    /// Width of the MLP that makes the distances.
    hidden: u64,
    class_token: bool,
}

const fn dims(name: &'static str, [width, heads, hidden]: [u64; 3], class_token: bool) -> Dims {
    Dims { name, width, heads, hidden, class_token }
}

const TOWERS: [Dims; 5] = [
    dims("vit_relpos_small", [384, 6, 128], false),
    dims("vit_relpos_medium", [512, 8, 128], false),
    dims("vit_relpos_base", [768, 12, 128], false),
    dims("vit_relpos_medium_cls", [512, 8, 256], true),
    dims("vit_relpos_base_cls", [768, 12, 128], true),
];

const LAYERS: u64 = 12;

pub const KNOWN: &[&str] = &["vit_relpos_{small,medium,base}_patch16_224", "vit_relpos_{medium,base}_patch16_cls_224"];

pub fn tower(name: &Name, keys: &Keys, head: &Head) -> Option<Result<ImageTower>> {
    let architecture = name.architecture();
    let dims = TOWERS.iter().find(|dims| dims.name == architecture)?;
    Some(read(dims, name, keys, head))
}

fn read(dims: &Dims, name: &Name, keys: &Keys, head: &Head) -> Result<ImageTower> {
    let image = keys.image_size("image_size", name.image.unwrap_or(224))?;
    let patch = Size::square(name.patch.unwrap_or(16));
    limits::at_least_one_patch(keys, image, patch)?;
    let pooling = match (head.pool, dims.class_token) {
        (Pool::Average, _) | (Pool::Default, false) => ImagePooling::AveragePatches,
        (Pool::ClassToken | Pool::Default, true) => ImagePooling::ClassToken,
        (Pool::Map, _) | (Pool::ClassToken, false) => return Err(no_such_pool(dims, keys)),
    };
    let vit = Vit {
        family: Family::Timm,
        image,
        patch,
        channels: 3,
        patch_linear: false,
        patch_bias: true,
        prefix: u64::from(dims.class_token),
        positions: Positions::None,
        ln_pre: false,
        encoder: Encoder {
            qkv_bias: QkvBias::None,
            layer_scale: true,
            ..Encoder::plain(dims.width, LAYERS, dims.heads, 4 * dims.width)
        },
        // Where the mean is the network's own pooling, it is taken before the last norm.
        ln_post: if dims.class_token { NormSpan::AllTokens } else { NormSpan::Pooled },
        pooling,
        projection: head.projection,
    };
    Ok(ImageTower::Network(relative::with_distances(&vit, dims.hidden, head.embed_dim)))
}

fn no_such_pool(dims: &Dims, keys: &Keys) -> Error {
    keys.bad("timm_pool", format!("{} has no such pooling", dims.name)).remedy(match dims.class_token {
        true => "give \"\" or \"token\" for its class token, or \"avg\"",
        false => "give \"\" or \"avg\": it has no class token",
    })
}
