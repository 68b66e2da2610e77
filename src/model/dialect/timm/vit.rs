//! timm's `VisionTransformer`: plain, CLIP's, SigLIP's, pooled by the mean, MobileCLIP's.

use super::head::{Head, Pool};
use super::name::Name;
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::networks::conv_stem;
use crate::model::spec::*;

struct Dims {
    name: &'static str,
    width: u64,
    layers: u64,
    heads: u64,
    /// MLP width over width, as timm writes it.
    ratio: f64,
}

const fn size(name: &'static str, [width, layers, heads]: [u64; 3], ratio: f64) -> Dims {
    Dims { name, width, layers, heads, ratio }
}

const SIZES: [Dims; 10] = [
    size("tiny", [192, 12, 3], 4.0),
    size("small", [384, 12, 6], 4.0),
    size("medium", [512, 12, 8], 4.0),
    size("base", [768, 12, 12], 4.0),
    size("large", [1024, 24, 16], 4.0),
    size("so400m", [1152, 27, 16], 3.7362),
    size("huge", [1280, 32, 16], 4.0),
    size("giant", [1408, 40, 16], 48.0 / 11.0),
    size("giantopt", [1536, 40, 16], 4.0),
    size("gigantic", [1664, 48, 16], 64.0 / 13.0),
];

pub const KNOWN: &[&str] = &[
    "vit_*_patch*_clip",
    "vit_*_patch*_siglip",
    "vit_*_patch* (tiny to gigantic)",
    "vit_medium_patch16_gap",
    "vit_base_mci",
    "naflexvit_base_patch16_map",
];

/// What sets a variant apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variant {
    Plain,
    /// A norm before the blocks, no bias on the patches.
    Clip,
    ClipQuick,
    Siglip,
    SiglipMean,
    /// No class token, no biases on queries, keys and values, layer scale.
    Mean,
    /// Three convolutions embed the patches.
    Mci,
}

pub fn tower(name: &Name, keys: &Keys, head: &Head) -> Option<Result<ImageTower>> {
    if name.stem == "naflexvit_base_patch16_map" {
        return Some(super::eva::naflex(name, keys, head));
    }
    let architecture = name.architecture();
    let (dims, variant) = architecture.strip_prefix("vit_")?.split_once('_').unwrap_or((&architecture[4..], ""));
    let dims = SIZES.iter().find(|known| known.name == dims)?;
    let variant = match variant {
        "" => Variant::Plain,
        "clip" => Variant::Clip,
        "clip_quickgelu" => Variant::ClipQuick,
        "siglip" => Variant::Siglip,
        "siglip_gap" => Variant::SiglipMean,
        "gap" if dims.name == "medium" => Variant::Mean,
        "mci" if dims.name == "base" => Variant::Mci,
        _ => return None,
    };
    let patch = if variant == Variant::Mci { 16 } else { name.patch? };
    Some(vit(dims, variant, patch, name, keys, head))
}

fn vit(dims: &Dims, variant: Variant, patch: u64, name: &Name, keys: &Keys, head: &Head) -> Result<ImageTower> {
    let own = keys.section("timm_model_kwargs")?;
    let dims = &given(dims, own)?;
    let image = keys.image_size("image_size", name.image.unwrap_or(224))?;
    let patch = own.size("patch_size", patch, Dimension::Patch)?;
    limits::at_least_one_patch(keys, image, patch)?;
    let clip = matches!(variant, Variant::Clip | Variant::ClipQuick);
    let class_token = matches!(variant, Variant::Plain | Variant::Clip | Variant::ClipQuick | Variant::Mci);
    let mlp_width = limits::mlp_width(&own, dims.width, dims.ratio)?;
    let plain = Encoder::plain(dims.width, dims.layers, dims.heads, mlp_width);
    let patches = Size { height: image.height / patch.height, width: image.width / patch.width }.area();
    let natural = match variant {
        Variant::Siglip => Pool::Map,
        Variant::SiglipMean | Variant::Mean => Pool::Average,
        _ => Pool::ClassToken,
    };
    let pool = if head.pool == Pool::Default { natural } else { head.pool };
    // The mean is taken before the last norm, but where the variant says otherwise.
    let after = pool == Pool::Average && !matches!(variant, Variant::SiglipMean | Variant::Mean);
    let vit = Vit {
        family: Family::Timm,
        image,
        patch,
        channels: own.dimension("in_chans", 3, Dimension::Channels)?,
        patch_linear: false,
        patch_bias: !clip,
        prefix: u64::from(class_token),
        positions: match class_token && variant != Variant::Mci {
            true => Positions::All,
            false => Positions::Patches { table: patches },
        },
        ln_pre: clip,
        encoder: Encoder {
            activation: if variant == Variant::ClipQuick { Activation::QuickGelu } else { Activation::Gelu },
            qkv_bias: if variant == Variant::Mean { QkvBias::None } else { QkvBias::All },
            layer_scale: variant == Variant::Mean,
            ..plain
        },
        ln_post: if after { NormSpan::Pooled } else { NormSpan::AllTokens },
        pooling: match pool {
            Pool::Map => ImagePooling::Attention(AttentionPool::siglip(dims.heads, mlp_width)),
            Pool::Average => ImagePooling::AveragePatches,
            Pool::ClassToken | Pool::Default => ImagePooling::ClassToken,
        },
        projection: head.projection,
    };
    Ok(match variant {
        Variant::Mci => ImageTower::Network(conv_stem::before(&vit, head.embed_dim)),
        _ => ImageTower::Vit(vit),
    })
}

/// The dimensions with those that `timm_model_kwargs` gives in their place.
fn given(dims: &Dims, own: Keys) -> Result<Dims> {
    let given = Dims {
        name: dims.name,
        width: own.dimension("embed_dim", dims.width, Dimension::Width)?,
        layers: own.dimension("depth", dims.layers, Dimension::Layers)?,
        heads: own.dimension("num_heads", dims.heads, Dimension::Heads)?,
        ratio: own.number("mlp_ratio", dims.ratio)?,
    };
    limits::heads_divide(&own, ("embed_dim", given.width), ("num_heads", given.heads))?;
    Ok(given)
}
