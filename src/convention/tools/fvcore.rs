//! fvcore 0.1.5: operators of a traced graph. Multiply-accumulates of products, and 5 for each
//! element of a layer norm, in one sum.

use super::{FUSED_ATTENTION, LAYER_NORMS, NATIVE_ATTENTION, PRODUCTS, rule};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::NormSpan::{self, AllTokens, Pooled};
use crate::model::terms::Role;
use crate::units::Unit;

pub const SETTINGS: [Convention; 7] = [
    setting(
        "open_clip-torch1.11",
        AllTokens,
        &[&OPERATORS],
        "open_clip 2.23 or later under torch 1.11 or earlier, where attention is plain matrix products \
         (or a later torch with a rule for fused attention added)",
    ),
    setting(
        "open_clip-torch1.13",
        AllTokens,
        &[&MASKED_SCORES, &OPERATORS],
        "open_clip 2.23 or later under torch 1.12 or 1.13: the text's masked scores are one operator without a rule",
    ),
    setting(
        "open_clip-torch2",
        AllTokens,
        &[&FUSED_ATTENTION, &OPERATORS],
        "open_clip 2.23 or later under torch 2: fused attention has no rule",
    ),
    setting(
        "open_clip-fast-path",
        AllTokens,
        &[&FUSED_ATTENTION, &NATIVE_ATTENTION, &OPERATORS],
        "open_clip 3 under torch 2 on a CPU, evaluating without gradients: \
         the image's whole attention is one operator without a rule",
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
