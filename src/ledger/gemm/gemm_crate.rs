//! gemm 0.19 (`gemm-f32`): which of its paths a product takes depends on its shape and layout.
//!
//! The crate wants C stored by columns, so a C stored by rows is computed as its transpose,
//! n x m = B' A': the register tile's MR = a few vectors of N lanes lies along our n.
//! - B stored by columns and m n <= 256: dot products in lanes of N, each ended by a sum over lanes.
//! - m = 1: a matrix-vector product, column by column.
//! - else: tiles, padded along n to whole vectors. Blocks along k fit the L1 cache.
//!
//! Everywhere each result is multiplied by the product's scale, 1.

use serde::{Deserialize, Serialize};

use super::{Prediction, Shape};
use crate::units::Amount;

/// The kernel that the crate picks for the CPU at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GemmVariant {
    /// Without FMA; its compiled form is not worked out, so it has no predictions.
    Scalar,
    Fma,
    Avx512,
}

/// The first-level data cache as the crate sees it; its blocks along k depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct L1 {
    pub bytes: u64,
    pub line: u32,
    pub ways: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gemm {
    pub variant: GemmVariant,
    /// f32 lanes of a vector.
    pub lanes: u32,
    /// Rows and columns of a register tile in the crate's orientation: along our n, along our m.
    pub mr: u32,
    pub nr: u32,
    pub l1: L1,
}

/// Largest m n that is computed by dot products.
const DOT_RESULTS: Amount = 256;
/// Blocks along k of those.
const DOT_BLOCK: Amount = 1024;
/// Up to this m and n the cache is not asked, and blocks along k are:
const SMALL: Amount = 64;
const SMALL_BLOCK: Amount = 512;
/// A product with fewer products per result is a sum of outer products, which is not worked out.
const LEAST_DEPTH: Amount = 3;

impl Gemm {
    /// The constants of a variant; the cache is the machine's.
    pub const fn new(variant: GemmVariant, l1: L1) -> Self {
        let (lanes, mr, nr) = match variant {
            GemmVariant::Scalar => (1, 2, 4),
            GemmVariant::Fma => (8, 16, 6),
            GemmVariant::Avx512 => (16, 64, 6),
        };
        Gemm { variant, lanes, mr, nr, l1 }
    }

    pub(super) fn predict(&self, shape: Shape, b_transposed: bool) -> Option<Prediction> {
        let Shape { m, n, k } = shape;
        if self.variant == GemmVariant::Scalar || self.lanes == 0 || k < LEAST_DEPTH {
            return None;
        }
        if b_transposed && m * n <= DOT_RESULTS {
            return Some(self.dots(shape));
        }
        match (m, n) {
            (_, 1) => None,
            (1, _) if b_transposed => None,
            (1, _) => Some(vector_by_columns(shape)),
            _ => self.tiles(shape),
        }
    }

    fn dots(&self, shape @ Shape { m, n, k }: Shape) -> Prediction {
        let lanes = Amount::from(self.lanes);
        let (whole, rest) = (k / DOT_BLOCK, k % DOT_BLOCK);
        let padded = whole * ceil(DOT_BLOCK, lanes) * lanes + ceil(rest, lanes) * lanes;
        let blocks = ceil(k, DOT_BLOCK);
        Prediction {
            useful: shape.useful(),
            tile_padding: 2 * m * n * (padded - k),
            alpha_beta_scaling: m * n,
            k_block_accumulation: (blocks - 1) * 2 * m * n,
            // Halves are added until four lanes are left, those in whole vectors twice: for 8
            // lanes 4 + 4 + 1, for 16 lanes 8 + 4 + 4 + 1.
            dot_reduction: blocks * m * n * (lanes + 1),
            ..Prediction::default()
        }
    }

    fn tiles(&self, shape @ Shape { m, n, k }: Shape) -> Option<Prediction> {
        let lanes = Amount::from(self.lanes);
        let blocks = if m <= SMALL && n <= SMALL { ceil(k, k.min(SMALL_BLOCK)) } else { self.blocks(k)? };
        Some(Prediction {
            useful: shape.useful(),
            tile_padding: 2 * m * (ceil(n, lanes) * lanes - n) * k,
            alpha_beta_scaling: m * n,
            k_block_accumulation: (blocks - 1) * 2 * m * n,
            ..Prediction::default()
        })
    }

    /// Blocks along k: a panel of A and one of B share the L1 cache without evicting each other,
    /// and no block is shorter than 512.
    fn blocks(&self, k: Amount) -> Option<Amount> {
        const F32: Amount = 4;
        let bytes = Amount::from(self.l1.bytes).max(32 * 1024);
        let line = Amount::from(self.l1.line).max(64);
        let ways = Amount::from(self.l1.ways).max(2);
        let way = line * (bytes / (line * ways));
        let (mr, nr) = (Amount::from(self.mr), Amount::from(self.nr));
        let step = gcd(mr * F32, way);
        let shortest = way.checked_div(step)?;
        let panels = mr * F32 / step + (nr * shortest * F32).checked_div(way)?;
        let multiple = u64::try_from(ways.checked_div(panels)?).ok()?.checked_next_power_of_two()?;
        let block = (shortest * Amount::from(multiple)).max(512).min(k);
        let blocks = ceil(k, block);
        // Then evened out.
        Some(ceil(k, ceil(k, blocks)))
    }
}

