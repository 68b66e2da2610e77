//! thop 0.1.1: hooks on modules whose exact type it knows, so whatever runs as a function, or as
//! a subclass of a known module, is not seen. Counts multiply-accumulates.

use super::{LAYER_NORMS, PARAMETER_PROJECTION, rule};
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
        "open_clip or openai-clip, any version: attention and the final projection run as functions, unseen",
    ),
    setting(
        "hf",
        NormSpan::Pooled,
        &[&HF_MODULES],
        "HuggingFace's CLIP: every projection is a module; layer norms count 4 an element",
    ),
];

/// EVA's tower in timm: qkv is one function call, the other maps are modules.
const EVA_MODULES: [Rule; 1] = [rule(
    Where::Image(Family::Eva),
    &[Role::PatchEmbed, Role::Out, Role::Fc1, Role::Fc2, Role::Proj],
    Weight::Macs(1),
)];
/// The rest of timm's towers have modules only; their layer norms are of a class of timm's own.
const TIMM_MODULES: [Rule; 1] = [rule(
    Where::Image(Family::Timm),
    &[Role::PatchEmbed, Role::Qkv, Role::Out, Role::Fc1, Role::Fc2, Role::Proj, Role::Linear],
    Weight::Macs(1),
)];
const CLIP_MODULES: [Rule; 1] = [rule(Where::Anywhere, &[Role::PatchEmbed, Role::Fc1, Role::Fc2], Weight::Macs(1))];
const HF_MODULES: [Rule; 2] = [
    rule(Where::Anywhere, &[Role::PatchEmbed, Role::Qkv, Role::Out, Role::Fc1, Role::Fc2, Role::Proj], Weight::Macs(1)),
    rule(Where::Anywhere, &LAYER_NORMS, Weight::Elements(4)),
];

const fn setting(
    slug: &'static str,
    final_norm: NormSpan,
    rules: &'static [&'static [Rule]],
    description: &'static str,
) -> Convention {
    Convention {
        name: "thop",
        setting: Some(slug),
        unit: Unit::Mac,
        default_scope: Scope::IMAGE,
        description,
        documented: "https://github.com/Lyken17/pytorch-OpCounter",
        method: Method::Coverage(Coverage { rules, final_norm, image_only: false, beyond: Beyond::Timm }),
    }
}
