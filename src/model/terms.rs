//! The analytic model: every operation of all towers for one image and one full-length text.

use serde::{Deserialize, Serialize};

use super::spec::ClipSpec;
use super::{listing, towers};
use crate::units::Count;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tower {
    Image,
    Text,
    /// What works on the outputs of both, as CoCa's decoder.
    Multimodal,
}

impl Tower {
    pub const BOTH: [Tower; 2] = [Tower::Image, Tower::Text];
    pub const ALL: [Tower; 3] = [Tower::Image, Tower::Text, Tower::Multimodal];

    pub const fn name(self) -> &'static str {
        match self {
            Tower::Image => "image",
            Tower::Text => "text",
            Tower::Multimodal => "multimodal",
        }
    }
}

/// Kinds of operation, as operators have them too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Conv,
    Linear,
    Matmul,
    LayerNorm,
    BatchNorm,
    Softmax,
    Activation,
    Rotary,
    Add,
    Scale,
    Pool,
    Normalize,
    /// A gather: no FLOPs.
    Embedding,
    /// Both products of attention and all between them in one operator: frameworks have it, terms do not.
    Attention,
    /// Another function of each element: frameworks alone.
    Function,
    /// Copies, views and index arithmetic: no FLOPs. Frameworks alone.
    Move,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Conv => "conv",
            Kind::Linear => "linear",
            Kind::Matmul => "matmul",
            Kind::LayerNorm => "layer_norm",
            Kind::BatchNorm => "batch_norm",
            Kind::Softmax => "softmax",
            Kind::Activation => "activation",
            Kind::Rotary => "rotary",
            Kind::Add => "add",
            Kind::Scale => "scale",
            Kind::Pool => "pool",
            Kind::Normalize => "normalize",
            Kind::Embedding => "embedding",
            Kind::Attention => "attention",
            Kind::Function => "function",
            Kind::Move => "move",
        }
    }
}

/// What a term does in its tower; the conventions' rules are written over roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    PatchEmbed,
    PatchBias,
    TokenEmbed,
    Position,
    LnPre,
    Ln1,
    Qkv,
    QkvBias,
    AttnScale,
    Scores,
    Mask,
    Softmax,
    Values,
    Out,
    OutBias,
    AttnLayerScale,
    AttnResidual,
    Ln2,
    Fc1,
    Fc1Bias,
    Act,
    Fc2,
    Fc2Bias,
    MlpLayerScale,
    MlpResidual,
    LnPost,
    Pool,
    Proj,
    ProjBias,
    Normalize,
    /// The segment of a text, as BERT has it.
    Segment,
    EmbedNorm,
    /// A learnt token beside those of the input.
    ClassToken,
    QkNorm,
    Rotary,
    /// A number by distance that each head adds to its scores.
    Distance,
    /// Between attention and the map after it.
    InnerNorm,
    /// The map whose sigmoid multiplies attention's output.
    AttnGate,
    AttnGated,
    /// The product of a gated MLP's two halves.
    MlpGate,
    MlpNorm,
    /// A convolution that embeds no patches, and what else a network that is no transformer has.
    Conv,
    ConvBias,
    BatchNorm,
    Linear,
    LinearBias,
    Norm,
    Residual,
    /// The means of all channels, from which a squeeze makes factors.
    ChannelMean,
    /// The product of the two embeddings: outside both towers, and no part of the true count.
    Logits,
}

