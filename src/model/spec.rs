//! The dimensions of a CLIP model, typed: everything that its cost and its parameters depend on,
//! and all that an implementation needs to run it.

use num_rational::BigRational;

/// A CLIP model: an image tower and a text tower that end in one embedding space.
///
/// A value of this type has passed [`super::limits`]: no dimension is 0, every product of
/// dimensions fits a [`crate::units::Count`], and the heads divide the width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipSpec {
    /// A preset's name, or the path of the file as the user gave it.
    pub name: String,
    /// The dialect the configuration is written in, e.g. `huggingface`.
    pub dialect: &'static str,
    pub image: ImageTower,
    pub text: TextTower,
    /// Width of the embedding both towers end in.
    pub embed_dim: u64,
    /// What a program that reads the file's keys literally finds there.
    pub raw: RawKeys,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageTower {
    /// Which code frameworks run this tower with: it decides what a counter sees, not the cost.
    pub family: Family,
    /// Height and width in pixels, each a multiple of the patch's.
    pub image: Size,
    /// Height and width of a patch in pixels; the patch convolution's kernel and stride.
    pub patch: Size,
    pub channels: u64,
    /// The patch convolution adds a bias.
    pub patch_bias: bool,
    /// A layer norm after the position embedding, before the first block.
    pub ln_pre: bool,
    pub encoder: Encoder,
    /// Where the layer norm after the last block runs.
    pub ln_post: NormSpan,
    pub pooling: ImagePooling,
    pub projection: Projection,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTower {
    pub vocab: u64,
    /// Tokens in a full-length text.
    pub context: u64,
    /// Attention sees earlier tokens only, by adding a mask to the scores.
    pub causal: bool,
    /// Its layer norm after the last block always runs on all tokens, before pooling.
    pub encoder: Encoder,
    pub pooling: TextPooling,
    pub projection: Projection,
}

/// A stack of transformer blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoder {
    pub width: u64,
    pub layers: u64,
    /// Divides the width.
    pub heads: u64,
    pub mlp_width: u64,
    pub activation: Activation,
    pub norm: NormPlacement,
    pub qkv_bias: QkvBias,
    /// Each branch is multiplied by a learnt vector before it joins the residual stream.
    pub layer_scale: bool,
}

/// Height and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub height: u64,
    pub width: u64,
}

/// Code with which an image tower is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// CLIP's own vision transformer.
    Clip,
    /// EVA's vision transformer, as in EVA-CLIP and timm.
    Eva,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// x * sigmoid(1.702 x)
    QuickGelu,
    /// x / 2 * (1 + erf(x / sqrt 2))
    Gelu,
    /// x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
    GeluTanh,
}

/// Where a block's two layer norms stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormPlacement {
    /// x + branch(norm(x))
    Pre,
    /// x + norm(branch(x)), as EVA-CLIP's largest models have it
    Post,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QkvBias {
    None,
    /// On queries and values; the keys' bias is a constant zero that is added all the same.
    QueryValue,
    All,
}

/// Tokens that the layer norm after the last block runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormSpan {
    /// On all tokens, then pooling.
    AllTokens,
    /// Pooling first, then on the one vector that is left.
    Pooled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImagePooling {
    ClassToken,
    /// The mean of the patch tokens. The class token takes part in attention all the same.
    AveragePatches,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextPooling {
    /// The token with the highest id: CLIP's end of text.
    Argmax,
    First,
    Last,
}

/// The linear map from a tower's width into the embedding space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Projection {
    pub bias: bool,
}

/// Keys as the file has them, for conventions that read the file and not the model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawKeys {
    /// `num_hidden_layers`, else `num_layers`, of the text section.
    pub text_depth: Option<u64>,
    /// `context_length`, else `max_position_embeddings`, of the text section.
    pub text_length: Option<u64>,
    /// `mlp_ratio` of the image section, exactly the decimal number in the file.
    pub mlp_ratio: Option<BigRational>,
}

impl ImageTower {
    /// Patches down and across.
    pub fn grid(&self) -> Size {
        Size { height: self.image.height / self.patch.height, width: self.image.width / self.patch.width }
    }

    pub fn patches(&self) -> u64 {
        let grid = self.grid();
        grid.height * grid.width
    }

    /// Tokens in the sequence: the class token and the patches.
    pub fn tokens(&self) -> u64 {
        self.patches() + 1
    }
}

impl Encoder {
    pub fn head_width(&self) -> u64 {
        self.width / self.heads
    }
}
