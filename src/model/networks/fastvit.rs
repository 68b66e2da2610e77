//! FastViT as in MobileCLIP: stages of convolutions with several branches each, the last ones with
//! attention. The branches are those that training has; what merges them keeps the output.

use super::layers::{self, Attention, Conv, halved, squeeze};
use crate::model::listing::Listing;
use crate::model::spec::{Network, Projection, Size};
use crate::model::terms::{Role, Tower};
use crate::model::towers;

pub struct FastVit {
    /// Blocks of each stage; from the fourth on they have attention.
    pub depths: &'static [u64],
    /// Channels of the first stage; each further one has twice those before it.
    pub width: u64,
    pub mlp_ratio: u64,
    pub variant: Variant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// From the third stage on, the convolution before a stage ends in a squeeze and excitation.
    Squeezing,
    /// Layer norms before attention, and no 1 x 1 branches in the stem.
    Large,
}

const FIRST_WITH_ATTENTION: usize = 3;
const FIRST_SQUEEZED: usize = 2;
const HEAD_WIDTH: u64 = 32;

const MERGED: &str = "the image tower is counted with the branches that training has, as timm builds it; \
                      merged into one convolution each for inference (reparameterised), it does less";

pub fn tower(net: &FastVit, image: Size, projection: Projection, embed_dim: u64) -> Network {
    let mut list = Listing::new(Tower::Image);
    let mut at = halved(halved(image));
    let mut width = net.width;
    stem(&mut list, image, width, net.variant);
    for (stage, &depth) in net.depths.iter().enumerate() {
        list.under(&format!("stages.{stage}"), |list| {
            if stage > 0 {
                at = halved(at);
                let squeezed = net.variant == Variant::Squeezing && stage >= FIRST_SQUEEZED;
                downsample(list, at, width, squeezed);
                width *= 2;
            }
            if stage < FIRST_WITH_ATTENTION {
                mixer(list, at, width, depth);
            } else {
                position(list, at, width);
                attention(list, at, width, depth, net.variant);
            }
            mlp(list, at, width, net.mlp_ratio, depth);
        });
    }
    let last = Branches { conv: Conv::depthwise(width, 2 * width, 3), one: true, identity: false };
    last.list(&mut list, "last", Role::Conv, at, 1);
    squeeze(&mut list, "last.squeeze", at, 2 * width, width / 8);
    list.elements_at("last.act", Role::Act, (at.area(), 2 * width), 1);
    list.elements(Role::Pool, (at.area(), 2 * width), 1);
    towers::embed(&mut list, projection, 2 * width, embed_dim);
    Network { note: Some(MERGED), ..Network::new("FastViT", list.into_terms()) }
}

/// Branches, each with a batch norm, whose sum is one convolution after training.
struct Branches {
    conv: Conv,
    /// A branch with a kernel of 1.
    one: bool,
    /// A branch that is a batch norm only.
    identity: bool,
}

impl Branches {
    fn list(&self, list: &mut Listing, path: &str, role: Role, at: Size, times: u64) {
        let all = (at.area(), self.conv.outputs);
        self.conv.normed(list, &format!("{path}.conv"), role, at, times);
        if self.one {
            Conv { kernel: 1, ..self.conv }.normed(list, &format!("{path}.one"), role, at, times);
        }
        if self.identity {
            list.elements_at(&format!("{path}.identity"), Role::BatchNorm, all, times);
        }
        let sums = u64::from(self.one) + u64::from(self.identity);
        if sums > 0 {
            list.elements_at(&format!("{path}.sum"), Role::Residual, all, sums * times);
        }
    }
}

fn stem(list: &mut Listing, image: Size, width: u64, variant: Variant) {
    let one = variant != Variant::Large;
    let (half, quarter) = (halved(image), halved(halved(image)));
    let convolutions = [
        ("stem.0", Conv::dense(3, width, 3), one, half, Role::PatchEmbed),
        ("stem.1", Conv::depthwise(width, width, 3), one, quarter, Role::Conv),
        ("stem.2", Conv::dense(width, width, 1), false, quarter, Role::Conv),
    ];
    for (path, conv, one, at, role) in convolutions {
        Branches { conv, one, identity: conv.kernel == 1 }.list(list, path, role, at, 1);
        list.elements_at(&format!("{path}.act"), Role::Act, (at.area(), width), 1);
    }
}

/// A large kernel and a small one beside it, then one position's channels among each other.
fn downsample(list: &mut Listing, at: Size, width: u64, squeezed: bool) {
    let doubled = 2 * width;
    let all = (at.area(), doubled);
    Conv::depthwise(width, doubled, 7).normed(list, "downsample.large", Role::Conv, at, 1);
    Conv::depthwise(width, doubled, 3).normed(list, "downsample.small", Role::Conv, at, 1);
    list.elements_at("downsample.sum", Role::Residual, all, 1);
    if squeezed {
        squeeze(list, "downsample.squeeze", at, doubled, doubled / 4);
    }
    list.elements_at("downsample.act", Role::Act, all, 1);
    let across = Branches { conv: Conv::dense(doubled, doubled, 1), one: false, identity: true };
    across.list(list, "downsample.across", Role::Conv, at, 1);
    list.elements_at("downsample.across.act", Role::Act, all, 1);
}

/// x + scale * (branches(x) - norm(x))
fn mixer(list: &mut Listing, at: Size, width: u64, depth: u64) {
    let all = (at.area(), width);
    let branches = Branches { conv: Conv::depthwise(width, width, 3), one: true, identity: true };
    branches.list(list, "mixer", Role::Conv, at, depth);
    list.elements_at("mixer.norm", Role::BatchNorm, all, depth);
    list.elements_at("mixer.difference", Role::Residual, all, depth);
    list.elements_at("mixer.layer_scale", Role::AttnLayerScale, all, depth);
    list.elements_at("mixer.residual", Role::Residual, all, depth);
}

/// Positions come from a convolution.
fn position(list: &mut Listing, at: Size, width: u64) {
    Conv::depthwise(width, width, 7).biased(list, "position", at, 1);
    list.elements_at("position.residual", Role::Residual, (at.area(), width), 1);
}

fn attention(list: &mut Listing, at: Size, width: u64, depth: u64, variant: Variant) {
    let all = (at.area(), width);
    let norm = if variant == Variant::Large { Role::Norm } else { Role::BatchNorm };
    list.elements_at("attn.norm", norm, all, depth);
    let heads = width / HEAD_WIDTH;
    let attention = Attention { windows: 1, tokens: at.area(), width, heads, qkv_bias: false, distances: 0, masked: 0 };
    attention.list(list, depth);
    list.elements_at("attn.layer_scale", Role::AttnLayerScale, all, depth);
    list.elements_at("attn.residual", Role::Residual, all, depth);
}

fn mlp(list: &mut Listing, at: Size, width: u64, ratio: u64, depth: u64) {
    let all = (at.area(), width);
    Conv::depthwise(width, width, 7).normed(list, "mlp.conv", Role::Conv, at, depth);
    layers::conv_mlp(list, at, width, ratio * width, depth);
    list.elements_at("mlp.layer_scale", Role::MlpLayerScale, all, depth);
    list.elements_at("mlp.residual", Role::Residual, all, depth);
}
