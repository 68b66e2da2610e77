//! Why counts differ and yet stay in proportion: each is, for the most part, a multiple of
//! tokens x width^2 x layers, and differs by what stands before it.

use num_rational::BigRational;
use num_traits::ToPrimitive;
use serde::Serialize;

use super::Side;
use crate::convention::{ANALYTIC, CountName, Scope, Subject};
use crate::model::spec::Stack;
use crate::model::terms::Tower;
use crate::units::{Amount, Count, Unit};

/// The coefficients of one model's counts, and how far they explain the ratios of the totals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proportion {
    /// The tower the coefficients are of: the text's where only that is counted. Both towers have
    /// the same ones where both have the same MLP ratio.
    pub tower: &'static str,
    pub tokens: u64,
    pub width: u64,
    pub layers: u64,
    /// MLP width over width.
    pub mlp_ratio: f64,
    pub rows: Vec<Row>,
    /// None where a number stands on either side, whose coefficient is not known.
    pub ratio: Option<Ratio>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub name: String,
    pub value: Count,
    pub unit: Unit,
    /// What stands before tokens x width^2 a layer.
    pub coefficient: f64,
    /// The same, as a fraction without rounding.
    pub coefficient_exact: String,
    /// The part of the count that the product with this coefficient makes up, both towers.
    pub share: f64,
    /// The count over the true count.
    pub ratio: f64,
    /// The coefficient over the true coefficient.
    pub coefficient_ratio: f64,
}

/// The counts that every explanation sets side by side.
const ALWAYS: [&str; 4] = ["thop", "fvcore", ANALYTIC, "seed-formula"];

/// The two counts that are explained, one over the other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ratio {
    pub of_counts: f64,
    pub of_coefficients: f64,
    /// The first over the second: 1 where the coefficients explain all of the ratio.
    pub nearness: f64,
}

/// None where the tower is no plain transformer.
pub fn proportion(subject: &Subject, from: &Side, to: &Side) -> Option<Proportion> {
    let sides: Vec<CountName> = [from, to].into_iter().filter_map(Side::count).collect();
    let text_only = !sides.is_empty() && sides.iter().all(|count| count.scope == Scope::TEXT);
    let text_only = text_only || !subject.spec.has(Tower::Image);
    let tower = if text_only { Tower::Text } else { Tower::Image };
    let Stack { tokens, encoder } = subject.spec.stack(tower)?;
    let always = ALWAYS.iter().filter_map(|name| CountName::default_of(name));
    let always = always.map(|count| if text_only { CountName { scope: Scope::TEXT, ..count } } else { count });
    let truth = true_values(subject, tower, if text_only { Scope::TEXT } else { Scope::Total });
    let row = |count: CountName| row(subject, count, tower, truth.as_ref()?);
    let ratio = match sides.as_slice() {
        [from, to] => row(*from).zip(row(*to)).map(|(from, to)| ratio(&from, &to)),
        _ => None,
    };
    let mut rows: Vec<Row> = Vec::new();
    for row in sides.iter().copied().chain(always).filter_map(row) {
        if rows.iter().all(|known| known.name != row.name) {
            rows.push(row);
        }
    }
    rows.sort_by(|a, b| a.coefficient.total_cmp(&b.coefficient));
    Some(Proportion {
        tower: tower.name(),
        tokens,
        width: encoder.width,
        layers: encoder.layers,
        mlp_ratio: encoder.mlp_width as f64 / encoder.width as f64,
        rows,
        ratio,
    })
}

fn ratio(from: &Row, to: &Row) -> Ratio {
    let of_counts = from.value as f64 / to.value as f64;
    let of_coefficients = from.coefficient / to.coefficient;
    Ratio { of_counts, of_coefficients, nearness: of_counts / of_coefficients }
}

struct True {
    count: Count,
    coefficient: BigRational,
}

fn true_values(subject: &Subject, tower: Tower, scope: Scope) -> Option<True> {
    let truth = CountName::default_of(ANALYTIC)?.convention;
    Some(True { count: truth.count(subject, scope)?, coefficient: truth.coefficient(subject, tower)? })
}

/// None where the tool cannot run the model, which is no reason to explain nothing.
fn row(subject: &Subject, count: CountName, tower: Tower, truth: &True) -> Option<Row> {
    let value = count.convention.count(subject, count.scope)?;
    let coefficient = count.convention.coefficient(subject, tower)?;
    let terms = subject.terms().iter().zip(count.convention.accounts(subject, count.scope));
    let scaling: Amount = terms.filter(|(term, _)| term.scales_with_width()).map(|(_, account)| account.value()).sum();
    Some(Row {
        name: count.to_string(),
        value,
        unit: count.convention.unit,
        coefficient: float(&coefficient),
        share: scaling as f64 / value as f64,
        ratio: value as f64 / truth.count as f64,
        coefficient_ratio: float(&(&coefficient / &truth.coefficient)),
        coefficient_exact: coefficient.to_string(),
    })
}

fn float(value: &BigRational) -> f64 {
    value.to_f64().unwrap_or(f64::NAN)
}
