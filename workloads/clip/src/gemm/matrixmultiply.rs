//! The matrixmultiply crate.

use flopledger::ledger::gemm::{Kernel, Matrixmultiply as Constants, MatrixmultiplyVariant as Variant};

use super::{Product, Sgemm};

pub struct Matrixmultiply;

impl Sgemm for Matrixmultiply {
    fn constants(&self) -> Kernel {
        Kernel::Matrixmultiply(Constants::new(variant()))
    }

    fn multiply(&self, product: &mut Product) {
        product.check();
        let (rsb, csb) = product.b_strides();
        let Product { m, n, k, .. } = *product;
        // SAFETY: `check` has seen that every element these strides reach lies in its slice.
        unsafe {
            matrixmultiply::sgemm(
                m,
                k,
                n,
                1.0,
                product.a.as_ptr(),
                product.a_stride as isize,
                1,
                product.b.as_ptr(),
                rsb as isize,
                csb as isize,
                0.0,
                product.c.as_mut_ptr(),
                n as isize,
                1,
            );
        }
    }
}

/// The kernel that the crate picks: it asks the same questions in the same order.
fn variant() -> Variant {
    if cfg!(feature = "avx512") && is_x86_feature_detected!("avx512f") {
        Variant::Avx512
    } else if is_x86_feature_detected!("fma") && is_x86_feature_detected!("avx2") {
        Variant::Fma
    } else if is_x86_feature_detected!("avx") {
        Variant::Avx
    } else {
        Variant::Fallback
    }
}
