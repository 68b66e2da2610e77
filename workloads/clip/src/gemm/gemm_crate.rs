//! The gemm crate, by its part for f32.

use flopledger::ledger::gemm::{Gemm as Constants, GemmVariant as Variant, Kernel, L1};
use gemm_common::Parallelism;
use gemm_common::cache::CACHE_INFO;

use super::{Product, Sgemm};

pub struct Gemm;

impl Sgemm for Gemm {
    fn constants(&self) -> Kernel {
        let cache = CACHE_INFO[0];
        let narrow = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        let l1 = L1 {
            bytes: cache.cache_bytes as u64,
            line: narrow(cache.cache_line_bytes),
            ways: narrow(cache.associativity),
        };
        Kernel::Gemm(Constants::new(variant(), l1))
    }

    /// The crate wants C by columns: C' = B' A', as its own front door does it.
    fn multiply(&self, product: &mut Product) {
        product.check();
        let (rsb, csb) = product.b_strides();
        let Product { m, n, k, .. } = *product;
        let multiply = gemm_f32::gemm::f32::get_gemm_fn();
        // SAFETY: `check` has seen that every element these strides reach lies in its slice, and
        // the function is the crate's own choice for this CPU.
        unsafe {
            multiply(
                n,
                m,
                k,
                product.c.as_mut_ptr(),
                n as isize,
                1,
                false,
                product.b.as_ptr(),
                rsb as isize,
                csb as isize,
                product.a.as_ptr(),
                product.a_stride as isize,
                1,
                0.0,
                1.0,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
}

/// The kernel that the crate picks: it asks the same questions in the same order.
fn variant() -> Variant {
    if cfg!(feature = "avx512") && is_x86_feature_detected!("avx512f") {
        Variant::Avx512
    } else if is_x86_feature_detected!("fma") {
        Variant::Fma
    } else {
        Variant::Scalar
    }
}
