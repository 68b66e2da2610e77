//! torchinfo 1.8.0: its "mult-adds" are a module's learnt numbers times the first dimension of its
//! output (a convolution's times all of its output's but the channels). That dimension is the batch
//! or, where a library puts the sequence first, the number of tokens. What is no module of its own
//! (attention in open_clip, a class token) counts nothing.

use super::{BIASES, LAYER_NORMS, LINEARS, rule};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::{Family, NormSpan};
use crate::model::terms::Role;
use crate::units::Unit;

pub const SETTINGS: [Convention; 3] = [
    setting(
        "open_clip",
        &[&CONVOLUTION, &EVA_MODULES, &PROJECTION_MODULE, &SEQUENCE_FIRST, &AROUND_THE_BLOCKS],
        "open_clip 2 or openai-clip, whose blocks have the sequence first: \
         MLPs and layer norms once for each token; attention and the final projection unseen",
    ),
    setting(
        "open_clip-3",
        &[&CONVOLUTION, &EVA_MODULES, &PROJECTION_MODULE, &BATCH_FIRST, &AROUND_THE_BLOCKS],
        "open_clip 3, which has the batch first: MLPs and layer norms once; \
         attention and the final projection unseen",
    ),
    setting(
        "hf",
        &[&CONVOLUTION, &HF_MODULES, &AROUND_THE_BLOCKS],
        "HuggingFace's CLIP, which has the batch first: every learnt number once but those of the convolution",
    ),
];

const MLP: [Role; 2] = [Role::Fc1, Role::Fc2];
const MLP_BIASES: [Role; 2] = [Role::Fc1Bias, Role::Fc2Bias];
const BLOCK_NORMS: [Role; 2] = [Role::Ln1, Role::Ln2];

const CONVOLUTION: [Rule; 2] = [
    rule(Where::Anywhere, &[Role::PatchEmbed], Weight::Macs(1)),
    rule(Where::Anywhere, &[Role::PatchBias], Weight::Elements(1)),
];
/// EVA's tower in timm has the batch first; its qkv is one function call, the rest are modules.
const EVA_MODULES: [Rule; 2] = [
    rule(Where::Image(Family::Eva), &[Role::Out, Role::Fc1, Role::Fc2, Role::Proj], Weight::Parameters),
    rule(
        Where::Image(Family::Eva),
        &[Role::OutBias, Role::Fc1Bias, Role::Fc2Bias, Role::ProjBias, Role::Ln1, Role::Ln2],
        Weight::Parameters,
    ),
];
const PROJECTION_MODULE: [Rule; 1] = [rule(Where::LinearProjection, &[Role::Proj, Role::ProjBias], Weight::Parameters)];
const SEQUENCE_FIRST: [Rule; 3] = [
    rule(Where::Anywhere, &MLP, Weight::ParametersEachToken),
    rule(Where::Anywhere, &MLP_BIASES, Weight::ParametersEachToken),
    rule(Where::Anywhere, &BLOCK_NORMS, Weight::ParametersEachToken),
];
const BATCH_FIRST: [Rule; 3] = [
    rule(Where::Anywhere, &MLP, Weight::Parameters),
    rule(Where::Anywhere, &MLP_BIASES, Weight::Parameters),
    rule(Where::Anywhere, &BLOCK_NORMS, Weight::Parameters),
];
const HF_MODULES: [Rule; 3] = [
    rule(Where::Anywhere, &LINEARS, Weight::Parameters),
    rule(Where::Anywhere, &BIASES, Weight::Parameters),
    rule(Where::Anywhere, &[Role::Proj, Role::Position], Weight::Parameters),
];
const AROUND_THE_BLOCKS: [Rule; 2] = [
    rule(Where::Anywhere, &LAYER_NORMS, Weight::Parameters),
    rule(Where::Text, &[Role::TokenEmbed], Weight::Parameters),
];

const fn setting(slug: &'static str, rules: &'static [&'static [Rule]], description: &'static str) -> Convention {
    Convention {
        name: "torchinfo",
        setting: Some(slug),
        unit: Unit::Mac,
        default_scope: Scope::Total,
        description,
        documented: "https://github.com/TylerYep/torchinfo",
        method: Method::Coverage(Coverage {
            rules,
            final_norm: NormSpan::Pooled,
            image_only: false,
            beyond: Beyond::Nothing,
        }),
    }
}
