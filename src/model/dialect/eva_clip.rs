//! EVA-CLIP's variant of open_clip's dialect: the image tower is EVA's vision transformer.

use serde_json::{Map, Value};

use super::{Dialect, open_clip};
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::spec::*;

pub struct EvaClip;

/// Keys of the image section that open_clip does not have.
const MARKS: [&str; 7] = ["eva_model_name", "xattn", "postnorm", "fusedLN", "rope", "naiveswiglu", "drop_path_rate"];

impl Dialect for EvaClip {
    fn name(&self) -> &'static str {
        "eva_clip"
    }

    fn recognises(&self, file: &Map<String, Value>) -> bool {
        let vision = file.get("vision_cfg").and_then(Value::as_object);
        vision.is_some_and(|vision| MARKS.iter().any(|mark| vision.contains_key(*mark)))
    }

    fn read(&self, name: &str, keys: Keys) -> Result<ClipSpec> {
        open_clip::read(self.name(), name, keys, |vision, _| image_tower(vision))
    }
}

fn image_tower(keys: Keys) -> Result<ImageTower> {
    keys.refuse(&["naiveswiglu", "subln"], "an MLP with SwiGLU and sub-layer norms")?;
    keys.refuse(&["rope"], "rotary position embedding")?;
    keys.refuse(&["use_rms_norm"], "RMS norm")?;
    keys.refuse(&["global_average_pool"], "average pooling in EVA's tower")?;
    let image = keys.size("image_size", 224, Dimension::Image)?;
    let patch = keys.size("patch_size", 16, Dimension::Patch)?;
    limits::patches_tile(&keys, image, patch)?;
    let (width, heads) = open_clip::width_and_heads(keys)?;
    let encoder = Encoder {
        norm: if keys.flag("postnorm", false)? { NormPlacement::Post } else { NormPlacement::Pre },
        qkv_bias: if keys.flag("qkv_bias", true)? { QkvBias::QueryValue } else { QkvBias::None },
        ..open_clip::encoder(keys, (width, 12, heads), false)?
    };
    Ok(eva(image, patch, encoder))
}

/// EVA's vision transformer around a stack of blocks: biases on the patches and on the
/// projection, no norm before the blocks, one over all tokens after them.
pub fn eva(image: Size, patch: Size, encoder: Encoder) -> ImageTower {
    ImageTower {
        family: Family::Eva,
        image,
        patch,
        channels: 3,
        patch_bias: true,
        ln_pre: false,
        encoder,
        ln_post: NormSpan::AllTokens,
        pooling: ImagePooling::ClassToken,
        projection: Projection { bias: true },
    }
}