impl Role {
    pub const ALL: [Role; 50] = [
        Role::PatchEmbed,
        Role::PatchBias,
        Role::TokenEmbed,
        Role::Position,
        Role::LnPre,
        Role::Ln1,
        Role::Qkv,
        Role::QkvBias,
        Role::AttnScale,
        Role::Scores,
        Role::Mask,
        Role::Softmax,
        Role::Values,
        Role::Out,
        Role::OutBias,
        Role::AttnLayerScale,
        Role::AttnResidual,
        Role::Ln2,
        Role::Fc1,
        Role::Fc1Bias,
        Role::Act,
        Role::Fc2,
        Role::Fc2Bias,
        Role::MlpLayerScale,
        Role::MlpResidual,
        Role::LnPost,
        Role::Pool,
        Role::Proj,
        Role::ProjBias,
        Role::Normalize,
        Role::Segment,
        Role::EmbedNorm,
        Role::ClassToken,
        Role::QkNorm,
        Role::Rotary,
        Role::Distance,
        Role::InnerNorm,
        Role::AttnGate,
        Role::AttnGated,
        Role::MlpGate,
        Role::MlpNorm,
        Role::Conv,
        Role::ConvBias,
        Role::BatchNorm,
        Role::Linear,
        Role::LinearBias,
        Role::Norm,
        Role::Residual,
        Role::ChannelMean,
        Role::Logits,
    ];

    /// May an image tower have it?
    pub const fn in_image(self) -> bool {
        !matches!(self, Role::TokenEmbed | Role::Segment | Role::EmbedNorm | Role::Logits)
    }

    /// May a text tower have it?
    pub const fn in_text(self) -> bool {
        !matches!(
            self,
            Role::PatchEmbed
                | Role::PatchBias
                | Role::LnPre
                | Role::Pool
                | Role::Conv
                | Role::ConvBias
                | Role::ChannelMean
                | Role::Logits
        )
    }

    /// The end of the term's path, and its kind.
    pub const fn describe(self) -> (&'static str, Kind) {
        match self {
            Role::PatchEmbed => ("patch_embed", Kind::Conv),
            Role::PatchBias => ("patch_embed.bias", Kind::Add),
            Role::TokenEmbed => ("embed.token", Kind::Embedding),
            Role::Position => ("embed.position", Kind::Add),
            Role::LnPre => ("ln_pre", Kind::LayerNorm),
            Role::Ln1 => ("blocks.ln_1", Kind::LayerNorm),
            Role::Qkv => ("blocks.attn.qkv", Kind::Linear),
            Role::QkvBias => ("blocks.attn.qkv.bias", Kind::Add),
            Role::AttnScale => ("blocks.attn.scale", Kind::Scale),
            Role::Scores => ("blocks.attn.qk", Kind::Matmul),
            Role::Mask => ("blocks.attn.mask", Kind::Add),
            Role::Softmax => ("blocks.attn.softmax", Kind::Softmax),
            Role::Values => ("blocks.attn.av", Kind::Matmul),
            Role::Out => ("blocks.attn.out", Kind::Linear),
            Role::OutBias => ("blocks.attn.out.bias", Kind::Add),
            Role::AttnLayerScale => ("blocks.attn.layer_scale", Kind::Scale),
            Role::AttnResidual => ("blocks.attn.residual", Kind::Add),
            Role::Ln2 => ("blocks.ln_2", Kind::LayerNorm),
            Role::Fc1 => ("blocks.mlp.fc1", Kind::Linear),
            Role::Fc1Bias => ("blocks.mlp.fc1.bias", Kind::Add),
            Role::Act => ("blocks.mlp.act", Kind::Activation),
            Role::Fc2 => ("blocks.mlp.fc2", Kind::Linear),
            Role::Fc2Bias => ("blocks.mlp.fc2.bias", Kind::Add),
            Role::MlpLayerScale => ("blocks.mlp.layer_scale", Kind::Scale),
            Role::MlpResidual => ("blocks.mlp.residual", Kind::Add),
            Role::LnPost => ("ln_post", Kind::LayerNorm),
            Role::Pool => ("pool", Kind::Pool),
            Role::Proj => ("proj", Kind::Linear),
            Role::ProjBias => ("proj.bias", Kind::Add),
            Role::Normalize => ("normalize", Kind::Normalize),
            Role::Segment => ("embed.segment", Kind::Add),
            Role::EmbedNorm => ("embed.norm", Kind::LayerNorm),
            Role::ClassToken => ("embed.class", Kind::Embedding),
            Role::QkNorm => ("blocks.attn.qk_norm", Kind::LayerNorm),
            Role::Rotary => ("blocks.attn.rotary", Kind::Rotary),
            Role::Distance => ("blocks.attn.distance", Kind::Add),
            Role::InnerNorm => ("blocks.attn.norm", Kind::LayerNorm),
            Role::AttnGate => ("blocks.attn.gate", Kind::Linear),
            Role::AttnGated => ("blocks.attn.gated", Kind::Scale),
            Role::MlpGate => ("blocks.mlp.gate", Kind::Scale),
            Role::MlpNorm => ("blocks.mlp.norm", Kind::LayerNorm),
            Role::Conv => ("conv", Kind::Conv),
            Role::ConvBias => ("conv.bias", Kind::Add),
            Role::BatchNorm => ("batch_norm", Kind::BatchNorm),
            Role::Linear => ("linear", Kind::Linear),
            Role::LinearBias => ("linear.bias", Kind::Add),
            Role::Norm => ("norm", Kind::LayerNorm),
            Role::Residual => ("residual", Kind::Add),
            Role::ChannelMean => ("channel_mean", Kind::Pool),
            Role::Logits => ("logits", Kind::Matmul),
        }
    }

