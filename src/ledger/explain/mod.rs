//! The ledger between two counts of one model.

mod difference;
mod proportion;
mod side;

use serde::Serialize;

pub use proportion::{Proportion, Ratio, Row};
pub use side::Side;

use super::{Basis, Entry, Figure, Ledger};
use crate::Result;
use crate::convention::{Cause, Subject};
use crate::model::ClipSpec;
use crate::units::{Amount, Unit};

/// Why two counts of one model differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    pub schema: &'static str,
    pub model: String,
    pub ledger: Ledger,
    pub from: Description,
    pub to: Description,
    /// None where a tower is no plain transformer.
    pub proportion: Option<Proportion>,
}

/// Who counts, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Description {
    pub name: String,
    pub setting: Option<&'static str>,
    pub tower: Option<&'static str>,
    pub description: &'static str,
}

/// The ledger between two counts of a model, and why they stay in proportion.
pub fn explain(spec: &ClipSpec, from: &Side, to: &Side) -> Result<Explanation> {
    let subject = Subject::new(spec);
    Ok(Explanation {
        schema: "flopledger.explain/1",
        model: spec.name.clone(),
        ledger: ledger(&subject, from, to)?,
        from: from.description(),
        to: to.description(),
        proportion: proportion::proportion(&subject, from, to),
    })
}

/// Leads from one count of a model to another.
pub fn ledger(subject: &Subject, from: &Side, to: &Side) -> Result<Ledger> {
    let (opening, closing) = (from.figure(subject)?, to.figure(subject)?);
    let entries = match (from, to) {
        (Side::Count(a), Side::Count(b)) => difference::entries(subject, a, b),
        _ => unit_entry(&opening, &closing).into_iter().collect(),
    };
    Ok(Ledger::close(opening, entries, closing))
}

/// Of a bare number only its unit is known.
fn unit_entry(opening: &Figure, closing: &Figure) -> Option<Entry> {
    let (amount, who) = match (opening.unit, closing.unit) {
        (Unit::Mac, Unit::Flop) => (opening.value as Amount, opening),
        (Unit::Flop, Unit::Mac) => (-(closing.value as Amount), closing),
        _ => return None,
    };
    let cause = Cause::MacOnce;
    let text = cause.text(&who.name);
    Some(Entry { cause: cause.slug(), flops: amount, basis: Basis::Predicted, text, evidence: Vec::new() })
}
