//! A few precisions, in the order in which they are printed.

use serde::{Deserialize, Serialize};

use crate::isa::Precision;

const ALL: [Precision; 5] = [Precision::Fp16, Precision::Bf16, Precision::Fp32, Precision::Fp64, Precision::X87];

/// A set of precisions; a list in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Precision>", into = "Vec<Precision>")]
pub struct PrecisionSet([bool; ALL.len()]);

impl PrecisionSet {
    pub fn iter(self) -> impl Iterator<Item = Precision> {
        ALL.into_iter().zip(self.0).filter_map(|(precision, held)| held.then_some(precision))
    }

    pub fn is_empty(&self) -> bool {
        *self == PrecisionSet::default()
    }

    pub fn with(self, other: PrecisionSet) -> PrecisionSet {
        self.iter().chain(other.iter()).collect()
    }

    /// `fp16, bf16`
    pub fn names(self) -> String {
        self.iter().map(Precision::name).collect::<Vec<_>>().join(", ")
    }
}

impl FromIterator<Precision> for PrecisionSet {
    fn from_iter<T: IntoIterator<Item = Precision>>(precisions: T) -> PrecisionSet {
        let mut set = PrecisionSet::default();
        for precision in precisions {
            for (known, held) in ALL.into_iter().zip(&mut set.0) {
                *held |= known == precision;
            }
        }
        set
    }
}

impl From<Vec<Precision>> for PrecisionSet {
    fn from(precisions: Vec<Precision>) -> PrecisionSet {
        precisions.into_iter().collect()
    }
}

impl From<PrecisionSet> for Vec<Precision> {
    fn from(set: PrecisionSet) -> Vec<Precision> {
        set.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_ordered_and_hold_each_once() {
        let set: PrecisionSet = [Precision::X87, Precision::Fp16, Precision::X87].into_iter().collect();
        assert_eq!(set.names(), "fp16, x87");
        assert_eq!(serde_json::to_string(&set).expect("JSON"), r#"["fp16","x87"]"#);
        assert_eq!(serde_json::from_str::<PrecisionSet>(r#"["x87","fp16"]"#).expect("a set"), set);
        assert!(PrecisionSet::default().is_empty() && !set.is_empty());
        assert_eq!(set.with([Precision::Bf16].into_iter().collect()).names(), "fp16, bf16, x87");
    }
}
