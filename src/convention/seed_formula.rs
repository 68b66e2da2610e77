//! The formula script of the user's notes. A layer of width h over s tokens costs
//! `4 h s^2 + 8 h (h r) s`, with
//!
//! - image: s = (image / patch)^2;
//! - text: s = `context_length`, else `max_position_embeddings`, else 77, and
//!   `num_hidden_layers`, else `num_layers`, else 12 layers;
//! - both: r = the image tower's `mlp_ratio`, else 4.
//!
//! It is evaluated as an exact rational and rounded once, half to even, at the end.

use num_rational::{BigRational, Ratio};
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::{Account, Cause, Scope, Subject};
use crate::model::spec::ClipSpec;
use crate::model::terms::{Role, Term, Tower};
use crate::units::{Amount, Count};

const TEXT_DEPTH: u64 = 12;
const TEXT_LENGTH: u64 = 77;
const MLP_RATIO: i64 = 4;

/// What the script takes a tower's dimensions to be.
struct Reading {
    layers: Amount,
    width: Amount,
    tokens: Amount,
}

impl Reading {
    fn of(spec: &ClipSpec, tower: Tower) -> Reading {
        let (layers, width, tokens) = match tower {
            Tower::Image => (spec.image.encoder.layers, spec.image.encoder.width, spec.image.patches()),
            Tower::Text => (
                spec.raw.text_depth.unwrap_or(TEXT_DEPTH),
                spec.text.encoder.width,
                spec.raw.text_length.unwrap_or(TEXT_LENGTH),
            ),
        };
        Reading { layers: layers.into(), width: width.into(), tokens: tokens.into() }
    }

    /// `layers (4 h s^2 + 8 h (h r) s)`
    fn total(&self, ratio: &BigRational) -> BigRational {
        let Reading { layers, width, tokens } = self;
        let attention = whole(4 * width * tokens * tokens);
        let mlp = whole(8 * width * width * tokens) * ratio;
        (attention + mlp) * whole(*layers)
    }
}

pub fn count(spec: &ClipSpec, scope: Scope) -> Option<Count> {
    let (image, patch) = (spec.image.image, spec.image.patch);
    if scope.runs(Tower::Image) && (image.height != image.width || patch.height != patch.width) {
        // The script divides one number by another; it stops at a list of two.
        return None;
    }
    let ratio = mlp_ratio(spec);
    let towers = Tower::BOTH.into_iter().filter(|tower| scope.runs(*tower));
    let exact: BigRational = towers.map(|tower| Reading::of(spec, tower).total(&ratio)).sum();
    rounded(&exact).to_u128()
}

/// The script multiplies tokens x width^2 by 8 r.
pub fn coefficient(spec: &ClipSpec) -> BigRational {
    mlp_ratio(spec) * whole(8)
}

pub fn accounts(subject: &Subject, scope: Scope) -> Vec<Account> {
    let mut accounts: Vec<Account> = subject.terms().iter().map(|term| account(subject.spec, term, scope)).collect();
    // Fractions of FLOPs, where width x ratio is no whole number, in the order of the terms:
    // each gets what the rounded running sum moves by, so that all together round once.
    let mut running: BigRational = whole(accounts.iter().map(Account::value).sum());
    for (term, account) in subject.terms().iter().zip(&mut accounts) {
        let before = rounded(&running);
        running += beyond_truncation(subject.spec, term, scope);
        let moved = (rounded(&running) - before).to_i128().unwrap_or_default();
        *account = std::mem::replace(account, Account::faithful(term)).with(Cause::MlpWidthNotTruncated, moved);
    }
    accounts
}

/// All but the part of `width x ratio` that the model truncates away.
fn account(spec: &ClipSpec, term: &Term, scope: Scope) -> Account {
    if let Some(account) = Account::out_of_scope(term, scope) {
        return account;
    }
    match (term.tower, term.role) {
        (Some(tower), Role::Scores | Role::Values) => attention_product(spec, term, tower),
        (Some(tower), Role::Fc1 | Role::Fc2) => mlp_product(spec, term, tower),
        (Some(_), role) if term.macs > 0 => Account::Uncounted(Cause::uncounted(role)),
        _ => Account::faithful(term),
    }
}

/// Of `4 h s^2` a layer, each of the two products has half, as it should: only the lengths differ.
fn attention_product(spec: &ClipSpec, term: &Term, tower: Tower) -> Account {
    let read = Reading::of(spec, tower);
    let cost = |layers: Amount, tokens: Amount| 2 * layers * read.width * tokens * tokens;
    lengths(spec, &read, term, tower, cost)
}

