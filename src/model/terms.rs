//! The analytic model: every operation of both towers for one image and one full-length text.

use serde::{Deserialize, Serialize};

use super::spec::*;
use crate::units::Count;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tower {
    Image,
    Text,
}

impl Tower {
    pub const BOTH: [Tower; 2] = [Tower::Image, Tower::Text];

    pub const fn name(self) -> &'static str {
        match self {
            Tower::Image => "image",
            Tower::Text => "text",
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
    Softmax,
    Activation,
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
            Kind::Softmax => "softmax",
            Kind::Activation => "activation",
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
    /// The product of the two embeddings: outside both towers, and no part of the true count.
    Logits,
}

impl Role {
    pub const ALL: [Role; 31] = [
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
        Role::Logits,
    ];

    /// May an image tower have it?
    pub const fn in_image(self) -> bool {
        !matches!(self, Role::TokenEmbed | Role::Mask | Role::Logits)
    }

    /// May a text tower have it?
    pub const fn in_text(self) -> bool {
        !matches!(self, Role::PatchEmbed | Role::PatchBias | Role::LnPre | Role::Pool | Role::Logits)
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
            Role::Logits => ("logits", Kind::Matmul),
        }
    }

    /// Adds a learnt vector to every row of a product.
    pub const fn is_bias(self) -> bool {
        matches!(self, Role::PatchBias | Role::QkvBias | Role::OutBias | Role::Fc1Bias | Role::Fc2Bias | Role::ProjBias)
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
}

impl Term {
    fn new(tower: Option<Tower>, role: Role, dims: Dims, times: u64) -> Term {
        let (end, kind) = role.describe();
        let place = tower.map_or("similarity", Tower::name);
        let count = Count::from;
        let (macs, elements) = match dims {
            Dims::Product { m, n, k } => (count(m) * count(n) * count(k) * count(times), 0),
            Dims::Elements { .. } if kind == Kind::Embedding => (0, 0),
            Dims::Elements { rows, width } => (0, count(rows) * count(width) * count(times)),
        };
        Term { path: format!("{place}.{end}"), tower, kind, role, dims, times, macs, elements }
    }

    /// The numbers a product writes, each a sum of k products; 0 for element-wise work.
    pub fn outputs(&self) -> Count {
        match self.dims {
            Dims::Product { m, n, .. } => Count::from(m) * Count::from(n) * Count::from(self.times),
            Dims::Elements { .. } => 0,
        }
    }
}

/// All terms of both towers, in the order of execution.
pub fn terms(spec: &ClipSpec) -> Vec<Term> {
    let mut terms = image_terms(&spec.image, spec.embed_dim);
    terms.extend(text_terms(&spec.text, spec.embed_dim));
    terms
}

/// The similarity of one image and one text. Not among [`terms`]: the true count leaves it out.
pub fn logits(spec: &ClipSpec) -> Term {
    Term::new(None, Role::Logits, Dims::Product { m: 1, n: 1, k: spec.embed_dim }, 1)
}

/// FLOPs of all products of the terms: 2 per multiply-accumulate.
pub fn flops<'a>(terms: impl IntoIterator<Item = &'a Term>) -> Count {
    2 * terms.into_iter().map(|term| term.macs).sum::<Count>()
}

/// The terms of one tower as they are listed.
struct Listing {
    tower: Tower,
    terms: Vec<Term>,
}

impl Listing {
    fn product(&mut self, role: Role, (m, n, k): (u64, u64, u64), times: u64) {
        self.terms.push(Term::new(Some(self.tower), role, Dims::Product { m, n, k }, times));
    }

    fn elements(&mut self, role: Role, (rows, width): (u64, u64), times: u64) {
        self.terms.push(Term::new(Some(self.tower), role, Dims::Elements { rows, width }, times));
    }

    fn blocks(&mut self, encoder: &Encoder, tokens: u64, causal: bool) {
        self.attention(encoder, tokens, causal);
        self.mlp(encoder, tokens);
    }

