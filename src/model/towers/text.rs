//! Text transformers.

use super::blocks::{Sequence, blocks};
use super::pooling;
use crate::model::listing::Listing;
use crate::model::spec::*;
use crate::model::terms::{Role, Term, Tower};

pub fn terms(tower: &TextTower, embed_dim: u64) -> Vec<Term> {
    let mut list = Listing::new(Tower::Text);
    let (tokens, width) = (tower.tokens(), tower.encoder.width);
    embedding(&mut list, tower);
    let sequence = Sequence { masked: tower.causal, distances: tower.embedding.distances, ..Sequence::of(tokens) };
    blocks(&mut list, &tower.encoder, sequence);
    if tower.final_norm {
        list.norm(Role::LnPost, (tokens, width), 1, tower.encoder.norm_kind);
    }
    if let Some(wide) = tower.transformed {
        list.product_at("transformation", Role::Linear, (tokens, wide, width), 1);
        list.elements_at("transformation.bias", Role::LinearBias, (tokens, wide), 1);
    }
    let width = tower.width();
    match tower.pooling {
        TextPooling::Argmax | TextPooling::First | TextPooling::Last => {}
        TextPooling::Mean => list.elements(Role::Pool, (tokens, width), 1),
        TextPooling::Pooler => {
            list.product_at("pooler", Role::Linear, (1, width, width), 1);
            list.elements_at("pooler.bias", Role::LinearBias, (1, width), 1);
            list.elements_at("pooler.act", Role::Act, (1, width), 1);
        }
        TextPooling::Attention(pool) => pooling::attention(&mut list, pool, tokens, width),
    }
    pooling::embed(&mut list, tower.projection, width, embed_dim);
    list.into_terms()
}

fn embedding(list: &mut Listing, tower: &TextTower) {
    let (context, tokens, width) = (tower.context, tower.tokens(), tower.encoder.width);
    let Embedding { positions, segments, norm, unused, .. } = tower.embedding;
    list.learnt(Role::TokenEmbed, (context, width), 1, tower.vocab * width);
    if tower.class_token {
        list.learnt(Role::ClassToken, (1, width), 1, width);
    }
    if positions > 0 {
        list.learnt(Role::Position, (tokens, width), 1, positions * width);
    }
    if segments > 0 {
        list.learnt(Role::Segment, (tokens, width), 1, segments * width);
    }
    if norm {
        list.norm(Role::EmbedNorm, (tokens, width), 1, tower.encoder.norm_kind);
    }
    if unused > 0 {
        list.learnt_at("unused", Role::ClassToken, (1, 1), 1, unused);
    }
}