/// Of `8 h (h r) s` a layer, each of the two products has half, twice what it should.
fn mlp_product(spec: &ClipSpec, term: &Term, tower: Tower) -> Account {
    let read = Reading::of(spec, tower);
    let mlp_width = true_mlp_width(spec, tower);
    let cost = |layers: Amount, tokens: Amount| 2 * layers * tokens * read.width * mlp_width;
    let (whole_width, _) = taken_mlp_width(spec, tower);
    let cause = match tower {
        Tower::Text if spec.raw.mlp_ratio.is_some() => Cause::MlpRatioOfImageOnText,
        _ => Cause::MlpRatioNotRead,
    };
    lengths(spec, &read, term, tower, cost)
        .with(Cause::MlpCoefficient, cost(read.layers, read.tokens))
        .with(cause, 4 * read.layers * read.tokens * read.width * (whole_width - mlp_width))
}

/// From the true depth and length of a tower to those the script takes.
fn lengths(
    spec: &ClipSpec,
    read: &Reading,
    term: &Term,
    tower: Tower,
    cost: impl Fn(Amount, Amount) -> Amount,
) -> Account {
    let account = Account::faithful(term);
    let (layers, tokens, cause) = match tower {
        Tower::Image => (spec.image.encoder.layers, spec.image.tokens(), Cause::ClassTokenLeftOut),
        Tower::Text => (spec.text.encoder.layers, spec.text.context, Cause::TextLengthNotRead),
    };
    let (layers, tokens) = (Amount::from(layers), Amount::from(tokens));
    account
        .with(Cause::TextDepthNotRead, cost(read.layers, tokens) - cost(layers, tokens))
        .with(cause, cost(read.layers, read.tokens) - cost(read.layers, tokens))
}

/// What a term's count has beyond that of an MLP as wide as a whole number.
fn beyond_truncation(spec: &ClipSpec, term: &Term, scope: Scope) -> BigRational {
    match term.tower {
        Some(tower) if scope.runs(tower) && matches!(term.role, Role::Fc1 | Role::Fc2) => {
            let read = Reading::of(spec, tower);
            let (_, fraction) = taken_mlp_width(spec, tower);
            whole(4 * read.layers * read.tokens * read.width) * fraction
        }
        _ => BigRational::zero(),
    }
}

/// The script's `width x ratio` as a whole number and what it differs from that.
fn taken_mlp_width(spec: &ClipSpec, tower: Tower) -> (Amount, BigRational) {
    let taken = mlp_ratio(spec) * whole(Reading::of(spec, tower).width);
    let model = true_mlp_width(spec, tower);
    // The model's own truncation is of a binary product, which may lie on the other side of a
    // whole number: the model's width is the truncated one if it is less than 1 away.
    let truncated = if (&taken - whole(model)).abs() < BigRational::one() {
        model
    } else {
        taken.trunc().to_integer().to_i128().unwrap_or_default()
    };
    (truncated, taken - whole(truncated))
}

fn true_mlp_width(spec: &ClipSpec, tower: Tower) -> Amount {
    match tower {
        Tower::Image => spec.image.encoder.mlp_width.into(),
        Tower::Text => spec.text.encoder.mlp_width.into(),
    }
}

fn mlp_ratio(spec: &ClipSpec) -> BigRational {
    spec.raw.mlp_ratio.clone().unwrap_or_else(|| BigRational::from_integer(MLP_RATIO.into()))
}

fn whole(value: Amount) -> BigRational {
    Ratio::from_integer(value.into())
}

/// The nearest whole number, of two the even one.
fn rounded(value: &BigRational) -> num_bigint::BigInt {
    let floor = value.floor().to_integer();
    let rest = (value - BigRational::from_integer(floor.clone())) * whole(2);
    let odd = (&floor % 2u8) != Zero::zero();
    match rest.cmp(&BigRational::one()) {
        std::cmp::Ordering::Less => floor,
        std::cmp::Ordering::Equal if !odd => floor,
        _ => floor + 1u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_to_even() {
        let half = |numerator: i64| rounded(&BigRational::new(numerator.into(), 2.into()));
        assert_eq!(half(1), 0.into());
        assert_eq!(half(3), 2.into());
        assert_eq!(half(5), 2.into());
        assert_eq!(half(-1), 0.into());
        assert_eq!(rounded(&BigRational::new(26.into(), 10.into())), 3.into());
    }
}