    fn attention(&mut self, encoder: &Encoder, tokens: u64, causal: bool) {
        let Encoder { width, heads, layers, .. } = *encoder;
        let (pre, post) = (encoder.norm == NormPlacement::Pre, encoder.norm == NormPlacement::Post);
        let all = (tokens, width);
        if pre {
            self.elements(Role::Ln1, all, layers);
        }
        self.product(Role::Qkv, (tokens, 3 * width, width), layers);
        if encoder.qkv_bias != QkvBias::None {
            self.elements(Role::QkvBias, (tokens, 3 * width), layers);
        }
        self.elements(Role::AttnScale, all, layers);
        self.product(Role::Scores, (tokens, tokens, encoder.head_width()), layers * heads);
        if causal {
            self.elements(Role::Mask, (heads * tokens, tokens), layers);
        }
        self.elements(Role::Softmax, (heads * tokens, tokens), layers);
        self.product(Role::Values, (tokens, encoder.head_width(), tokens), layers * heads);
        self.product(Role::Out, (tokens, width, width), layers);
        self.elements(Role::OutBias, all, layers);
        if post {
            self.elements(Role::Ln1, all, layers);
        }
        if encoder.layer_scale {
            self.elements(Role::AttnLayerScale, all, layers);
        }
        self.elements(Role::AttnResidual, all, layers);
    }

    fn mlp(&mut self, encoder: &Encoder, tokens: u64) {
        let Encoder { width, mlp_width, layers, .. } = *encoder;
        let (pre, post) = (encoder.norm == NormPlacement::Pre, encoder.norm == NormPlacement::Post);
        let all = (tokens, width);
        if pre {
            self.elements(Role::Ln2, all, layers);
        }
        self.product(Role::Fc1, (tokens, mlp_width, width), layers);
        self.elements(Role::Fc1Bias, (tokens, mlp_width), layers);
        self.elements(Role::Act, (tokens, mlp_width), layers);
        self.product(Role::Fc2, (tokens, width, mlp_width), layers);
        self.elements(Role::Fc2Bias, all, layers);
        if post {
            self.elements(Role::Ln2, all, layers);
        }
        if encoder.layer_scale {
            self.elements(Role::MlpLayerScale, all, layers);
        }
        self.elements(Role::MlpResidual, all, layers);
    }

    fn projection(&mut self, projection: Projection, width: u64, embed_dim: u64) {
        self.product(Role::Proj, (1, embed_dim, width), 1);
        if projection.bias {
            self.elements(Role::ProjBias, (1, embed_dim), 1);
        }
        self.elements(Role::Normalize, (1, embed_dim), 1);
    }
}

fn image_terms(tower: &ImageTower, embed_dim: u64) -> Vec<Term> {
    let mut list = Listing { tower: Tower::Image, terms: Vec::new() };
    let (patches, tokens, width) = (tower.patches(), tower.tokens(), tower.encoder.width);
    let kernel = tower.channels * tower.patch.height * tower.patch.width;
    list.product(Role::PatchEmbed, (patches, width, kernel), 1);
    if tower.patch_bias {
        list.elements(Role::PatchBias, (patches, width), 1);
    }
    list.elements(Role::Position, (tokens, width), 1);
    if tower.ln_pre {
        list.elements(Role::LnPre, (tokens, width), 1);
    }
    list.blocks(&tower.encoder, tokens, false);
    if tower.ln_post == NormSpan::AllTokens {
        list.elements(Role::LnPost, (tokens, width), 1);
    }
    if tower.pooling == ImagePooling::AveragePatches {
        list.elements(Role::Pool, (patches, width), 1);
    }
    if tower.ln_post == NormSpan::Pooled {
        list.elements(Role::LnPost, (1, width), 1);
    }
    list.projection(tower.projection, width, embed_dim);
    list.terms
}

fn text_terms(tower: &TextTower, embed_dim: u64) -> Vec<Term> {
    let mut list = Listing { tower: Tower::Text, terms: Vec::new() };
    let (tokens, width) = (tower.context, tower.encoder.width);
    list.elements(Role::TokenEmbed, (tokens, width), 1);
    list.elements(Role::Position, (tokens, width), 1);
    list.blocks(&tower.encoder, tokens, tower.causal);
    list.elements(Role::LnPost, (tokens, width), 1);
    list.projection(tower.projection, width, embed_dim);
    list.terms
}
