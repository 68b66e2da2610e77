//! ViTamin: two stages of inverted bottlenecks, then a vision transformer with gated MLPs.

use super::layers::{Conv, halved};
use crate::model::listing::Listing;
use crate::model::spec::{Network, Size, Vit};
use crate::model::terms::{Role, Tower};
use crate::model::towers;

/// Pixels a side of one of the transformer's tokens.
pub const STRIDE: u64 = 16;
/// Blocks of the two stages.
const DEPTHS: [u64; 2] = [2, 4];
/// A bottleneck's inner channels over its outputs.
const EXPANSION: u64 = 4;

/// The transformer with its patch embedding replaced; the first stage has so many channels.
pub fn before(vit: &Vit, channels: u64, image: Size, embed_dim: u64) -> Network {
    let mut list = Listing::new(Tower::Image);
    let mut at = halved(image);
    let all = (at.area(), channels);
    Conv::dense(3, channels, 3).list(&mut list, "stem.conv1", Role::PatchEmbed, at, 1);
    list.elements_at("stem.conv1.bias", Role::PatchBias, all, 1);
    list.elements_at("stem.norm", Role::Norm, all, 1);
    list.elements_at("stem.act", Role::Act, all, 1);
    Conv::dense(channels, channels, 3).biased(&mut list, "stem.conv2", at, 1);
    let mut inputs = channels;
    for (stage, depth) in DEPTHS.into_iter().enumerate() {
        let outputs = channels << stage;
        list.under(&format!("stages.{stage}"), |list| {
            let after = halved(at);
            list.under("first", |list| {
                shortcut(list, (inputs, outputs), after);
                bottleneck(list, (inputs, outputs), (at, after), 1);
            });
            at = after;
            list.under("others", |list| bottleneck(list, (outputs, outputs), (at, at), depth - 1));
        });
        inputs = outputs;
    }
    list.elements_at("patch_embed.norm", Role::Norm, (at.area(), inputs), 1);
    Conv::dense(inputs, vit.encoder.width, 3).biased(&mut list, "patch_embed", halved(at), 1);
    let mut terms = list.into_terms();
    let embedding = [Role::PatchEmbed, Role::PatchBias];
    terms.extend(towers::vit(vit, embed_dim).into_iter().filter(|term| !embedding.contains(&term.role)));
    Network::new("ViTamin", terms)
}

/// The residual's way past a stride: 3 x 3 means, and a map where the channels differ.
fn shortcut(list: &mut Listing, (inputs, outputs): (u64, u64), after: Size) {
    list.elements_at("shortcut.pool", Role::Pool, (9 * after.area(), inputs), 1);
    if inputs != outputs {
        Conv::dense(inputs, outputs, 1).biased(list, "shortcut", after, 1);
    }
}

fn bottleneck(list: &mut Listing, (inputs, outputs): (u64, u64), (at, after): (Size, Size), times: u64) {
    let inner = EXPANSION * outputs;
    list.elements_at("norm", Role::Norm, (at.area(), inputs), times);
    Conv::dense(inputs, inner, 1).biased(list, "conv1", at, times);
    list.elements_at("act1", Role::Act, (at.area(), inner), times);
    Conv::depthwise(inner, inner, 3).biased(list, "conv2", after, times);
    list.elements_at("act2", Role::Act, (after.area(), inner), times);
    Conv::dense(inner, outputs, 1).biased(list, "conv3", after, times);
    list.elements_at("residual", Role::Residual, (after.area(), outputs), times);
}
