//! Matrix products behind one trait.

use flopledger::ledger::gemm::{Call, Kernel};
use flopledger::{Error, Result};

#[cfg(feature = "gemm")]
mod gemm_crate;
mod matrixmultiply;
mod reference;

/// `C = A B`, overwriting C: A is m x k, B k x n, C m x n with its rows one after another.
pub struct Product<'a> {
    pub m: usize,
    pub n: usize,
    pub k: usize,
    pub a: &'a [f32],
    /// From one row of A to the next.
    pub a_stride: usize,
    pub b: &'a [f32],
    /// From one row of B to the next; from one column to the next where it is transposed.
    pub b_stride: usize,
    /// B is stored as n x k.
    pub b_transposed: bool,
    pub c: &'a mut [f32],
}

impl Product<'_> {
    /// As the trace has it. Dimensions come from a checked ClipSpec and fit.
    pub fn call(&self) -> Call {
        let [m, n, k] = [self.m, self.n, self.k].map(|size| u32::try_from(size).unwrap_or(u32::MAX));
        Call { m, n, k, count: 1, b_transposed: self.b_transposed }
    }

    /// Distances in B from one row, and from one column, to the next.
    fn b_strides(&self) -> (usize, usize) {
        if self.b_transposed { (1, self.b_stride) } else { (self.b_stride, 1) }
    }

    /// Panics where the slices do not hold the matrices: what makes the raw calls sound.
    fn check(&self) {
        let reach = |rows: usize, stride: usize, width: usize| (rows - 1) * stride + width;
        let (b_rows, b_width) = if self.b_transposed { (self.n, self.k) } else { (self.k, self.n) };
        assert!(self.m > 0 && self.n > 0 && self.k > 0, "an empty product");
        assert!(self.a.len() >= reach(self.m, self.a_stride, self.k), "A is too short");
        assert!(self.b.len() >= reach(b_rows, self.b_stride, b_width), "B is too short");
        assert!(self.c.len() >= self.m * self.n, "C is too short");
    }
}

pub trait Sgemm: Sync {
    /// The kernel with the constants that its FLOPs depend on.
    fn constants(&self) -> Kernel;
    fn multiply(&self, product: &mut Product);
}

pub fn by_name(name: &str) -> Result<Box<dyn Sgemm>> {
    match name {
        "matrixmultiply" => Ok(Box::new(matrixmultiply::Matrixmultiply)),
        "reference" => Ok(Box::new(reference::Reference)),
        #[cfg(feature = "gemm")]
        "gemm" => Ok(Box::new(gemm_crate::Gemm)),
        #[cfg(not(feature = "gemm"))]
        "gemm" => Err(Error::input("--gemm gemm: this flopledger-clip was built without the gemm crate")
            .remedy("build it with: cargo build --release -p flopledger-clip --features gemm")),
        _ => Err(Error::input(format!("--gemm {name}: no such matrix product"))
            .remedy("take matrixmultiply, gemm or reference")),
    }
}
