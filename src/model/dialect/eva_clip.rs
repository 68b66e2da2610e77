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
        if keys.has("text_cfg") {
            return open_clip::read(self.name(), name, keys, |vision, _| image_tower(vision));
        }
        image_only(self.name(), name, keys)
    }
}

/// The image tower of a model of which it is one part.
fn image_only(dialect: &'static str, name: &str, keys: Keys) -> Result<ClipSpec> {
    let vision = keys.required_section("vision_cfg")?;
    let rest = keys.peek("multimodal_cfg").map(|section| section["name"].as_str().unwrap_or("unnamed").to_owned());
    keys.settle(&["multimodal_cfg"]);
    let mut notes = vec!["there is no text_cfg: only the image tower is counted".to_string()];
    notes.extend(rest.map(|rest| format!("multimodal_cfg is a language model, {rest}: it is not counted")));
    Ok(ClipSpec {
        name: name.into(),
        dialect,
        image: Some(image_tower(vision)?),
        text: None,
        multimodal: None,
        embed_dim: keys.required_dimension("embed_dim", Dimension::Width)?,
        scalars: 0,
        notes,
        raw: RawKeys::read(keys.none(), vision),
    })
}

fn image_tower(keys: Keys) -> Result<ImageTower> {
    let image = keys.image_size("image_size", 224)?;
    let patch = keys.size("patch_size", 16, Dimension::Patch)?;
    limits::at_least_one_patch(&keys, image, patch)?;
    let (width, heads) = open_clip::width_and_heads(keys)?;
    let gated = keys.flag("naiveswiglu", false)?;
    let sub_norms = keys.flag("subln", false)?;
    let plain = open_clip::encoder(keys, (width, 12, heads), false)?;
    let encoder = Encoder {
        norm: if keys.flag("postnorm", false)? { NormPlacement::Post } else { NormPlacement::Pre },
        norm_kind: if keys.flag("use_rms_norm", false)? { NormKind::Rms } else { NormKind::Layer },
        qkv_bias: if keys.flag("qkv_bias", true)? { QkvBias::QueryValue } else { QkvBias::None },
        mlp: if gated { Mlp::Gated } else { Mlp::Plain },
        activation: if gated { Activation::Silu } else { plain.activation },
        inner_norms: InnerNorms { attention: sub_norms, mlp: sub_norms, ..InnerNorms::default() },
        rotary: keys.flag("rope", false)?,
        ..plain
    };
    let pooling = match keys.flag("global_average_pool", false)? {
        true => ImagePooling::AveragePatches,
        false => ImagePooling::ClassToken,
    };
    // The head has a bias where the queries have.
    let projection = Projection::Linear { bias: encoder.qkv_bias != QkvBias::None };
    Ok(ImageTower::Vit(Vit { pooling, projection, ..eva(image, patch, encoder) }))
}

/// EVA's vision transformer around a stack of blocks: biases on the patches and on the
/// projection, no norm before the blocks, one over all tokens after them.
pub fn eva(image: Size, patch: Size, encoder: Encoder) -> Vit {
    Vit {
        family: Family::Eva,
        image,
        patch,
        channels: 3,
        patch_linear: false,
        patch_bias: true,
        prefix: 1,
        positions: Positions::All,
        ln_pre: false,
        encoder,
        ln_post: NormSpan::AllTokens,
        pooling: ImagePooling::ClassToken,
        projection: Projection::Linear { bias: true },
    }
}
