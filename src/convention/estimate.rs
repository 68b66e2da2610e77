//! What a model costs: the true count with its terms, and every convention's count.

use serde::Serialize;

use super::{
    ANALYTIC, BatchStep, Convention, Elementwise, Recompute, Scope, Setting, Subject, all, elementwise, possible, step,
};
use crate::Result;
use crate::model::terms::{Term, Tower, flops};
use crate::model::{ClipSpec, Parameters};
use crate::units::{Count, Unit};

pub const SCHEMA: &str = "flopledger.estimate/1";

/// The analytic counts of one model, for a batch of images and of full-length texts; its terms are
/// those of one image and one text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    pub schema: &'static str,
    pub model: String,
    pub dialect: &'static str,
    pub batch: u64,
    pub parameters: Parameters,
    pub flops: TowerFlops,
    /// What the file does not tell, or tells and nobody reads.
    pub notes: Vec<String>,
    /// A batch, forward and backward, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<BatchStep>,
    /// Element-wise work, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elementwise: Option<Elementwise>,
    pub terms: Vec<Term>,
    pub conventions: Vec<ConventionCount>,
}

/// True FLOPs; none for a tower that the model does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TowerFlops {
    pub image: Option<Count>,
    pub text: Option<Count>,
    /// Of a third part that works on the outputs of both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multimodal: Option<Count>,
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

/// What is counted beside one forward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    pub batch: u64,
    /// The batch as a step, with what it has beside the forward pass.
    pub step: Option<Setting>,
    pub elementwise: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { batch: 1, step: None, elementwise: false }
    }
}

impl Options {
    /// A step is told of where more is asked for than one example's forward pass.
    pub fn new(setting: Setting, elementwise: bool) -> Options {
        let Setting { batch, backward, recompute, logits, .. } = setting;
        let asked = batch > 1 || backward || recompute != Recompute::None || logits.is_some();
        Options { batch, step: asked.then_some(setting), elementwise }
    }
}

/// The counts for one image and one full-length text.
pub fn estimate(spec: &ClipSpec) -> Estimate {
    let subject = Subject::new(spec);
    counted(&subject, 1)
}

/// The counts of a batch, and what else was asked for.
///
/// # Errors
///
/// A batch or ranks above [`super::MOST`], recomputation without a backward pass, or logits of a
/// model with one tower.
pub fn estimate_with(spec: &ClipSpec, options: &Options) -> Result<Estimate> {
    possible("batch", options.batch)?;
    let subject = Subject::new(spec);
    Ok(Estimate {
        step: options.step.as_ref().map(|setting| step(&subject, setting)).transpose()?,
        elementwise: options.elementwise.then(|| elementwise(&subject)),
        ..counted(&subject, options.batch)
    })
}

fn counted(subject: &Subject, batch: u64) -> Estimate {
    let spec = subject.spec;
    let rows = Count::from(batch);
    let of = |tower: Tower| {
        let terms = subject.tower_terms().iter().filter(|term| term.tower == Some(tower));
        spec.has(tower).then(|| rows * flops(terms))
    };
    let tools = all().filter(|convention| convention.name != ANALYTIC);
    let conventions = tools.map(|convention| {
        let scopes = [Scope::IMAGE, Scope::TEXT, Scope::Total];
        let [image, text, total] = convention.batch_counts(subject, scopes, rows);
        let Convention { name, setting, unit, description, .. } = *convention;
        ConventionCount { name, setting, unit, image, text, total, description }
    });
    Estimate {
        schema: SCHEMA,
        model: spec.name.clone(),
        dialect: spec.dialect,
        batch,
        parameters: subject.parameters(),
        flops: TowerFlops {
            image: of(Tower::Image),
            text: of(Tower::Text),
            multimodal: of(Tower::Multimodal),
            total: rows * flops(subject.tower_terms()),
        },
        notes: spec.notes.clone(),
        step: None,
        elementwise: None,
        conventions: conventions.collect(),
        terms: subject.tower_terms().to_vec(),
    }
}
