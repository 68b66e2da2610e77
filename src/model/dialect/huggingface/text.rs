//! HuggingFace's text towers.

use super::kinds::{Kind, Pooler, TextCode};
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::spec::*;

/// A text tower, projected to a width where one is given.
pub fn tower(keys: Keys, kind: &Kind, embed_dim: Option<u64>) -> Result<TextTower> {
    let defaults = &kind.text;
    keys.refuse_filled("pruned_heads", "a tower whose heads were pruned")?;
    let width = keys.dimension("hidden_size", defaults.width, Dimension::Width)?;
    let heads = keys.dimension("num_attention_heads", defaults.heads, Dimension::Heads)?;
    limits::heads_divide(&keys, ("hidden_size", width), ("num_attention_heads", heads))?;
    let layers = keys.dimension("num_hidden_layers", defaults.layers, Dimension::Layers)?;
    let mlp_width = keys.dimension("intermediate_size", defaults.mlp_width, Dimension::MlpWidth)?;
    let positions = keys.dimension("max_position_embeddings", defaults.positions, Dimension::Context)?;
    let encoder = Encoder {
        activation: activation(keys, defaults.activation)?,
        ..Encoder::plain(width, layers, heads, mlp_width)
    };
    let clip = TextTower {
        vocab: keys.dimension("vocab_size", defaults.vocab, Dimension::Vocab)?,
        context: keys.context(defaults.context.unwrap_or(positions).min(positions)),
        class_token: false,
        embedding: Embedding { positions, ..Embedding::default() },
        causal: true,
        encoder,
        final_norm: true,
        pooling: TextPooling::Argmax,
        transformed: None,
        projection: if embed_dim.is_some() { Projection::Linear { bias: false } } else { Projection::None },
    };
    let bert = |tower: TextTower| -> Result<TextTower> {
        keys.refuse(&["is_decoder", "add_cross_attention"], "a BERT that is a decoder")?;
        let segments = keys.dimension("type_vocab_size", defaults.segments, Dimension::Vocab)?;
        Ok(TextTower {
            embedding: Embedding { segments, norm: true, ..tower.embedding },
            causal: false,
            encoder: Encoder { norm: NormPlacement::AfterResidual, ..tower.encoder },
            final_norm: false,
            pooling: TextPooling::First,
            ..tower
        })
    };
    Ok(match defaults.code {
        TextCode::Clip => clip,
        TextCode::Siglip => TextTower {
            causal: false,
            pooling: TextPooling::Last,
            projection: Projection::Linear { bias: true },
            ..clip
        },
        TextCode::Bert => TextTower {
            pooling: match (defaults.pooler, embed_dim) {
                (Pooler::Always, _) | (Pooler::Alone, None) => TextPooling::Pooler,
                _ => TextPooling::First,
            },
            projection: match (defaults.pooler, embed_dim) {
                (Pooler::Always, Some(_)) => Projection::Linear { bias: true },
                _ => clip.projection,
            },
            ..bert(clip)?
        },
        TextCode::AltRoberta => {
            let transformed = keys.dimension("project_dim", 768, Dimension::Width)?;
            TextTower { final_norm: true, transformed: Some(transformed), ..bert(clip)? }
        }
    })
}

/// The width that SigLIP's text tower ends in: its image tower's own.
pub fn siglip_width(keys: Keys, kind: &Kind) -> Result<u64> {
    let hidden = keys.dimension("hidden_size", kind.text.width, Dimension::Width)?;
    keys.dimension("projection_size", hidden, Dimension::Width)
}

/// What the file does not tell about the text tower.
pub fn notes(keys: Keys, kind: &Kind) -> Result<Vec<String>> {
    let positions = keys.dimension("max_position_embeddings", kind.text.positions, Dimension::Context)?;
    let assumed = kind.text.context.filter(|context| *context < positions && keys.wants_context().is_none());
    Ok(assumed.into_iter().map(|context| {
        format!(
            "the file gives no text length: {context} tokens, at which {}'s own tokenizer cuts, are counted; its table has {positions} positions (--context changes it)",
            kind.name
        )
    }).collect())
}

pub fn activation(keys: Keys, default: Activation) -> Result<Activation> {
    activation_at(keys, "hidden_act", default)
}

/// The same under another key.
pub fn activation_at(keys: Keys, key: &str, default: Activation) -> Result<Activation> {
    match keys.text(key)? {
        None => Ok(default),
        Some("quick_gelu") => Ok(Activation::QuickGelu),
        Some("gelu") => Ok(Activation::Gelu),
        Some("gelu_new" | "gelu_fast" | "gelu_pytorch_tanh") => Ok(Activation::GeluTanh),
        Some("silu" | "swish") => Ok(Activation::Silu),
        Some("relu") => Ok(Activation::Relu),
        Some(other) => Err(keys
            .bad(key, format!("{other:?} is not supported"))
            .remedy("give quick_gelu, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, silu or relu")),
    }
}
