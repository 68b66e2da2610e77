//! Pure functions from shapes to counts, one a family of operators.

use serde::Deserialize;

use super::gather::Call;
use crate::model::terms::Kind;
use crate::units::Count;

mod attention;
mod elements;
mod products;

pub use products::{broadcast, convolution, linear, product};

/// The count of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    pub kind: Kind,
    pub macs: Count,
    pub elements: Count,
    /// The products of a fused operator and their MACs.
    pub parts: Vec<(&'static str, Count)>,
}

/// What an operator's work depends on besides shapes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Attributes {
    /// Of a convolution: it is the transposed one, which scatters each input.
    pub transposed: bool,
    /// Of a convolution's gradient: which of input, weight and bias were asked for.
    pub output_mask: Vec<bool>,
    /// No operand is a floating-point number.
    pub integer: bool,
    /// An operand is complex.
    pub complex: bool,
}

/// What a shape function sees of a call.
#[derive(Debug, Clone, Copy)]
pub struct Shapes<'a> {
    /// Of the operands that are tensors, in order.
    pub operands: &'a [Vec<u64>],
    /// Of the results; none where the framework does not tell.
    pub results: &'a [Vec<u64>],
    pub attributes: &'a Attributes,
}

impl<'a> Shapes<'a> {
    pub fn of(call: &'a Call) -> Shapes<'a> {
        Shapes { operands: &call.shapes, results: &call.results, attributes: &call.attributes }
    }

    /// Without the first operand, which is added to the product of the others.
    fn without_addend(self) -> Shapes<'a> {
        Shapes { operands: self.operands.get(1..).unwrap_or_default(), ..self }
    }

    fn operand(&self, place: usize) -> Result<&'a [u64], Problem> {
        let given = self.operands.len();
        self.operands
            .get(place)
            .map(Vec::as_slice)
            .ok_or_else(|| format!("{} shapes are needed, {given} given", place + 1))
    }
}

/// Why shapes could not be counted.
pub type Problem = String;

type Counted = Result<Work, Problem>;

/// The work of one call of `name`; None where no shape function knows the name.
pub fn work(name: &str, shapes: &Shapes) -> Option<Counted> {
    let counted = products::work(name, shapes)
        .or_else(|| attention::work(name, shapes))
        .or_else(|| elements::work(name, shapes))?;
    Some(counted.and_then(|work| match shapes.attributes {
        Attributes { complex: true, .. } if work.macs > 0 => Err("a product of complex numbers".into()),
        Attributes { integer: true, .. } => Ok(Work { kind: Kind::Move, macs: 0, parts: Vec::new(), ..work }),
        _ => Ok(work),
    }))
}

impl Work {
    /// One product: so many results, each of so many multiply-accumulates.
    pub fn product(kind: Kind, elements: Count, depth: Count) -> Counted {
        Ok(Work { kind, macs: times(elements, depth)?, elements, parts: Vec::new() })
    }

    fn of_elements(kind: Kind, elements: Count) -> Work {
        Work { kind, macs: 0, elements, parts: Vec::new() }
    }
}

/// The product of dimensions, or a problem where it passes 128 bits.
pub fn volume(dims: &[u64]) -> Result<Count, Problem> {
    dims.iter()
        .try_fold(1, |product: Count, &dim| product.checked_mul(Count::from(dim)))
        .ok_or_else(|| format!("{dims:?} has more than 2^128 elements"))
}

fn times(a: Count, b: Count) -> Result<Count, Problem> {
    a.checked_mul(b).ok_or_else(|| "the count passes 2^128".to_string())
}

fn plus(a: Count, b: Count) -> Result<Count, Problem> {
    a.checked_add(b).ok_or_else(|| "the count passes 2^128".to_string())
}

fn same(a: u64, b: u64, what: &str) -> Result<(), Problem> {
    if a == b { Ok(()) } else { Err(format!("{what} differ: {a} and {b}")) }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
