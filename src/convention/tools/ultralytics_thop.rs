//! ultralytics-thop 2.2.3, which is imported as thop: hooks on modules and their subclasses, a rule for
//! multi-head attention, and functions of torch outside of these. Counts multiply-accumulates, 4 for
//! each element of a layer norm and, where attention is a module, its softmax.

use super::{LAYER_NORMS, LOGITS, PRODUCTS, rule};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::{Family, NormSpan};
use crate::model::terms::Role;
use crate::units::Unit;

pub const SETTINGS: [Convention; 2] = [
    setting(
        "open_clip",
        (NormSpan::AllTokens, Beyond::Nothing),
        &[&SOFTMAX, &SEEN],
        "ultralytics-thop 2, which is imported as thop, on open_clip 2.23 or later: attention by its module's own \
         rule, its softmax included; layer norms count 4 an element",
    ),
    setting(
        "hf",
        (NormSpan::Pooled, Beyond::ClipAlone),
        &[&JOINED, &SEEN],
        "ultralytics-thop 2, which is imported as thop, on HuggingFace's CLIP, any attention: every product; \
         layer norms count 4 an element; the total includes the logits",
    ),
];

/// Of towers whose attention is torch's module, which EVA's in timm is not.
const SOFTMAX: [Rule; 2] = [
    rule(Where::Image(Family::Clip), &[Role::Softmax], Weight::SoftmaxSteps),
    rule(Where::Text, &[Role::Softmax], Weight::SoftmaxSteps),
];
const SEEN: [Rule; 2] =
    [rule(Where::Anywhere, &PRODUCTS, Weight::Macs(1)), rule(Where::Anywhere, &LAYER_NORMS, Weight::Elements(4))];
const JOINED: [Rule; 1] = [rule(Where::Anywhere, &LOGITS, Weight::Macs(1))];

const fn setting(
    slug: &'static str,
    (final_norm, beyond): (NormSpan, Beyond),
    rules: &'static [&'static [Rule]],
    description: &'static str,
) -> Convention {
    Convention {
        name: "ultralytics-thop",
        setting: Some(slug),
        unit: Unit::Mac,
        default_scope: Scope::IMAGE,
        description,
        documented: "https://github.com/ultralytics/thop",
        method: Method::Coverage(Coverage { rules, final_norm, image_only: false, beyond }),
    }
}
