//! Image towers.

use super::{Encoder, Network, NormKind, Size};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageTower {
    Vit(Vit),
    /// Any other architecture.
    Network(Network),
}

/// A vision transformer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vit {
    /// Which code frameworks run this tower with: it decides what a counter sees, not the cost.
    pub family: Family,
    /// Height and width in pixels. What is left beyond the last whole patch is not looked at.
    pub image: Size,
    /// Height and width of a patch in pixels; the patch convolution's kernel and stride.
    pub patch: Size,
    pub channels: u64,
    /// The patches come cut out, and a linear map embeds them.
    pub patch_linear: bool,
    /// The patch embedding adds a bias.
    pub patch_bias: bool,
    /// Tokens before the patches: the class token, and registers.
    pub prefix: u64,
    pub positions: Positions,
    /// A layer norm after the position embedding, before the first block.
    pub ln_pre: bool,
    pub encoder: Encoder,
    /// Where the layer norm after the last block runs.
    pub ln_post: NormSpan,
    pub pooling: ImagePooling,
    pub projection: Projection,
}

/// Tokens that have a learnt vector for their position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Positions {
    All,
    /// The patches only, from a table of so many.
    Patches {
        table: u64,
    },
    None,
}

/// Code with which an image tower is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// CLIP's own vision transformer.
    Clip,
    /// EVA's vision transformer, as in EVA-CLIP and timm.
    Eva,
    /// timm's vision transformer.
    Timm,
    /// No vision transformer.
    Network,
}

/// Tokens that the layer norm after the last block runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormSpan {
    /// On all tokens, then pooling.
    AllTokens,
    /// Pooling first, then on the one vector that is left.
    Pooled,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImagePooling {
    ClassToken,
    /// The mean of the patch tokens. A class token takes part in attention all the same.
    AveragePatches,
    /// Learnt queries attend to all tokens.
    Attention(AttentionPool),
    /// CoCa's: learnt queries as wide as the embedding attend to all tokens.
    Queries(QueryPool),
}

/// CoCa's pooling: so many queries attend to all tokens and are the tokens of the image; one of
/// them, or one more query, is its embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryPool {
    pub queries: u64,
    pub heads: u64,
    pub embedding: EmbeddingQuery,
}

impl QueryPool {
    /// What a decoder gets.
    pub const fn tokens_of_an_image(self) -> u64 {
        match self.embedding {
            EmbeddingQuery::Shared => self.queries - 1,
            EmbeddingQuery::Parallel | EmbeddingQuery::Cascade => self.queries,
        }
    }
}

/// Where the embedding of an image comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbeddingQuery {
    /// The first query, or the mean of the others.
    Shared,
    /// A query of its own attends to the same tokens.
    Parallel,
    /// A query of its own attends to what the others give.
    Cascade,
}

/// A pooling by attention, as SigLIP has it: the query, keys and values are as wide as the tower,
/// and an MLP with its own norm follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionPool {
    pub heads: u64,
    /// 0 where no MLP follows.
    pub mlp_width: u64,
    /// A map makes the query of a learnt vector; else the vector is the query.
    pub query_map: bool,
    pub biases: bool,
    /// A norm of each head's query and keys.
    pub inner_norm: Option<NormKind>,
    /// The tokens before the patches are left out.
    pub patches_only: bool,
}

impl AttentionPool {
    /// With biases and an MLP.
    pub const fn siglip(heads: u64, mlp_width: u64) -> AttentionPool {
        AttentionPool { heads, mlp_width, query_map: true, biases: true, inner_norm: None, patches_only: false }
    }

    /// A learnt query, nothing but attention and the map after it.
    pub const fn bare(heads: u64, inner_norm: Option<NormKind>) -> AttentionPool {
        AttentionPool { heads, mlp_width: 0, query_map: false, biases: false, inner_norm, patches_only: false }
    }
}

/// The map from a tower's width into the embedding space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Projection {
    /// The tower's own output is the embedding.
    None,
    Linear {
        bias: bool,
    },
    /// Two maps, with or without biases, and an activation between them.
    Mlp {
        width: u64,
        biases: [bool; 2],
        /// A batch norm stands before the activation.
        norm: bool,
    },
}

impl Vit {
    /// Patches down and across.
    pub fn grid(&self) -> Size {
        Size { height: self.image.height / self.patch.height, width: self.image.width / self.patch.width }
    }

    pub fn patches(&self) -> u64 {
        self.grid().area()
    }

    /// Tokens in the sequence: the prefix and the patches.
    pub fn tokens(&self) -> u64 {
        self.patches() + self.prefix
    }

    /// Does every pixel belong to a patch?
    pub fn tiled(&self) -> bool {
        self.image.height.is_multiple_of(self.patch.height) && self.image.width.is_multiple_of(self.patch.width)
    }
}
