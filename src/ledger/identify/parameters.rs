//! A number of parameters that is taken for one of FLOPs.

use serde::Serialize;

use super::Query;
use crate::convention::{Scope, Subject};
use crate::model::Parameters;
use crate::units::{Amount, Count, Per, Written};

/// A model, or a tower of it, that has as many parameters as the number says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParameterMatch {
    pub model: String,
    /// image, text, or total for all.
    pub tower: &'static str,
    pub value: Count,
    /// The value less the number, over the number.
    pub relative_error: f64,
}

/// A rounded number has to have three digits, and no unit of FLOPs or MACs.
pub fn matches(number: Written, query: &Query, subjects: &[Subject]) -> Vec<ParameterMatch> {
    let said = number.per == Some(Per::Parameters);
    let unsaid = number.unit.is_none() && number.per.is_none() && number.as_fine_as(100);
    let single = query.batch.is_none() && query.frames.is_none() && query.samples.is_none();
    if !single || !(said || unsaid) {
        return Vec::new();
    }
    let mut matches: Vec<ParameterMatch> = subjects
        .iter()
        .flat_map(|subject| {
            let Parameters { image, text, total, .. } = subject.parameters();
            let towers = [(Scope::Total, total), (Scope::IMAGE, image), (Scope::TEXT, text)];
            towers.into_iter().map(move |(tower, value)| (subject.spec, tower, value))
        })
        .filter(|(_, tower, value)| query.tower.is_none_or(|wanted| wanted == *tower) && number.admits(*value))
        .map(|(spec, tower, value)| ParameterMatch {
            model: spec.name.clone(),
            tower: tower.name(),
            value,
            relative_error: (value as Amount - number.value as Amount) as f64 / number.value as f64,
        })
        .collect();
    matches.sort_by_key(|found| found.value.abs_diff(number.value));
    matches
}
