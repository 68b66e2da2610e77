//! From a tower's tokens to one embedding.

use crate::model::listing::Listing;
use crate::model::spec::{AttentionPool, EmbeddingQuery, Projection, QueryPool};
use crate::model::terms::Role;

/// One learnt query attends to all tokens; an MLP with its own norm follows, if any.
pub fn attention(list: &mut Listing, pool: AttentionPool, tokens: u64, width: u64) {
    let AttentionPool { heads, mlp_width, query_map, biases, inner_norm, .. } = pool;
    let (head, one) = (width / heads, (1, width));
    let bias = |list: &mut Listing, path: &str, role: Role, dims: (u64, u64)| {
        if biases {
            list.elements_at(path, role, dims, 1);
        }
    };
    list.learnt_at("pool.query", Role::ClassToken, one, 1, width);
    if query_map {
        list.product_at("pool.attn.q", Role::Qkv, (1, width, width), 1);
        bias(list, "pool.attn.q.bias", Role::QkvBias, one);
    }
    list.product_at("pool.attn.kv", Role::Qkv, (tokens, 2 * width, width), 1);
    bias(list, "pool.attn.kv.bias", Role::QkvBias, (tokens, 2 * width));
    if let Some(kind) = inner_norm {
        list.learnt_at("pool.attn.qk_norm", Role::QkNorm, (heads * (tokens + 1), head), 1, 2 * kind.learnt() * head);
    }
    list.elements_at("pool.attn.scale", Role::AttnScale, one, 1);
    list.product_at("pool.attn.qk", Role::Scores, (1, tokens, head), heads);
    list.elements_at("pool.attn.softmax", Role::Softmax, (heads, tokens), 1);
    list.product_at("pool.attn.av", Role::Values, (1, head, tokens), heads);
    list.product_at("pool.attn.out", Role::Out, (1, width, width), 1);
    bias(list, "pool.attn.out.bias", Role::OutBias, one);
    if mlp_width > 0 {
        list.elements_at("pool.ln", Role::Ln2, one, 1);
        list.product_at("pool.mlp.fc1", Role::Fc1, (1, mlp_width, width), 1);
        bias(list, "pool.mlp.fc1.bias", Role::Fc1Bias, (1, mlp_width));
        list.elements_at("pool.mlp.act", Role::Act, (1, mlp_width), 1);
        list.product_at("pool.mlp.fc2", Role::Fc2, (1, width, mlp_width), 1);
        bias(list, "pool.mlp.fc2.bias", Role::Fc2Bias, one);
        list.elements_at("pool.mlp.residual", Role::MlpResidual, one, 1);
    }
}

/// CoCa's pooling, with its norm: before it where the embedding has a query of its own.
pub fn queries(list: &mut Listing, pool: QueryPool, tokens: u64, width: u64, embed_dim: u64) {
    let QueryPool { queries, heads, embedding } = pool;
    if embedding != EmbeddingQuery::Shared {
        list.elements(Role::LnPost, (tokens, width), 1);
    }
    let tokenwise = Queries { path: "pool", queries, heads, width: embed_dim, keys: tokens, key_width: width };
    tokenwise.attend(list);
    match embedding {
        EmbeddingQuery::Shared => list.elements(Role::LnPost, (queries, embed_dim), 1),
        EmbeddingQuery::Parallel => Queries { path: "pool_contrastive", queries: 1, ..tokenwise }.attend(list),
        EmbeddingQuery::Cascade => {
            let keys = Queries { keys: queries, key_width: embed_dim, ..tokenwise };
            Queries { path: "pool_contrastive", queries: 1, ..keys }.attend(list);
        }
    }
}

/// Learnt queries that attend to tokens of another width.
#[derive(Clone, Copy)]
struct Queries {
    path: &'static str,
    queries: u64,
    heads: u64,
    width: u64,
    keys: u64,
    key_width: u64,
}

impl Queries {
    fn attend(self, list: &mut Listing) {
        let Queries { path, queries, heads, width, keys, key_width } = self;
        let (head, all) = (width / heads, (queries, width));
        let at = |end: &str| format!("{path}.{end}");
        list.learnt_at(&at("query"), Role::ClassToken, all, 1, queries * width);
        list.elements_at(&at("ln_k"), Role::Norm, (keys, key_width), 1);
        list.elements_at(&at("ln_q"), Role::Norm, all, 1);
        list.product_at(&at("attn.q"), Role::Qkv, (queries, width, width), 1);
        list.elements_at(&at("attn.q.bias"), Role::QkvBias, all, 1);
        list.product_at(&at("attn.kv"), Role::Qkv, (keys, 2 * width, key_width), 1);
        list.elements_at(&at("attn.kv.bias"), Role::QkvBias, (keys, 2 * width), 1);
        list.elements_at(&at("attn.scale"), Role::AttnScale, all, 1);
        list.product_at(&at("attn.qk"), Role::Scores, (queries, keys, head), heads);
        list.elements_at(&at("attn.softmax"), Role::Softmax, (heads * queries, keys), 1);
        list.product_at(&at("attn.av"), Role::Values, (queries, head, keys), heads);
        list.product_at(&at("attn.out"), Role::Out, (queries, width, width), 1);
        list.elements_at(&at("attn.out.bias"), Role::OutBias, all, 1);
    }
}

/// Into the embedding space, and to length 1.
pub fn embed(list: &mut Listing, projection: Projection, width: u64, embed_dim: u64) {
    match projection {
        Projection::None => {}
        Projection::Linear { bias } => {
            list.product(Role::Proj, (1, embed_dim, width), 1);
            if bias {
                list.elements(Role::ProjBias, (1, embed_dim), 1);
            }
        }
        Projection::Mlp { width: between, biases, norm } => {
            list.product_at("proj.fc1", Role::Proj, (1, between, width), 1);
            if biases[0] {
                list.elements_at("proj.fc1.bias", Role::ProjBias, (1, between), 1);
            }
            if norm {
                list.elements_at("proj.norm", Role::BatchNorm, (1, between), 1);
            }
            list.elements_at("proj.act", Role::Act, (1, between), 1);
            list.product_at("proj.fc2", Role::Proj, (1, embed_dim, between), 1);
            if biases[1] {
                list.elements_at("proj.fc2.bias", Role::ProjBias, (1, embed_dim), 1);
            }
        }
    }
    list.elements(Role::Normalize, (1, embed_dim), 1);
}
