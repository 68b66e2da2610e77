//! timm's vision transformers with relative positions: in each block, a small MLP of the distance
//! between two patches makes a number that each head adds to its scores.

use crate::model::listing::Listing;
use crate::model::spec::{Network, Vit};
use crate::model::terms::{Role, Tower};
use crate::model::towers;

/// The tower with its distances, whose MLP is so wide.
pub fn with_distances(vit: &Vit, hidden: u64, embed_dim: u64) -> Network {
    let mut list = Listing::new(Tower::Image);
    let (grid, heads, layers) = (vit.grid(), vit.encoder.heads, vit.encoder.layers);
    let distances = (2 * grid.height - 1) * (2 * grid.width - 1);
    list.under("blocks.attn.distance", |list| {
        list.product_at("fc1", Role::Linear, (distances, hidden, 2), layers);
        list.elements_at("fc1.bias", Role::LinearBias, (distances, hidden), layers);
        list.elements_at("act", Role::Act, (distances, hidden), layers);
        list.product_at("fc2", Role::Linear, (distances, heads, hidden), layers);
        list.elements_at("fc2.bias", Role::LinearBias, (distances, heads), layers);
    });
    list.learnt(Role::Distance, (heads * vit.tokens(), vit.tokens()), layers, 0);
    let mut terms = towers::vit(vit, embed_dim);
    let added = terms.iter().position(|term| term.role == Role::Softmax).unwrap_or(terms.len());
    terms.splice(added..added, list.into_terms());
    Network::new("ViT with relative positions", terms)
}
