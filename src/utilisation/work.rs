//! The FLOPs that one sample costs: those of the model, and those that are executed.

use serde::Serialize;

use crate::convention::Recompute;
use crate::model::ClipSpec;
use crate::model::terms::{Role, Term, Tower, flops, terms};
use crate::units::Count;
use crate::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Forward and backward: 3 times the forward pass
    Train,
    /// The forward pass
    Infer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Towers {
    Both,
    Image,
    Text,
}

/// What was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    pub task: Task,
    pub towers: Towers,
    pub recompute: Recompute,
    /// Tokens that really run, padding included; the model's own where none are given.
    pub image_tokens: Option<u64>,
    pub text_tokens: Option<u64>,
    /// The batch over which the contrastive logits are taken.
    pub logits_batch: Option<u64>,
}

/// FLOPs of one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Work {
    pub forward_image: Count,
    pub forward_text: Count,
    pub forward: Count,
    /// 3 or 1.
    pub factor: u32,
    /// What MFU counts.
    pub model: Count,
    pub tokens_image: Tokens,
    pub tokens_text: Tokens,
    /// What padded tokens add, in all passes.
    pub padding: Count,
    pub logits: Count,
    pub recomputation: Count,
    /// What HFU counts.
    pub executed: Count,
    /// The gradient of the patch embedding with respect to the pixels, which the factor 3 counts and nobody computes.
    pub pixel_gradient: Count,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tokens {
    pub model: u64,
    pub run: u64,
}

impl Work {
    pub fn of(spec: &ClipSpec, setting: &Setting) -> Result<Work> {
        let image_tokens = tokens("--image-tokens", model_tokens(spec, Tower::Image), setting.image_tokens)?;
        let text_tokens = tokens("--text-tokens", model_tokens(spec, Tower::Text), setting.text_tokens)?;
        if setting.task == Task::Infer && setting.recompute != Recompute::None {
            return Err(Error::input("--recompute: inference has no backward pass for which to recompute anything")
                .remedy("leave --recompute out, or give --task train"));
        }
        if setting.logits_batch.is_some() && setting.towers != Towers::Both {
            return Err(Error::input("--logits-batch: logits join both towers").remedy("leave out --towers"));
        }
        let runs = |tower: Tower| match setting.towers {
            Towers::Both => true,
            Towers::Image => tower == Tower::Image,
            Towers::Text => tower == Tower::Text,
        };
        let terms: Vec<Term> = terms(spec).into_iter().filter(|term| term.tower.is_some_and(runs)).collect();
        let of = |tower: Tower| terms.iter().filter(move |term| term.tower == Some(tower));
        let padded = |term: &Term| {
            2 * padded_macs(term, if term.tower == Some(Tower::Image) { image_tokens } else { text_tokens })
        };
        let (forward_image, forward_text) = (flops(of(Tower::Image)), flops(of(Tower::Text)));
        let forward = forward_image + forward_text;
        let run: Count = terms.iter().map(padded).sum();
        let attention: Count =
            terms.iter().filter(|term| matches!(term.role, Role::Scores | Role::Values)).map(padded).sum();
        let factor = match setting.task {
            Task::Train => 3,
            Task::Infer => 1,
        };
        let passes = Count::from(factor);
        // The image against all texts of the batch, and the text against all images.
        let logits =
            setting.logits_batch.map_or(0, |batch| passes * 2 * 2 * Count::from(batch) * Count::from(spec.embed_dim));
        let recomputation = match setting.recompute {
            Recompute::None => 0,
            Recompute::Attention => attention,
            Recompute::Full => run,
        };
        let patches = terms.iter().filter(|term| term.role == Role::PatchEmbed);
        let padding = passes * (run - forward);
        Ok(Work {
            forward_image,
            forward_text,
            forward,
            factor,
            model: passes * forward,
            tokens_image: image_tokens,
            tokens_text: text_tokens,
            padding,
            logits,
            recomputation,
            executed: passes * forward + padding + logits + recomputation,
            pixel_gradient: if setting.task == Task::Train { flops(patches) } else { 0 },
        })
    }
}

/// 0 for a tower that is no transformer, or is not there.
fn model_tokens(spec: &ClipSpec, tower: Tower) -> u64 {
    spec.stack(tower).map_or(0, |stack| stack.tokens)
}

