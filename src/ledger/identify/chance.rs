//! How likely it is that some count or other hits a number by chance.

use super::Tried;
use crate::units::{Count, Written};

/// Different values within a factor of 2 of the number, and how far each is from what is usual.
pub struct Chance {
    /// By distance from the usual, how many different values of at most that distance are within a
    /// factor of 2 of the number.
    near: Vec<usize>,
    number: Written,
}

impl Chance {
    pub fn new(tried: &[Tried], number: Written) -> Chance {
        let mut values: Vec<(Count, u32)> =
            tried.iter().map(|tried| (tried.candidate.value, tried.likely.away)).collect();
        // The least distance of each value stands first.
        values.sort_unstable();
        values.dedup_by_key(|(value, _)| *value);
        let furthest = values.iter().map(|(_, away)| *away as usize).max().unwrap_or_default();
        let near = (0..=furthest).map(|most| values.iter().filter(|(_, away)| *away as usize <= most).count());
        Chance { near: near.collect(), number }
    }

    /// Hits that are expected by chance among all that was tried.
    pub fn expected(&self) -> f64 {
        self.of(self.near.len().saturating_sub(1))
    }

    /// The probability that chance alone gives a hit which is no further from what is usual.
    pub fn probability(&self, away: u32) -> f64 {
        1.0 - (-self.of(away as usize)).exp()
    }

    /// Values lie evenly between half the number and twice it, as far as that is known.
    fn of(&self, away: usize) -> f64 {
        let near = self.near.get(away).or(self.near.last()).copied().unwrap_or_default();
        let hit = (2 * self.number.rounding + 1) as f64;
        near as f64 * hit / (1.5 * self.number.value as f64)
    }
}
