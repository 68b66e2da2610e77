//! ptflops 0.7.5, its `aten` back end: operators as they are dispatched. Multiply-accumulates of
//! products and 1 for each addition of a bias, in one sum. Fused attention has no rule: it is
//! counted where torch takes it apart into plain products.

use super::{ATTENTION_PRODUCTS, BIASES, FUSED_ATTENTION, LOGITS, NATIVE_ATTENTION, PRODUCTS, rule};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::NormSpan;
use crate::units::Unit;

pub const SETTINGS: [Convention; 10] = [
    setting(
        "open_clip-cpu-torch2.2",
        &[&FUSED_IMAGE, &OPERATORS],
        "open_clip on a CPU under torch 2.2: the image's attention is fused, the text's masked one is not",
    ),
    setting(
        "open_clip-cpu",
        &[&FUSED_ATTENTION, &OPERATORS],
        "open_clip on a CPU under torch 2.3 or later, with gradients: attention is fused",
    ),
    setting(
        "open_clip-fast-path",
        &[&NATIVE_ATTENTION, &FUSED_ATTENTION, &OPERATORS],
        "open_clip 3 on a CPU under torch 2.3 or later, evaluating without gradients: \
         the attention of a tower without a mask is one native operator, unseen; other attention is fused",
    ),
    setting("open_clip-meta", &[&OPERATORS], "open_clip on the meta device: attention in full"),
    setting(
        "openai-cpu-torch2.2",
        &[&FUSED_IMAGE, &JOINED, &OPERATORS],
        "openai-clip on a CPU under torch 2.2: the image's attention is fused, the text's masked one is not; \
         the total includes the logits",
    ),
    setting(
        "openai-cpu",
        &[&FUSED_ATTENTION, &JOINED, &OPERATORS],
        "openai-clip on a CPU under torch 2.3 or later: attention is fused; the total includes the logits",
    ),
    setting(
        "openai-meta",
        &[&JOINED, &OPERATORS],
        "openai-clip on the meta device: attention in full; the total includes the logits",
    ),
    setting(
        "hf-eager",
        &[&JOINED, &OPERATORS],
        "HuggingFace's CLIP with eager attention; the total includes the logits",
    ),
    setting(
        "hf-cpu-sdpa",
        &[&FUSED_ATTENTION, &JOINED, &OPERATORS],
        "HuggingFace's CLIP with sdpa attention on a CPU under torch 2.3 or later: attention is fused; \
         the total includes the logits",
    ),
    setting(
        "hf-meta-sdpa",
        &[&JOINED, &OPERATORS],
        "HuggingFace's CLIP with sdpa attention on the meta device: attention in full; the total includes the logits",
    ),
];

const OPERATORS: [Rule; 2] =
    [rule(Where::Anywhere, &PRODUCTS, Weight::Macs(1)), rule(Where::Anywhere, &BIASES, Weight::Elements(1))];
const FUSED_IMAGE: [Rule; 1] = [rule(Where::AnyImage, &ATTENTION_PRODUCTS, Weight::Nothing)];
const JOINED: [Rule; 1] = [rule(Where::Anywhere, &LOGITS, Weight::Macs(1))];

const fn setting(slug: &'static str, rules: &'static [&'static [Rule]], description: &'static str) -> Convention {
    Convention {
        name: "ptflops-aten",
        setting: Some(slug),
        unit: Unit::Mac,
        default_scope: Scope::Total,
        description,
        documented: "https://github.com/sovrasov/flops-counter.pytorch",
        method: Method::Coverage(Coverage {
            rules,
            final_norm: NormSpan::Pooled,
            image_only: false,
            beyond: Beyond::Nothing,
        }),
    }
}