fn tokens(option: &str, model: u64, run: Option<u64>) -> Result<Tokens> {
    /// More would be no padding; and the square of it fits any count.
    const MOST: u64 = 1 << 24;
    let run = run.unwrap_or(model);
    if model == 0 && run > 0 {
        return Err(Error::input(format!("{option} {run}: the model has no transformer there, so no tokens"))
            .remedy(format!("leave {option} out")));
    }
    if run < model || run > MOST {
        return Err(Error::input(format!(
            "{option} {run}: the model has {model} tokens, and padding can only add to them"
        ))
        .remedy(format!("give {model} to {MOST}; for shorter sequences change the configuration")));
    }
    Ok(Tokens { model, run })
}

/// A term's MACs with the tokens that really run. Exact: each scaled dimension is the tokens itself.
fn padded_macs(term: &Term, Tokens { model, run }: Tokens) -> Count {
    let (model, run) = (Count::from(model), Count::from(run));
    match term.role {
        _ if !term.in_blocks() || model == 0 => term.macs,
        Role::Qkv | Role::AttnGate | Role::Out | Role::Fc1 | Role::Fc2 => term.macs / model * run,
        Role::Scores | Role::Values => term.macs / (model * model) * (run * run),
        _ => term.macs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::preset;

    const TRAIN: Setting = Setting {
        task: Task::Train,
        towers: Towers::Both,
        recompute: Recompute::None,
        image_tokens: None,
        text_tokens: None,
        logits_batch: None,
    };

    fn work(model: &str, setting: Setting) -> Work {
        Work::of(&preset(model).unwrap(), &setting).unwrap()
    }

    #[test]
    fn tiny_by_hand() {
        // Image: 10 tokens, width 48, MLP 96, 2 layers, patches of 8 x 8 x 3 on a 3 x 3 grid.
        // A block: qkv 10*144*48, out 10*48*48, two products 2*10*10*48, MLP 2*10*96*48 MACs.
        let spec = preset("tiny").unwrap();
        let block = |t: u128| t * 144 * 48 + t * 48 * 48 + 2 * t * t * 48 + 2 * t * 96 * 48;
        let image = 2 * (9 * 48 * 192 + 2 * block(10) + 48 * 32);
        let text_width = u128::from(spec.text.as_ref().unwrap().encoder.width);
        assert_eq!(text_width, 48);
        let text = 2 * (2 * block(7) + 48 * 32);
        let plain = work("tiny", TRAIN);
        assert_eq!((plain.forward_image, plain.forward_text), (image, text));
        assert_eq!((plain.model, plain.executed), (3 * (image + text), 3 * (image + text)));
        assert_eq!(plain.pixel_gradient, 2 * 9 * 48 * 192);

        let padded = work("tiny", Setting { image_tokens: Some(16), text_tokens: Some(8), ..TRAIN });
        let more = 2 * 2 * (block(16) - block(10)) + 2 * 2 * (block(8) - block(7));
        assert_eq!((padded.model, padded.padding), (3 * (image + text), 3 * more));

        let full = work("tiny", Setting { recompute: Recompute::Full, ..TRAIN });
        assert_eq!(full.executed, 4 * (image + text));
        let selective = work("tiny", Setting { recompute: Recompute::Attention, ..TRAIN });
        assert_eq!(selective.recomputation, 2 * 2 * 2 * (10 * 10 + 7 * 7) * 48);

        let logits = work("tiny", Setting { logits_batch: Some(1000), ..TRAIN });
        assert_eq!(logits.logits, 3 * 2 * 2 * 1000 * 32);
        let image_only = work("tiny", Setting { towers: Towers::Image, task: Task::Infer, ..TRAIN });
        assert_eq!((image_only.model, image_only.forward_text, image_only.pixel_gradient), (image, 0, 0));
    }

    #[test]
    fn nemo_pads_the_giant_to_1793_9_gflops() {
        // The published derivation: 264 image tokens and 80 text tokens.
        let padded = work("ViT-g-14", Setting { image_tokens: Some(264), text_tokens: Some(80), ..TRAIN });
        assert_eq!(padded.forward, 581_154_435_072);
        assert_eq!((padded.executed + 50_000_000) / 100_000_000, 17939);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let spec = preset("tiny").unwrap();
        for setting in [
            Setting { image_tokens: Some(9), ..TRAIN },
            Setting { task: Task::Infer, recompute: Recompute::Full, ..TRAIN },
            Setting { towers: Towers::Image, logits_batch: Some(8), ..TRAIN },
        ] {
            assert_eq!(Work::of(&spec, &setting).unwrap_err().exit_code(), 2);
        }
    }
}
