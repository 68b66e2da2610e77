//! exp, erf and tanh as polynomials without branches, with the FLOPs of one evaluation counted by
//! hand beside each line. Two evaluations never share work, and no line is worth a fused
//! multiply-add to the compiler: Rust does not contract.

use flopledger::ledger::elementwise::Functions;

pub const FUNCTIONS: Functions = Functions { exp: 21, erf: 15 + 21, tanh: 4 + 21, rsqrt: 2 };

/// To 2e-7 relative, for arguments clamped to what a normal f32 can hold.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// Adding 1.5 x 2^23 rounds to an integer and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts; the first times any exponent is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND; // 2
    let n = shifted - ROUND; // 1
    let r = x - n * LN2_HIGH - n * LN2_LOW; // 4
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3; // 2
    p = p * r + 8.333_452e-3; // 2
    p = p * r + 4.166_579_6e-2; // 2
    p = p * r + 0.166_666_65; // 2
    p = p * r + 0.5; // 2
    let p = p * (r * r) + r + 1.0; // 4
    // Times 2^n, on the exponent's bits.
    f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// Abramowitz and Stegun 7.1.26, to 2e-7 absolute.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let a = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * a); // 3
    let mut p = 1.061_405_4;
    p = p * t - 1.453_152; // 2
    p = p * t + 1.421_413_8; // 2
    p = p * t - 0.284_496_74; // 2
    p = p * t + 0.254_829_6; // 2
    let tail = p * t * exp(-(a * a)); // 3 and exp
    (1.0 - tail).copysign(x) // 1
}

#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0) // 4 and exp
}

#[inline(always)]
pub fn rsqrt(x: f32) -> f32 {
    1.0 / x.sqrt() // 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_near_the_libm_ones() {
        for i in -2000..=2000 {
            let x = i as f32 * 0.01;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 3e-7 * exact, "exp({x})");
            let exact = f64::from(x).tanh();
            assert!((f64::from(tanh(x)) - exact).abs() <= 3e-7, "tanh({x})");
        }
    }

    /// Values of erf from a table.
    #[test]
    fn erf_is_near_its_table() {
        for (x, y) in [(0.0, 0.0), (0.1, 0.112_462_9), (0.5, 0.520_499_9), (1.0, 0.842_700_8), (2.0, 0.995_322_3)] {
            assert!((erf(x) - y).abs() < 5e-7, "erf({x}) = {}", erf(x));
            assert!((erf(-x) + y).abs() < 5e-7, "erf(-{x}) = {}", erf(-x));
        }
    }

    #[test]
    fn exp_of_a_masked_score_is_next_to_nothing() {
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }
}
