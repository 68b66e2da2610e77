//! The dimensions of a CLIP model, typed: everything that its cost and its parameters depend on,
//! and all that an implementation needs to run it.

mod encoder;
mod image;
mod text;

use num_rational::BigRational;

pub use encoder::*;
pub use image::*;
pub use text::*;

use super::terms::{Term, Tower};

/// A CLIP model: an image tower and a text tower that end in one embedding space, or one of them.
///
/// A value of this type has passed [`super::limits`]: no dimension is 0, every product of
/// dimensions fits a [`crate::units::Count`], and the heads divide the width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipSpec {
    /// A preset's name, or the path of the file as the user gave it.
    pub name: String,
    /// The dialect the configuration is written in, e.g. `huggingface`.
    pub dialect: &'static str,
    pub image: Option<ImageTower>,
    pub text: Option<TextTower>,
    /// A third part that works on what both towers give, as CoCa's decoder.
    pub multimodal: Option<Network>,
    /// Width of the embedding that the towers end in.
    pub embed_dim: u64,
    /// Learnt numbers outside all towers: the logit scale, and the logit bias of SigLIP.
    pub scalars: u64,
    /// What the file does not tell, or tells and nobody reads: each a sentence for the user.
    pub notes: Vec<String>,
    /// What a program that reads the file's keys literally finds there.
    pub raw: RawKeys,
}

/// A tower, or a part of a model, of which nothing is known but its operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its architecture, e.g. `ModifiedResNet`.
    pub name: &'static str,
    pub terms: Vec<Term>,
    /// What the count takes for granted: a sentence for the user.
    pub note: Option<&'static str>,
}

impl Network {
    pub const fn new(name: &'static str, terms: Vec<Term>) -> Network {
        Network { name, terms, note: None }
    }
}

/// Height and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub height: u64,
    pub width: u64,
}

impl Size {
    pub const fn square(side: u64) -> Size {
        Size { height: side, width: side }
    }

    pub const fn area(self) -> u64 {
        self.height * self.width
    }
}

/// Keys as the file has them, for conventions that read the file and not the model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawKeys {
    /// `num_hidden_layers`, else `num_layers`, of the text section.
    pub text_depth: Option<u64>,
    /// `context_length`, else `max_position_embeddings`, of the text section.
    pub text_length: Option<u64>,
    /// `mlp_ratio` of the image section, exactly the decimal number in the file.
    pub mlp_ratio: Option<BigRational>,
    /// The image tower is named, so its section has no dimensions.
    pub image_named: bool,
    /// The same of the text tower.
    pub text_named: bool,
}

impl ClipSpec {
    pub fn has(&self, tower: Tower) -> bool {
        match tower {
            Tower::Image => self.image.is_some(),
            Tower::Text => self.text.is_some(),
            Tower::Multimodal => self.multimodal.is_some(),
        }
    }

    /// The image tower, where it is a vision transformer.
    pub fn vit(&self) -> Option<&Vit> {
        match self.image.as_ref()? {
            ImageTower::Vit(vit) => Some(vit),
            ImageTower::Network(_) => None,
        }
    }

    /// The image tower, where it is another network.
    pub fn network(&self) -> Option<&Network> {
        match self.image.as_ref()? {
            ImageTower::Network(network) => Some(network),
            ImageTower::Vit(_) => None,
        }
    }

    /// The stack of blocks of a tower and the tokens that go through it, where it is a plain
    /// transformer.
    pub fn stack(&self, tower: Tower) -> Option<Stack<'_>> {
        match tower {
            Tower::Image => self.vit().map(|vit| Stack { tokens: vit.tokens(), encoder: &vit.encoder }),
            Tower::Text => self.text.as_ref().map(|text| Stack { tokens: text.tokens(), encoder: &text.encoder }),
            Tower::Multimodal => None,
        }
    }

    /// Code with which the image tower is run.
    pub fn family(&self) -> Family {
        match &self.image {
            Some(ImageTower::Vit(vit)) => vit.family,
            Some(ImageTower::Network(_)) => Family::Network,
            None => Family::Clip,
        }
    }
}

/// Blocks and the tokens that go through them.
#[derive(Debug, Clone, Copy)]
pub struct Stack<'a> {
    pub tokens: u64,
    pub encoder: &'a Encoder,
}
