//! DeepSpeed's FLOPs profiler, 0.14.4 to 0.19.8: functions and operators of torch, replaced while
//! the model runs. It prints FLOPs (2 for each multiply-accumulate, 5 for each element of a layer
//! norm, 1 for each of a softmax or a GELU) and, apart, the MACs of the products alone.
//!
//! On the meta device torch computes a linear layer with the very functions that are replaced, so
//! each is met twice.

use super::{
    ATTENTION_PRODUCTS, BIASES_OF_PATCHES, GELU, LAYER_NORMS, LINEARS, LOGITS, NATIVE_ATTENTION, PRODUCTS, PROJECTION,
    rule,
};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::NormSpan::{self, AllTokens, Pooled};
use crate::model::terms::Role;
use crate::units::Unit::{self, Flop, Mac};

pub const SETTINGS: [Convention; 18] = [
    setting("open_clip", Flop, AllTokens, &[&GELUS, &ELEMENTS, &TWICE], OPEN_CLIP),
    setting("open_clip-fast-path", Flop, AllTokens, &[&NATIVE_ATTENTION, &GELUS, &ELEMENTS, &TWICE], FAST_PATH),
    setting("open_clip-meta", Flop, AllTokens, &[&LINEARS_FOUR_TIMES, &GELUS, &ELEMENTS, &TWICE], OPEN_CLIP_META),
    setting("openai", Flop, Pooled, &[&GELUS, &JOINED_TWICE, &ELEMENTS, &TWICE], OPENAI),
    setting("openai-meta", Flop, Pooled, &[&LINEARS_FOUR_TIMES, &GELUS, &JOINED_TWICE, &ELEMENTS, &TWICE], OPENAI_META),
    setting("hf-eager", Flop, Pooled, &[&SOFTMAX, &JOINED_TWICE, &ELEMENTS, &TWICE], HF_EAGER),
    setting(
        "hf-eager-meta",
        Flop,
        Pooled,
        &[&LINEARS_FOUR_TIMES, &SOFTMAX, &JOINED_TWICE, &ELEMENTS, &TWICE],
        HF_EAGER_META,
    ),
    setting("hf-sdpa", Flop, Pooled, &[&JOINED_TWICE, &ELEMENTS, &TWICE], HF_SDPA),
    setting("hf-sdpa-meta", Flop, Pooled, &[&LINEARS_FOUR_TIMES, &JOINED_TWICE, &ELEMENTS, &TWICE], HF_SDPA_META),
    setting("open_clip-second-profile", Flop, AllTokens, &[&SECOND, &GELUS, &ELEMENTS, &TWICE], SECOND_PROFILE),
    setting("open_clip-third-profile", Flop, AllTokens, &[&THIRD, &GELUS, &ELEMENTS, &TWICE], THIRD_PROFILE),
    setting("open_clip-macs", Mac, Pooled, &[&ONCE], OPEN_CLIP),
    setting("open_clip-fast-path-macs", Mac, Pooled, &[&NATIVE_ATTENTION, &ONCE], FAST_PATH),
    setting("open_clip-second-profile-macs", Mac, Pooled, &[&SECOND_MACS, &ONCE], SECOND_PROFILE),
    setting("open_clip-third-profile-macs", Mac, Pooled, &[&THIRD_MACS, &ONCE], THIRD_PROFILE),
    setting("open_clip-meta-macs", Mac, Pooled, &[&LINEARS_TWICE, &ONCE], OPEN_CLIP_META),
    setting("joined-macs", Mac, Pooled, &[&JOINED_ONCE, &ONCE], JOINED),
    setting("joined-meta-macs", Mac, Pooled, &[&LINEARS_TWICE, &JOINED_ONCE, &ONCE], JOINED_META),
];

const OPEN_CLIP: &str = "open_clip 2.23 or later: every product of both towers";
const FAST_PATH: &str = "open_clip 3 on a CPU, evaluating without gradients: \
                         the attention of a tower without a mask is one native operator, unseen";
const SECOND_PROFILE: &str = "the second profile of a process under DeepSpeed 0.14.4 (0.19.8 is right), open_clip: \
                              fused attention and a final projection by `x @ y` count twice, three times in the third";
