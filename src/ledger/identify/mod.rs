//! Whose number is this? Every convention that yields a number as it was written.

mod candidates;
mod chance;
mod likely;
mod parameters;
mod reason;

use serde::Serialize;

use super::Ledger;
use super::explain::{Side, ledger};
use crate::convention::{ANALYTIC, CountName, MOST, Scope, Subject, possible};
use crate::model::ClipSpec;
use crate::units::{Amount, Count, Per, Unit, Written};
use crate::{Error, Result};

use candidates::{Candidate, Examples, Reading, Variant};
use chance::Chance;
use likely::Likelihood;
pub use parameters::ParameterMatch;

/// What is known of a number beside its digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Query {
    /// It is of so many images, and as many texts.
    pub batch: Option<u64>,
    /// It is of so many frames of one video.
    pub frames: Option<u64>,
    /// It is of this tower, or of both.
    pub tower: Option<Scope>,
    /// It is the total of so many samples.
    pub samples: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Identification {
    pub schema: &'static str,
    pub number: Count,
    /// Half a unit in the last place that was written: what yields the number lies within it.
    pub rounding: Count,
    /// The models that were searched.
    pub models: Vec<String>,
    /// Counts that were tried.
    pub tried: usize,
    /// How many of them would be hits by chance alone, at the precision of the number.
    pub expected_by_chance: f64,
    /// Models and towers that have so many parameters.
    pub parameters: Vec<ParameterMatch>,
    /// The likeliest first: exact ones, then those nearest to how people run tools.
    pub matches: Vec<Match>,
    /// Where nothing matches, what comes within 3 % of the number.
    pub nearest: Option<Nearest>,
    /// What the files of the models above do not tell, or tell and nobody reads.
    pub notes: Vec<String>,
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
    /// Images of one video, where that was asked for.
    pub frames: Option<u64>,
    /// Samples that the number is the total of, where that was asked for.
    pub samples: Option<u64>,
    /// 3 where each sample counts forward and backward, though the count itself is of the forward pass.
    pub passes: u64,
    /// False where the image tower's class token is left out.
    pub class_token: bool,
    pub value: Count,
    /// The value less the number, over the number.
    pub relative_error: f64,
    /// The probability that a count at least as likely as this one hits the number by chance.
    pub chance: f64,
    /// Why it stands where it stands.
    pub likely: String,
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

impl Identification {
    /// Is there anything that the number may be?
    pub fn found(&self) -> bool {
        !self.matches.is_empty() || !self.parameters.is_empty()
    }
}

/// A candidate and how likely it is before looking at the number's digits.
struct Tried<'a> {
    candidate: Candidate<'a>,
    likely: Likelihood,
}

/// Searches these models for a number.
pub fn identify(number: Written, query: &Query, specs: &[ClipSpec]) -> Result<Identification> {
    if number.value == 0 {
        return Err(Error::input("0: every count that misses everything yields it")
            .remedy("give a positive number, e.g. 116512260096 or '116.5 G'"));
    }
    checked(query)?;
    let subjects: Vec<Subject> = specs.iter().map(Subject::new).collect();
    let without: Vec<ClipSpec> = specs.iter().filter_map(candidates::without_class_token).collect();
    let without: Vec<Subject> = without.iter().map(Subject::new).collect();
    let parameters = parameters::matches(number, query, &subjects);
    let with = subjects.iter().map(|subject| Variant { subject, class_token: true });
    let variants = with.chain(without.iter().map(|subject| Variant { subject, class_token: false }));
    let wanted = number.per != Some(Per::Parameters);
    let (mut tried, mut near) = (0, Vec::new());
    for variant in variants.filter(|_| wanted) {
        let (all, of_variant) = candidates::candidates(&variant, number, query);
        tried += all;
        near.extend(
            of_variant
                .into_iter()
                .map(|candidate| Tried { likely: likely::likelihood(&candidate, number, query), candidate }),
        );
    }
    let chance = Chance::new(&near, number);
    let mut found: Vec<&Tried> = near.iter().filter(|tried| number.admits(tried.candidate.value)).collect();
    found.sort_by_key(|tried| {
        let distance = tried.candidate.value.abs_diff(number.value);
        (distance != 0, tried.likely.away, batch(tried.candidate.examples), distance)
    });
    let nearest = if found.is_empty() && parameters.is_empty() { nearest(&near, number) } else { None };
    let matches: Vec<Match> = found.iter().map(|tried| matched(tried, number, &chance)).collect();
    let nearest = nearest.map(|tried| nearest_of(tried, number, &chance)).transpose()?;
    let mut shown: Vec<&str> = matches.iter().map(|found| found.model.as_str()).collect();
    shown.extend(nearest.iter().map(|nearest| nearest.found.model.as_str()));
    shown.extend(parameters.iter().map(|found| found.model.as_str()));
    Ok(Identification {
        schema: "flopledger.identify/1",
        number: number.value,
        rounding: number.rounding,
        models: specs.iter().map(|spec| spec.name.clone()).collect(),
        tried,
        expected_by_chance: chance.expected(),
        notes: notes(specs, &shown),
        parameters,
        matches,
        nearest,
    })
}

