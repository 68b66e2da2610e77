//! CLIP's own ResNet: three convolutions before the stages, average pooling in place of strides,
//! and attention over the last positions as pooling.

use serde_json::Value;

use super::attention_pool::{AttentionPool, Positions::Learnt};
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::listing::Listing;
use crate::model::spec::{Network, Size};
use crate::model::terms::{Role, Tower};

pub struct ModifiedResNet {
    /// Blocks of the four stages.
    pub layers: [u64; 4],
    /// Channels that the first stage starts with.
    pub width: u64,
    pub heads: u64,
    pub image: Size,
}

/// What all is divided by from the pixels to the last stage.
const STRIDE: u64 = 32;
/// A block's last convolution has so many times the channels of its others.
const EXPANSION: u64 = 4;

/// The blocks of the four stages, as a key lists them.
pub fn stages(keys: &Keys, key: &str, list: &[Value]) -> Result<[u64; 4]> {
    let [one, two, three, four] = list else {
        return Err(keys
            .bad(key, format!("a list of {} is not a ModifiedResNet", list.len()))
            .remedy("give the blocks of its four stages, or one number for a vision transformer"));
    };
    let blocks = |value| limits::whole(value, Dimension::Layers).map_err(|e| e.at(keys.place(key)));
    Ok([blocks(one)?, blocks(two)?, blocks(three)?, blocks(four)?])
}

pub fn tower(keys: &Keys, resnet: ModifiedResNet, embed_dim: u64) -> Result<Network> {
    let ModifiedResNet { layers, width, heads, image } = resnet;
    let features = width * STRIDE;
    let grid = Size { height: image.height / STRIDE, width: image.width / STRIDE };
    if grid.area() == 0 || !width.is_multiple_of(2) || !features.is_multiple_of(heads) {
        return Err(keys
            .bad(
                "width",
                format!("no ModifiedResNet has width {width}, {heads} heads and images of {} pixels", image.height),
            )
            .remedy("give an even width, images of at least 32 pixels, and heads that divide 32 times the width"));
    }
    let mut list = Listing::new(Tower::Image);
    let half = Size { height: image.height.div_ceil(2), width: image.width.div_ceil(2) };
    convolution(&mut list, "stem.conv1", (3, width / 2, 3), half, Role::PatchEmbed);
    convolution(&mut list, "stem.conv2", (width / 2, width / 2, 3), half, Role::Conv);
    convolution(&mut list, "stem.conv3", (width / 2, width, 3), half, Role::Conv);
    let mut positions = Size { height: half.height / 2, width: half.width / 2 };
    list.elements_at("stem.pool", Role::Pool, (half.area(), width), 1);
    let mut channels = width;
    for (stage, blocks) in layers.into_iter().enumerate() {
        for block in 0..blocks {
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            let path = format!("stages.{stage}.{block}");
            let planes = width << stage;
            positions = bottleneck(&mut list, &path, (channels, planes), positions, stride);
            channels = planes * EXPANSION;
        }
    }
    let pool = AttentionPool { width: features, heads, positions: Learnt { table: grid.area() } };
    pool.list(&mut list, positions.area(), embed_dim);
    list.elements(Role::Normalize, (1, embed_dim), 1);
    Ok(Network::new("ModifiedResNet", list.into_terms()))
}

/// A convolution without a bias, its batch norm and its activation.
fn convolution(list: &mut Listing, path: &str, shape: (u64, u64, u64), at: Size, role: Role) {
    convolution_only(list, path, shape, at, role);
    list.elements_at(&format!("{path}.act"), Role::Act, (at.area(), shape.1), 1);
}

fn convolution_only(list: &mut Listing, path: &str, (inputs, outputs, kernel): (u64, u64, u64), at: Size, role: Role) {
    list.product_at(path, role, (at.area(), outputs, inputs * kernel * kernel), 1);
    list.elements_at(&format!("{path}.norm"), Role::BatchNorm, (at.area(), outputs), 1);
}

fn bottleneck(list: &mut Listing, path: &str, (inputs, planes): (u64, u64), at: Size, stride: u64) -> Size {
    let outputs = planes * EXPANSION;
    let after = Size { height: at.height / stride, width: at.width / stride };
    let name = |end: &str| format!("{path}.{end}");
    convolution(list, &name("conv1"), (inputs, planes, 1), at, Role::Conv);
    convolution(list, &name("conv2"), (planes, planes, 3), at, Role::Conv);
    if stride > 1 {
        list.elements_at(&name("pool"), Role::Pool, (at.area(), planes), 1);
    }
    convolution_only(list, &name("conv3"), (planes, outputs, 1), after, Role::Conv);
    if stride > 1 || inputs != outputs {
        if stride > 1 {
            list.elements_at(&name("downsample.pool"), Role::Pool, (at.area(), inputs), 1);
        }
        convolution_only(list, &name("downsample"), (inputs, outputs, 1), after, Role::Conv);
    }
    list.elements_at(&name("residual"), Role::Residual, (after.area(), outputs), 1);
    list.elements_at(&name("act"), Role::Act, (after.area(), outputs), 1);
    after
}
