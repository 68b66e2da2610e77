//! All counts that a number could be: convention x setting x tower x batch x reading.

use serde::Serialize;

use crate::convention::{ANALYTIC, CountName, Scope, Subject, all};
use crate::units::{Count, Unit};

/// What was done to a count before it was passed on. The order is that of plausibility.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reading {
    /// As the tool prints it.
    Printed,
    /// MACs, doubled into FLOPs.
    Doubled,
    /// FLOPs, halved into MACs.
    Halved,
}

impl Reading {
    /// As in JSON and CSV.
    pub const fn slug(self) -> &'static str {
        match self {
            Reading::Printed => "printed",
            Reading::Doubled => "doubled",
            Reading::Halved => "halved",
        }
    }
}

pub struct Candidate<'a> {
    pub subject: &'a Subject<'a>,
    pub count: CountName,
    pub batch: u64,
    pub reading: Reading,
    pub value: Count,
}

impl Candidate<'_> {
    pub fn unit(&self) -> Unit {
        match self.reading {
            Reading::Printed => self.count.convention.unit,
            Reading::Doubled => Unit::Flop,
            Reading::Halved => Unit::Mac,
        }
    }
}

pub fn candidates<'a>(subject: &'a Subject<'a>, batches: &[u64]) -> Vec<Candidate<'a>> {
    let mut candidates = Vec::new();
    for convention in all() {
        for scope in [Scope::IMAGE, Scope::TEXT, Scope::Total] {
            for &batch in batches {
                let Some(printed) = convention.batch_count(subject, scope, batch.into()) else { continue };
                let count = CountName { convention, scope };
                let readings = readings(&count, printed);
                candidates.extend(readings.map(|(reading, value)| Candidate { subject, count, batch, reading, value }));
            }
        }
    }
    candidates
}

/// The true count has a setting for either unit; a tool's is converted. Half an odd count is no
/// number of MACs.
fn readings(count: &CountName, printed: Count) -> impl Iterator<Item = (Reading, Count)> + use<> {
    let converted = match count.convention.unit {
        _ if count.convention.name == ANALYTIC => None,
        Unit::Mac => Some((Reading::Doubled, 2 * printed)),
        Unit::Flop => printed.is_multiple_of(2).then_some((Reading::Halved, printed / 2)),
    };
    [(Reading::Printed, printed)].into_iter().chain(converted)
}
