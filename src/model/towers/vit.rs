//! Vision transformers.

use super::blocks::{Sequence, blocks};
use super::pooling;
use crate::model::listing::Listing;
use crate::model::spec::*;
use crate::model::terms::{Role, Term, Tower};

pub fn terms(tower: &Vit, embed_dim: u64) -> Vec<Term> {
    let mut list = Listing::new(Tower::Image);
    let (patches, tokens, width) = (tower.patches(), tower.tokens(), tower.encoder.width);
    let kernel = tower.channels * tower.patch.area();
    let embed = if tower.patch_linear { Role::Linear } else { Role::PatchEmbed };
    list.product_at("patch_embed", embed, (patches, width, kernel), 1);
    if tower.patch_bias {
        list.elements(Role::PatchBias, (patches, width), 1);
    }
    if tower.prefix > 0 {
        list.learnt(Role::ClassToken, (tower.prefix, width), 1, tower.prefix * width);
    }
    match tower.positions {
        Positions::All => list.learnt(Role::Position, (tokens, width), 1, tokens * width),
        Positions::Patches { table } => list.learnt(Role::Position, (patches, width), 1, table * width),
        Positions::None => {}
    }
    if tower.ln_pre {
        list.norm(Role::LnPre, (tokens, width), 1, tower.encoder.norm_kind);
    }
    blocks(&mut list, &tower.encoder, Sequence::of(tokens));
    if let ImagePooling::Queries(pool) = tower.pooling {
        pooling::queries(&mut list, pool, tokens, width, embed_dim);
        pooling::embed(&mut list, tower.projection, embed_dim, embed_dim);
        return list.into_terms();
    }
    if tower.ln_post == NormSpan::AllTokens {
        list.norm(Role::LnPost, (tokens, width), 1, tower.encoder.norm_kind);
    }
    match tower.pooling {
        ImagePooling::ClassToken | ImagePooling::Queries(_) => {}
        ImagePooling::AveragePatches => list.elements(Role::Pool, (patches, width), 1),
        ImagePooling::Attention(pool) => {
            let attended = if pool.patches_only { patches } else { tokens };
            pooling::attention(&mut list, pool, attended, width);
        }
    }
    if tower.ln_post == NormSpan::Pooled {
        list.norm(Role::LnPost, (1, width), 1, tower.encoder.norm_kind);
    }
    pooling::embed(&mut list, tower.projection, width, embed_dim);
    list.into_terms()
}
