//! Every convention in every setting, with what its table counts and what it does not.

use serde::Serialize;

use super::rule::Site;
use super::{Convention, Coverage, Method, Weight, all};
use crate::model::spec::Family;
use crate::model::terms::Role;
use crate::units::Unit;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listing {
    pub schema: &'static str,
    pub conventions: Vec<Listed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub name: &'static str,
    pub setting: Option<&'static str>,
    pub unit: Unit,
    /// The tower that the name means without one: image, text, or total for both.
    pub default_tower: &'static str,
    pub description: &'static str,
    /// None where the convention is a formula and no table.
    pub coverage: Option<Covered>,
    pub documented: &'static str,
}

/// A coverage table, read the other way round. A term stands without its tower where both towers
/// are treated alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Covered {
    pub counted: Vec<Weighed>,
    pub not_counted: Vec<String>,
}

/// The terms that count so many of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Weighed {
    pub weight: String,
    pub terms: Vec<String>,
}

pub fn listing() -> Listing {
    Listing { schema: "flopledger.conventions/1", conventions: all().map(listed).collect() }
}

fn listed(convention: &Convention) -> Listed {
    Listed {
        name: convention.name,
        setting: convention.setting,
        unit: convention.unit,
        default_tower: convention.default_scope.name(),
        description: convention.description,
        coverage: match &convention.method {
            Method::Coverage(coverage) => Some(covered(coverage)),
            Method::SeedFormula | Method::Formula(_) => None,
        },
        documented: convention.documented,
    }
}

fn covered(coverage: &Coverage) -> Covered {
    let mut counted: Vec<Weighed> = Vec::new();
    let mut not_counted = Vec::new();
    for (term, weight) in Role::ALL.into_iter().flat_map(|role| weights(coverage, role)) {
        let weight = match weight {
            Weight::Nothing => {
                not_counted.push(term);
                continue;
            }
            weight => weight.to_string(),
        };
        match counted.iter_mut().find(|known| known.weight == weight) {
            Some(known) => known.terms.push(term),
            None => counted.push(Weighed { weight, terms: vec![term] }),
        }
    }
    Covered { counted, not_counted }
}

/// A role's weight, or its weight in each place where they differ.
fn weights(coverage: &Coverage, role: Role) -> Vec<(String, Weight)> {
    let (name, _) = role.describe();
    if role == Role::Logits {
        return vec![(name.into(), coverage.weight_of(Site::JOIN, role))];
    }
    let [clip, eva] = [Family::Clip, Family::Eva].map(|family| coverage.weight_of(Site::image(family), role));
    let text = coverage.weight_of(Site::TEXT, role);
    let text = role.in_text().then_some(text).filter(|_| !coverage.image_only);
    let image = role.in_image().then_some((clip, eva));
    match (image, text) {
        (None, None) => Vec::new(),
        (None, Some(text)) => vec![(format!("text.{name}"), text)],
        (Some((clip, eva)), text) => {
            let own = |place: &str, weight| (format!("{place}.{name}"), weight);
            let mut places = vec![own("image", clip)];
            places.extend((eva != clip).then(|| own("EVA image", eva)));
            places.extend(text.filter(|text| *text != clip || eva != clip).map(|text| own("text", text)));
            if places.len() == 1 && text.is_some() {
                places = vec![(name.into(), clip)];
            }
            places
        }
    }
}