/// Refuses what excludes each other, and what no product may be made of.
fn checked(query: &Query) -> Result<()> {
    let given = [("batch", query.batch), ("frames", query.frames)];
    for (key, number) in given.iter().filter_map(|(key, number)| Some((key, (*number)?))) {
        possible(key, number)?;
    }
    match query.samples {
        Some(samples) if !(1..=MOST_SAMPLES).contains(&samples) => {
            Err(Error::input(format!("samples: {samples} is not possible here"))
                .remedy(format!("give a whole number from 1 to {MOST_SAMPLES}")))
        }
        _ => Ok(()),
    }
}

/// No count overflows below it.
const MOST_SAMPLES: u64 = MOST * MOST;

fn notes(specs: &[ClipSpec], shown: &[&str]) -> Vec<String> {
    let told = specs.iter().filter(|spec| specs.len() == 1 || shown.contains(&spec.name.as_str()));
    told.flat_map(|spec| spec.notes.iter().map(|note| format!("{}: {note}", spec.name))).collect()
}

fn nearest<'a, 'b>(tried: &'b [Tried<'a>], number: Written) -> Option<&'b Tried<'a>> {
    let one = tried.iter().filter(|tried| batch(tried.candidate.examples) == 1 && tried.candidate.class_token);
    let distance = |tried: &&Tried| tried.candidate.value.abs_diff(number.value);
    let near = one.filter(|tried| 100 * distance(tried) <= 3 * number.value);
    near.min_by_key(|tried| (distance(tried), tried.likely.away))
}

fn batch(examples: Examples) -> u64 {
    match examples {
        Examples::Batch(batch) => batch,
        Examples::Frames(_) | Examples::Samples { .. } => 1,
    }
}

fn matched(tried: &Tried, number: Written, chance: &Chance) -> Match {
    let Tried { candidate, likely } = tried;
    let CountName { convention, scope } = candidate.count;
    let difference = candidate.value as Amount - number.value as Amount;
    let (frames, samples, passes) = match candidate.examples {
        Examples::Batch(_) => (None, None, 1),
        Examples::Frames(frames) => (Some(frames), None, 1),
        Examples::Samples { samples, passes } => (None, Some(samples), passes),
    };
    Match {
        model: candidate.subject.spec.name.clone(),
        convention: convention.name,
        setting: convention.setting,
        tower: scope.name(),
        unit: candidate.unit(),
        reading: candidate.reading,
        batch: batch(candidate.examples),
        frames,
        samples,
        passes,
        class_token: candidate.class_token,
        value: candidate.value,
        relative_error: difference as f64 / number.value as f64,
        chance: chance.probability(likely.away),
        likely: said(likely, difference == 0),
        reason: reason::reason(candidate),
    }
}

fn said(likely: &Likelihood, exact: bool) -> String {
    let digits = if exact { "every digit agrees" } else { "within its rounding" };
    let words = [digits].into_iter().chain(likely.words.iter().copied());
    words.collect::<Vec<_>>().join(", ")
}

fn nearest_of(tried: &Tried, number: Written, chance: &Chance) -> Result<Nearest> {
    let candidate = &tried.candidate;
    let truth = CountName::parse(ANALYTIC)?;
    let truth = CountName { scope: candidate.count.scope, ..truth };
    let found = Match { likely: "the nearest".into(), ..matched(tried, number, chance) };
    Ok(Nearest {
        found,
        unexplained: number.value as Amount - candidate.value as Amount,
        ledger: ledger(candidate.subject, &Side::Count(truth), &Side::Count(candidate.count))?,
    })
}
