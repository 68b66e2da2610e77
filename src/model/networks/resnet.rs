//! ResNet with bottlenecks, pooled by the mean or by attention.

use super::attention_pool::AttentionPool;
use super::layers::{Conv, halved};
use crate::model::listing::Listing;
use crate::model::spec::{Network, Projection, Size};
use crate::model::terms::{Role, Tower};
use crate::model::towers;

/// Channels that the first stage starts with, and its blocks' inner ones.
const WIDTH: u64 = 64;
/// A block's last convolution has so many times the channels of its others.
const EXPANSION: u64 = 4;
/// Channels of the last stage.
pub const FEATURES: u64 = 8 * WIDTH * EXPANSION;

/// The tower with so many blocks in each stage; the mean pools where nothing else does.
pub fn tower(
    depths: [u64; 4],
    image: Size,
    pool: Option<AttentionPool>,
    projection: Projection,
    embed_dim: u64,
) -> Network {
    let mut list = Listing::new(Tower::Image);
    let mut at = halved(image);
    Conv::dense(3, WIDTH, 7).normed(&mut list, "stem", Role::PatchEmbed, at, 1);
    list.elements_at("stem.act", Role::Act, (at.area(), WIDTH), 1);
    // The maximum of neighbours compares, which is no arithmetic.
    at = halved(at);
    let mut inputs = WIDTH;
    for (stage, depth) in depths.into_iter().enumerate() {
        let inner = WIDTH << stage;
        list.under(&format!("stages.{stage}"), |list| {
            let after = if stage > 0 { halved(at) } else { at };
            list.under("first", |list| {
                Conv::dense(inputs, EXPANSION * inner, 1).normed(list, "downsample", Role::Conv, after, 1);
                bottleneck(list, (inputs, inner), (at, after), 1);
            });
            at = after;
            inputs = EXPANSION * inner;
            list.under("others", |list| bottleneck(list, (inputs, inner), (at, at), depth - 1));
        });
    }
    let width = match pool {
        Some(pool) => {
            pool.list(&mut list, at.area(), embed_dim);
            embed_dim
        }
        None => {
            list.elements(Role::Pool, (at.area(), FEATURES), 1);
            FEATURES
        }
    };
    towers::embed(&mut list, projection, width, embed_dim);
    Network::new("ResNet", list.into_terms())
}

fn bottleneck(list: &mut Listing, (inputs, inner): (u64, u64), (at, after): (Size, Size), times: u64) {
    let outputs = EXPANSION * inner;
    Conv::dense(inputs, inner, 1).normed(list, "conv1", Role::Conv, at, times);
    list.elements_at("act1", Role::Act, (at.area(), inner), times);
    Conv::dense(inner, inner, 3).normed(list, "conv2", Role::Conv, after, times);
    list.elements_at("act2", Role::Act, (after.area(), inner), times);
    Conv::dense(inner, outputs, 1).normed(list, "conv3", Role::Conv, after, times);
    list.elements_at("residual", Role::Residual, (after.area(), outputs), times);
    list.elements_at("act", Role::Act, (after.area(), outputs), times);
}
