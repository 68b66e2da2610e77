//! Learnt numbers of a model, per tower.

use serde::Serialize;

use super::spec::ClipSpec;
use super::terms::{Term, Tower};
use crate::units::Count;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Parameters {
    pub image: Count,
    pub text: Count,
    /// Outside both towers: the logit scale and bias, and a third, multimodal part.
    pub other: Count,
    pub total: Count,
}

pub fn parameters(spec: &ClipSpec, terms: &[Term]) -> Parameters {
    let of = |tower: Tower| {
        let terms = terms.iter().filter(|term| term.tower == Some(tower));
        terms.map(|term| term.parameters).sum::<Count>()
    };
    let (image, text) = (of(Tower::Image), of(Tower::Text));
    let other = of(Tower::Multimodal) + Count::from(spec.scalars);
    Parameters { image, text, other, total: image + text + other }
}
