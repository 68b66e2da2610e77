//! Element-wise kernels. Each does per element exactly what `flopledger::ledger::elementwise`
//! says: no step depends on the data, and sums run in order, so that however the compiler
//! vectorises them, the count stays. None is inlined, so that none moves across a region's marker.

mod functions;

pub use functions::FUNCTIONS;
use functions::{erf, exp, rsqrt, tanh};

use std::hint::black_box;

use flopledger::model::spec::Activation;
use flopledger::{Error, Result};

const EPSILON: f32 = 1e-5;

/// x += rows, which repeat.
#[inline(never)]
pub fn add_rows(x: &mut [f32], rows: &[f32]) {
    for x in x.chunks_mut(rows.len()) {
        for (x, row) in x.iter_mut().zip(rows) {
            *x += row;
        }
    }
}

/// x *= row, for each row of x.
#[inline(never)]
pub fn multiply_rows(x: &mut [f32], row: &[f32]) {
    for x in x.chunks_mut(row.len()) {
        for (x, factor) in x.iter_mut().zip(row) {
            *x *= factor;
        }
    }
}

/// Multiplies the first `width` of every `stride` elements.
#[inline(never)]
pub fn scale(x: &mut [f32], width: usize, stride: usize, factor: f32) {
    for row in x.chunks_mut(stride) {
        for x in &mut row[..width] {
            *x *= factor;
        }
    }
}

#[inline(never)]
pub fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
    let width = weight.len() as f32;
    for (x, y) in x.chunks(weight.len()).zip(y.chunks_mut(weight.len())) {
        let mean = sum(x.iter().copied()) / width;
        let variance = sum(x.iter().map(|x| (x - mean) * (x - mean))) / width;
        let scale = rsqrt(variance + EPSILON);
        for (((y, x), weight), bias) in y.iter_mut().zip(x).zip(weight).zip(bias) {
            *y = (x - mean) * scale * weight + bias;
        }
    }
}

/// Over each row of `width`.
#[inline(never)]
pub fn softmax(x: &mut [f32], width: usize) {
    for row in x.chunks_mut(width) {
        let maximum = row.iter().fold(f32::NEG_INFINITY, |maximum, &x| maximum.max(x));
        for x in row.iter_mut() {
            *x = exp(*x - maximum);
        }
        let scale = 1.0 / sum(row.iter().copied());
        for x in row {
            *x *= scale;
        }
    }
}

/// The activations that the kernels here have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gelu {
    Quick,
    Exact,
    Tanh,
}

impl Gelu {
    pub fn of(activation: Activation) -> Result<Gelu> {
        match activation {
            Activation::QuickGelu => Ok(Gelu::Quick),
            Activation::Gelu => Ok(Gelu::Exact),
            Activation::GeluTanh => Ok(Gelu::Tanh),
            other => Err(Error::input(format!("the activation {other:?} has no kernel in this workload"))
                .remedy("take a model with a GELU; flopledger estimate counts this one all the same")),
        }
    }

    pub fn apply(self, x: &mut [f32]) {
        match self {
            Gelu::Quick => quick_gelu(x),
            Gelu::Exact => gelu(x),
            Gelu::Tanh => gelu_tanh(x),
        }
    }

    /// The name that it has in the trace.
    pub fn name(self) -> &'static str {
        match self {
            Gelu::Quick => "quick_gelu",
            Gelu::Exact => "gelu",
            Gelu::Tanh => "gelu_tanh",
        }
    }
}

#[inline(never)]
fn quick_gelu(x: &mut [f32]) {
    for x in x {
        *x /= 1.0 + exp(-1.702 * *x);
    }
}

#[inline(never)]
fn gelu(x: &mut [f32]) {
    for x in x {
        *x = 0.5 * *x * (1.0 + erf(*x * std::f32::consts::FRAC_1_SQRT_2));
    }
}

#[inline(never)]
fn gelu_tanh(x: &mut [f32]) {
    /// sqrt(2 / pi)
    const C: f32 = 0.797_884_6;
    for x in x {
        *x = 0.5 * *x * (1.0 + tanh(C * (*x + 0.044715 * (*x * *x * *x))));
    }
}

/// The mean of the rows of x, into y, which is all 0.
#[inline(never)]
pub fn mean(x: &[f32], y: &mut [f32]) {
    let rows = (x.len() / y.len()) as f32;
    for x in x.chunks(y.len()) {
        for (y, x) in y.iter_mut().zip(x) {
            *y += x;
        }
    }
    for y in y {
        *y /= rows;
    }
}

/// Each row of `width` to length 1.
#[inline(never)]
pub fn l2_normalize(x: &mut [f32], width: usize) {
    for row in x.chunks_mut(width) {
        let scale = rsqrt(sum(row.iter().map(|x| x * x)));
        for x in row {
            *x *= scale;
        }
    }
}

/// The products of each row of x with each row of y.
#[inline(never)]
pub fn dot(x: &[f32], y: &[f32], width: usize, products: &mut [f32]) {
    let pairs = x.chunks(width).flat_map(|x| y.chunks(width).map(move |y| (x, y)));
    for (product, (x, y)) in products.iter_mut().zip(pairs) {
        *product = sum(x.iter().zip(y).map(|(x, y)| x * y));
    }
}

/// One addition for each element. (`Iterator::sum` starts at -0, to which adding is a no-op that
/// the compiler may leave out.) Hidden from the compiler, it cannot work out ahead what would
/// follow from the sum of an empty row, which takes an operation more.
#[inline(always)]
fn sum(x: impl Iterator<Item = f32>) -> f32 {
    black_box(x.fold(0.0, |sum, x| sum + x))
}
