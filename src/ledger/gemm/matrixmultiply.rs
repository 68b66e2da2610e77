//! matrixmultiply 0.3: A and B are packed into register tiles of MR x NR, padded with zeros, and a
//! kernel runs over each tile for each block of KC along k.
//!
//! A tile that lies inside C goes through the kernel with beta = 0 in the first block of k and
//! beta = 1 in the later ones. A tile that sticks out is computed into a buffer with beta = 0, and
//! its elements that lie inside C are copied, or in later blocks multiplied by beta and added.

use serde::{Deserialize, Serialize};

use super::{Prediction, Shape};
use crate::units::Amount;

/// The kernel that the crate picks for the CPU at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MatrixmultiplyVariant {
    /// Portable Rust; SSE2 on x86-64.
    Fallback,
    Avx,
    /// AVX2 and FMA.
    Fma,
    Avx512,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matrixmultiply {
    pub variant: MatrixmultiplyVariant,
    /// Rows and columns of a register tile.
    pub mr: u32,
    pub nr: u32,
    /// Blocks along k, m and n.
    pub kc: u32,
    pub mc: u32,
    pub nc: u32,
}

impl Matrixmultiply {
    /// The constants of a variant as the crate is built by default.
    pub const fn new(variant: MatrixmultiplyVariant) -> Self {
        let (mr, nr) = match variant {
            MatrixmultiplyVariant::Fallback => (8, 4),
            MatrixmultiplyVariant::Avx | MatrixmultiplyVariant::Fma => (8, 8),
            MatrixmultiplyVariant::Avx512 => (16, 16),
        };
        Matrixmultiply { variant, mr, nr, kc: 256, mc: 64, nc: 1024 }
    }

    /// FLOPs per element of a tile that are not products of A and B: in the first block of k (or
    /// into the buffer), and on top of that in later blocks of tiles inside C.
    const fn epilogue(&self) -> (Amount, Amount) {
        match self.variant {
            // alpha * AB; every tile goes through the buffer.
            MatrixmultiplyVariant::Fallback => (1, 0),
            // alpha * AB + 0, and beta * C in place of the 0.
            MatrixmultiplyVariant::Avx | MatrixmultiplyVariant::Fma => (2, 1),
            // alpha * AB, and alpha * AB + beta * C.
            MatrixmultiplyVariant::Avx512 => (1, 2),
        }
    }

    pub(super) fn predict(&self, Shape { m, n, k }: Shape) -> Option<Prediction> {
        // The crate asserts the same of its constants.
        if self.mr == 0 || self.nr == 0 || self.kc == 0 || self.mr > self.mc || self.nr > self.nc {
            return None;
        }
        let (mr, nr) = (Amount::from(self.mr), Amount::from(self.nr));
        let (rows, whole_rows) = panels(m, self.mc.into(), mr);
        let (columns, whole_columns) = panels(n, self.nc.into(), nr);
        let padded = rows * columns * mr * nr;
        let inside = match self.variant {
            MatrixmultiplyVariant::Fallback => 0,
            _ => whole_rows * whole_columns * mr * nr,
        };
        let blocks = ceil(k, self.kc.into());
        let (first, later) = self.epilogue();
        Some(Prediction {
            useful: 2 * m * n * k,
            tile_padding: 2 * (padded - m * n) * k,
            alpha_beta_scaling: blocks * padded * first,
            k_block_accumulation: (blocks - 1) * inside * later,
            // beta * C + AB
            edge_write_back: (blocks - 1) * 2 * (m * n - inside),
            ..Prediction::default()
        })
    }
}

/// Tiles of `tile` that cover `length` cut into chunks of `chunk`, and how many of them are whole.
fn panels(length: Amount, chunk: Amount, tile: Amount) -> (Amount, Amount) {
    let (chunks, rest) = (length / chunk, length % chunk);
    (chunks * ceil(chunk, tile) + ceil(rest, tile), chunks * (chunk / tile) + rest / tile)
}

fn ceil(a: Amount, b: Amount) -> Amount {
    (a + b - 1) / b
}

#[cfg(test)]
mod tests {
    use super::super::{Call, Kernel};
    use super::*;

