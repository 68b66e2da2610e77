//! All counts that a number could be: convention x setting x tower x examples x reading.

use std::ops::RangeInclusive;

use serde::Serialize;

use super::Query;
use crate::convention::{ANALYTIC, Convention, CountName, Scope, Subject, all};
use crate::model::ClipSpec;
use crate::model::spec::{Family, ImagePooling, ImageTower};
use crate::units::{Count, Unit, Written};

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

/// How many examples a count is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Examples {
    /// Images, and as many texts.
    Batch(u64),
    /// Images of one video, and one text.
    Frames(u64),
    /// So many samples, one after the other: forward alone, or 3 times that with the gradients.
    Samples { samples: u64, passes: u64 },
}

pub struct Candidate<'a> {
    pub subject: &'a Subject<'a>,
    pub count: CountName,
    pub examples: Examples,
    /// The image's class token takes part.
    pub class_token: bool,
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

/// A model, with the class token or without.
pub struct Variant<'a> {
    pub subject: &'a Subject<'a>,
    pub class_token: bool,
}

/// The model with its image tower's class token left out, as papers count who look at patches alone;
/// none where there is no such token.
pub fn without_class_token(spec: &ClipSpec) -> Option<ClipSpec> {
    let mut spec = spec.clone();
    match &mut spec.image {
        Some(ImageTower::Vit(vit)) if vit.prefix == 1 && vit.pooling == ImagePooling::ClassToken => {
            vit.prefix = 0;
            (vit.family == Family::Clip || vit.family == Family::Eva).then_some(spec)
        }
        _ => None,
    }
}

/// How many counts there are of a model, and those of them that are at least half the number and at most
/// twice it: whatever is further away is no hit, and says nothing of how dense hits are.
pub fn candidates<'a>(variant: &Variant<'a>, number: Written, query: &Query) -> (usize, Vec<Candidate<'a>>) {
    let &Variant { subject, class_token } = variant;
    let conventions = all().filter(|convention| class_token || convention.counts_terms());
    let near = around(number);
    let mut tried = 0;
    let mut candidates = Vec::new();
    for convention in conventions {
        let counts = Counts::of(convention, subject);
        for (scope, place) in SCOPES.into_iter().zip(0..) {
            let wanted = query.tower.is_none_or(|tower| tower == scope);
            if !wanted || (!class_token && scope == Scope::TEXT) {
                continue;
            }
            let count = CountName { convention, scope };
            for examples in examples(&count, number, query) {
                let Some(printed) = counts.value(place, examples) else { continue };
                for (reading, value) in readings(&count, printed) {
                    tried += 1;
                    if near.contains(&value) {
                        candidates.push(Candidate { subject, count, examples, class_token, reading, value });
                    }
                }
            }
        }
    }
    (tried, candidates)
}

fn around(number: Written) -> RangeInclusive<Count> {
    number.value / 2..=2 * number.value
}

const SCOPES: [Scope; 3] = [Scope::IMAGE, Scope::TEXT, Scope::Total];

/// A convention's counts by scope, of one, two and three examples. Whatever depends on a batch does so
/// by its size or, where every image meets every text, by the square of that.
struct Counts([[Option<Count>; 3]; 3]);

impl Counts {
    fn of(convention: &Convention, subject: &Subject) -> Counts {
        Counts([1, 2, 3].map(|batch| convention.batch_counts(subject, SCOPES, batch)))
    }

    fn value(&self, scope: usize, examples: Examples) -> Option<Count> {
        let Counts([one, two, three]) = self;
        let of_batch = |scope: usize, batch: Count| {
            let first = one[scope]?;
            if batch == 1 {
                return Some(first);
            }
            let (second, third) = (two[scope]?, three[scope]?);
            let step = second - first;
            Some(first + (batch - 1) * step + (batch - 1) * (batch - 2) / 2 * (third - second - step))
        };
        match examples {
            Examples::Batch(batch) => of_batch(scope, batch.into()),
            Examples::Samples { samples, passes } => {
                let all = of_batch(scope, 1)?.checked_mul(Count::from(samples) * Count::from(passes))?;
                // No number that can be written is larger.
                (all <= 1 << 120).then_some(all)
            }
            Examples::Frames(frames) => match SCOPES[scope] {
                Scope::Total => Some(of_batch(0, frames.into())? + one[2]? - one[0]?),
                Scope::Tower(_) => of_batch(scope, frames.into()),
            },
        }
    }
}

/// What is asked for, or else what is likely for a number that was written so. Every batch could by
/// chance be the cause of a rounded number, so of these only the usual ones are tried: all images or
/// frames of a video where three digits were written, any examples where it was four.
fn examples(count: &CountName, number: Written, query: &Query) -> Vec<Examples> {
    if let Some(samples) = query.samples {
        let forward = Examples::Samples { samples, passes: 1 };
        let training = Examples::Samples { samples, passes: 3 };
        return if count.convention.trains() { vec![forward] } else { vec![forward, training] };
    }
    if let Some(frames) = query.frames {
        return if count.scope == Scope::TEXT { Vec::new() } else { vec![Examples::Frames(frames)] };
    }
    if let Some(batch) = query.batch {
        return vec![Examples::Batch(batch)];
    }
    const LARGEST: u64 = 64;
    const VIDEOS: [u64; 3] = [8, 16, 32];
    let plausible = |batch: &u64| match number.rounding {
        0 => true,
        _ if *batch == 1 => true,
        _ if number.as_fine_as(1000) => batch.is_power_of_two(),
        _ => number.as_fine_as(100) && count.scope == Scope::IMAGE && VIDEOS.contains(batch),
    };
    (1..=LARGEST).filter(plausible).map(Examples::Batch).collect()
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
