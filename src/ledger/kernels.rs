//! What an operator executes beyond its products, predicted from its shapes and the constants of
//! the kernels that ran it, which the trace's header carries.

use serde::Deserialize;

use super::elementwise::{self, Functions};
use super::gemm;
use crate::model::terms::Kind;
use crate::operators::{Operator, Operators};
use crate::units::Amount;
use crate::{Error, Result};

/// The kernels of a workload: the `gemm` and `elementwise` objects of its trace's header.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Kernels {
    gemm: gemm::Kernel,
    elementwise: Functions,
}

/// One cause's share in what an operator executes beyond 2 x MACs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prediction {
    /// Place of the cause in a ledger.
    pub rank: usize,
    pub cause: &'static str,
    pub text: &'static str,
    pub flops: Amount,
}

/// Element-wise causes, in the order in which ledgers list them.
const ELEMENTWISE: [(Kind, &str, &str); 7] = [
    (Kind::LayerNorm, "layer-norm", "layer norm: 8 FLOPs an element and 4 a row"),
    (Kind::Softmax, "softmax", "softmax: 4 FLOPs an element and 1 a row, exp as one"),
    (Kind::Activation, "activation", "activation, its exp, erf or tanh as one FLOP"),
    (Kind::Add, "addition", "biases, residual connections, position embeddings and the causal mask"),
    (Kind::Scale, "scaling", "queries scaled by 1 / sqrt(head width)"),
    (Kind::Pool, "pooling", "average pooling"),
    (Kind::Normalize, "normalisation", "embeddings divided by their length"),
];
const EXPANSION: (&str, &str) =
    ("function-expansion", "exp, erf, tanh and 1 / sqrt computed as polynomials: what they cost beyond one FLOP");

impl Kernels {
    /// None where the workload does not know its kernels' constants, as no framework does.
    pub fn of(operators: &Operators) -> Result<Option<Kernels>> {
        let header = operators.header.clone().unwrap_or_default();
        if header.get("gemm").is_none() && header.get("elementwise").is_none() {
            return Ok(None);
        }
        serde_json::from_value(header).map(Some).map_err(|e| {
            Error::input(format!("the trace's header does not tell its kernels' constants: {e}"))
                .remedy("record the trace with this version's flopledger-clip")
        })
    }

    /// What all executions of the operator execute beyond its 2 x MACs; None where nobody has
    /// worked that out.
    pub fn predict(&self, operator: &Operator) -> Option<Vec<Prediction>> {
        let mut one = if operator.gemm.is_empty() { self.elements(operator)? } else { self.products(operator)? };
        for prediction in &mut one {
            prediction.flops = prediction.flops.checked_mul(operator.calls.into())?;
        }
        Some(one)
    }

    fn products(&self, operator: &Operator) -> Option<Vec<Prediction>> {
        let mut sum = [0; gemm::Cause::ALL.len()];
        let mut useful = 0;
        for call in &operator.gemm {
            let prediction = self.gemm.predict(call)?;
            useful += prediction.useful;
            for (sum, cause) in sum.iter_mut().zip(gemm::Cause::ALL) {
                *sum += prediction.of(cause);
            }
        }
        // The calls must be what the operator's shapes amount to; else they predict something else.
        if useful * Amount::from(operator.calls) != 2 * operator.macs as Amount {
            return None;
        }
        let causes = gemm::Cause::ALL.into_iter().zip(sum).enumerate();
        Some(
            causes
                .map(|(rank, (cause, flops))| Prediction { rank, cause: cause.slug(), text: cause.text(), flops })
                .collect(),
        )
    }

    fn elements(&self, operator: &Operator) -> Option<Vec<Prediction>> {
        let work = elementwise::work(&operator.name, &operator.shapes, &self.elementwise)?;
        let counted = 2 * operator.macs / u128::from(operator.calls.max(1));
        let first = gemm::Cause::ALL.len();
        let nominal = work.nominal as Amount - counted as Amount;
        let mut predictions = Vec::new();
        if let Some(place) = ELEMENTWISE.iter().position(|(kind, ..)| *kind == operator.kind) {
            let (_, cause, text) = ELEMENTWISE[place];
            predictions.push(Prediction { rank: first + place, cause, text, flops: nominal });
        } else if nominal != 0 {
            return None;
        }
        let (cause, text) = EXPANSION;
        let rank = first + ELEMENTWISE.len();
        predictions.push(Prediction { rank, cause, text, flops: work.expansion as Amount });
        Some(predictions)
    }
}
