//! How likely it is that a number is this count, before looking at its digits: people run a tool as it
//! comes, on one example, and pass on what it prints.

use super::Query;
use super::candidates::{Candidate, Examples, Reading};
use crate::convention::{ANALYTIC, CountName, Scope};
use crate::units::{Per, Unit, Written};

/// 0 for what is usual, more for each step away from it, with the steps in words.
pub struct Likelihood {
    pub away: u32,
    pub words: Vec<&'static str>,
}

impl Likelihood {
    fn step(&mut self, away: u32, words: &'static str) {
        self.away += away;
        if !words.is_empty() {
            self.words.push(words);
        }
    }
}

/// Tools that most people use.
const USUAL: [&str; 9] =
    [ANALYTIC, "thop", "fvcore", "ptflops-pytorch", "calflops", "deepspeed", "flop-counter", "torchinfo", "timm"];
/// Formulas that papers on utilisation have.
const FORMULAS: [&str; 6] = ["megatron", "2nd", "6nd", "palm", "hf-trainer", "datacomp"];

pub fn likelihood(candidate: &Candidate, number: Written, query: &Query) -> Likelihood {
    let mut likely = Likelihood { away: 0, words: Vec::new() };
    tool(candidate, &mut likely);
    tower(candidate, number, query, &mut likely);
    unit(candidate, number, &mut likely);
    match candidate.examples {
        Examples::Batch(1) | Examples::Frames(_) => likely.step(0, "one example"),
        Examples::Batch(_) if query.batch.is_some() => likely.step(0, "the batch asked for"),
        Examples::Batch(_) if candidate.count.scope == Scope::IMAGE => likely.step(4, "only for a batch, or frames"),
        Examples::Batch(_) => likely.step(4, "only for a batch"),
        Examples::Samples { passes: 1, .. } if candidate.count.convention.trains() => likely.step(0, "training"),
        Examples::Samples { passes: 1, .. } => likely.step(1, "forward alone"),
        Examples::Samples { .. } => likely.step(0, "training, 3 times the forward pass"),
    }
    if !candidate.class_token {
        likely.step(3, "only without the class token");
    }
    likely
}

fn tool(candidate: &Candidate, likely: &mut Likelihood) {
    let convention = candidate.count.convention;
    let unusual = ["meta", "profile", "2022", "torch2.2", "torch1"];
    let slug = convention.setting.unwrap_or_default();
    match convention.name {
        ANALYTIC => likely.step(0, "the true count"),
        name if FORMULAS.contains(&name) => likely.step(2, "a formula"),
        name if USUAL.contains(&name) => {}
        _ => likely.step(1, "a tool that fewer people use"),
    }
    match () {
        _ if convention.name == ANALYTIC || convention.setting.is_none() => {}
        _ if candidate.count.is_default_setting() => likely.step(0, "its default setting"),
        _ if unusual.iter().any(|part| slug.contains(part)) => likely.step(3, "an unusual setting"),
        _ => likely.step(1, "another setting than its default"),
    }
}

fn tower(candidate: &Candidate, number: Written, query: &Query, likely: &mut Likelihood) {
    let CountName { convention, scope } = candidate.count;
    let suggested = match number.per {
        Some(Per::Image) => Some(Scope::IMAGE),
        Some(Per::Text) => Some(Scope::TEXT),
        _ => None,
    };
    match suggested {
        _ if query.tower.is_some() => likely.step(0, "the tower asked for"),
        Some(tower) if tower == scope => likely.step(0, "the tower that the unit suggests"),
        Some(_) => likely.step(4, "not the tower that the unit suggests"),
        None if scope == convention.default_scope => likely.step(0, "the tower it is usually run on"),
        None if scope == Scope::TEXT => likely.step(2, "the text tower alone"),
        None if convention.name == ANALYTIC => likely.step(0, "the image tower"),
        None => likely.step(1, "another tower than it is usually run on"),
    }
}

fn unit(candidate: &Candidate, number: Written, likely: &mut Likelihood) {
    let same = number.unit == Some(candidate.unit());
    match (candidate.reading, number.unit) {
        (Reading::Printed, Some(_)) if same => likely.step(0, "in the unit named"),
        (Reading::Printed, Some(Unit::Flop)) => likely.step(1, "MACs that are called FLOPs"),
        (Reading::Printed, Some(Unit::Mac)) => likely.step(3, "FLOPs, though MACs are named"),
        (Reading::Printed, None) => {}
        (Reading::Doubled, _) if same => likely.step(1, "doubled into the unit named"),
        (Reading::Halved, _) if same => likely.step(1, "halved into the unit named"),
        (Reading::Doubled, None) => likely.step(2, "only doubled"),
        (Reading::Halved, None) => likely.step(2, "only halved"),
        (Reading::Doubled | Reading::Halved, Some(_)) => likely.step(4, "converted away from the unit named"),
    }
}