    /// Adds a learnt vector to every row of a product.
    pub const fn is_bias(self) -> bool {
        matches!(
            self,
            Role::PatchBias
                | Role::QkvBias
                | Role::OutBias
                | Role::Fc1Bias
                | Role::Fc2Bias
                | Role::ProjBias
                | Role::ConvBias
                | Role::LinearBias
        )
    }
}

/// The shape of one execution of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Dims {
    /// A product of an m x k by a k x n matrix (a convolution as the product it amounts to).
    Product { m: u64, n: u64, k: u64 },
    /// Element-wise work on `rows` rows of `width` elements.
    Elements { rows: u64, width: u64 },
}

/// One line of the analytic model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Term {
    pub path: String,
    pub tower: Option<Tower>,
    pub kind: Kind,
    #[serde(skip)]
    pub role: Role,
    pub dims: Dims,
    /// Executions in one forward pass.
    pub times: u64,
    /// Multiply-accumulates of all executions; 0 unless the term is a product.
    pub macs: Count,
    /// Elements that all executions work on; 0 where the term is a product or a gather.
    pub elements: Count,
    /// Learnt numbers that all executions use.
    pub parameters: Count,
}

impl Term {
    /// Does it belong to the stack of blocks, and not to what stands before or after it?
    pub fn in_blocks(&self) -> bool {
        self.path.contains(".blocks.")
    }

    /// The numbers a product writes, each a sum of k products; 0 for element-wise work.
    pub fn outputs(&self) -> Count {
        match self.dims {
            Dims::Product { m, n, .. } => Count::from(m) * Count::from(n) * Count::from(self.times),
            Dims::Elements { .. } => 0,
        }
    }
}

impl Term {
    /// Rows that all executions work on.
    pub fn rows(&self) -> Count {
        let (Dims::Product { m: rows, .. } | Dims::Elements { rows, .. }) = self.dims;
        Count::from(rows) * Count::from(self.times)
    }

    /// The square of the rows of each execution.
    pub fn row_pairs(&self) -> Count {
        let (Dims::Product { m: rows, .. } | Dims::Elements { rows, .. }) = self.dims;
        Count::from(rows) * self.rows()
    }
}

/// All terms of all towers, in the order of execution.
pub fn terms(spec: &ClipSpec) -> Vec<Term> {
    let image = spec.image.iter().flat_map(|tower| towers::image(tower, spec.embed_dim));
    let text = spec.text.iter().flat_map(|tower| towers::text(tower, spec.embed_dim));
    let multimodal = spec.multimodal.iter().flat_map(|network| network.terms.iter().cloned());
    image.chain(text).chain(multimodal).collect()
}

/// The similarity of one image and one text. Not among [`terms`]: the true count leaves it out.
pub fn logits(spec: &ClipSpec) -> Term {
    listing::logits(spec.embed_dim)
}

/// FLOPs of all products of the terms: 2 per multiply-accumulate.
pub fn flops<'a>(terms: impl IntoIterator<Item = &'a Term>) -> Count {
    2 * terms.into_iter().map(|term| term.macs).sum::<Count>()
}