/// Each element of A is multiplied by the scale, and each column of B' by that; the first column
/// starts the sums.
fn vector_by_columns(shape @ Shape { n, k, .. }: Shape) -> Prediction {
    Prediction { useful: shape.useful(), alpha_beta_scaling: k, first_product: -n, ..Prediction::default() }
}

fn ceil(a: Amount, b: Amount) -> Amount {
    (a + b - 1) / b
}

fn gcd(a: Amount, b: Amount) -> Amount {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::super::{Call, Kernel};
    use super::*;

    /// Sapphire Rapids.
    const GOLDEN_COVE: L1 = L1 { bytes: 48 * 1024, line: 64, ways: 12 };
    const ZEN_4: L1 = L1 { bytes: 32 * 1024, line: 64, ways: 8 };

    fn total(variant: GemmVariant, l1: L1, (m, n, k): (u32, u32, u32), b_transposed: bool) -> Option<Amount> {
        let kernel = Kernel::Gemm(Gemm::new(variant, l1));
        kernel.predict(&Call { m, n, k, count: 1, b_transposed }).map(|p| p.total())
    }

    fn fma(shape: (u32, u32, u32), b_transposed: bool) -> Option<Amount> {
        total(GemmVariant::Fma, GOLDEN_COVE, shape, b_transposed)
    }

    fn avx512(shape: (u32, u32, u32), b_transposed: bool) -> Option<Amount> {
        total(GemmVariant::Avx512, GOLDEN_COVE, shape, b_transposed)
    }

    #[test]
    fn tiles_are_padded_to_whole_vectors_along_n() {
        // 48 is 6 vectors of 8: no padding, 480 results scaled.
        assert_eq!(fma((10, 48, 48), false), Some(46_080 + 480));
        // 100 is 104 in vectors of 8; k = 515 in one block of at most 1024.
        assert_eq!(fma((50, 100, 515), false), Some(2 * 50 * 104 * 515 + 5_000));
        // 97 is 112 in vectors of 16; k = 1100 in 3 blocks.
        assert_eq!(avx512((21, 97, 1100), false), Some(2 * 21 * 112 * 1100 + 2_037 + 2 * 2 * 2_037));
    }

    #[test]
    fn small_results_of_a_transposed_product_are_dot_products() {
        // 100 results of 16 products: 9 additions over 8 lanes, 17 over 16, and the scale.
        assert_eq!(fma((10, 10, 16), true), Some(3_200 + 900 + 100));
        assert_eq!(avx512((10, 10, 16), true), Some(3_200 + 1_700 + 100));
        // k = 37 is 40 in lanes of 8. 13 x 21 = 273 results are too many: tiles of 24.
        assert_eq!(fma((13, 19, 37), true), Some(247 * (80 + 9 + 1)));
        assert_eq!(fma((13, 21, 37), true), Some(2 * 13 * 24 * 37 + 273));
        // Three blocks of k: 1024, 1024 and 52, that is 56.
        assert_eq!(fma((7, 7, 2100), true), Some(49 * (2 * 2_104 + 3 * 9 + 1 + 2 * 2)));
    }

    #[test]
    fn one_row_is_a_matrix_vector_product() {
        assert_eq!(fma((1, 515, 70), false), Some(2 * 515 * 70 + 70 - 515));
    }

    /// ViT-B-32, 50 tokens; the totals are those that valgrind's execution counts gave.
    #[test]
    fn large_layers_are_cut_into_blocks() {
        assert_eq!(fma((50, 2304, 768), false), Some(177_062_400));
        assert_eq!(fma((50, 768, 3072), false), Some(236_121_600));
    }

    #[test]
    fn blocks_follow_the_cache() {
        // Both have ways of 4096 bytes, which a panel of A fills with 64 along k. 12 ways give 16
        // (the next power of 2) times that, 8 ways 8.
        let blocks = |l1, k| Gemm::new(GemmVariant::Fma, l1).blocks(k);
        assert_eq!(blocks(ZEN_4, 3072), Some(6));
        assert_eq!(blocks(GOLDEN_COVE, 3072), Some(3));
        assert_eq!(Gemm::new(GemmVariant::Avx512, GOLDEN_COVE).blocks(1100), Some(3));
        // More ways than lines.
        assert_eq!(blocks(L1 { bytes: 32 * 1024, line: 64, ways: 4096 }, 3072), None);
    }

    #[test]
    fn paths_that_are_not_worked_out_have_no_prediction() {
        assert_eq!(fma((10, 10, 2), false), None);
        assert_eq!(fma((10, 1, 300), false), None);
        assert_eq!(fma((1, 1, 300), false), None);
        assert_eq!(fma((1, 515, 70), true), None);
        assert_eq!(total(GemmVariant::Scalar, ZEN_4, (10, 48, 48), false), None);
    }
}
