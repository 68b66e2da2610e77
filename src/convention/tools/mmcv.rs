//! mmcv's `get_model_complexity_info`: hooks on convolutions and linear layers that are modules;
//! what runs as a function, or as a subclass of a known module, is not seen. Its "FLOPs" are
//! multiply-accumulates, a convolution's with 1 for each addition of its bias.

use super::{BIASES_OF_PATCHES, LAYER_NORMS, PARAMETER_PROJECTION, rule};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::{Family, NormSpan};
use crate::model::terms::Role;
use crate::units::Unit;

pub const SETTINGS: [Convention; 2] = [
    setting(
        "open_clip",
        NormSpan::AllTokens,
        &[&TIMM_MODULES, &EVA_MODULES, &CLIP_MODULES, &PARAMETER_PROJECTION],
        "open_clip or openai-clip: attention and the final projection run as functions, unseen",
    ),
    setting(
        "hf",
        NormSpan::Pooled,
        &[&HF_MODULES, &CLIP_MODULES],
        "HuggingFace's CLIP: every projection is a module; layer norms count 2 an element",
    ),
];

const TIMM_MODULES: [Rule; 1] =
    [rule(Where::Image(Family::Timm), &[Role::Qkv, Role::Out, Role::Proj, Role::Linear], Weight::Macs(1))];
const EVA_MODULES: [Rule; 1] = [rule(Where::Image(Family::Eva), &[Role::Out, Role::Proj], Weight::Macs(1))];
const HF_MODULES: [Rule; 2] = [
    rule(Where::Anywhere, &[Role::Qkv, Role::Out, Role::Proj], Weight::Macs(1)),
    rule(Where::Anywhere, &LAYER_NORMS, Weight::Elements(2)),
];
const CLIP_MODULES: [Rule; 2] = [
    rule(Where::Anywhere, &[Role::PatchEmbed, Role::Fc1, Role::Fc2], Weight::Macs(1)),
    rule(Where::Anywhere, &BIASES_OF_PATCHES, Weight::Elements(1)),
];

const fn setting(
    slug: &'static str,
    final_norm: NormSpan,
    rules: &'static [&'static [Rule]],
    description: &'static str,
) -> Convention {
    Convention {
        name: "mmcv",
        setting: Some(slug),
        unit: Unit::Mac,
        default_scope: Scope::IMAGE,
        description,
        documented: "https://github.com/open-mmlab/mmcv/blob/main/mmcv/cnn/utils/flops_counter.py",
        method: Method::Coverage(Coverage { rules, final_norm, image_only: false, beyond: Beyond::Timm }),
    }
}
