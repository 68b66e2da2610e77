//! Towers -> terms.

mod blocks;
mod pooling;
mod text;
mod vit;

pub use blocks::{Sequence, attention, blocks, mlp};
pub use pooling::embed;

use super::spec::{ImageTower, TextTower, Vit};
use super::terms::Term;

/// The terms of an image tower that ends in an embedding of this width.
pub fn image(tower: &ImageTower, embed_dim: u64) -> Vec<Term> {
    match tower {
        ImageTower::Vit(vit) => vit::terms(vit, embed_dim),
        ImageTower::Network(network) => network.terms.clone(),
    }
}

/// The terms of a vision transformer that ends in an embedding of this width.
pub fn vit(vit: &Vit, embed_dim: u64) -> Vec<Term> {
    vit::terms(vit, embed_dim)
}

/// The terms of a text tower that ends in an embedding of this width.
pub fn text(tower: &TextTower, embed_dim: u64) -> Vec<Term> {
    text::terms(tower, embed_dim)
}
