//! onnx-tool 1.0.1: operators of a model that torch exported to ONNX. Multiply-accumulates of products,
//! and element-wise work in the number of x86 instructions that it takes for them: 32 for an
//! exponential, 4 for a division, 24 for a root. Sizes that are computed in the graph count too.

use super::{BIASES, LAYER_NORMS, PRODUCTS, rule};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where, Work};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::NormSpan;
use crate::model::terms::Role;
use crate::units::Unit;

pub const SETTINGS: [Convention; 1] = [Convention {
    name: "onnx-tool",
    setting: Some("open_clip"),
    unit: Unit::Mac,
    default_scope: Scope::IMAGE,
    description: "onnx-tool 1.0 on open_clip 3 as torch 2.15 exports it by tracing, opset 17: what it \
                  calls MACs has element-wise work in x86 instructions",
    documented: "https://github.com/ThanatosShinji/onnx-tool",
    method: Method::Coverage(Coverage {
        rules: &[&SEEN, &ELEMENTS, &GRAPH],
        final_norm: NormSpan::AllTokens,
        image_only: false,
        beyond: Beyond::ClipWithoutTanh,
    }),
}];

const fn work(element: u128, row: u128, execution: u128) -> Work {
    Work { element, row, execution }
}

const SEEN: [Rule; 2] =
    [rule(Where::Anywhere, &PRODUCTS, Weight::Macs(1)), rule(Where::Anywhere, &BIASES, Weight::Elements(1))];
const ELEMENTS: [Rule; 4] = [
    rule(Where::Anywhere, &LAYER_NORMS, Weight::Work(work(7, 29, 0))),
    rule(Where::Anywhere, &[Role::Softmax], Weight::Elements(36)),
    // 1.702 x, its sigmoid, and the product of both; or a division, a sum and two products around an erf.
    rule(Where::Anywhere, &[Role::Act], Weight::Activations { gelu: 7, quick: 34 }),
    rule(Where::Anywhere, &[Role::Position, Role::AttnResidual, Role::MlpResidual, Role::Mask], Weight::Elements(1)),
];
const GRAPH: [Rule; 4] = [
    // Queries and keys are both scaled, by a root that is computed in the graph.
    rule(Where::Anywhere, &[Role::AttnScale], Weight::Work(work(2, 0, 78))),
    // The class token is expanded to the batch.
    rule(Where::AnyImage, &[Role::ClassToken], Weight::Work(work(0, 0, 6))),
    // The end of the text is looked up.
    rule(Where::Text, &[Role::TokenEmbed], Weight::Work(work(0, 0, 2))),
    // Both embeddings are divided by their length, which has a lower bound.
    rule(Where::Anywhere, &[Role::Normalize], Weight::JointWork(work(29, 2, 0))),
];