const THIRD_PROFILE: &str = "the third profile of a process under DeepSpeed 0.14.4 (0.19.8 is right), open_clip: \
                             fused attention and a final projection by `x @ y` count three times";
const OPEN_CLIP_META: &str = "open_clip 2.23 or later on the meta device: every linear layer of a block twice";
const OPENAI: &str = "openai-clip; the total includes the logits";
const OPENAI_META: &str =
    "openai-clip on the meta device: every linear layer of a block twice; the total includes the logits";
const HF_EAGER: &str = "HuggingFace's CLIP with eager attention; the total includes the logits";
const HF_EAGER_META: &str = "HuggingFace's CLIP with eager attention on the meta device: \
                             every linear layer of a block twice; the total includes the logits";
const HF_SDPA: &str =
    "HuggingFace's CLIP with fused (sdpa) attention, its softmax unseen; the total includes the logits";
const HF_SDPA_META: &str = "HuggingFace's CLIP with fused (sdpa) attention on the meta device: \
                            every linear layer of a block twice; the total includes the logits";
const JOINED: &str = "openai-clip or HuggingFace's CLIP, any attention; the total includes the logits";
const JOINED_META: &str = "openai-clip or HuggingFace's CLIP, any attention, on the meta device: \
                           every linear layer of a block twice; the total includes the logits";

const TWICE: [Rule; 1] = [rule(Where::Anywhere, &PRODUCTS, Weight::Macs(2))];
const ONCE: [Rule; 1] = [rule(Where::Anywhere, &PRODUCTS, Weight::Macs(1))];
const LINEARS_FOUR_TIMES: [Rule; 2] = [
    rule(Where::Anywhere, &LINEARS, Weight::MacsTwice(2)),
    rule(Where::BiasedProjection, &PROJECTION, Weight::MacsTwice(2)),
];
const LINEARS_TWICE: [Rule; 2] = [
    rule(Where::Anywhere, &LINEARS, Weight::MacsTwice(1)),
    rule(Where::BiasedProjection, &PROJECTION, Weight::MacsTwice(1)),
];
const SECOND: [Rule; 3] = again(2, 1);
const THIRD: [Rule; 3] = again(2, 2);
const SECOND_MACS: [Rule; 3] = again(1, 1);
const THIRD_MACS: [Rule; 3] = again(1, 2);

/// Profiles before this one replaced the functions of attention and of `x @ y`, and left them so.
const fn again(each: u128, earlier: u128) -> [Rule; 3] {
    let weight = Weight::MacsAndEarlier(each, earlier);
    [
        rule(Where::Anywhere, &ATTENTION_PRODUCTS, weight),
        rule(Where::LinearProjection, &PROJECTION, Weight::Macs(each)),
        rule(Where::Anywhere, &PROJECTION, weight),
    ]
}

const JOINED_TWICE: [Rule; 1] = [rule(Where::Anywhere, &LOGITS, Weight::Macs(2))];
const JOINED_ONCE: [Rule; 1] = [rule(Where::Anywhere, &LOGITS, Weight::Macs(1))];
const ELEMENTS: [Rule; 2] = [
    rule(Where::Anywhere, &LAYER_NORMS, Weight::Elements(5)),
    rule(Where::Anywhere, &BIASES_OF_PATCHES, Weight::Elements(1)),
];
/// HuggingFace's activations keep the function as it was before it was replaced.
const GELUS: [Rule; 1] = [rule(Where::Anywhere, &GELU, Weight::Gelu(1))];
const SOFTMAX: [Rule; 1] = [rule(Where::Anywhere, &[Role::Softmax], Weight::Elements(1))];

const fn setting(
    slug: &'static str,
    unit: Unit,
    final_norm: NormSpan,
    rules: &'static [&'static [Rule]],
    description: &'static str,
) -> Convention {
    Convention {
        name: "deepspeed",
        setting: Some(slug),
        unit,
        default_scope: Scope::Total,
        description,
        documented: "https://www.deepspeed.ai/tutorials/flops-profiler/",
        method: Method::Coverage(Coverage { rules, final_norm, image_only: false, beyond: Beyond::Nothing }),
    }
}
