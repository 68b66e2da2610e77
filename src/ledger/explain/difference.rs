//! The entries between two conventions: the difference of their accounts, term by term, gathered
//! by cause.

use std::collections::BTreeMap;

use crate::convention::{Account, Cause, CountName, Subject};
use crate::ledger::{Basis, Entry, Evidence};
use crate::units::Amount;

/// What one cause moves, and by whose doing.
#[derive(Default)]
struct Moved {
    by_from: bool,
    by_to: bool,
    evidence: Vec<Evidence>,
}

pub fn entries(subject: &Subject, from: &CountName, to: &CountName) -> Vec<Entry> {
    let mut causes: BTreeMap<Cause, Moved> = BTreeMap::new();
    let accounts = |count: &CountName| count.convention.accounts(subject, count.scope);
    for ((term, a), b) in subject.terms().iter().zip(accounts(from)).zip(accounts(to)) {
        for (cause, (less, more)) in steps(&a, &b) {
            if less == more {
                continue;
            }
            let moved = causes.entry(cause).or_default();
            moved.by_from |= less != 0;
            moved.by_to |= more != 0;
            moved.evidence.push(Evidence { what: term.path.clone(), flops: more - less });
        }
    }
    causes.into_iter().map(|(cause, moved)| entry(cause, moved, from, to)).collect()
}

/// Per cause, what it does to the term in the one account and what in the other.
fn steps(from: &Account, to: &Account) -> BTreeMap<Cause, (Amount, Amount)> {
    let mut steps: BTreeMap<Cause, (Amount, Amount)> = BTreeMap::new();
    match (from, to) {
        (Account::Uncounted(_), Account::Uncounted(_)) => {}
        // Where one side counts nothing, that is the whole of the difference: how the other side
        // counts the term does not matter.
        (Account::Uncounted(cause), counted) => {
            steps.insert(*cause, (-counted.value(), 0));
        }
        (counted, Account::Uncounted(cause)) => {
            steps.insert(*cause, (0, -counted.value()));
        }
        (Account::Counted { steps: less, .. }, Account::Counted { steps: more, .. }) => {
            for step in less {
                steps.entry(step.cause).or_default().0 += step.amount;
            }
            for step in more {
                steps.entry(step.cause).or_default().1 += step.amount;
            }
        }
    }
    steps
}

fn entry(cause: Cause, moved: Moved, from: &CountName, to: &CountName) -> Entry {
    let who = match (moved.by_from, moved.by_to) {
        (true, true) => format!("{from} and, otherwise, by {to}"),
        (true, false) => from.to_string(),
        _ => to.to_string(),
    };
    Entry {
        cause: cause.slug(),
        flops: moved.evidence.iter().map(|evidence| evidence.flops).sum(),
        basis: Basis::Predicted,
        text: cause.text(&who),
        evidence: moved.evidence,
    }
}
