//! timm's `Eva`: EVA, EVA-02 and Meta's perception encoder; and NaFlexViT, whose blocks may be
//! EVA's.

use super::head::{Head, Pool};
use super::name::Name;
use crate::Result;
use crate::model::dialect::eva_clip::eva;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::spec::*;

struct Dims {
    name: &'static str,
    width: u64,
    layers: u64,
    heads: u64,
    mlp_width: u64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// Norms after the branches.
    PostNorm,
    /// Gated MLPs, inner norms, rotary positions.
    Eva02,
    /// A norm before the blocks, rotary positions, pooling by attention with 8 heads.
    Perception {
        class_token: bool,
    },
}

const fn dims(name: &'static str, [width, layers, heads, mlp_width]: [u64; 4], kind: Kind) -> Dims {
    Dims { name, width, layers, heads, mlp_width, kind }
}

const CORE: Kind = Kind::Perception { class_token: true };

const TOWERS: [Dims; 10] = [
    dims("eva_giant", [1408, 40, 16, 6144], Kind::Plain),
    dims("eva_giant_clip", [1408, 40, 16, 6144], Kind::Plain),
    dims("eva02_base_clip", [768, 12, 12, 2048], Kind::Eva02),
    dims("eva02_large_clip", [1024, 24, 16, 2730], Kind::Eva02),
    dims("eva02_enormous_clip", [1792, 64, 16, 15360], Kind::PostNorm),
    dims("vit_pe_core_tiny", [192, 12, 3, 768], CORE),
    dims("vit_pe_core_small", [384, 12, 6, 1536], CORE),
    dims("vit_pe_core_base", [768, 12, 12, 3072], CORE),
    dims("vit_pe_core_large", [1024, 24, 16, 4096], CORE),
    dims("vit_pe_core_gigantic", [1536, 50, 16, 8960], Kind::Perception { class_token: false }),
];

pub const KNOWN: &[&str] = &[
    "eva_giant_patch14",
    "eva02_{base,large,enormous}_patch*_clip",
    "vit_pe_core_{tiny,small,base,large,gigantic}_patch*",
];

pub fn tower(name: &Name, keys: &Keys, head: &Head) -> Option<Result<ImageTower>> {
    let architecture = name.architecture();
    let dims = TOWERS.iter().find(|dims| dims.name == architecture)?;
    Some(vit(dims, name, keys, head).map(ImageTower::Vit))
}

fn vit(dims: &Dims, name: &Name, keys: &Keys, head: &Head) -> Result<Vit> {
    let image = keys.image_size("image_size", name.image.unwrap_or(224))?;
    let patch = Size::square(name.patch.unwrap_or(14));
    limits::at_least_one_patch(keys, image, patch)?;
    let plain = Encoder {
        qkv_bias: QkvBias::QueryValue,
        ..Encoder::plain(dims.width, dims.layers, dims.heads, dims.mlp_width)
    };
    let encoder = match dims.kind {
        Kind::Plain => plain,
        Kind::PostNorm => Encoder { norm: NormPlacement::Post, ..plain },
        Kind::Eva02 => Encoder {
            mlp: Mlp::Gated,
            activation: Activation::Silu,
            inner_norms: InnerNorms { attention: true, mlp: true, ..InnerNorms::default() },
            rotary: true,
            ..plain
        },
        Kind::Perception { .. } => Encoder { qkv_bias: QkvBias::All, rotary: true, ..plain },
    };
    let perception = matches!(dims.kind, Kind::Perception { .. });
    let natural = if perception { Pool::Map } else { Pool::ClassToken };
    let pool = if head.pool == Pool::Default { natural } else { head.pool };
    // EVA-02's and the perception encoder's maps are all modules, as in the rest of timm.
    let family = match dims.kind {
        Kind::Plain | Kind::PostNorm => Family::Eva,
        Kind::Eva02 | Kind::Perception { .. } => Family::Timm,
    };
    let bare = Vit { family, ..eva(image, patch, encoder) };
    Ok(Vit {
        patch_bias: !perception,
        ln_pre: perception,
        prefix: u64::from(dims.kind != Kind::Perception { class_token: false }),
        pooling: match pool {
            Pool::Map => {
                let heads = if perception { 8 } else { dims.heads };
                limits::heads_divide(keys, ("timm_pool", dims.width), ("timm_model_name", heads))?;
                ImagePooling::Attention(AttentionPool::siglip(heads, 4 * dims.width))
            }
            Pool::Average => ImagePooling::AveragePatches,
            Pool::ClassToken | Pool::Default => ImagePooling::ClassToken,
        },
        // The mean is taken before the last norm.
        ln_post: if pool == Pool::Average { NormSpan::Pooled } else { NormSpan::AllTokens },
        projection: head.projection,
        ..bare
    })
}

