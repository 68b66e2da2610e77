//! What a batch costs, forward and backward, on one of so many ranks.

use serde::Serialize;

use super::Subject;
use crate::model::terms::{Role, Term, flops};
use crate::units::Count;
use crate::{Error, Result};

/// What is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Images, and as many texts, on each rank.
    pub batch: u64,
    pub backward: bool,
    pub recompute: Recompute,
    /// The product of the embeddings, where it is counted.
    pub logits: Option<Logits>,
    /// Ranks whose batches the logits join.
    pub ranks: u64,
}

/// What is computed once more on the way back, to be kept in no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Recompute {
    None,
    /// The products of queries, keys and values ("selective")
    Attention,
    /// The whole forward pass: 4 times it instead of 3
    Full,
}

/// How the contrastive loss compares the embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Logits {
    /// Each rank its own images with all texts, and its own texts with all images.
    Local,
    /// Each rank all images with all texts.
    Global,
}

/// FLOPs of one step on one rank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchStep {
    pub batch: u64,
    pub ranks: u64,
    pub forward: Count,
    /// Gradients of the inputs and of the weights: twice the forward pass, but for the pixels,
    /// whose gradient nobody computes.
    pub backward: Count,
    /// What twice the forward pass has more than that.
    pub pixel_gradient: Count,
    pub logits_loss: Option<Logits>,
    /// Forward, and backward where that is run.
    pub logits: Count,
    pub recompute: Recompute,
    pub recomputation: Count,
    /// forward + backward + logits: what the model needs.
    pub model: Count,
    /// With the recomputation: what the hardware does.
    pub hardware: Count,
    /// 3 x forward, as MFU is usually reckoned; the forward pass alone without a backward one.
    pub reckoned: Count,
}

/// The largest batch and number of ranks: no count overflows below it.
pub const MOST: u64 = 1 << 24;

/// Refuses a batch, or a number of ranks, above [`MOST`].
pub fn possible(key: &str, number: u64) -> Result<()> {
    if (1..=MOST).contains(&number) {
        return Ok(());
    }
    Err(Error::input(format!("{key}: {number} is not possible here"))
        .remedy(format!("give a whole number from 1 to {MOST}")))
}

pub fn step(subject: &Subject, setting: &Setting) -> Result<BatchStep> {
    let Setting { batch, backward, recompute, logits, ranks } = *setting;
    possible("batch", batch)?;
    possible("ranks", ranks)?;
    if !backward && recompute != Recompute::None {
        return Err(Error::input("--recompute: without a backward pass nothing is computed once more")
            .remedy("add --backward, or leave --recompute out"));
    }
    if logits.is_some() && subject.terms().len() == subject.tower_terms().len() {
        return Err(Error::input(format!("--logits: {} has one tower, and logits compare two", subject.spec.name))
            .remedy("leave --logits out"));
    }
    let rows = Count::from(batch);
    let terms = subject.tower_terms();
    let of = |role: Role| rows * flops(terms.iter().filter(|term| term.role == role));
    let forward = rows * flops(terms);
    let pixel_gradient = if backward { of(Role::PatchEmbed) } else { 0 };
    let gradients = if backward { 2 * forward - pixel_gradient } else { 0 };
    let passes = if backward { 3 } else { 1 };
    let logits_flops = logits.map_or(0, |logits| passes * contrastive(subject, logits, rows, Count::from(ranks)));
    let recomputation = match recompute {
        Recompute::None => 0,
        Recompute::Attention => rows * flops(terms.iter().filter(|term| attention(term))),
        Recompute::Full => forward,
    };
    let model = forward + gradients + logits_flops;
    Ok(BatchStep {
        batch,
        ranks,
        forward,
        backward: gradients,
        pixel_gradient,
        logits_loss: logits,
        logits: logits_flops,
        recompute,
        recomputation,
        model,
        hardware: model + recomputation,
        reckoned: passes * forward,
    })
}

fn attention(term: &Term) -> bool {
    matches!(term.role, Role::Scores | Role::Values)
}

fn contrastive(subject: &Subject, logits: Logits, batch: Count, ranks: Count) -> Count {
    let (all, width) = (batch * ranks, Count::from(subject.spec.embed_dim));
    match logits {
        Logits::Local => 2 * (2 * batch * all * width),
        Logits::Global => 2 * all * all * width,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::preset;

    const PLAIN: Setting = Setting { batch: 1, backward: false, recompute: Recompute::None, logits: None, ranks: 1 };

    #[test]
    fn tiny_by_hand() {
        let spec = preset("tiny").unwrap();
        let subject = Subject::new(&spec);
        // 9 patches of 8 x 8 x 3 into 48; an embedding of 32.
        let (forward, pixels) = (flops(subject.tower_terms()), 2 * 9 * 48 * 192);
        let train = Setting { batch: 5, backward: true, recompute: Recompute::Full, ..PLAIN };
        let found = step(&subject, &train).unwrap();
        assert_eq!((found.forward, found.backward), (5 * forward, 5 * (2 * forward - pixels)));
        assert_eq!((found.hardware - found.model, found.reckoned), (5 * forward, 15 * forward));
        // 2 layers of 10 and 7 tokens of width 48.
        let selective = step(&subject, &Setting { recompute: Recompute::Attention, ..train }).unwrap();
        assert_eq!(selective.recomputation, 5 * 2 * 2 * 2 * (10 * 10 + 7 * 7) * 48);
        let logits = |logits, ranks| step(&subject, &Setting { logits: Some(logits), ranks, ..train }).unwrap().logits;
        assert_eq!(logits(Logits::Local, 4), 3 * 2 * 2 * 5 * 20 * 32);
        assert_eq!(logits(Logits::Global, 4), 3 * 2 * 20 * 20 * 32);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let spec = preset("tiny").unwrap();
        let subject = Subject::new(&spec);
        let without_backward = Setting { recompute: Recompute::Full, ..PLAIN };
        for setting in [without_backward, Setting { batch: 0, ..PLAIN }, Setting { ranks: MOST + 1, ..PLAIN }] {
            assert_eq!(step(&subject, &setting).unwrap_err().exit_code(), 2);
        }
    }
}
