//! ConvNeXt: stages of depthwise convolutions, each followed by an MLP of every position.

use super::layers::{self, Conv};
use crate::model::listing::Listing;
use crate::model::spec::{Network, Projection, Size};
use crate::model::terms::{Role, Tower};
use crate::model::towers;

pub struct ConvNext {
    /// Blocks of the four stages.
    pub depths: [u64; 4],
    /// Channels of the first stage; each further one has twice those before it.
    pub width: u64,
    /// The MLPs are written as convolutions.
    pub conv_mlp: bool,
}

/// Pixels a side of one of the first stage's positions.
const PATCH: u64 = 4;
/// Pixels a side of one of the last stage's.
pub const STRIDE: u64 = 32;
const KERNEL: u64 = 7;
const MLP_RATIO: u64 = 4;

/// The tower on images of at least [`STRIDE`] pixels a side.
pub fn tower(net: &ConvNext, image: Size, projection: Projection, embed_dim: u64) -> Network {
    let mut list = Listing::new(Tower::Image);
    let mut at = layers::patches(image, PATCH);
    let mut width = net.width;
    Conv::dense(3, width, PATCH).list(&mut list, "stem", Role::PatchEmbed, at, 1);
    list.elements_at("stem.bias", Role::PatchBias, (at.area(), width), 1);
    list.elements_at("stem.norm", Role::Norm, (at.area(), width), 1);
    for (stage, depth) in net.depths.into_iter().enumerate() {
        list.under(&format!("stages.{stage}"), |list| {
            if stage > 0 {
                list.elements_at("downsample.norm", Role::Norm, (at.area(), width), 1);
                at = layers::patches(at, 2);
                Conv::dense(width, 2 * width, 2).biased(list, "downsample", at, 1);
                width *= 2;
            }
            blocks(list, at, width, depth, net.conv_mlp);
        });
    }
    list.elements(Role::Pool, (at.area(), width), 1);
    list.elements(Role::LnPost, (1, width), 1);
    towers::embed(&mut list, projection, width, embed_dim);
    Network::new("ConvNeXt", list.into_terms())
}

fn blocks(list: &mut Listing, at: Size, width: u64, depth: u64, conv_mlp: bool) {
    let all = (at.area(), width);
    Conv::depthwise(width, width, KERNEL).biased(list, "conv", at, depth);
    list.elements_at("norm", Role::Norm, all, depth);
    match conv_mlp {
        true => layers::conv_mlp(list, at, width, MLP_RATIO * width, depth),
        false => layers::mlp(list, at.area(), width, MLP_RATIO * width, depth),
    }
    list.elements_at("layer_scale", Role::MlpLayerScale, all, depth);
    list.elements_at("residual", Role::Residual, all, depth);
}
