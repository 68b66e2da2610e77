//! torchprofile 0.1.0: operators of a traced graph. Multiply-accumulates of products, and 1 for each
//! element of a layer norm and for each multiplication, in one sum: a QuickGELU is two of them, eager
//! attention scales its scores, and torch's attention module multiplies sizes.

use super::{LAYER_NORMS, LOGITS, PRODUCTS, rule};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where, Work};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::NormSpan;
use crate::model::terms::Role;
use crate::units::Unit;

pub const SETTINGS: [Convention; 3] = [
    setting(
        "open_clip",
        NormSpan::AllTokens,
        &[&SIZES, &SEEN],
        "torchprofile 0.1 on open_clip 2.23 or later, with gradients: without them it stops at the native attention \
         of a tower without a mask",
    ),
    setting(
        "hf-eager",
        NormSpan::Pooled,
        &[&SCALED_SCORES, &JOINED, &SEEN],
        "torchprofile 0.1 on HuggingFace's CLIP with eager attention; the total includes the logits",
    ),
    setting(
        "hf-sdpa",
        NormSpan::Pooled,
        &[&JOINED, &SEEN],
        "torchprofile 0.1 on HuggingFace's CLIP with fused (sdpa) attention; the total includes the logits",
    ),
];

const SEEN: [Rule; 3] = [
    rule(Where::Anywhere, &PRODUCTS, Weight::Macs(1)),
    rule(Where::Anywhere, &LAYER_NORMS, Weight::Elements(1)),
    rule(Where::Anywhere, &[Role::Act], Weight::Activations { gelu: 0, quick: 2 }),
];
/// Four products of sizes in each call of torch's attention module.
const SIZES: [Rule; 1] =
    [rule(Where::Anywhere, &[Role::AttnScale], Weight::Work(Work { element: 0, row: 0, execution: 4 }))];
const SCALED_SCORES: [Rule; 1] = [rule(Where::Anywhere, &[Role::Softmax], Weight::Elements(1))];
/// The logits and their scale.
const JOINED: [Rule; 1] = [rule(Where::Anywhere, &LOGITS, Weight::MacsAndOutputs)];

const fn setting(
    slug: &'static str,
    final_norm: NormSpan,
    rules: &'static [&'static [Rule]],
    description: &'static str,
) -> Convention {
    Convention {
        name: "torchprofile",
        setting: Some(slug),
        unit: Unit::Mac,
        default_scope: Scope::Total,
        description,
        documented: "https://github.com/zhijian-liu/torchprofile",
        method: Method::Coverage(Coverage { rules, final_norm, image_only: false, beyond: Beyond::ClipAlone }),
    }
}
