//! Element-wise work under a stated cost model: one FLOP for each addition, multiplication,
//! division, root and for each exp, erf or tanh, whatever a machine makes of them.

use serde::Serialize;

use super::Subject;
use crate::model::spec::{Activation, ClipSpec};
use crate::model::terms::{Dims, Kind, Term, Tower};
use crate::units::Count;

/// What element-wise operations cost, by kind and tower.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Elementwise {
    pub model: &'static str,
    pub kinds: Vec<KindCost>,
    pub image: Count,
    pub text: Count,
    pub total: Count,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KindCost {
    pub kind: Kind,
    pub elements: Count,
    pub flops: Count,
}

const MODEL: &str = "FLOPs an element: layer_norm 8 and 4 a row; batch_norm 2; softmax 4 and 1 a row; GELU 5, \
                     tanh-GELU 9, QuickGELU and SiLU 4, ReLU 1, any activation of a tower that is no plain transformer 1; rotary 3; normalize 3 and 1 a row; \
                     add, scale, pool 1";

pub fn elementwise(subject: &Subject) -> Elementwise {
    let mut kinds: Vec<KindCost> = Vec::new();
    let mut of = [0; 3];
    for term in subject.tower_terms().iter().filter(|term| term.elements > 0) {
        let flops = cost(subject.spec, term);
        match kinds.iter_mut().find(|known| known.kind == term.kind) {
            Some(known) => {
                known.elements += term.elements;
                known.flops += flops;
            }
            None => kinds.push(KindCost { kind: term.kind, elements: term.elements, flops }),
        }
        match term.tower {
            Some(Tower::Image) => of[0] += flops,
            Some(Tower::Text) => of[1] += flops,
            Some(Tower::Multimodal) | None => of[2] += flops,
        }
    }
    Elementwise { model: MODEL, kinds, image: of[0], text: of[1], total: of.iter().sum() }
}

fn cost(spec: &ClipSpec, term: &Term) -> Count {
    let rows = match term.dims {
        Dims::Elements { rows, .. } => Count::from(rows) * Count::from(term.times),
        Dims::Product { .. } => 0,
    };
    let (each, each_row) = match term.kind {
        Kind::LayerNorm => (8, 4),
        Kind::BatchNorm => (2, 0),
        Kind::Softmax => (4, 1),
        Kind::Normalize => (3, 1),
        Kind::Rotary => (3, 0),
        Kind::Activation => (activation(spec, term), 0),
        Kind::Add | Kind::Scale | Kind::Pool => (1, 0),
        Kind::Conv | Kind::Linear | Kind::Matmul | Kind::Embedding | Kind::Move => (0, 0),
        // No term is of a kind that frameworks alone have.
        Kind::Attention | Kind::Function => (0, 0),
    };
    each * term.elements + each_row * rows
}

fn activation(spec: &ClipSpec, term: &Term) -> Count {
    let stack = term.tower.and_then(|tower| spec.stack(tower));
    match stack.map(|stack| stack.encoder.activation) {
        Some(Activation::Gelu) => 5,
        Some(Activation::GeluTanh) => 9,
        Some(Activation::QuickGelu | Activation::Silu) => 4,
        Some(Activation::Relu) | None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::preset;

    /// tiny: 10 and 7 tokens of width 48, 2 layers, 3 heads, MLP 96, GELU; embeddings of 32.
    #[test]
    fn tiny_by_hand() {
        let spec = preset("tiny").unwrap();
        let heads = Count::from(spec.text.as_ref().unwrap().encoder.heads);
        let found = elementwise(&Subject::new(&spec));
        let softmax = |t: Count| 2 * heads * t * (4 * t + 1);
        let of = |kind: Kind| found.kinds.iter().find(|cost| cost.kind == kind).unwrap().flops;
        assert_eq!(of(Kind::Softmax), softmax(10) + softmax(7));
        assert_eq!(of(Kind::Activation), 5 * 2 * 17 * 96);
        assert_eq!(of(Kind::Normalize), 2 * (3 * 32 + 1));
        assert_eq!(found.total, found.kinds.iter().map(|cost| cost.flops).sum::<Count>());
    }
}
