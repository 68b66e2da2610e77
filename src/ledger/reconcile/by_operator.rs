//! Place by place of the model: what it promises, what ran, what was to be expected, what was executed.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::Subject;
use super::paths::term_path;
use crate::ledger::kernels::Kernels;
use crate::operators::Operator;
use crate::units::{Amount, Count};

/// The counts of one place, all its layers together, in FLOPs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperatorCount {
    /// As in the ledgers' evidence: `image.blocks.attn.qkv`.
    pub path: String,
    pub kind: &'static str,
    pub calls: u64,
    pub analytic: Count,
    pub operators: Count,
    /// What the kernels' constants predict; 2 for each multiply-accumulate where they are not known.
    pub predicted: Count,
    /// What was executed in its regions.
    pub executed: Count,
    /// executed - predicted.
    pub residual: Amount,
    /// Operands and result, each once a call; None where the trace does not tell the bytes of an element.
    pub bytes: Option<Count>,
    /// FLOPs executed for each of these bytes.
    pub intensity: Option<f64>,
}

/// In the order of first execution; then what did not run. Places without any FLOPs are left out.
pub fn counts(subject: &Subject, kernels: Option<&Kernels>, batch: Count) -> Vec<OperatorCount> {
    let mut places = Places::default();
    let mut regions: HashMap<&str, usize> = HashMap::new();
    let element_bytes = subject.operators.element_bytes();
    for operator in &subject.operators.operators {
        let at = places.at(&term_path(&operator.path), operator.kind.name());
        regions.insert(&operator.path, at);
        let row = &mut places.rows[at];
        let beyond = kernels.and_then(|kernels| kernels.predict(operator)).unwrap_or_default();
        let beyond: Amount = beyond.iter().map(|prediction| prediction.flops).sum();
        row.calls += operator.calls;
        row.operators += 2 * operator.macs;
        row.predicted += (2 * operator.macs as Amount + beyond).max(0) as Count;
        row.bytes = row.bytes.zip(element_bytes).and_then(|(sum, each)| sum.checked_add(bytes(operator, each)?));
    }
    for term in &subject.terms {
        let at = places.at(&term.path, term.kind.name());
        places.rows[at].analytic += 2 * batch * term.macs;
    }
    let mut seen = HashSet::new();
    for region in &subject.tally.regions {
        if let Some(&at) = regions.get(region.path.as_str())
            && seen.insert(&region.path)
        {
            places.rows[at].executed += Count::from(region.flops());
        }
    }
    let rows = places.rows.into_iter().filter(|row| row.analytic + row.predicted + row.executed > 0);
    rows.map(|row| {
        let bytes = row.bytes.filter(|bytes| *bytes > 0);
        OperatorCount {
            residual: row.executed as Amount - row.predicted as Amount,
            intensity: bytes.map(|bytes| row.executed as f64 / bytes as f64),
            bytes,
            ..row
        }
    })
    .collect()
}

#[derive(Default)]
struct Places {
    rows: Vec<OperatorCount>,
    by_path: HashMap<String, usize>,
}

impl Places {
    fn at(&mut self, path: &str, kind: &'static str) -> usize {
        let Places { rows, by_path } = self;
        *by_path.entry(path.to_owned()).or_insert_with(|| {
            rows.push(OperatorCount {
                path: path.to_owned(),
                kind,
                calls: 0,
                analytic: 0,
                operators: 0,
                predicted: 0,
                executed: 0,
                residual: 0,
                bytes: Some(0),
                intensity: None,
            });
            rows.len() - 1
        })
    }
}

/// Of all calls; None where they pass 128 bits.
fn bytes(operator: &Operator, element_bytes: u64) -> Option<Count> {
    let volume = |shape: &Vec<u64>| shape.iter().try_fold(1, |product: Count, &size| product.checked_mul(size.into()));
    let operands = operator.shapes.iter().try_fold(0, |sum: Count, shape| sum.checked_add(volume(shape)?))?;
    let elements = operands.checked_mul(operator.calls.into())?.checked_add(operator.elements)?;
    elements.checked_mul(element_bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::terms::Kind;

    /// By hand: a 50 x 768 input, a 2304 x 768 weight and a 50 x 2304 result of 4 bytes an element, 12 times.
    #[test]
    fn bytes_of_a_linear_layer() {
        let operator = Operator {
            name: "linear".into(),
            kind: Kind::Linear,
            path: "image/block.0/attn.qkv".into(),
            shapes: vec![vec![50, 768], vec![2304, 768]],
            calls: 12,
            macs: 0,
            elements: 12 * 50 * 2304,
            gemm: Vec::new(),
            parts: Vec::new(),
        };
        assert_eq!(bytes(&operator, 4), Some(12 * 4 * (38_400 + 1_769_472 + 115_200)));
        let endless = Operator { shapes: vec![vec![u64::MAX, u64::MAX, 9]], ..operator };
        assert_eq!(bytes(&endless, 4), None);
    }
}
