//! open_clip's own text towers.

use super::{given, named};
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::spec::*;

/// `context`: tokens of a text where the section does not tell.
pub fn tower(keys: Keys, quick_gelu: bool, embed_dim: u64, context: u64) -> Result<TextTower> {
    if let Some(name) = keys.text("hf_model_name")? {
        return match keys.given_tower(&given::TEXT_MARKS) {
            Some(given) => given::text_tower(given, keys, embed_dim, context),
            None => named::tower(keys, name, embed_dim, context),
        };
    }
    match keys.text("text_arch")? {
        None | Some("default" | "transformer") => {}
        Some("modern") => return modern(keys, context),
        Some(other) => {
            return Err(keys
                .bad("text_arch", format!("{other:?} is not a text tower that is known"))
                .remedy("leave it out for CLIP's own, or give \"modern\""));
        }
    }
    let (width, heads) = width_and_heads(keys)?;
    keys.section("norm_kwargs")?;
    let context = keys.context(keys.dimension("context_length", context, Dimension::Context)?);
    let class_token = keys.flag("embed_cls", false)?;
    let bias = keys.flag("proj_bias", false)?;
    Ok(TextTower {
        vocab: keys.dimension("vocab_size", 49408, Dimension::Vocab)?,
        context,
        class_token,
        embedding: Embedding { positions: context + u64::from(class_token), ..Embedding::default() },
        causal: !keys.flag("no_causal_mask", false)?,
        encoder: custom_attention(keys, encoder(keys, (width, 12, heads), quick_gelu)?)?,
        final_norm: true,
        pooling: pooling(keys)?,
        transformed: None,
        projection: match keys.text("proj_type")? {
            None | Some("linear") => Projection::Linear { bias },
            Some("none") => no_projection(keys, width, embed_dim)?,
            Some(other) => {
                return Err(keys
                    .bad("proj_type", format!("{other:?} is not supported"))
                    .remedy("give \"linear\" or \"none\""));
            }
        },
    })
}

/// A tower without a projection ends in the embedding as it is.
fn no_projection(keys: Keys, width: u64, embed_dim: u64) -> Result<Projection> {
    if width == embed_dim {
        return Ok(Projection::None);
    }
    Err(keys
        .bad("proj_type", format!("without a projection the width {width} is no embedding of {embed_dim}"))
        .remedy("give \"linear\", or a width like embed_dim"))
}

/// The tower of open_clip's "modern" text: rotary positions, RMS norms, gated MLPs and attention,
/// pooling by attention.
fn modern(keys: Keys, context: u64) -> Result<TextTower> {
    let (width, heads) = width_and_heads(keys)?;
    let gated = match keys.text("mlp_type")? {
        Some("swiglu") => true,
        None | Some("mlp") => false,
        Some(other) => {
            return Err(keys
                .bad("mlp_type", format!("{other:?} is not supported"))
                .remedy("give \"swiglu\" or \"mlp\""));
        }
    };
    let rms = keys.text("norm_type")? == Some("rmsnorm");
    let rotary = keys.text("pos_embed")? == Some("rope");
    let context = keys.context(keys.dimension("context_length", context, Dimension::Context)?);
    let plain = encoder(keys, (width, 12, heads), false)?;
    let encoder = Encoder {
        mlp: if gated { Mlp::Gated } else { Mlp::Plain },
        activation: if gated { Activation::Silu } else { plain.activation },
        norm_kind: if rms { NormKind::Rms } else { NormKind::Layer },
        qkv_bias: QkvBias::None,
        biases: false,
        inner_norms: InnerNorms { queries_and_keys: keys.flag("qk_norm", false)?, ..InnerNorms::default() },
        rotary,
        gated: keys.flag("attn_gated", false)?,
        ..plain
    };
    Ok(TextTower {
        vocab: keys.dimension("vocab_size", 49408, Dimension::Vocab)?,
        context,
        class_token: false,
        embedding: Embedding { positions: if rotary { 0 } else { context }, ..Embedding::default() },
        causal: keys.text("attention_mode")? != Some("bidirectional"),
        final_norm: true,
        pooling: match keys.text("pool_type")? {
            Some("map") => TextPooling::Attention(AttentionPool::bare(
                heads,
                encoder.inner_norms.queries_and_keys.then_some(encoder.norm_kind),
            )),
            _ => pooling(keys)?,
        },
        encoder,
        transformed: None,
        projection: Projection::Linear { bias: keys.flag("proj_bias", false)? },
    })
}

pub fn width_and_heads(keys: Keys) -> Result<(u64, u64)> {
    let width = keys.dimension("width", 512, Dimension::Width)?;
    let heads = keys.dimension("heads", 8, Dimension::Heads)?;
    limits::heads_divide(&keys, ("width", width), ("heads", heads))?;
    Ok((width, heads))
}

fn pooling(keys: Keys) -> Result<TextPooling> {
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
    let layers = keys.dimension("layers", layers, Dimension::Layers)?;
    let mlp_width = limits::mlp_width(&keys, width, keys.number("mlp_ratio", 4.0)?)?;
    Ok(Encoder {
        activation: activation(keys, quick_gelu)?,
        layer_scale: keys.has("ls_init_value"),
        ..Encoder::plain(width, layers, heads, mlp_width)
    })
}

/// The flags of open_clip's custom attention blocks.
pub fn custom_attention(keys: Keys, encoder: Encoder) -> Result<Encoder> {
    Ok(Encoder {
        inner_norms: InnerNorms {
            queries_and_keys: keys.flag("qk_norm", false)?,
            attention: keys.flag("scale_attn_inner", false)?,
            attention_branch: keys.flag("scale_attn", false)?,
            mlp: keys.flag("scale_fc", false)?,
            ..InnerNorms::default()
        },
        head_scales: HeadScales {
            cosine: keys.flag("scaled_cosine_attn", false)?,
            output: keys.flag("scale_heads", false)?,
        },
        ..encoder
    })
}

pub fn activation(keys: Keys, quick_gelu: bool) -> Result<Activation> {
    if quick_gelu {
        return Ok(Activation::QuickGelu);
    }
    match keys.section("act_kwargs")?.text("approximate")? {
        Some("tanh") => Ok(Activation::GeluTanh),
        _ => Ok(Activation::Gelu),
    }
}

/// What the file does not tell about the text tower. A CoCa's decoder takes the words from the
/// section, whoever its text tower is.
pub fn notes(keys: Keys, decoded: bool) -> Result<Vec<String>> {
    const NAMED_AWAY: [&str; 13] = [
        "width",
        "heads",
        "layers",
        "mlp_ratio",
        "vocab_size",
        "no_causal_mask",
        "pool_type",
        "proj_bias",
        "proj_type",
        "act_kwargs",
        "embed_cls",
        "ls_init_value",
        "final_ln_after_pool",
    ];
    let Some(name) = keys.text("hf_model_name")? else { return Ok(Vec::new()) };
    let away: Vec<&str> = NAMED_AWAY.into_iter().filter(|key| !(decoded && *key == "vocab_size")).collect();
    let mut notes: Vec<String> = keys.overruled("hf_model_name", &away).into_iter().collect();
    if keys.given_tower(&given::TEXT_MARKS).is_none() {
        notes.extend(named::notes(keys, name)?);
    }
    Ok(notes)
}
