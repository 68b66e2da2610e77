//! Convolutions and attention as image networks have them.

use crate::model::listing::Listing;
use crate::model::spec::Size;
use crate::model::terms::Role;

/// A convolution with a square kernel.
#[derive(Clone, Copy)]
pub struct Conv {
    pub inputs: u64,
    pub outputs: u64,
    pub kernel: u64,
    /// Divides the inputs and the outputs, which meet only within a group.
    pub groups: u64,
}

impl Conv {
    pub const fn dense(inputs: u64, outputs: u64, kernel: u64) -> Conv {
        Conv { inputs, outputs, kernel, groups: 1 }
    }

    /// Each input channel is a group.
    pub const fn depthwise(inputs: u64, outputs: u64, kernel: u64) -> Conv {
        Conv { inputs, outputs, kernel, groups: inputs }
    }

    /// Its product at so many positions of the output, in so many blocks.
    pub fn list(self, list: &mut Listing, path: &str, role: Role, at: Size, times: u64) {
        let Conv { inputs, outputs, kernel, groups } = self;
        let dims = (at.area(), outputs / groups, inputs / groups * kernel * kernel);
        list.product_at(path, role, dims, groups * times);
    }

    /// The same and a bias.
    pub fn biased(self, list: &mut Listing, path: &str, at: Size, times: u64) {
        self.list(list, path, Role::Conv, at, times);
        list.elements_at(&format!("{path}.bias"), Role::ConvBias, (at.area(), self.outputs), times);
    }

    /// The same and a batch norm.
    pub fn normed(self, list: &mut Listing, path: &str, role: Role, at: Size, times: u64) {
        self.list(list, path, role, at, times);
        list.elements_at(&format!("{path}.norm"), Role::BatchNorm, (at.area(), self.outputs), times);
    }
}

/// What a stride of 2 leaves where the borders are padded.
pub const fn halved(at: Size) -> Size {
    Size { height: at.height.div_ceil(2), width: at.width.div_ceil(2) }
}

/// Whole patches of so many pixels a side.
pub const fn patches(at: Size, side: u64) -> Size {
    Size { height: at.height / side, width: at.width / side }
}

/// Attention within each of so many windows.
pub struct Attention {
    pub windows: u64,
    /// Tokens of a window.
    pub tokens: u64,
    pub width: u64,
    pub heads: u64,
    pub qkv_bias: bool,
    /// Rows of a block's own table, from which each head adds a number to its scores by distance;
    /// 0 where there is none.
    pub distances: u64,
    /// Blocks that add a mask to their scores.
    pub masked: u64,
}

impl Attention {
    /// In so many blocks, from queries, keys and values to the map after them.
    pub fn list(&self, list: &mut Listing, times: u64) {
        let Attention { windows, tokens, width, heads, distances, masked, .. } = *self;
        let (head, all) = (width / heads, windows * tokens);
        let scores = (windows * heads * tokens, tokens);
        list.product_at("attn.qkv", Role::Qkv, (all, 3 * width, width), times);
        if self.qkv_bias {
            list.elements_at("attn.qkv.bias", Role::QkvBias, (all, 3 * width), times);
        }
        list.elements_at("attn.scale", Role::AttnScale, (all, width), times);
        list.product_at("attn.qk", Role::Scores, (tokens, tokens, head), windows * heads * times);
        if distances > 0 {
            list.learnt_at("attn.distance", Role::Distance, scores, times, distances * heads);
        }
        if masked > 0 {
            list.elements_at("attn.mask", Role::Mask, scores, masked);
        }
        list.elements_at("attn.softmax", Role::Softmax, scores, times);
        list.product_at("attn.av", Role::Values, (tokens, head, tokens), windows * heads * times);
        list.product_at("attn.out", Role::Out, (all, width, width), times);
        list.elements_at("attn.out.bias", Role::OutBias, (all, width), times);
    }
}

/// Two maps of every position with biases, and an activation between them.
pub fn mlp(list: &mut Listing, positions: u64, width: u64, mlp_width: u64, times: u64) {
    list.product_at("mlp.fc1", Role::Fc1, (positions, mlp_width, width), times);
    list.elements_at("mlp.fc1.bias", Role::Fc1Bias, (positions, mlp_width), times);
    list.elements_at("mlp.act", Role::Act, (positions, mlp_width), times);
    list.product_at("mlp.fc2", Role::Fc2, (positions, width, mlp_width), times);
    list.elements_at("mlp.fc2.bias", Role::Fc2Bias, (positions, width), times);
}

/// The same, written as convolutions.
pub fn conv_mlp(list: &mut Listing, at: Size, width: u64, mlp_width: u64, times: u64) {
    Conv::dense(width, mlp_width, 1).biased(list, "mlp.fc1", at, times);
    list.elements_at("mlp.act", Role::Act, (at.area(), mlp_width), times);
    Conv::dense(mlp_width, width, 1).biased(list, "mlp.fc2", at, times);
}

/// Each channel is multiplied by a number that two maps make of the means of all channels.
pub fn squeeze(list: &mut Listing, path: &str, at: Size, width: u64, squeezed: u64) {
    let name = |end: &str| format!("{path}.{end}");
    let point = Size::square(1);
    list.elements_at(&name("mean"), Role::ChannelMean, (at.area(), width), 1);
    Conv::dense(width, squeezed, 1).biased(list, &name("fc1"), point, 1);
    list.elements_at(&name("act"), Role::Act, (1, squeezed), 1);
    Conv::dense(squeezed, width, 1).biased(list, &name("fc2"), point, 1);
    list.elements_at(&name("gate"), Role::Act, (1, width), 1);
    list.elements_at(&name("gated"), Role::MlpGate, (at.area(), width), 1);
}
