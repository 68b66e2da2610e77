//! flopth 0.1.6: calls of leaf modules, subclasses included. Multiply-accumulates of convolutions, 1 for
//! each element of a layer norm and of a GELU. Of a linear layer it reads the second dimension of input
//! and output for the widths, which is the length where the input is a sequence.

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
        (NormSpan::AllTokens, Beyond::Nothing),
        &[&EVA_OUT, &MLP, &LEAVES, &GELUS, &PARAMETER_PROJECTION],
        "flopth 0.1.6 on open_clip 2.23 or later: attention and a final projection by `x @ y` run as functions, \
         unseen; a linear layer of a sequence counts tokens x tokens",
    ),
    setting(
        "hf",
        (NormSpan::Pooled, Beyond::ClipAlone),
        &[&ATTENTION, &MLP, &LEAVES],
        "flopth 0.1.6 on HuggingFace's CLIP, any attention: a linear layer of a sequence counts tokens x tokens; \
         attention's products and activations are unseen",
    ),
];

const MLP: [Rule; 1] = [rule(Where::Anywhere, &[Role::Fc1, Role::Fc2], Weight::TokenPairs(1))];
/// The one map of EVA's attention, in timm, that is a module.
const EVA_OUT: [Rule; 1] = [rule(Where::Image(Family::Eva), &[Role::Out], Weight::TokenPairs(1))];
const ATTENTION: [Rule; 3] = [
    // Queries, keys and values have a layer each.
    rule(Where::Anywhere, &[Role::Qkv], Weight::TokenPairs(3)),
    rule(Where::Anywhere, &[Role::Out], Weight::TokenPairs(1)),
    rule(Where::Anywhere, &[Role::Proj], Weight::Macs(1)),
];
const LEAVES: [Rule; 3] = [
    rule(Where::Anywhere, &[Role::PatchEmbed], Weight::Macs(1)),
    rule(Where::Anywhere, &BIASES_OF_PATCHES, Weight::Elements(1)),
    rule(Where::Anywhere, &LAYER_NORMS, Weight::Elements(1)),
];
const GELUS: [Rule; 1] = [rule(Where::Anywhere, &super::GELU, Weight::Gelu(1))];

const fn setting(
    slug: &'static str,
    (final_norm, beyond): (NormSpan, Beyond),
    rules: &'static [&'static [Rule]],
    description: &'static str,
) -> Convention {
    Convention {
        name: "flopth",
        setting: Some(slug),
        unit: Unit::Mac,
        default_scope: Scope::IMAGE,
        description,
        documented: "https://github.com/vra/flopth",
        method: Method::Coverage(Coverage { rules, final_norm, image_only: false, beyond }),
    }
}
