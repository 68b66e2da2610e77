//! What element-wise operators execute, predicted from their shapes and from the FLOPs of the
//! polynomials that stand in for exp, erf and tanh.
//!
//! The formulas are those of `workloads/clip`, whose kernels do per element exactly what is said
//! here. Comparisons, minima, maxima and sign changes are no FLOPs.

use serde::{Deserialize, Serialize};

use crate::units::Count;

/// FLOPs of one evaluation of each function: the `elementwise` object of a trace's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Functions {
    pub exp: u32,
    pub erf: u32,
    pub tanh: u32,
    /// 1 / sqrt(x).
    pub rsqrt: u32,
}

/// FLOPs of an element-wise operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// One for each mathematical operation; exp, erf, tanh, division and 1 / sqrt(x) are one each.
    pub nominal: Count,
    /// What the functions execute on top of that.
    pub expansion: Count,
}

impl Work {
    /// FLOPs executed in all.
    pub fn total(self) -> Count {
        self.nominal + self.expansion
    }

    fn nominal(nominal: Count) -> Self {
        Work { nominal, expansion: 0 }
    }
}

/// Work of one execution of the operator `name` on `shapes` (of its operands, as in a trace);
/// None where it has no formula, its shapes do not fit it, or the counts do not fit a [`Count`].
pub fn work(name: &str, shapes: &[Vec<u64>], functions: &Functions) -> Option<Work> {
    let input = shapes.first()?;
    let elements = product(input)?;
    let width = Count::from(*input.last()?);
    let rows = elements.checked_div(width)?;
    let per_element = |nominal: Count| Some(Work::nominal(elements.checked_mul(nominal)?));
    let calls = |function: u32, times: Count| Count::from(function).saturating_sub(1).checked_mul(times);
    match name {
        "embedding" => Some(Work::default()),
        "add" | "mul" => per_element(1),
        // A sum and a division for each column.
        "mean" => {
            let columns = elements.checked_div(Count::from(*input.iter().nth_back(1)?))?;
            Some(Work::nominal(elements.checked_add(columns)?))
        }
        // Mean: a sum, a division. Variance: (x - mean)^2, a sum, a division, + epsilon, rsqrt.
        // Then (x - mean) * rsqrt * weight + bias.
        "layer_norm" => Some(Work {
            nominal: elements.checked_mul(8)?.checked_add(rows.checked_mul(4)?)?,
            expansion: calls(functions.rsqrt, rows)?,
        }),
        // x - maximum, exp, a sum, one division for the row, a multiplication.
        "softmax" => Some(Work {
            nominal: elements.checked_mul(4)?.checked_add(rows)?,
            expansion: calls(functions.exp, elements)?,
        }),
        // x / (1 + exp(-1.702 x))
        "quick_gelu" => Some(Work { expansion: calls(functions.exp, elements)?, ..per_element(4)? }),
        // 0.5 x (1 + erf(x / sqrt 2))
        "gelu" => Some(Work { expansion: calls(functions.erf, elements)?, ..per_element(5)? }),
        // 0.5 x (1 + tanh(c (x + 0.044715 x x x)))
        "gelu_tanh" => Some(Work { expansion: calls(functions.tanh, elements)?, ..per_element(9)? }),
        // Squares, their sum, rsqrt, a multiplication.
        "l2_normalize" => Some(Work {
            nominal: elements.checked_mul(3)?.checked_add(rows)?,
            expansion: calls(functions.rsqrt, rows)?,
        }),
        // Each row of the first with each row of the second.
        "dot" => {
            let others = product(shapes.get(1)?)?.checked_div(width)?;
            Some(Work::nominal(elements.checked_mul(others)?.checked_mul(2)?))
        }
        _ => None,
    }
}

fn product(shape: &[u64]) -> Option<Count> {
    shape.iter().try_fold(1, |product: Count, &size| product.checked_mul(size.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTIONS: Functions = Functions { exp: 21, erf: 36, tanh: 25, rsqrt: 2 };

    fn of(name: &str, shapes: &[&[u64]]) -> Option<(Count, Count)> {
        let shapes: Vec<_> = shapes.iter().map(|shape| shape.to_vec()).collect();
        work(name, &shapes, &FUNCTIONS).map(|work| (work.nominal, work.expansion))
    }

    #[test]
    fn formulas_by_hand() {
        // 3 rows of 5.
        assert_eq!(of("add", &[&[3, 5], &[5]]), Some((15, 0)));
        assert_eq!(of("mul", &[&[3, 5]]), Some((15, 0)));
        assert_eq!(of("mean", &[&[2, 3, 5]]), Some((30 + 10, 0)));
        assert_eq!(of("layer_norm", &[&[3, 5], &[5], &[5]]), Some((8 * 15 + 4 * 3, 3)));
        assert_eq!(of("softmax", &[&[3, 5]]), Some((4 * 15 + 3, 20 * 15)));
        assert_eq!(of("quick_gelu", &[&[3, 5]]), Some((60, 20 * 15)));
        assert_eq!(of("gelu", &[&[3, 5]]), Some((75, 35 * 15)));
        assert_eq!(of("gelu_tanh", &[&[3, 5]]), Some((135, 24 * 15)));
        assert_eq!(of("l2_normalize", &[&[3, 5]]), Some((48, 3)));
        assert_eq!(of("dot", &[&[3, 5], &[2, 5]]), Some((60, 0)));
        assert_eq!(of("embedding", &[&[64, 48], &[7]]), Some((0, 0)));
    }

    #[test]
    fn what_has_no_formula_is_not_0() {
        assert_eq!(of("group_norm", &[&[3, 5]]), None);
        assert_eq!(of("add", &[]), None);
        assert_eq!(of("softmax", &[&[3, 0]]), None);
        assert_eq!(of("mean", &[&[5]]), None);
        assert_eq!(of("layer_norm", &[&[u64::MAX, u64::MAX, 2]]), None);
    }
}
