//! What a model costs: the true count with its terms, and every convention's count.

use serde::Serialize;

use super::{ANALYTIC, Scope, Subject, all};
use crate::model::terms::{Term, Tower, flops};
use crate::model::{ClipSpec, Parameters};
use crate::units::{Count, Unit};

pub const SCHEMA: &str = "flopledger.estimate/1";

/// The analytic counts of one model, for one image and one full-length text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    pub schema: &'static str,
    pub model: String,
    pub dialect: &'static str,
    pub batch: u64,
    pub parameters: Parameters,
    pub flops: TowerFlops,
    pub terms: Vec<Term>,
    pub conventions: Vec<ConventionCount>,
}

/// True FLOPs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TowerFlops {
    pub image: Count,
    pub text: Count,
    pub total: Count,
}

/// What a tool prints; nothing where it cannot run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConventionCount {
    pub name: &'static str,
    pub setting: Option<&'static str>,
    pub unit: Unit,
    pub image: Option<Count>,
    pub text: Option<Count>,
    /// Both towers in one forward pass.
    pub total: Option<Count>,
    pub description: &'static str,
}

pub fn estimate(spec: &ClipSpec) -> Estimate {
    let subject = Subject::new(spec);
    let of = |tower: Tower| flops(subject.tower_terms().iter().filter(|term| term.tower == Some(tower)));
    let (image, text) = (of(Tower::Image), of(Tower::Text));
    let tools = all().filter(|convention| convention.name != ANALYTIC);
    let conventions = tools.map(|convention| ConventionCount {
        name: convention.name,
        setting: convention.setting,
        unit: convention.unit,
        image: convention.count(&subject, Scope::IMAGE),
        text: convention.count(&subject, Scope::TEXT),
        total: convention.count(&subject, Scope::Total),
        description: convention.description,
    });
    Estimate {
        schema: SCHEMA,
        model: spec.name.clone(),
        dialect: spec.dialect,
        batch: 1,
        parameters: subject.parameters(),
        flops: TowerFlops { image, text, total: image + text },
        conventions: conventions.collect(),
        terms: subject.tower_terms().to_vec(),
    }
}
