//! What a matrix product executes, predicted from its shape and the constants of the kernel that
//! runs it: nothing here looks at a measurement.
//!
//! Each submodule states what one kernel does, as read in its source, and turns that into exact
//! integers. A kernel or a path through it that nobody has worked out has no prediction (`None`),
//! which is not a prediction of 0.

use serde::{Deserialize, Serialize};

use crate::units::{Amount, Count};

mod gemm_crate;
mod matrixmultiply;

pub use gemm_crate::{Gemm, GemmVariant, L1};
pub use matrixmultiply::{Matrixmultiply, MatrixmultiplyVariant};

/// A kernel with every constant that its FLOPs depend on: the `gemm` object of a trace's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kernel", rename_all = "lowercase")]
pub enum Kernel {
    /// Three plain loops: a multiplication and an addition for each of the m n k products.
    Reference,
    Matrixmultiply(Matrixmultiply),
    Gemm(Gemm),
}

pub use crate::operators::GemmCall as Call;

/// What moves a product's useful work to what its kernel executes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    TilePadding,
    AlphaBetaScaling,
    KBlockAccumulation,
    EdgeWriteBack,
    DotReduction,
    FirstProduct,
}

impl Cause {
    /// In the order in which ledgers list them.
    pub const ALL: [Cause; 6] = [
        Cause::TilePadding,
        Cause::AlphaBetaScaling,
        Cause::KBlockAccumulation,
        Cause::EdgeWriteBack,
        Cause::DotReduction,
        Cause::FirstProduct,
    ];

    /// The cause of a ledger's entry.
    pub const fn slug(self) -> &'static str {
        match self {
            Cause::TilePadding => "tile-padding",
            Cause::AlphaBetaScaling => "alpha-beta-scaling",
            Cause::KBlockAccumulation => "k-block-accumulation",
            Cause::EdgeWriteBack => "edge-write-back",
            Cause::DotReduction => "dot-reduction",
            Cause::FirstProduct => "first-product",
        }
    }

    pub const fn text(self) -> &'static str {
        match self {
            Cause::TilePadding => "register tiles that reach over the edge of the matrix multiply zeros",
            Cause::AlphaBetaScaling => "each result is scaled by alpha = 1, though that changes nothing",
            Cause::KBlockAccumulation => "k is cut into blocks for the cache, and each block's sum is added to C",
            Cause::EdgeWriteBack => "tiles at the edge add their later blocks to C element by element",
            Cause::DotReduction => "dot products in vector lanes end in a sum over the lanes",
            Cause::FirstProduct => "the first product of a sum starts it, where the convention adds it to 0",
        }
    }
}

/// FLOPs that calls execute, split into causes. Signed: `first-product` takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prediction {
    /// 2 m n k: what the convention counts.
    pub useful: Amount,
    pub tile_padding: Amount,
    pub alpha_beta_scaling: Amount,
    pub k_block_accumulation: Amount,
    pub edge_write_back: Amount,
    pub dot_reduction: Amount,
    pub first_product: Amount,
}

impl Prediction {
    pub fn of(&self, cause: Cause) -> Amount {
        match cause {
            Cause::TilePadding => self.tile_padding,
            Cause::AlphaBetaScaling => self.alpha_beta_scaling,
            Cause::KBlockAccumulation => self.k_block_accumulation,
            Cause::EdgeWriteBack => self.edge_write_back,
            Cause::DotReduction => self.dot_reduction,
            Cause::FirstProduct => self.first_product,
        }
    }

    /// FLOPs executed in all.
    pub fn total(&self) -> Amount {
        self.useful + Cause::ALL.iter().map(|&cause| self.of(cause)).sum::<Amount>()
    }

    /// `count` times this; None where that does not fit.
    fn times(self, count: u32) -> Option<Prediction> {
        let times = |amount: Amount| amount.checked_mul(Amount::from(count));
        Some(Prediction {
            useful: times(self.useful)?,
            tile_padding: times(self.tile_padding)?,
            alpha_beta_scaling: times(self.alpha_beta_scaling)?,
            k_block_accumulation: times(self.k_block_accumulation)?,
            edge_write_back: times(self.edge_write_back)?,
            dot_reduction: times(self.dot_reduction)?,
            first_product: times(self.first_product)?,
        })
    }
}

/// The shape of one call, wide enough that no product of it overflows.
#[derive(Debug, Clone, Copy)]
struct Shape {
    m: Amount,
    n: Amount,
    k: Amount,
}

impl Shape {
    fn useful(self) -> Amount {
        2 * self.m * self.n * self.k
    }
}

impl Kernel {
    /// FLOPs of the calls on active lanes, an FMA counting 2; None where this path through the
    /// kernel has no prediction, or the constants make no sense.
    pub fn predict(&self, call: &Call) -> Option<Prediction> {
        let shape = Shape { m: call.m.into(), n: call.n.into(), k: call.k.into() };
        if call.m == 0 || call.n == 0 || call.k == 0 {
            return Some(Prediction::default());
        }
        let one = match self {
            Kernel::Reference => Prediction { useful: shape.useful(), ..Prediction::default() },
            Kernel::Matrixmultiply(kernel) => kernel.predict(shape)?,
            Kernel::Gemm(kernel) => kernel.predict(shape, call.b_transposed)?,
        };
        one.times(call.count)
    }

    /// Name as `--gemm` takes it.
    pub const fn name(&self) -> &'static str {
        match self {
            Kernel::Reference => "reference",
            Kernel::Matrixmultiply(_) => "matrixmultiply",
            Kernel::Gemm(_) => "gemm",
        }
    }
}

impl Call {
    /// 2 m n k of all calls: what the convention counts.
    pub fn useful(&self) -> Option<Count> {
        let product = Count::from(self.m) * Count::from(self.n) * Count::from(self.k);
        product.checked_mul(2)?.checked_mul(self.count.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_loops_execute_the_convention() {
        let call = Call { m: 10, n: 144, k: 48, count: 3, b_transposed: false };
        let prediction = Kernel::Reference.predict(&call).unwrap();
        assert_eq!(prediction.total(), 3 * 2 * 10 * 144 * 48);
        assert_eq!(call.useful(), Some(414_720));
    }

    #[test]
    fn a_header_is_read_as_it_is_written() {
        let text = r#"{"kernel":"matrixmultiply","variant":"fma","mr":8,"nr":8,"kc":256,"mc":64,"nc":1024}"#;
        let kernel: Kernel = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&kernel).unwrap(), text);
        assert_eq!(serde_json::to_string(&Kernel::Reference).unwrap(), r#"{"kernel":"reference"}"#);
    }

    #[test]
    fn counts_beyond_the_range_have_no_prediction() {
        let most = u32::MAX;
        let call = Call { m: most, n: most, k: most, count: most, b_transposed: false };
        assert_eq!(Kernel::Reference.predict(&call), None);
        assert_eq!(call.useful(), None);
    }

    #[test]
    fn an_empty_product_executes_nothing() {
        let call = Call { m: 0, n: 5, k: 5, count: 1, b_transposed: false };
        assert_eq!(Kernel::Reference.predict(&call), Some(Prediction::default()));
    }
}
