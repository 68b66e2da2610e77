//! Two results of one subcommand: what changed, and why. Each way of taking the totals apart is a ledger between
//! them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Basis, Entry, Evidence, Figure, Ledger};
use crate::units::{Amount, Count, Unit, grouped};
use crate::{Error, Result};

mod estimate;
mod reconcile;
mod run;

pub use estimate::Estimated;
pub use reconcile::Reconciled;

use crate::counter::RunResult;

pub const SCHEMA: &str = "flopledger.diff/1";

/// A result with the name that it goes by: of its file.
#[derive(Debug, Clone)]
pub struct Named<T> {
    pub name: String,
    pub result: T,
}

/// A result that can be compared with another of its kind.
#[derive(Debug)]
pub enum Saved {
    Run(Box<RunResult>),
    Reconcile(Box<Reconciled>),
    Estimate(Box<Estimated>),
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub schema: &'static str,
    /// Schema of both results.
    pub of: &'static str,
    pub from: String,
    pub to: String,
    /// What was not the same when they were made, machine, counter and command among it.
    pub changes: Vec<Change>,
    pub breakdowns: Vec<Breakdown>,
}

/// A circumstance as each result tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub what: String,
    pub from: String,
    pub to: String,
}

/// The ledger between the totals, by one kind of part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Breakdown {
    /// `cause`, `operator`, `instruction`, `function`, `term`, `precision` or `convention`.
    pub by: &'static str,
    pub ledger: Ledger,
}

/// The ledgers from one result to the other.
pub fn difference(from: &Named<Saved>, to: &Named<Saved>) -> Result<Difference> {
    let (of, changes, breakdowns) = match (&from.result, &to.result) {
        (Saved::Run(a), Saved::Run(b)) => run::compare(&Sides::of(from, to, &**a, &**b))?,
        (Saved::Reconcile(a), Saved::Reconcile(b)) => reconcile::compare(&Sides::of(from, to, &**a, &**b)),
        (Saved::Estimate(a), Saved::Estimate(b)) => estimate::compare(&Sides::of(from, to, &**a, &**b)),
        (a, b) => {
            let (from, to) = (&from.name, &to.name);
            return Err(Error::input(format!("{from} is of `{}` and {to} of `{}`", a.subcommand(), b.subcommand()))
                .remedy("compare two results of the same subcommand"));
        }
    };
    let changes = changes.into_iter().filter(|change| change.from != change.to).collect();
    Ok(Difference { schema: SCHEMA, of, from: from.name.clone(), to: to.name.clone(), changes, breakdowns })
}

impl Saved {
    fn subcommand(&self) -> &'static str {
        match self {
            Saved::Run(_) => "run",
            Saved::Reconcile(_) => "reconcile",
            Saved::Estimate(_) => "estimate",
        }
    }
}

/// What each comparison makes of two results: their schema, what was not the same, and the ledgers.
type Compared = (&'static str, Vec<Change>, Vec<Breakdown>);

/// Both results, and the names of their files.
struct Sides<'a, T> {
    names: [&'a str; 2],
    results: [&'a T; 2],
}

/// A part of a total.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    flops: Amount,
    basis: Basis,
    text: String,
}

/// Parts by what makes them the same in both results.
type Parts = BTreeMap<String, Part>;

impl<'a, T> Sides<'a, T> {
    fn of<S>(from: &'a Named<S>, to: &'a Named<S>, a: &'a T, b: &'a T) -> Sides<'a, T> {
        Sides { names: [&from.name, &to.name], results: [a, b] }
    }

    fn change(&self, what: &str, tell: impl Fn(&T) -> String) -> Change {
        let [from, to] = self.results.map(tell);
        Change { what: what.into(), from, to }
    }

    /// One entry a part that changed, most first.
    fn breakdown(&self, by: &'static str, total: impl Fn(&T) -> Count, parts: impl Fn(&T) -> Parts) -> Breakdown {
        let [opening, closing] = [0, 1].map(|side| Figure {
            name: self.names[side].to_owned(),
            value: total(self.results[side]),
            unit: Unit::Flop,
        });
        let [from, to] = self.results.map(parts);
        let mut entries: Vec<Entry> =
            keys(&from, &to).filter_map(|key| entry(by, from.get(key), to.get(key))).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.flops.unsigned_abs()));
        Breakdown { by, ledger: Ledger::close(opening, fold(by, entries), closing) }
    }
}

