//! One file per tool: its settings, each a coverage table. The figures behind them are described
//! in the documentation of each table.

mod analytic;
mod calflops;
mod deepspeed;
mod flop_counter;
mod fvcore;
mod mmcv;
mod papers;
mod ptflops_aten;
mod ptflops_pytorch;
mod thop;
mod torchinfo;
mod torchstat;

use super::rule::{Roles, Rule, Weight, Where};
use super::{Convention, Method, Scope};
use crate::model::spec::Family;
use crate::model::terms::Role;
use crate::units::Unit;

pub const ALL: [&[Convention]; 18] = [
    &analytic::SETTINGS,
    &[SEED_FORMULA],
    &thop::SETTINGS,
    &torchstat::SETTINGS,
    &fvcore::SETTINGS,
    &ptflops_pytorch::SETTINGS,
    &ptflops_aten::SETTINGS,
    &calflops::SETTINGS,
    &deepspeed::SETTINGS,
    &flop_counter::SETTINGS,
    &torchinfo::SETTINGS,
    &mmcv::SETTINGS,
    &papers::MEGATRON,
    &papers::TWO_N_D,
    &papers::SIX_N_D,
    &papers::PALM,
    &papers::TIMM,
    &papers::DATACOMP,
];

const SEED_FORMULA: Convention = Convention {
    name: "seed-formula",
    setting: None,
    unit: Unit::Flop,
    default_scope: Scope::Total,
    description: "the formula script of the user's notes: per layer 4hs^2 + 8h(hr)s with s = (image/patch)^2, \
                  summed over both towers, from the raw keys of the file",
    documented: "the user's notes",
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

const GELU: [Role; 1] = [Role::Act];
const LOGITS: [Role; 1] = [Role::Logits];

/// Attention runs inside one fused operator that the tool has no rule for.
const FUSED_ATTENTION: [Rule; 1] = [rule(Where::Anywhere, &ATTENTION_PRODUCTS, Weight::Nothing)];

/// CLIP's image attention runs, projections included, inside one native operator that the tool
/// has no rule for. The text's mask keeps the text tower off that path.
const NATIVE_ATTENTION: [Rule; 1] = [rule(Where::Image(Family::Clip), &ATTENTION, Weight::Nothing)];
