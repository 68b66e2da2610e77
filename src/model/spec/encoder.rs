//! Stacks of transformer blocks.

/// A stack of transformer blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoder {
    pub width: u64,
    pub layers: u64,
    /// Divides the inner width.
    pub heads: u64,
    /// Width of all heads together; the width itself but in T5's towers.
    pub inner_width: u64,
    /// Width between the two maps of the MLP.
    pub mlp_width: u64,
    pub mlp: Mlp,
    pub activation: Activation,
    pub norm: NormPlacement,
    pub norm_kind: NormKind,
    pub qkv_bias: QkvBias,
    /// The map after attention and those of the MLP add biases.
    pub biases: bool,
    /// Queries, or scores, are multiplied by 1 / sqrt(head width).
    pub scaled: bool,
    /// Learnt factors that each head multiplies with: of its scores, as cosine attention has it,
    /// or of its output.
    pub head_scales: HeadScales,
    pub inner_norms: InnerNorms,
    /// Queries and keys are turned by their positions.
    pub rotary: bool,
    /// Attention's output is multiplied by a sigmoid of a map of its input.
    pub gated: bool,
    /// Each branch is multiplied by a learnt vector before it joins the residual stream.
    pub layer_scale: bool,
}

/// Learnt factors of each head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeadScales {
    /// Queries and keys are made of length 1, and the scores multiplied.
    pub cosine: bool,
    pub output: bool,
}

/// What a block's MLP is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mlp {
    /// map, activation, map
    Plain,
    /// Two maps, one of them activated, multiplied; then a third: SwiGLU and its like.
    Gated,
}

/// Norms inside a block beside its two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InnerNorms {
    /// Of each head's queries and keys.
    pub queries_and_keys: bool,
    /// Between attention and the map after it.
    pub attention: bool,
    /// After the map after attention.
    pub attention_branch: bool,
    /// Before the MLP's first maps, after the block's own norm.
    pub mlp_input: bool,
    /// Between the MLP's maps.
    pub mlp: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// x * sigmoid(1.702 x)
    QuickGelu,
    /// x / 2 * (1 + erf(x / sqrt 2))
    Gelu,
    /// x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
    GeluTanh,
    /// x * sigmoid(x)
    Silu,
    /// max(x, 0)
    Relu,
}

/// Where a block's two norms stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormPlacement {
    /// x + branch(norm(x))
    Pre,
    /// x + norm(branch(x)), as EVA-CLIP's largest models have it
    Post,
    /// norm(x + branch(x)), as BERT has it
    AfterResidual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormKind {
    /// A scale and a shift.
    Layer,
    /// A scale; nothing is subtracted.
    Rms,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QkvBias {
    None,
    /// On queries and values; the keys' bias is a constant zero that is added all the same.
    QueryValue,
    All,
}

impl Encoder {
    /// CLIP's own blocks.
    pub fn plain(width: u64, layers: u64, heads: u64, mlp_width: u64) -> Encoder {
        Encoder {
            width,
            layers,
            heads,
            inner_width: width,
            mlp_width,
            mlp: Mlp::Plain,
            activation: Activation::Gelu,
            norm: NormPlacement::Pre,
            norm_kind: NormKind::Layer,
            qkv_bias: QkvBias::All,
            biases: true,
            scaled: true,
            head_scales: HeadScales::default(),
            inner_norms: InnerNorms::default(),
            rotary: false,
            gated: false,
            layer_scale: false,
        }
    }

    pub fn head_width(&self) -> u64 {
        self.inner_width / self.heads
    }
}

impl NormKind {
    /// Learnt numbers for each element of a row.
    pub const fn learnt(self) -> u64 {
        match self {
            NormKind::Layer => 2,
            NormKind::Rms => 1,
        }
    }
}
