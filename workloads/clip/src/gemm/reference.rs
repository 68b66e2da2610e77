//! Plain loops: every product is a multiplication and an addition, 2 m n k in all. Sums start at
//! 0 without an operation, and Rust never fuses the two.

use flopledger::ledger::gemm::Kernel;

use super::{Product, Sgemm};

pub struct Reference;

/// Columns of C that are summed side by side.
const WIDE: usize = 16;

impl Sgemm for Reference {
    fn constants(&self) -> Kernel {
        Kernel::Reference
    }

    fn multiply(&self, product: &mut Product) {
        product.check();
        let (rows, columns) = product.b_strides();
        let (n, k, b) = (product.n, product.k, product.b);
        for (a, c) in product.a.chunks(product.a_stride).zip(product.c.chunks_mut(n)) {
            let a = &a[..k];
            let wide = if columns == 1 { n / WIDE * WIDE } else { 0 };
            let (blocks, rest) = c.split_at_mut(wide);
            for (c, from) in blocks.chunks_exact_mut(WIDE).zip((0..).step_by(WIDE)) {
                c.copy_from_slice(&block(a, &b[from..], rows));
            }
            for (c, from) in rest.iter_mut().zip((wide * columns..).step_by(columns)) {
                *c = a.iter().zip(b[from..].iter().step_by(rows)).fold(0.0, |sum, (a, b)| sum + a * b);
            }
        }
    }
}

/// One row of A by so many neighbouring columns of B.
fn block(a: &[f32], b: &[f32], rows: usize) -> [f32; WIDE] {
    let mut sums = [0.0; WIDE];
    for (a, b) in a.iter().zip(b.chunks(rows)) {
        for (sum, b) in sums.iter_mut().zip(&b[..WIDE]) {
            *sum += a * b;
        }
    }
    sums
}
