//! Pooling of a grid by attention, as CLIP's own ResNet has it, and timm after it.

use crate::model::listing::Listing;
use crate::model::terms::Role;

#[derive(Clone, Copy)]
pub struct AttentionPool {
    pub width: u64,
    pub heads: u64,
    pub positions: Positions,
}

#[derive(Clone, Copy)]
pub enum Positions {
    /// From a table for a grid of so many.
    Learnt { table: u64 },
    /// Queries and keys are turned.
    Rotary,
}

impl AttentionPool {
    /// The mean of all positions is a token before them; every token is a query, though only the
    /// first one's output is used.
    pub fn list(self, list: &mut Listing, positions: u64, embed_dim: u64) {
        let AttentionPool { width, heads, .. } = self;
        let (tokens, head) = (positions + 1, width / heads);
        let all = (tokens, width);
        list.elements_at("pool.mean", Role::Pool, (positions, width), 1);
        if let Positions::Learnt { table } = self.positions {
            list.learnt_at("pool.position", Role::Position, all, 1, (table + 1) * width);
        }
        list.product_at("pool.attn.qkv", Role::Qkv, (tokens, 3 * width, width), 1);
        list.elements_at("pool.attn.qkv.bias", Role::QkvBias, (tokens, 3 * width), 1);
        if let Positions::Rotary = self.positions {
            list.elements_at("pool.attn.rotary", Role::Rotary, (positions, 2 * width), 1);
        }
        list.elements_at("pool.attn.scale", Role::AttnScale, all, 1);
        list.product_at("pool.attn.qk", Role::Scores, (tokens, tokens, head), heads);
        list.elements_at("pool.attn.softmax", Role::Softmax, (heads * tokens, tokens), 1);
        list.product_at("pool.attn.av", Role::Values, (tokens, head, tokens), heads);
        list.product_at("pool.attn.out", Role::Out, (tokens, embed_dim, width), 1);
        list.elements_at("pool.attn.out.bias", Role::OutBias, (tokens, embed_dim), 1);
    }
}
