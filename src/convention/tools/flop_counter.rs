//! torch.utils.flop_counter.FlopCounterMode: operators as they are dispatched, 2 for each
//! multiply-accumulate of a product it has a formula for. Fused attention on a CPU came with torch
//! 2.3 as an operator of its own, which has had a formula since torch 2.15.

use super::{FUSED_ATTENTION, NATIVE_ATTENTION, PRODUCTS, rule};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::NormSpan;
use crate::model::terms::Role;
use crate::units::Unit;

pub const SETTINGS: [Convention; 9] = [
    setting(
        "open_clip",
        &[&OPERATORS],
        "open_clip on a GPU, on the meta device, or on a CPU with gradients under torch 2.2 or 2.15: \
         attention in full",
    ),
    setting(
        "openai",
        &[&LOGITS, &OPERATORS],
        "openai-clip on a GPU, on the meta device, or on a CPU under torch 2.2 or 2.15; the total includes the logits",
    ),
    setting(
        "hf-eager",
        &[&LOGITS, &OPERATORS],
        "HuggingFace's CLIP with eager attention; the total includes the logits",
    ),
    setting(
        "hf-sdpa",
        &[&LOGITS, &OPERATORS],
        "HuggingFace's CLIP with sdpa attention on a GPU, on the meta device, or on a CPU under torch 2.2 or 2.15: \
         attention in full; the total includes the logits",
    ),
    setting(
        "fast-path",
        &[&NATIVE_ATTENTION, &OPERATORS],
        "open_clip 3 on a CPU under torch 2.2 or 2.15, evaluating without gradients: the whole attention of a tower \
         without a mask is one operator without a formula",
    ),
    setting(
        "cpu-sdpa",
        &[&FUSED_ATTENTION, &OPERATORS],
        "open_clip on a CPU under torch 2.3 to 2.14, with gradients: the CPU's fused attention has no formula",
    ),
    setting(
        "cpu-fast-path",
        &[&FUSED_ATTENTION, &NATIVE_ATTENTION, &OPERATORS],
        "open_clip 3 on a CPU under torch 2.3 to 2.14, evaluating without gradients: neither fused attention nor the \
         whole attention of a tower without a mask has a formula",
    ),
    setting(
        "openai-cpu-sdpa",
        &[&FUSED_ATTENTION, &LOGITS, &OPERATORS],
        "openai-clip on a CPU under torch 2.3 to 2.14: fused attention has no formula; the total includes the logits",
    ),
    setting(
        "hf-cpu-sdpa",
        &[&FUSED_ATTENTION, &LOGITS, &OPERATORS],
        "HuggingFace's CLIP with sdpa attention on a CPU under torch 2.3 to 2.14: \
         fused attention has no formula; the total includes the logits",
    ),
];

const OPERATORS: [Rule; 1] = [rule(Where::Anywhere, &PRODUCTS, Weight::Macs(2))];
const LOGITS: [Rule; 1] = [rule(Where::Anywhere, &[Role::Logits], Weight::Macs(2))];

const fn setting(slug: &'static str, rules: &'static [&'static [Rule]], description: &'static str) -> Convention {
    Convention {
        name: "flop-counter",
        setting: Some(slug),
        unit: Unit::Flop,
        default_scope: Scope::Total,
        description,
        documented: "https://github.com/pytorch/pytorch/blob/main/torch/utils/flop_counter.py",
        method: Method::Coverage(Coverage {
            rules,
            final_norm: NormSpan::AllTokens,
            image_only: false,
            beyond: Beyond::Everything,
        }),
    }
}
