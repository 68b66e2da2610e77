//! What papers count by: formulas over dimensions, and published tables.

use super::{LAYER_NORMS, PRODUCTS, rule};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::formula::{Formula, Kind, Passes};
use crate::convention::rule::{Rule, Weight, Where};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::NormSpan;
use crate::units::Unit;

pub const MEGATRON: [Convention; 3] = [
    formula(
        "megatron",
        Some("forward"),
        Kind::Megatron,
        Passes::Forward,
        "each tower taken for a GPT of its own: l (24 s h^2 + 4 s^2 h) + 2 s h V",
        MEGATRON_PAPER,
    ),
    formula(
        "megatron",
        Some("training"),
        Kind::Megatron,
        Passes::Training,
        "72 s l h^2 (1 + s / 6h + V / 12lh): forward and backward, nothing computed twice",
        MEGATRON_PAPER,
    ),
    formula(
        "megatron",
        Some("training-recompute"),
        Kind::Megatron,
        Passes::Recomputed,
        "96 s l h^2 (1 + s / 6h + V / 16lh), the paper's own: the blocks' forward pass is computed once more",
        MEGATRON_PAPER,
    ),
];

pub const TWO_N_D: [Convention; 2] = [
    formula(
        "2nd",
        Some("non-embedding"),
        WITHOUT,
        Passes::Forward,
        "2 N D: parameters without tables x tokens",
        KAPLAN,
    ),
    formula("2nd", Some("all"), WITH, Passes::Forward, "2 N D: all parameters x tokens", KAPLAN),
];

pub const SIX_N_D: [Convention; 2] = [
    formula(
        "6nd",
        Some("non-embedding"),
        WITHOUT,
        Passes::Training,
        "6 N D, forward and backward: parameters without tables x tokens",
        KAPLAN,
    ),
    formula("6nd", Some("all"), WITH, Passes::Training, "6 N D, forward and backward: all parameters x tokens", KAPLAN),
];

pub const PALM: [Convention; 2] = [
    formula(
        "palm",
        Some("training"),
        Kind::Palm,
        Passes::Training,
        "6 N + 12 L H Q T for each token, forward and backward; N without embedding tables",
        PALM_PAPER,
    ),
    formula(
        "palm",
        Some("forward"),
        Kind::Palm,
        Passes::Forward,
        "2 N + 4 L H Q T for each token, the forward third of PaLM's formula",
        PALM_PAPER,
    ),
];

pub const TIMM: [Convention; 1] = [Convention {
    name: "timm",
    setting: None,
    unit: Unit::Mac,
    default_scope: Scope::IMAGE,
    description: "timm's tables of results (GMACs): its benchmark.py runs fvcore on an image tower with \
                  attention as plain products",
    documented: "https://github.com/huggingface/pytorch-image-models/blob/main/benchmark.py",
    method: Method::Coverage(Coverage {
        rules: &[&OPERATORS],
        final_norm: NormSpan::AllTokens,
        image_only: true,
        beyond: Beyond::Timm,
    }),
}];

pub const DATACOMP: [Convention; 1] = [Convention {
    name: "datacomp",
    setting: None,
    unit: Unit::Mac,
    default_scope: Scope::Total,
    description: "DataComp's training compute (MACs) divided by its samples seen: the forward pass of both \
                  towers, without the backward one",
    documented: "arXiv 2304.14108, table of experimental configurations",
    method: Method::Coverage(Coverage {
        rules: &[&ONCE],
        final_norm: NormSpan::AllTokens,
        image_only: false,
        beyond: Beyond::Everything,
    }),
}];

const WITHOUT: Kind = Kind::ParametersTimesTokens { embeddings: false };
const WITH: Kind = Kind::ParametersTimesTokens { embeddings: true };
const MEGATRON_PAPER: &str = "arXiv 2104.04473, equation 3";
const KAPLAN: &str = "arXiv 2001.08361, section 2.1";
const PALM_PAPER: &str = "arXiv 2204.02311, appendix B";

const ONCE: [Rule; 1] = [rule(Where::Anywhere, &PRODUCTS, Weight::Macs(1))];
const OPERATORS: [Rule; 2] =
    [rule(Where::Anywhere, &PRODUCTS, Weight::Macs(1)), rule(Where::Anywhere, &LAYER_NORMS, Weight::Elements(5))];

const fn formula(
    name: &'static str,
    setting: Option<&'static str>,
    kind: Kind,
    passes: Passes,
    description: &'static str,
    documented: &'static str,
) -> Convention {
    Convention {
        name,
        setting,
        unit: Unit::Flop,
        default_scope: Scope::Total,
        description,
        documented,
        method: Method::Formula(Formula { kind, passes }),
    }
}