/// NaFlexViT with the dimensions of `timm_model_kwargs`.
pub fn naflex(name: &Name, keys: &Keys, head: &Head) -> Result<ImageTower> {
    let own = keys.section("timm_model_kwargs")?;
    let width = own.dimension("embed_dim", 768, Dimension::Width)?;
    let heads = own.dimension("num_heads", 12, Dimension::Heads)?;
    limits::heads_divide(&own, ("embed_dim", width), ("num_heads", heads))?;
    let gated = own.flag("swiglu_mlp", false)?;
    let mlp_width = limits::mlp_width(&own, width, own.number("mlp_ratio", 4.0)?)?;
    let pool_mlp_width = limits::mlp_width(&own, width, own.number("attn_pool_mlp_ratio", 4.0)?)?;
    let patch = own.size("patch_size", name.patch.unwrap_or(16), Dimension::Patch)?;
    let image = naflex_image(keys, patch)?;
    limits::at_least_one_patch(keys, image, patch)?;
    let table = own.size("pos_embed_grid_size", 16, Dimension::Patch)?.area();
    let encoder = Encoder {
        mlp: if gated { Mlp::Gated } else { Mlp::Plain },
        activation: if gated { Activation::Silu } else { Activation::Gelu },
        // The blocks with gated MLPs are EVA's.
        qkv_bias: if gated { QkvBias::QueryValue } else { QkvBias::All },
        layer_scale: true,
        ..Encoder::plain(width, own.dimension("depth", 12, Dimension::Layers)?, heads, mlp_width)
    };
    Ok(ImageTower::Vit(Vit {
        family: Family::Timm,
        patch_linear: true,
        // One register.
        prefix: 1,
        // A table of 16 x 16 unless another is given, interpolated to the image's grid.
        positions: Positions::Patches { table },
        pooling: ImagePooling::Attention(AttentionPool {
            patches_only: true,
            ..AttentionPool::siglip(heads, pool_mlp_width)
        }),
        projection: head.projection,
        ..eva(image, patch, encoder)
    }))
}

/// An image of as many patches as `image_seq_len` has, where it is given: images are resized so
/// that they have no more.
fn naflex_image(keys: &Keys, patch: Size) -> Result<Size> {
    let image = keys.image_size("image_size", 256)?;
    let Size { height, width } = patch;
    if !keys.has("image_seq_len") || keys.wants_image_size() {
        keys.settle(&["image_seq_len"]);
        return Ok(image);
    }
    let most = keys.dimension("image_seq_len", 256, Dimension::Image)?;
    let whole = Size { height: image.height / height, width: image.width / width };
    if whole.area() <= most && whole.area() > 0 {
        return if whole.area() == most {
            Ok(image)
        } else {
            Err(keys
                .bad("image_seq_len", format!("{most} tokens, and image_size is {} patches", whole.area()))
                .remedy("give the number of patches that image_size has, or --image-size"))
        };
    }
    let side = most.isqrt();
    if side * side != most {
        return Err(keys
            .bad("image_seq_len", format!("{most} patches are no square image"))
            .remedy("give a square number, or --image-size"));
    }
    Ok(Size { height: side * height, width: side * width })
}
