//! One line on how a count comes to its number, from its convention's description and causes.

use std::collections::BTreeSet;

use super::candidates::{Candidate, Examples, Reading};
use crate::convention::{Account, Cause, Scope};
use crate::model::terms::Tower;

pub fn reason(candidate: &Candidate) -> String {
    let convention = candidate.count.convention;
    let part = match candidate.count.scope {
        Scope::Tower(Tower::Image) => "image tower only",
        Scope::Tower(Tower::Text) => "text tower only",
        Scope::Tower(Tower::Multimodal) => "multimodal part only",
        Scope::Total => "both towers",
    };
    let examples = match candidate.examples {
        Examples::Batch(1) => String::new(),
        Examples::Batch(batch) if candidate.count.scope == Scope::IMAGE => {
            format!(", batch of {batch}, or {batch} frames")
        }
        Examples::Batch(batch) => format!(", batch of {batch}"),
        Examples::Frames(frames) => format!(", {frames} frames of one video"),
        Examples::Samples { samples, passes: 1 } => format!(", {samples} samples"),
        Examples::Samples { samples, passes } => format!(", {samples} samples, {passes} x each with the gradients"),
    };
    let token = if candidate.class_token { "" } else { ", the class token left out" };
    let reading = match candidate.reading {
        Reading::Printed => "",
        Reading::Doubled => ", its MACs doubled into FLOPs",
        Reading::Halved => ", its FLOPs halved into MACs",
    };
    let causes = match causes(candidate).as_slice() {
        [] => String::new(),
        causes => format!(" ({})", causes.join(", ")),
    };
    format!("{}, {part}{token}{examples}{reading}: {}{causes}", convention.name, convention.description)
}

/// What sets the count apart from the true one of the same tower, by the causes' own names. The
/// unit stands beside the number.
fn causes(candidate: &Candidate) -> Vec<String> {
    let count = candidate.count;
    let mut causes: BTreeSet<Cause> = BTreeSet::new();
    for account in count.convention.accounts(candidate.subject, count.scope) {
        match account {
            Account::Uncounted(cause) => causes.extend([cause]),
            Account::Counted { steps, .. } => causes.extend(steps.iter().map(|step| step.cause)),
        }
    }
    let said = |cause: &Cause| !matches!(cause, Cause::MacOnce | Cause::TowerNotRun(_));
    causes.into_iter().filter(said).map(|cause| cause.slug().replace('-', " ")).collect()
}
