//! fvcore 0.1.5: operators of a traced graph. Multiply-accumulates of products, and 5 for each
//! element of a layer norm, in one sum.

use super::{ATTENTION_PRODUCTS, FUSED_ATTENTION, LAYER_NORMS, NATIVE_ATTENTION, PRODUCTS, rule};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::Family;
use crate::model::spec::NormSpan::{self, AllTokens, Pooled};
use crate::model::terms::Role;
use crate::units::Unit;

pub const SETTINGS: [Convention; 8] = [
    setting(
        "open_clip-torch1.11",
        AllTokens,
        &[&OPERATORS],
        "open_clip 2.23 or later under torch 1.11 or earlier, where attention is plain matrix products \
         (or a later torch with a rule for fused attention added)",
    ),
    setting(
        "open_clip-2022",
        Pooled,
        &[&OPERATORS],
        "open_clip 2.22 or earlier, which norms the pooled token alone, under torch 1.11 or earlier, where attention is \
         plain matrix products: open_clip's figures of 2022",
    ),
    setting(
        "open_clip-torch1.13",
        AllTokens,
        &[&MASKED_SCORES, &OPERATORS],
        "open_clip 2.23 or later under torch 1.12 or 1.13: the text's masked scores are one operator without a rule",
    ),
    with_networks(
        "open_clip-torch2",
        &[&NETWORKS, &FUSED_ATTENTION, &OPERATORS],
        "open_clip 2.23 or later under torch 2: fused attention has no rule; of networks, batch norms count 2 an element",
    ),
    setting(
        "open_clip-fast-path",
        AllTokens,
        &[&FUSED_ATTENTION, &NATIVE_ATTENTION, &OPERATORS],
        "open_clip 3 under torch 2 on a CPU, evaluating without gradients: \
         the whole attention of a tower without a mask is one operator without a rule",
    ),
    setting(
        "openai-torch2",
        Pooled,
        &[&FUSED_ATTENTION, &LOGITS, &OPERATORS],
        "openai-clip under torch 2: fused attention has no rule; the total includes the logits",
    ),
    setting(
        "hf-eager",
        Pooled,
        &[&LOGITS, &OPERATORS],
        "HuggingFace's CLIP with eager attention; the total includes the logits",
    ),
    setting(
        "hf-sdpa",
        Pooled,
        &[&FUSED_ATTENTION, &LOGITS, &OPERATORS],
        "HuggingFace's CLIP with fused (sdpa) attention, which has no rule; the total includes the logits",
    ),
];

/// mmengine's analysis is a copy of fvcore's, with the same rules for these operators.
pub const MMENGINE: [Convention; 4] = [
    mmengine(
        "open_clip",
        AllTokens,
        &[&FUSED_ATTENTION, &OPERATORS],
        "mmengine 0.10 on open_clip 2.23 or later under torch 2: fvcore's rules; fused attention has none",
    ),
    mmengine(
        "open_clip-fast-path",
        AllTokens,
        &[&FUSED_ATTENTION, &NATIVE_ATTENTION, &OPERATORS],
        "mmengine 0.10 on open_clip 3 under torch 2 on a CPU, evaluating without gradients: fvcore's rules; \
         the whole attention of a tower without a mask is one operator without a rule",
    ),
    mmengine(
        "hf-eager",
        Pooled,
        &[&LOGITS, &OPERATORS],
        "mmengine 0.10 on HuggingFace's CLIP with eager attention: fvcore's rules; the total includes the logits",
    ),
    mmengine(
        "hf-sdpa",
        Pooled,
        &[&FUSED_ATTENTION, &LOGITS, &OPERATORS],
        "mmengine 0.10 on HuggingFace's CLIP with fused (sdpa) attention, which has no rule: fvcore's rules; \
         the total includes the logits",
    ),
];

/// What is no vision transformer: Swin's attention in timm is plain products, and the last pooling of
/// some is a module of its own.
const NETWORKS: [Rule; 4] = [
    rule(Where::Image(Family::Network), &[Role::BatchNorm], Weight::Elements(2)),
    rule(Where::Network("Swin"), &ATTENTION_PRODUCTS, Weight::Macs(1)),
    rule(Where::Network("ConvNeXt"), &[Role::Pool], Weight::Elements(1)),
    rule(Where::Network("FastViT"), &[Role::Pool], Weight::Elements(1)),
];
const MEASURED_NETWORKS: Beyond = Beyond::Networks(&[
    "ModifiedResNet",
    "ConvNeXt",
    "FastViT",
    "ViTamin",
    "Swin",
    "ViT after three convolutions",
    "ViT with relative positions",
]);

const OPERATORS: [Rule; 2] =
    [rule(Where::Anywhere, &PRODUCTS, Weight::Macs(1)), rule(Where::Anywhere, &LAYER_NORMS, Weight::Elements(5))];
const MASKED_SCORES: [Rule; 1] = [rule(Where::Text, &[Role::Scores], Weight::Nothing)];
const LOGITS: [Rule; 1] = [rule(Where::Anywhere, &[Role::Logits], Weight::Macs(1))];

const fn setting(
    slug: &'static str,
    final_norm: NormSpan,
    rules: &'static [&'static [Rule]],
    description: &'static str,
) -> Convention {
    Convention {
        name: "fvcore",
        setting: Some(slug),
        unit: Unit::Mac,
        default_scope: Scope::Total,
        description,
        documented: "https://github.com/facebookresearch/fvcore/blob/main/docs/flop_count.md",
        method: Method::Coverage(Coverage { rules, final_norm, image_only: false, beyond: Beyond::Timm }),
    }
}

const fn with_networks(slug: &'static str, rules: &'static [&'static [Rule]], description: &'static str) -> Convention {
    let method =
        Method::Coverage(Coverage { rules, final_norm: AllTokens, image_only: false, beyond: MEASURED_NETWORKS });
    Convention { method, ..setting(slug, AllTokens, rules, description) }
}

const fn mmengine(
    slug: &'static str,
    final_norm: NormSpan,
    rules: &'static [&'static [Rule]],
    description: &'static str,
) -> Convention {
    Convention {
        name: "mmengine",
        documented: "https://github.com/open-mmlab/mmengine/blob/main/mmengine/analysis/complexity_analysis.py",
        ..setting(slug, final_norm, rules, description)
    }
}
