//! pytorch_model_summary (ceykmc's, of 2018), with its assertion on the input of linear modules removed
//! (as released it stops there): calls of leaf modules of a model that takes a single image. k
//! multiplications and k - 1 additions for each sum of k products, 1 for each addition of a
//! convolution's bias. torchstat's column MAdd was made from it.

use super::{BIASES_OF_PATCHES, CLIP_MODULES, rule};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::NormSpan;
use crate::model::terms::Role;
use crate::units::Unit;

pub const SETTINGS: [Convention; 2] = [
    setting(
        "open_clip",
        &[&CLIP, &BIASES],
        "its MAdd column on open_clip or openai-clip: as released it stops with an AssertionError at the first linear \
         layer of a sequence, here with that assertion removed; image tower only",
    ),
    setting(
        "hf",
        &[&HF, &BIASES],
        "its MAdd column on HuggingFace's CLIP, any attention: as released it stops with an AssertionError at the \
         first linear layer of a sequence, here with that assertion removed; image tower only",
    ),
];

const CLIP: [Rule; 1] = [rule(Where::AnyImage, &CLIP_MODULES, Weight::MultiplyAdds)];
const HF: [Rule; 1] = [rule(
    Where::Anywhere,
    &[Role::PatchEmbed, Role::Qkv, Role::Out, Role::Fc1, Role::Fc2, Role::Proj],
    Weight::MultiplyAdds,
)];
const BIASES: [Rule; 1] = [rule(Where::Anywhere, &BIASES_OF_PATCHES, Weight::Elements(1))];

const fn setting(slug: &'static str, rules: &'static [&'static [Rule]], description: &'static str) -> Convention {
    Convention {
        name: "pytorch-model-summary",
        setting: Some(slug),
        unit: Unit::Flop,
        default_scope: Scope::IMAGE,
        description,
        documented: "https://github.com/ceykmc/pytorch_model_summary",
        method: Method::Coverage(Coverage {
            rules,
            final_norm: NormSpan::AllTokens,
            image_only: true,
            beyond: Beyond::ClipAlone,
        }),
    }
}
