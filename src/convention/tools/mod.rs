//! One file per tool: its settings, each a coverage table. The figures behind them are described
//! in the documentation of each table.

mod analytic;
mod calflops;
mod deepspeed;
mod flop_counter;
mod flopth;
mod fvcore;
mod mmcv;
mod onnx_tool;
mod papers;
mod ptflops_aten;
mod ptflops_pytorch;
mod pytorch_model_summary;
mod thop;
mod torchinfo;
mod torchprofile;
mod torchstat;
mod trainer;
mod ultralytics_thop;

use super::rule::{Roles, Rule, Weight, Where};
use super::{Convention, Method, Scope};
use crate::model::terms::Role;
use crate::units::Unit;

pub const ALL: [&[Convention]; 25] = [
    &analytic::SETTINGS,
    &[SEED_FORMULA],
    &thop::SETTINGS,
    &ultralytics_thop::SETTINGS,
    &torchstat::SETTINGS,
    &pytorch_model_summary::SETTINGS,
    &fvcore::SETTINGS,
    &fvcore::MMENGINE,
    &torchprofile::SETTINGS,
    &ptflops_pytorch::SETTINGS,
    &ptflops_aten::SETTINGS,
    &calflops::SETTINGS,
    &deepspeed::SETTINGS,
    &flop_counter::SETTINGS,
    &torchinfo::SETTINGS,
    &flopth::SETTINGS,
    &onnx_tool::SETTINGS,
    &mmcv::SETTINGS,
    &papers::MEGATRON,
    &papers::TWO_N_D,
    &papers::SIX_N_D,
    &trainer::SETTINGS,
    &papers::PALM,
    &papers::TIMM,
    &papers::DATACOMP,
];

const SEED_FORMULA: Convention = Convention {
    name: "seed-formula",
    setting: None,
    unit: Unit::Flop,
    default_scope: Scope::Total,
    description: "a widely copied formula script (4hs^2 + 8h(hr)s a layer), with s = (image / patch)^2 or the text's \
                  length, r = mlp_ratio or 4, summed over both towers from the keys of the file as they stand",
    documented: "nowhere: the script is passed on without a source",
    method: Method::SeedFormula,
};

/// Every product of both towers.
const PRODUCTS: [Role; 11] = [
    Role::PatchEmbed,
    Role::Qkv,
    Role::Scores,
    Role::Values,
    Role::AttnGate,
    Role::Out,
    Role::Fc1,
    Role::Fc2,
    Role::Proj,
    Role::Conv,
    Role::Linear,
];

const ATTENTION_PRODUCTS: [Role; 2] = [Role::Scores, Role::Values];
const ATTENTION: [Role; 4] = [Role::Qkv, Role::Scores, Role::Values, Role::Out];
/// The products of every layer that have weights.
const LINEARS: [Role; 4] = [Role::Qkv, Role::Out, Role::Fc1, Role::Fc2];
const BIASES: [Role; 6] = [Role::PatchBias, Role::QkvBias, Role::OutBias, Role::Fc1Bias, Role::Fc2Bias, Role::ProjBias];
const BIASES_OF_PATCHES: [Role; 1] = [Role::PatchBias];
const LAYER_NORMS: [Role; 8] =
    [Role::LnPre, Role::Ln1, Role::Ln2, Role::LnPost, Role::Norm, Role::QkNorm, Role::InnerNorm, Role::MlpNorm];

const fn rule(place: Where, roles: &[Role], weight: Weight) -> Rule {
    Rule { place, roles: Roles::of(roles), weight }
}

/// The maps of CLIP's own tower that are modules: attention and the final projection run as functions.
const CLIP_MODULES: [Role; 3] = [Role::PatchEmbed, Role::Fc1, Role::Fc2];
/// The maps of EVA's tower that are modules, in timm: qkv is one function call.
const EVA_MODULES: [Role; 5] = [Role::PatchEmbed, Role::Out, Role::Fc1, Role::Fc2, Role::Proj];

const GELU: [Role; 1] = [Role::Act];
const LOGITS: [Role; 1] = [Role::Logits];
const PROJECTION: [Role; 1] = [Role::Proj];

/// Attention runs inside one fused operator that the tool has no rule for.
const FUSED_ATTENTION: [Rule; 1] = [rule(Where::Anywhere, &ATTENTION_PRODUCTS, Weight::Nothing)];

/// Attention runs, projections and their biases included, inside one native operator that the tool
/// has no rule for.
const NATIVE_ATTENTION: [Rule; 2] = [
    rule(Where::FastPath, &ATTENTION, Weight::Nothing),
    rule(Where::FastPath, &[Role::QkvBias, Role::OutBias], Weight::Nothing),
];

/// CLIP's own final projection is `x @ parameter`, which tools that look for modules and functions
/// do not see; a linear module they do.
const PARAMETER_PROJECTION: [Rule; 2] =
    [rule(Where::LinearProjection, &PROJECTION, Weight::Macs(1)), rule(Where::Anywhere, &PROJECTION, Weight::Nothing)];
