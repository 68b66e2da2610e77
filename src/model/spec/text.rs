//! Text towers.

use super::{AttentionPool, Encoder, Projection};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTower {
    pub vocab: u64,
    /// Tokens in a full-length text.
    pub context: u64,
    /// A learnt token is put after the text.
    pub class_token: bool,
    pub embedding: Embedding,
    /// Attention sees earlier tokens only, by adding a mask to the scores.
    pub causal: bool,
    pub encoder: Encoder,
    /// A norm after the last block, on all tokens, before pooling.
    pub final_norm: bool,
    pub pooling: TextPooling,
    /// Every token goes through a map to this width before pooling.
    pub transformed: Option<u64>,
    pub projection: Projection,
}

/// What a text's tokens become before the first block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Embedding {
    /// Rows of the learnt table of positions; 0 where there is none.
    pub positions: u64,
    /// Rows of the learnt table of segments, as BERT has it; 0 where there is none.
    pub segments: u64,
    /// A norm follows.
    pub norm: bool,
    /// Rows of a table, one a layer stack, from which each head adds a number to its scores by
    /// distance, as T5 has it; 0 where there is none.
    pub distances: u64,
    /// Learnt numbers of the tower that its output does not depend on.
    pub unused: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextPooling {
    /// The token with the highest id: CLIP's end of text.
    Argmax,
    First,
    Last,
    /// The mean of all tokens.
    Mean,
    /// The first token, through a map as wide as the tower and a tanh.
    Pooler,
    Attention(AttentionPool),
}

impl TextTower {
    /// Tokens in the sequence.
    pub fn tokens(&self) -> u64 {
        self.context + u64::from(self.class_token)
    }

    /// Width of what the projection maps.
    pub fn width(&self) -> u64 {
        self.transformed.unwrap_or(self.encoder.width)
    }
}
