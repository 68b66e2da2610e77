//! Image towers that an open_clip file only names, by their public dimensions in timm.

use super::eva_clip;
use crate::model::json::Keys;
use crate::model::limits;
use crate::model::spec::*;
use crate::{Error, Result};

/// A tower of timm's `Eva` class, with a patch of 14 pixels.
struct Named {
    name: &'static str,
    width: u64,
    layers: u64,
    heads: u64,
    mlp_width: u64,
    norm: NormPlacement,
}

const TOWERS: [Named; 2] = [
    Named { name: "eva_giant_patch14", width: 1408, layers: 40, heads: 16, mlp_width: 6144, norm: NormPlacement::Pre },
    Named {
        name: "eva02_enormous_patch14_clip",
        width: 1792,
        layers: 64,
        heads: 16,
        mlp_width: 15360,
        norm: NormPlacement::Post,
    },
];

pub fn image_tower(keys: Keys, model: &str, _embed_dim: u64) -> Result<ImageTower> {
    // The suffix is the image size the weights were trained with; the file's own key decides.
    let stem = model.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
    let Some(tower) = TOWERS.iter().find(|tower| tower.name == stem) else {
        return Err(unknown(&keys, model));
    };
    let plain_pool = matches!(keys.text("timm_pool")?, None | Some("token"));
    let plain_proj = matches!(keys.text("timm_proj")?, None | Some("none" | ""));
    if !plain_pool || !plain_proj {
        return Err(keys
            .bad("timm_pool", "only pooling by the class token, without a projection of its own, is supported")
            .remedy("give timm_pool \"token\" and timm_proj null"));
    }
    let image = keys.image_size("image_size", 224)?;
    let patch = Size { height: 14, width: 14 };
    limits::at_least_one_patch(&keys, image, patch)?;
    let encoder = Encoder {
        norm: tower.norm,
        qkv_bias: QkvBias::QueryValue,
        ..Encoder::plain(tower.width, tower.layers, tower.heads, tower.mlp_width)
    };
    Ok(ImageTower::Vit(eva_clip::eva(image, patch, encoder)))
}

fn unknown(keys: &Keys, model: &str) -> Error {
    let known: Vec<&str> = TOWERS.iter().map(|tower| tower.name).collect();
    keys.bad("timm_model_name", format!("the dimensions of timm's {model:?} are not known"))
        .remedy(format!("towers known by name: {} (with any image size)", known.join(", ")))
}
