//! ptflops 0.7.5, its `pytorch` back end: hooks on modules and replaced functions together.
//! Counts multiply-accumulates, and 1 for each addition of a bias, all in one sum.
//!
//! On the meta device torch computes a linear layer with the very functions that are replaced, so
//! each is met twice.

use super::{
    ATTENTION_PRODUCTS, BIASES, GELU, LAYER_NORMS, LINEARS, LOGITS, PARAMETER_PROJECTION, PRODUCTS, PROJECTION, rule,
};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::{Family, NormSpan};
use crate::model::terms::Role;
use crate::units::Unit;

pub const SETTINGS: [Convention; 6] = [
    setting(
        "open_clip",
        &[&EVA_ATTENTION, &PARAMETER_PROJECTION, &MULTIHEAD, &PRODUCTS_AND_BIASES],
        "open_clip or openai-clip: attention in full by its module's own rule; \
         a GELU twice, as a module and as a function; the final projection unseen",
    ),
    setting(
        "open_clip-meta",
        &[&EVA_QKV_ON_META, &MET_TWICE, &EVA_ATTENTION, &PARAMETER_PROJECTION, &MULTIHEAD, &PRODUCTS_AND_BIASES],
        "open_clip or openai-clip on the meta device: as open_clip, every linear layer twice",
    ),
    setting(
        "hf-eager",
        &[&HF_MODULES, &EAGER_SOFTMAX, &PRODUCTS_AND_BIASES],
        "HuggingFace's CLIP with eager attention; the total includes the logits",
    ),
    setting(
        "hf-eager-meta",
        &[&MET_TWICE, &HF_MODULES, &EAGER_SOFTMAX, &PRODUCTS_AND_BIASES],
        "HuggingFace's CLIP with eager attention on the meta device: every linear layer of a block twice",
    ),
    setting(
        "hf-sdpa",
        &[&HF_MODULES, &super::FUSED_ATTENTION, &PRODUCTS_AND_BIASES],
        "HuggingFace's CLIP with fused (sdpa) attention, which is unseen; the total includes the logits",
    ),
    setting(
        "hf-sdpa-meta",
        &[&MET_TWICE, &HF_MODULES, &super::FUSED_ATTENTION, &PRODUCTS_AND_BIASES],
        "HuggingFace's CLIP with fused (sdpa) attention on the meta device: every linear layer of a block twice",
    ),
];

const PRODUCTS_AND_BIASES: [Rule; 2] =
    [rule(Where::Anywhere, &PRODUCTS, Weight::Macs(1)), rule(Where::Anywhere, &BIASES, Weight::Elements(1))];
/// Linear modules, the final one only where it has a bias.
const MET_TWICE: [Rule; 2] = [
    rule(Where::Anywhere, &LINEARS, Weight::MacsTwice(1)),
    rule(Where::BiasedProjection, &PROJECTION, Weight::MacsTwice(1)),
];

/// EVA's tower in timm has no attention module: it calls the fused function, and its qkv is a function
/// too, which torch takes apart on the meta device.
const EVA_ATTENTION: [Rule; 1] = [rule(
    Where::Image(Family::Eva),
    &[Role::Qkv, Role::QkvBias, Role::Scores, Role::Values, Role::AttnScale, Role::Softmax],
    Weight::Nothing,
)];
const EVA_QKV_ON_META: [Rule; 1] = [rule(Where::Image(Family::Eva), &[Role::Qkv], Weight::Macs(1))];
const MULTIHEAD: [Rule; 3] = [
    rule(Where::Anywhere, &ATTENTION_PRODUCTS, Weight::Macs(1)),
    rule(Where::Anywhere, &[Role::AttnScale, Role::Softmax], Weight::Elements(1)),
    rule(Where::Anywhere, &GELU, Weight::Gelu(2)),
];
const HF_MODULES: [Rule; 2] =
    [rule(Where::Anywhere, &LAYER_NORMS, Weight::Elements(1)), rule(Where::Anywhere, &LOGITS, Weight::Macs(1))];
const EAGER_SOFTMAX: [Rule; 1] = [rule(Where::Anywhere, &[Role::Softmax], Weight::Elements(1))];

const fn setting(slug: &'static str, rules: &'static [&'static [Rule]], description: &'static str) -> Convention {
    Convention {
        name: "ptflops-pytorch",
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