fn keys<'a>(from: &'a Parts, to: &'a Parts) -> impl Iterator<Item = &'a String> {
    from.keys().chain(to.keys().filter(|key| !from.contains_key(*key)))
}

fn entry(by: &'static str, from: Option<&Part>, to: Option<&Part>) -> Option<Entry> {
    let (Part { basis, text, .. }, how) = match (from, to) {
        (Some(from), Some(to)) => (to, format!("{} -> {}", grouped(from.flops), grouped(to.flops))),
        (Some(from), None) => (from, "in the first only".to_owned()),
        (None, Some(to)) => (to, "in the second only".to_owned()),
        (None, None) => return None,
    };
    let flops = |part: Option<&Part>| part.map_or(0, |part| part.flops);
    let text = format!("{text}: {how}");
    Some(Entry { cause: by.into(), flops: flops(to) - flops(from), basis: *basis, text, evidence: Vec::new() })
}

/// Many small parts become one entry, which has each of them as its evidence.
fn fold(by: &'static str, mut entries: Vec<Entry>) -> Vec<Entry> {
    const MOST: usize = 24;
    entries.retain(|entry| entry.flops != 0);
    if entries.len() <= MOST {
        return entries;
    }
    let rest = entries.split_off(MOST);
    let number = rest.len();
    // What adds up to 0 would be left out of the ledger, and its evidence with it; it explains nothing then.
    let flops = rest.iter().map(|entry| entry.flops).sum();
    let basis =
        if rest.iter().all(|entry| entry.basis == Basis::Predicted) { Basis::Predicted } else { Basis::Measured };
    let evidence = rest.into_iter().map(|entry| Evidence { what: entry.text, flops: entry.flops }).collect();
    entries.push(Entry {
        cause: by.into(),
        flops,
        basis,
        text: format!("{number} more, each of them smaller"),
        evidence,
    });
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(parts: &[(&str, Amount)]) -> Parts {
        let part = |(key, flops): &(&str, Amount)| {
            (key.to_string(), Part { flops: *flops, basis: Basis::Measured, text: key.to_string() })
        };
        parts.iter().map(part).collect()
    }

    fn total(parts: &Parts) -> Count {
        parts.values().map(|part| part.flops).sum::<Amount>() as Count
    }

    fn breakdown(from: &Parts, to: &Parts) -> Ledger {
        let sides = Sides { names: ["a", "b"], results: [from, to] };
        sides.breakdown("function", total, Parts::clone).ledger
    }

    #[test]
    fn parts_lead_from_total_to_total() {
        let ledger = breakdown(
            &parts(&[("same", 5), ("grown", 10), ("gone", 7)]),
            &parts(&[("same", 5), ("grown", 30), ("new", 1)]),
        );
        let seen: Vec<_> = ledger.entries.iter().map(|entry| (entry.text.as_str(), entry.flops)).collect();
        assert_eq!(seen, [("grown: 10 -> 30", 20), ("gone: in the first only", -7), ("new: in the second only", 1)]);
        assert_eq!((ledger.opening.value, ledger.closing.value, ledger.residual), (22, 36, 0));
    }

    #[test]
    fn many_small_parts_are_folded_and_none_is_lost() {
        let names: Vec<String> = (0..40).map(|number| format!("f{number:02}")).collect();
        let many: Vec<(&str, Amount)> = names.iter().zip(1..).map(|(name, flops)| (name.as_str(), flops)).collect();
        let ledger = breakdown(&parts(&[]), &parts(&many));
        assert_eq!((ledger.entries.len(), ledger.residual), (25, 0));
        let last = ledger.entries.last().expect("the rest");
        // 1 to 16.
        assert_eq!((last.evidence.len(), last.flops), (16, 136));
    }

    /// What a total has and no part of it is the residual.
    #[test]
    fn what_no_part_has_is_the_residual() {
        let (from, to) = (parts(&[("a", 5)]), parts(&[("a", 6)]));
        let sides = Sides { names: ["a", "b"], results: [&from, &to] };
        let ledger = sides.breakdown("function", |parts| 10 * total(parts), Parts::clone).ledger;
        assert_eq!((ledger.entries[0].flops, ledger.residual), (1, 9));
    }
}
