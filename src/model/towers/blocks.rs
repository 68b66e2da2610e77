//! A stack of transformer blocks.

use crate::model::listing::Listing;
use crate::model::spec::*;
use crate::model::terms::Role;

/// What a stack runs on.
#[derive(Clone, Copy)]
pub struct Sequence {
    pub tokens: u64,
    /// Where keys and values come from so many other tokens.
    pub keys: Option<u64>,
    /// Scores get a mask.
    pub masked: bool,
    /// Rows of the table of distances; 0 where there is none.
    pub distances: u64,
}

impl Sequence {
    pub const fn of(tokens: u64) -> Sequence {
        Sequence { tokens, keys: None, masked: false, distances: 0 }
    }
}

pub fn blocks(list: &mut Listing, encoder: &Encoder, sequence: Sequence) {
    attention(list, encoder, sequence);
    mlp(list, encoder, sequence.tokens);
}

pub fn attention(list: &mut Listing, encoder: &Encoder, sequence: Sequence) {
    let Sequence { tokens, keys, masked, distances } = sequence;
    let keys_from = keys.unwrap_or(tokens);
    let Encoder { width, inner_width, heads, layers, .. } = *encoder;
    let head = encoder.head_width();
    let (all, inner, scores) = ((tokens, width), (tokens, inner_width), (heads * tokens, keys_from));
    let norm = |list: &mut Listing, place: NormPlacement| {
        if encoder.norm == place {
            list.norm(Role::Ln1, all, layers, encoder.norm_kind);
        }
    };
    norm(list, NormPlacement::Pre);
    match keys {
        None => list.product(Role::Qkv, (tokens, 3 * inner_width, width), layers),
        Some(keys) => {
            list.product_at("blocks.attn.q", Role::Qkv, (tokens, inner_width, width), layers);
            list.product_at("blocks.attn.kv", Role::Qkv, (keys, 2 * inner_width, width), layers);
        }
    }
    match (encoder.qkv_bias, keys) {
        (QkvBias::None, _) => {}
        (QkvBias::QueryValue, _) => list.learnt(Role::QkvBias, (tokens, 3 * inner_width), layers, 2 * inner_width),
        (QkvBias::All, None) => list.elements(Role::QkvBias, (tokens, 3 * inner_width), layers),
        (QkvBias::All, Some(keys)) => {
            list.elements_at("blocks.attn.q.bias", Role::QkvBias, inner, layers);
            list.elements_at("blocks.attn.kv.bias", Role::QkvBias, (keys, 2 * inner_width), layers);
        }
    }
    if encoder.inner_norms.queries_and_keys {
        let learnt = 2 * encoder.norm_kind.learnt() * head;
        list.learnt(Role::QkNorm, (2 * heads * tokens, head), layers, learnt);
    }
    if encoder.rotary {
        list.elements(Role::Rotary, (tokens, 2 * inner_width), layers);
    }
    match (encoder.head_scales.cosine, encoder.scaled) {
        (true, _) => {
            list.elements_at("blocks.attn.unit", Role::Normalize, (tokens, 2 * inner_width), layers);
            list.learnt(Role::AttnScale, scores, layers, heads);
        }
        (false, true) => list.elements(Role::AttnScale, inner, layers),
        (false, false) => {}
    }
    list.product(Role::Scores, (tokens, keys_from, head), layers * heads);
    if distances > 0 {
        // One table for all layers, looked up in the first.
        list.learnt(Role::Distance, scores, 1, distances * heads);
        if layers > 1 {
            list.elements_at("blocks.attn.distance_again", Role::Distance, scores, layers - 1);
        }
    }
    if masked {
        list.elements(Role::Mask, scores, layers);
    }
    list.elements(Role::Softmax, scores, layers);
    list.product(Role::Values, (tokens, head, keys_from), layers * heads);
    if encoder.head_scales.output {
        list.learnt_at("blocks.attn.head_scale", Role::AttnScale, inner, layers, heads);
    }
    if encoder.inner_norms.attention {
        list.norm(Role::InnerNorm, inner, layers, encoder.norm_kind);
    }
    if encoder.gated {
        list.product(Role::AttnGate, (tokens, inner_width, width), layers);
        list.elements(Role::AttnGated, inner, layers);
    }
    list.product(Role::Out, (tokens, width, inner_width), layers);
    if encoder.biases {
        list.elements(Role::OutBias, all, layers);
    }
    if encoder.inner_norms.attention_branch {
        list.norm_at("blocks.attn.branch_norm", Role::InnerNorm, all, layers, encoder.norm_kind);
    }
    norm(list, NormPlacement::Post);
    if encoder.layer_scale {
        list.elements(Role::AttnLayerScale, all, layers);
    }
    list.elements(Role::AttnResidual, all, layers);
    norm(list, NormPlacement::AfterResidual);
}

pub fn mlp(list: &mut Listing, encoder: &Encoder, tokens: u64) {
    let Encoder { width, mlp_width, layers, .. } = *encoder;
    let (all, between) = ((tokens, width), (tokens, mlp_width));
    let first = match encoder.mlp {
        Mlp::Plain => mlp_width,
        Mlp::Gated => 2 * mlp_width,
    };
    let norm = |list: &mut Listing, place: NormPlacement| {
        if encoder.norm == place {
            list.norm(Role::Ln2, all, layers, encoder.norm_kind);
        }
    };
    norm(list, NormPlacement::Pre);
    if encoder.inner_norms.mlp_input {
        list.norm_at("blocks.mlp.input_norm", Role::MlpNorm, all, layers, encoder.norm_kind);
    }
    list.product(Role::Fc1, (tokens, first, width), layers);
    if encoder.biases {
        list.elements(Role::Fc1Bias, (tokens, first), layers);
    }
    list.elements(Role::Act, between, layers);
    if encoder.mlp == Mlp::Gated {
        list.elements(Role::MlpGate, between, layers);
    }
    if encoder.inner_norms.mlp {
        list.norm(Role::MlpNorm, between, layers, encoder.norm_kind);
    }
    list.product(Role::Fc2, (tokens, width, mlp_width), layers);
    if encoder.biases {
        list.elements(Role::Fc2Bias, all, layers);
    }
    norm(list, NormPlacement::Post);
    if encoder.layer_scale {
        list.elements(Role::MlpLayerScale, all, layers);
    }
    list.elements(Role::MlpResidual, all, layers);
    norm(list, NormPlacement::AfterResidual);
}