    fn predict(variant: MatrixmultiplyVariant, (m, n, k): (u32, u32, u32)) -> Prediction {
        let kernel = Kernel::Matrixmultiply(Matrixmultiply::new(variant));
        kernel.predict(&Call { m, n, k, count: 1, b_transposed: false }).unwrap()
    }

    /// 10 x 48 by tiles of 8 x 8 is 2 x 6 tiles of 64: 768 elements for 480.
    #[test]
    fn a_tile_that_sticks_out_is_padding() {
        let fma = predict(MatrixmultiplyVariant::Fma, (10, 48, 48));
        assert_eq!(fma.useful, 46_080);
        assert_eq!(fma.tile_padding, 2 * (768 - 480) * 48);
        assert_eq!(fma.alpha_beta_scaling, 12 * 128);
        assert_eq!((fma.k_block_accumulation, fma.edge_write_back), (0, 0));
        assert_eq!(fma.total(), 75_264);
    }

    /// 21 x 37 x 530: 3 x 5 tiles of 64, 2 x 4 of them whole, 3 blocks of k. 777 - 512 = 265
    /// elements lie in tiles that stick out.
    #[test]
    fn later_blocks_of_k_are_added_to_c() {
        let fma = predict(MatrixmultiplyVariant::Fma, (21, 37, 530));
        assert_eq!(fma.useful + fma.tile_padding, 2 * 960 * 530);
        assert_eq!(fma.alpha_beta_scaling, 3 * 960 * 2);
        assert_eq!(fma.k_block_accumulation, 2 * 512);
        assert_eq!(fma.edge_write_back, 2 * 2 * 265);
        assert_eq!(fma.total(), 1_025_444);
        assert_eq!(predict(MatrixmultiplyVariant::Avx, (21, 37, 530)), fma);
    }

    /// The same by tiles of 16 x 16: 2 x 3 tiles of 256, 1 x 2 whole.
    #[test]
    fn avx512_has_larger_tiles_and_another_epilogue() {
        let zmm = predict(MatrixmultiplyVariant::Avx512, (21, 37, 530));
        assert_eq!(zmm.useful + zmm.tile_padding, 2 * 1536 * 530);
        assert_eq!(zmm.alpha_beta_scaling, 3 * 1536);
        assert_eq!(zmm.k_block_accumulation, 2 * 512 * 2);
        assert_eq!(zmm.edge_write_back, 2 * 2 * 265);
        assert_eq!(zmm.total(), 1_635_876);
    }

    /// The same by tiles of 8 x 4: 3 x 10 tiles of 32, all through the buffer.
    #[test]
    fn the_fallback_writes_every_tile_back() {
        let sse = predict(MatrixmultiplyVariant::Fallback, (21, 37, 530));
        assert_eq!(sse.useful + sse.tile_padding, 2 * 960 * 530);
        assert_eq!(sse.alpha_beta_scaling, 3 * 960);
        assert_eq!(sse.edge_write_back, 2 * 2 * 777);
        assert_eq!(sse.total(), 1_023_588);
    }

    /// ViT-B-32, 50 tokens: 7 x 288 tiles over n = 2304 (in chunks of 1024, 1024 and 256) and 3
    /// blocks of k = 768; 6 x 288 of them whole.
    #[test]
    fn large_layers_are_cut_into_blocks() {
        let qkv = predict(MatrixmultiplyVariant::Fma, (50, 2304, 768));
        assert_eq!(qkv.useful, 176_947_200);
        assert_eq!(qkv.tile_padding, 2 * 6 * 2304 * 768);
        assert_eq!(qkv.alpha_beta_scaling, 3 * 56 * 2304 * 2);
        assert_eq!(qkv.k_block_accumulation, 2 * 48 * 2304);
        assert_eq!(qkv.edge_write_back, 2 * 2 * 2 * 2304);
        assert_eq!(qkv.total(), 199_194_624);
    }

    #[test]
    fn chunks_that_are_no_multiple_of_the_tile_have_their_own_padding() {
        assert_eq!(panels(2304, 1024, 8), (288, 288));
        assert_eq!(panels(25, 10, 8), (5, 2));
    }

    #[test]
    fn constants_of_zero_predict_nothing() {
        let kernel = Matrixmultiply { kc: 0, ..Matrixmultiply::new(MatrixmultiplyVariant::Fma) };
        assert_eq!(kernel.predict(Shape { m: 1, n: 1, k: 1 }), None);
    }
}
