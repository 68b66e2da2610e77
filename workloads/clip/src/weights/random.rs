//! Random weights that cost no FLOP: sign and mantissa are random bits, the exponent is fixed.

use flopledger::Result;

use super::{Source, Values};

/// Each element is a hash of the seed, its tensor's name and its place, so that neither the order
/// of loading nor the tower that was left out changes it.
pub struct Random {
    seed: u32,
}

impl Random {
    pub fn new(seed: u32) -> Self {
        Random { seed }
    }
}

impl Source for Random {
    fn tensor(&mut self, name: &str, shape: &[usize], values: Values) -> Result<Vec<f32>> {
        let base = name.bytes().fold(mix(self.seed), |hash, byte| mix(hash ^ u32::from(byte)));
        let (keep, set) = match values {
            Values::Spread(inputs) => (0x807f_ffff, exponent(inputs) << 23),
            // 1 to 1 + 1/8.
            Values::AboutOne => (0x000f_ffff, 127 << 23),
        };
        let len: usize = shape.iter().product();
        Ok((0..len as u32).map(|place| f32::from_bits(scatter(base, place) & keep | set)).collect())
    }

    fn matrix(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        self.tensor(name, shape, Values::Spread(shape[1..].iter().product()))
    }

    fn projection(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Vec<f32>> {
        self.tensor(name, &[inputs, outputs], Values::Spread(inputs))
    }
}

/// The biased exponent of the power of 2 below half of 1 / sqrt(inputs), so that values from it
/// to its double keep a sum over so many inputs near 1.
fn exponent(inputs: usize) -> u32 {
    126 - inputs.max(1).ilog2().div_ceil(2)
}

/// Steps of the golden ratio, stirred by a xorshift: a few additions and shifts in vectors, as the
/// weights are most of what `tiny` does outside its towers.
fn scatter(base: u32, place: u32) -> u32 {
    let x = place.wrapping_mul(0x9e37_79b9).wrapping_add(base);
    let x = x ^ x << 13;
    let x = x ^ x >> 17;
    x ^ x << 5
}

/// An integer hash (Prospector's low-bias 32-bit mixer).
pub fn mix(x: u32) -> u32 {
    let x = (x ^ x >> 16).wrapping_mul(0x7feb_352d);
    let x = (x ^ x >> 15).wrapping_mul(0x846c_a68b);
    x ^ x >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_spread_around_0_and_depend_on_the_name() {
        let mut random = Random::new(7);
        let a = random.tensor("a", &[64, 64], Values::Spread(64)).unwrap();
        assert!(a.iter().all(|x| (0.0625..0.125).contains(&x.abs())));
        assert!(a.iter().filter(|x| **x > 0.0).count().abs_diff(2048) < 200);
        assert_ne!(a, random.tensor("b", &[64, 64], Values::Spread(64)).unwrap());
        let norm = random.tensor("n", &[100], Values::AboutOne).unwrap();
        assert!(norm.iter().all(|x| (1.0..1.125).contains(x)));
    }
}
