//! open_clip's built-in towers: `text_cfg` and `vision_cfg`, and the image towers it takes from
//! timm as far as their dimensions are known here.

use serde_json::{Map, Value};

use super::{Dialect, has_section, timm};
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::spec::*;

pub struct OpenClip;

impl Dialect for OpenClip {
    fn name(&self) -> &'static str {
        "open_clip"
    }

    fn recognises(&self, file: &Map<String, Value>) -> bool {
        has_section(file, &["text_cfg", "vision_cfg"])
    }

    fn read(&self, name: &str, keys: Keys) -> Result<ClipSpec> {
        read(self.name(), name, keys, |vision, quick_gelu| match vision.text("timm_model_name")? {
            Some(model) => timm::image_tower(vision, model),
            None => image_tower(vision, quick_gelu),
        })
    }
}

/// Reads what open_clip and EVA-CLIP write alike; `image` reads the image section.
pub fn read(
    dialect: &'static str,
    name: &str,
    keys: Keys,
    image: impl FnOnce(Keys, bool) -> Result<ImageTower>,
) -> Result<ClipSpec> {
    keys.refuse(&["multimodal_cfg"], "a model with a third, multimodal part")?;
    let vision = keys.required_section("vision_cfg")?;
    let text = keys.required_section("text_cfg")?;
    let quick_gelu = keys.flag("quick_gelu", false)?;
    Ok(ClipSpec {
        name: name.into(),
        dialect,
        image: image(vision, quick_gelu)?,
        text: text_tower(text, quick_gelu)?,
        embed_dim: keys.required_dimension("embed_dim", Dimension::Width)?,
        raw: RawKeys::read(text, vision),
    })
}

/// Attention of other kinds, whose extra parameters and work are not modelled.
const OTHER_ATTENTION: [&str; 5] = ["qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner", "scale_attn"];

fn image_tower(keys: Keys, quick_gelu: bool) -> Result<ImageTower> {
    if let Some(layers @ Value::Array(_)) = keys.get("layers") {
        return Err(keys.unsupported("layers", layers, "a list of layers is a ModifiedResNet, which"));
    }
    keys.refuse(&["attentional_pool"], "attentional pooling")?;
    keys.refuse(&["input_patchnorm", "scale_fc"], "this kind of vision transformer")?;
    keys.refuse(&OTHER_ATTENTION, "this kind of attention")?;
    let image = keys.size("image_size", 224, Dimension::Image)?;
    let patch = keys.size("patch_size", 16, Dimension::Patch)?;
    limits::patches_tile(&keys, image, patch)?;
    let (width, heads) = width_and_heads(keys)?;
    Ok(ImageTower {
        family: Family::Clip,
        image,
        patch,
        channels: 3,
        patch_bias: false,
        ln_pre: !keys.flag("no_ln_pre", false)?,
        encoder: encoder(keys, (width, 12, heads), quick_gelu)?,
        ln_post: if keys.flag("final_ln_after_pool", false)? { NormSpan::Pooled } else { NormSpan::AllTokens },
        pooling: image_pooling(keys)?,
        projection: Projection { bias: false },
    })
}

/// An image tower gives the width of its heads, not their number.
pub fn width_and_heads(keys: Keys) -> Result<(u64, u64)> {
    let width = keys.dimension("width", 768, Dimension::Width)?;
    let head_width = keys.dimension("head_width", 64, Dimension::Width)?;
    if width % head_width != 0 {
        return Err(keys
            .bad("head_width", format!("{head_width} does not divide the width {width}"))
            .remedy("every head is equally wide: give a divisor of the width"));
    }
    Ok((width, width / head_width))
}

fn image_pooling(keys: Keys) -> Result<ImagePooling> {
    if keys.flag("global_average_pool", false)? {
        return Ok(ImagePooling::AveragePatches);
    }
    match keys.text("pool_type")? {
        None | Some("tok") => Ok(ImagePooling::ClassToken),
        Some("avg") => Ok(ImagePooling::AveragePatches),
        Some(other) => {
            Err(keys.bad("pool_type", format!("{other:?} is not supported")).remedy("give \"tok\" or \"avg\""))
        }
    }
}

fn text_tower(keys: Keys, quick_gelu: bool) -> Result<TextTower> {
    keys.refuse(&["hf_model_name"], "a text tower that is only named")?;
    keys.refuse(&["embed_cls"], "a class token in the text")?;
    keys.refuse(&["scale_fc"], "this kind of text transformer")?;
    keys.refuse(&OTHER_ATTENTION, "this kind of attention")?;
    let width = keys.dimension("width", 512, Dimension::Width)?;
    let heads = keys.dimension("heads", 8, Dimension::Heads)?;
    limits::heads_divide(&keys, ("width", width), ("heads", heads))?;
    if let Some(kind) = keys.text("proj_type")?.filter(|kind| *kind != "linear") {
        return Err(keys.unsupported("proj_type", &kind.into(), "a text tower without a linear projection"));
    }
    Ok(TextTower {
        vocab: keys.dimension("vocab_size", 49408, Dimension::Vocab)?,
        context: keys.dimension("context_length", 77, Dimension::Context)?,
        causal: !keys.flag("no_causal_mask", false)?,
        encoder: encoder(keys, (width, 12, heads), quick_gelu)?,
        pooling: text_pooling(keys)?,
        projection: Projection { bias: keys.flag("proj_bias", false)? },
    })
}

fn text_pooling(keys: Keys) -> Result<TextPooling> {
    match keys.text("pool_type")? {
        // "eos" looks for the end-of-text token by its id, which is CLIP's highest.
        None | Some("argmax" | "eos") => Ok(TextPooling::Argmax),
        Some("first") => Ok(TextPooling::First),
        Some("last") => Ok(TextPooling::Last),
        Some(other) => Err(keys
            .bad("pool_type", format!("{other:?} is not supported"))
            .remedy("give \"argmax\", \"eos\", \"first\" or \"last\"")),
    }
}

/// A pre-norm stack of `(width, default layers, heads)`.
pub fn encoder(keys: Keys, (width, layers, heads): (u64, u64, u64), quick_gelu: bool) -> Result<Encoder> {
    Ok(Encoder {
        width,
        layers: keys.dimension("layers", layers, Dimension::Layers)?,
        heads,
        mlp_width: limits::mlp_width(&keys, width, keys.number("mlp_ratio", 4.0)?)?,
        activation: activation(keys, quick_gelu)?,
        norm: NormPlacement::Pre,
        qkv_bias: QkvBias::All,
        layer_scale: keys.has("ls_init_value"),
    })
}

fn activation(keys: Keys, quick_gelu: bool) -> Result<Activation> {
    if quick_gelu {
        return Ok(Activation::QuickGelu);
    }
    match keys.section("act_kwargs")?.text("approximate")? {
        Some("tanh") => Ok(Activation::GeluTanh),
        _ => Ok(Activation::Gelu),
    }
}
