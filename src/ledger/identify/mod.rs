//! Whose number is this? Every convention that yields a number as it was written.

mod candidates;
mod reason;

use serde::Serialize;

use super::Ledger;
use super::explain::{Side, ledger};
use crate::convention::{ANALYTIC, CountName, Subject};
use crate::model::ClipSpec;
use crate::units::{Amount, Count, Unit, Written};
use crate::{Error, Result};

use candidates::{Candidate, Reading};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Identification {
    pub schema: &'static str,
    pub number: Count,
    /// Half a unit in the last place that was written: what yields the number lies within it.
    pub rounding: Count,
    /// The models that were searched.
    pub models: Vec<String>,
    /// Exact ones first, one example before a batch, a count as it is printed before one that was
    /// converted, then the nearest.
    pub matches: Vec<Match>,
    /// Where nothing matches.
    pub nearest: Option<Nearest>,
}

/// A count that yields the number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Match {
    pub model: String,
    pub convention: &'static str,
    pub setting: Option<&'static str>,
    pub tower: &'static str,
    /// What the value is in, whatever the number was called.
    pub unit: Unit,
    pub reading: Reading,
    /// Images, and as many texts.
    pub batch: u64,
    pub value: Count,
    /// The value less the number, over the number.
    pub relative_error: f64,
    pub reason: String,
}

/// The count that comes nearest to a number that no convention yields.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Nearest {
    #[serde(flatten)]
    pub found: Match,
    /// The number less the value: what no cause explains.
    pub unexplained: Amount,
    /// From the true count of the same model to the nearest one, as its tool prints it.
    pub ledger: Ledger,
}

/// Searches these models for a number.
pub fn identify(number: Written, specs: &[ClipSpec]) -> Result<Identification> {
    if number.value == 0 {
        return Err(Error::input("0: every count that misses everything yields it")
            .remedy("give a positive number, e.g. 116512260096 or '116.5 G'"));
    }
    let subjects: Vec<Subject> = specs.iter().map(Subject::new).collect();
    let batches = batches(number);
    let all = |batches: &[u64]| -> Vec<Candidate> {
        subjects.iter().flat_map(|subject| candidates::candidates(subject, batches)).collect()
    };
    let mut found: Vec<Candidate> =
        all(&batches).into_iter().filter(|candidate| number.admits(candidate.value)).collect();
    found.sort_by_key(|candidate| {
        let distance = candidate.value.abs_diff(number.value);
        (distance != 0, candidate.batch, candidate.reading, distance)
    });
    let nearest = match found.as_slice() {
        [] => all(&[1]).into_iter().min_by_key(|c| (c.value.abs_diff(number.value), c.reading)),
        _ => None,
    };
    Ok(Identification {
        schema: "flopledger.identify/1",
        number: number.value,
        rounding: number.rounding,
        models: specs.iter().map(|spec| spec.name.clone()).collect(),
        matches: found.iter().map(|candidate| matched(candidate, number)).collect(),
        nearest: nearest.map(|candidate| nearest_of(&candidate, number)).transpose()?,
    })
}

/// Every batch could by chance be the cause of a rounded number, so of these only the usual ones
/// are tried, and only where it was written to a thousandth at least.
fn batches(number: Written) -> Vec<u64> {
    const LARGEST: u64 = 64;
    const FINE: Count = 1000;
    let plausible = |batch: &u64| match number.rounding {
        0 => true,
        rounding => *batch == 1 || (batch.is_power_of_two() && 2 * rounding * FINE <= number.value),
    };
    (1..=LARGEST).filter(plausible).collect()
}

fn matched(candidate: &Candidate, number: Written) -> Match {
    let CountName { convention, scope } = candidate.count;
    let difference = candidate.value as Amount - number.value as Amount;
    Match {
        model: candidate.subject.spec.name.clone(),
        convention: convention.name,
        setting: convention.setting,
        tower: scope.name(),
        unit: candidate.unit(),
        reading: candidate.reading,
        batch: candidate.batch,
        value: candidate.value,
        relative_error: difference as f64 / number.value as f64,
        reason: reason::reason(candidate),
    }
}

fn nearest_of(candidate: &Candidate, number: Written) -> Result<Nearest> {
    let truth = CountName::parse(ANALYTIC)?;
    let truth = CountName { scope: candidate.count.scope, ..truth };
    Ok(Nearest {
        found: matched(candidate, number),
        unexplained: number.value as Amount - candidate.value as Amount,
        ledger: ledger(candidate.subject, &Side::Count(truth), &Side::Count(candidate.count))?,
    })
}
