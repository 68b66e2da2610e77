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
use crate::model::spec::{ClipSpec, Size, Stack};
use crate::model::terms::{Role, Term, Tower};
use crate::units::{Amount, Count};

const TEXT_DEPTH: u64 = 12;
const TEXT_LENGTH: u64 = 77;
const MLP_RATIO: i64 = 4;

/// What the script takes a tower's dimensions to be, beside what they are.
struct Reading<'a> {
    layers: Amount,
    width: Amount,
    tokens: Amount,
    stack: Stack<'a>,
}

impl<'a> Reading<'a> {
    /// None for a tower whose keys are not those of a transformer, or not in the file.
    fn of(spec: &'a ClipSpec, tower: Tower) -> Option<Reading<'a>> {
        if matches!(
            (tower, spec.raw.image_named, spec.raw.text_named),
            (Tower::Image, true, _) | (Tower::Text, _, true)
        ) {
            return None;
        }
        let stack = spec.stack(tower).filter(|stack| stack.encoder.inner_width == stack.encoder.width)?;
        let (layers, tokens) = match tower {
            Tower::Image => (stack.encoder.layers, spec.vit()?.patches()),
            Tower::Text => (spec.raw.text_depth.unwrap_or(TEXT_DEPTH), spec.raw.text_length.unwrap_or(TEXT_LENGTH)),
            Tower::Multimodal => return None,
        };
        let width = stack.encoder.width;
        Some(Reading { layers: layers.into(), width: width.into(), tokens: tokens.into(), stack })
    }

    /// `layers (4 h s^2 + 8 h (h r) s)`
    fn total(&self, ratio: &BigRational) -> BigRational {
        let Reading { layers, width, tokens, .. } = self;
        let attention = whole(4 * width * tokens * tokens);
        let mlp = whole(8 * width * width * tokens) * ratio;
        (attention + mlp) * whole(*layers)
    }
}

pub fn count(spec: &ClipSpec, scope: Scope) -> Option<Count> {
    // The script divides one number by another; it stops at a list of two.
    let square = |size: Size| size.height == size.width;
    if scope.runs(Tower::Image) && spec.vit().is_some_and(|vit| !square(vit.image) || !square(vit.patch)) {
        return None;
    }
    let ratio = mlp_ratio(spec);
    let towers = Tower::ALL.into_iter().filter(|tower| scope.runs(*tower) && spec.has(*tower));
    let parts: Option<Vec<BigRational>> = towers.map(|tower| Some(Reading::of(spec, tower)?.total(&ratio))).collect();
    let exact: BigRational = parts.filter(|parts| !parts.is_empty())?.into_iter().sum();
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
    let read = term.tower.filter(|_| term.in_blocks()).and_then(|tower| Some((tower, Reading::of(spec, tower)?)));
    match (read, term.role) {
        (Some((tower, read)), Role::Scores | Role::Values) => attention_product(&read, term, tower),
        (Some((tower, read)), Role::Fc1 | Role::Fc2) => mlp_product(spec, &read, term, tower),
        (_, role) if term.macs > 0 && term.tower.is_some() => Account::Uncounted(Cause::uncounted(role)),
        _ => Account::faithful(term),
    }
}

/// Of `4 h s^2` a layer, each of the two products has half, as it should: only the lengths differ.
fn attention_product(read: &Reading, term: &Term, tower: Tower) -> Account {
    let cost = |layers: Amount, tokens: Amount| 2 * layers * read.width * tokens * tokens;
    lengths(read, term, tower, cost)
}

/// Of `8 h (h r) s` a layer, each of the two products has half, twice what it should.
fn mlp_product(spec: &ClipSpec, read: &Reading, term: &Term, tower: Tower) -> Account {
    let mlp_width = Amount::from(read.stack.encoder.mlp_width);
    let cost = |layers: Amount, tokens: Amount| 2 * layers * tokens * read.width * mlp_width;
    let (whole_width, _) = taken_mlp_width(spec, read);
    let cause = match tower {
        Tower::Text if spec.raw.mlp_ratio.is_some() => Cause::MlpRatioOfImageOnText,
        _ => Cause::MlpRatioNotRead,
    };
    let true_cost = cost(read.stack.encoder.layers.into(), read.stack.tokens.into());
    lengths(read, term, tower, cost)
        .with(Cause::MlpGateNotRead, true_cost - 2 * term.macs as Amount)
        .with(Cause::MlpCoefficient, cost(read.layers, read.tokens))
        .with(cause, 4 * read.layers * read.tokens * read.width * (whole_width - mlp_width))
}

/// From the true depth and length of a tower to those the script takes.
fn lengths(read: &Reading, term: &Term, tower: Tower, cost: impl Fn(Amount, Amount) -> Amount) -> Account {
    let account = Account::faithful(term);
    let cause = match tower {
        Tower::Image => Cause::ClassTokenLeftOut,
        Tower::Text | Tower::Multimodal => Cause::TextLengthNotRead,
    };
    let (layers, tokens) = (Amount::from(read.stack.encoder.layers), Amount::from(read.stack.tokens));
    account
        .with(Cause::TextDepthNotRead, cost(read.layers, tokens) - cost(layers, tokens))
        .with(cause, cost(read.layers, read.tokens) - cost(read.layers, tokens))
}

/// What a term's count has beyond that of an MLP as wide as a whole number.
fn beyond_truncation(spec: &ClipSpec, term: &Term, scope: Scope) -> BigRational {
    let counted = term.in_blocks() && matches!(term.role, Role::Fc1 | Role::Fc2);
    let tower = term.tower.filter(|tower| counted && scope.runs(*tower));
    match tower.and_then(|tower| Reading::of(spec, tower)) {
        Some(read) => {
            let (_, fraction) = taken_mlp_width(spec, &read);
            whole(4 * read.layers * read.tokens * read.width) * fraction
        }
        None => BigRational::zero(),
    }
}

/// The script's `width x ratio` as a whole number and what it differs from that.
fn taken_mlp_width(spec: &ClipSpec, read: &Reading) -> (Amount, BigRational) {
    let taken = mlp_ratio(spec) * whole(read.width);
    let model = Amount::from(read.stack.encoder.mlp_width);
    // The model's own truncation is of a binary product, which may lie on the other side of a
    // whole number: the model's width is the truncated one if it is less than 1 away.
    let truncated = if (&taken - whole(model)).abs() < BigRational::one() {
        model
    } else {
        taken.trunc().to_integer().to_i128().unwrap_or_default()
    };
    (truncated, taken - whole(truncated))
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
