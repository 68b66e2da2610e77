//! Swin: stages of attention within windows, which every second block shifts.

use super::layers::{self, Attention, Conv};
use crate::model::listing::Listing;
use crate::model::spec::{Network, Projection, Size};
use crate::model::terms::{Role, Tower};
use crate::model::towers;

pub struct Swin {
    /// Blocks of the four stages.
    pub depths: [u64; 4],
    /// Channels of the first stage; each further one has twice those before it.
    pub width: u64,
    /// Tokens a side of a window.
    pub window: u64,
}

/// Pixels a side of a patch.
pub const PATCH: u64 = 4;
const HEAD_WIDTH: u64 = 32;
const MLP_RATIO: u64 = 4;

/// The tower on images of at least [`PATCH`] pixels a side.
pub fn tower(net: &Swin, image: Size, projection: Projection, embed_dim: u64) -> Network {
    let mut list = Listing::new(Tower::Image);
    let mut at = layers::patches(image, PATCH);
    let mut width = net.width;
    Conv::dense(3, width, PATCH).list(&mut list, "patch_embed", Role::PatchEmbed, at, 1);
    list.elements(Role::PatchBias, (at.area(), width), 1);
    list.elements_at("patch_embed.norm", Role::Norm, (at.area(), width), 1);
    for (stage, depth) in net.depths.into_iter().enumerate() {
        list.under(&format!("stages.{stage}"), |list| {
            if stage > 0 {
                // Four neighbours become one token of half their channels.
                at = layers::halved(at);
                list.elements_at("merge.norm", Role::Norm, (at.area(), 4 * width), 1);
                list.product_at("merge", Role::Linear, (at.area(), 2 * width, 4 * width), 1);
                width *= 2;
            }
            blocks(list, at, width, depth, net.window);
        });
    }
    list.elements(Role::LnPost, (at.area(), width), 1);
    list.elements(Role::Pool, (at.area(), width), 1);
    towers::embed(&mut list, projection, width, embed_dim);
    Network::new("Swin", list.into_terms())
}

fn blocks(list: &mut Listing, at: Size, width: u64, depth: u64, window: u64) {
    let all = (at.area(), width);
    // A window is no larger than the grid, and the grid is padded to whole windows.
    let side = Size { height: window.min(at.height), width: window.min(at.width) };
    let windows = at.height.div_ceil(side.height) * at.width.div_ceil(side.width);
    let shifts = at.height > side.height || at.width > side.width;
    let attention = Attention {
        windows,
        tokens: side.area(),
        width,
        heads: width / HEAD_WIDTH,
        qkv_bias: true,
        distances: (2 * side.height - 1) * (2 * side.width - 1),
        masked: if shifts { depth / 2 } else { 0 },
    };
    list.elements_at("attn.norm", Role::Norm, all, depth);
    attention.list(list, depth);
    list.elements_at("attn.residual", Role::Residual, all, depth);
    list.elements_at("mlp.norm", Role::Norm, all, depth);
    layers::mlp(list, at.area(), width, MLP_RATIO * width, depth);
    list.elements_at("mlp.residual", Role::Residual, all, depth);
}
