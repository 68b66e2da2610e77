//! Two results of `estimate`.

use serde::Deserialize;

use super::{Change, Compared, Part, Parts, Sides};
use crate::ledger::Basis;
use crate::units::{Amount, Count, grouped};

/// What of a saved estimate is compared.
#[derive(Debug, Clone, Deserialize)]
pub struct Estimated {
    model: String,
    dialect: String,
    flops: Flops,
    parameters: Parameters,
    terms: Vec<Term>,
    conventions: Vec<Convention>,
}

#[derive(Debug, Clone, Deserialize)]
struct Flops {
    total: Count,
}

#[derive(Debug, Clone, Deserialize)]
struct Parameters {
    total: Count,
}

#[derive(Debug, Clone, Deserialize)]
struct Term {
    path: String,
    macs: Count,
}

#[derive(Debug, Clone, Deserialize)]
struct Convention {
    name: String,
    setting: Option<String>,
    total: Option<Count>,
}

pub fn compare(sides: &Sides<Estimated>) -> Compared {
    let mut changes = vec![
        sides.change("model", |estimate| estimate.model.clone()),
        sides.change("dialect", |estimate| estimate.dialect.clone()),
        sides.change("parameters", |estimate| grouped(estimate.parameters.total as Amount)),
    ];
    let [from, to] = sides.results;
    changes.extend(from.conventions.iter().filter_map(|counted| {
        let same = |other: &&Convention| other.name == counted.name && other.setting == counted.setting;
        let other = to.conventions.iter().find(same)?;
        let prints = |count: Option<Count>| count.map_or_else(|| "nothing".into(), |count| grouped(count as Amount));
        let setting = counted.setting.as_ref().map_or_else(String::new, |setting| format!("@{setting}"));
        let what = format!("what {}{setting} prints", counted.name);
        Some(Change { what, from: prints(counted.total), to: prints(other.total) })
    }));
    let breakdown = sides.breakdown(
        "term",
        |estimate| estimate.flops.total,
        |estimate| {
            let mut parts = Parts::new();
            for Term { path, macs } in &estimate.terms {
                let new = Part { flops: 0, basis: Basis::Predicted, text: path.clone() };
                parts.entry(path.clone()).or_insert(new).flops += 2 * *macs as Amount;
            }
            parts
        },
    );
    (crate::convention::SCHEMA, changes, vec![breakdown])
}
