//! EfficientNet: stages of inverted bottlenecks with squeeze and excitation.

use super::layers::{Conv, squeeze};
use crate::model::listing::Listing;
use crate::model::spec::{Network, Size};
use crate::model::terms::{Role, Tower};

pub struct EfficientNet {
    pub image: Size,
    pub channels: u64,
    /// Channels that the first stage starts with.
    pub stem: u64,
    pub blocks: Vec<Block>,
}

#[derive(Clone, Copy)]
pub struct Block {
    pub inputs: u64,
    pub outputs: u64,
    /// Inner channels over the inputs.
    pub expansion: u64,
    pub kernel: u64,
    pub stride: Stride,
    /// Channels between the maps of squeeze and excitation.
    pub squeezed: u64,
    /// Its input joins its output.
    pub residual: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stride {
    One,
    /// The kernel starts at every second of the input's rows and columns but so many.
    Two {
        lost: u64,
    },
}

/// The tower, whose last block's channels, each its mean, are the embedding.
pub fn tower(net: &EfficientNet) -> Network {
    let mut list = Listing::new(Tower::Image);
    let mut at = Size { height: net.image.height / 2, width: net.image.width / 2 };
    Conv::dense(net.channels, net.stem, 3).normed(&mut list, "stem", Role::PatchEmbed, at, 1);
    list.elements_at("stem.act", Role::Act, (at.area(), net.stem), 1);
    let mut width = net.stem;
    for (index, block) in net.blocks.iter().enumerate() {
        list.under(&format!("layers.{index}"), |list| at = block.list(list, at));
        width = block.outputs;
    }
    list.elements(Role::Pool, (at.area(), width), 1);
    list.elements(Role::Normalize, (1, width), 1);
    Network::new("EfficientNet", list.into_terms())
}

impl Block {
    /// Its terms on an input of this size; the size of its output.
    fn list(&self, list: &mut Listing, at: Size) -> Size {
        let Block { inputs, outputs, expansion, kernel, squeezed, .. } = *self;
        let inner = inputs * expansion;
        if expansion != 1 {
            Conv::dense(inputs, inner, 1).normed(list, "expand", Role::Conv, at, 1);
            list.elements_at("expand.act", Role::Act, (at.area(), inner), 1);
        }
        let after = self.after(at);
        Conv::depthwise(inner, inner, kernel).normed(list, "depthwise", Role::Conv, after, 1);
        list.elements_at("depthwise.act", Role::Act, (after.area(), inner), 1);
        squeeze(list, "squeeze", after, inner, squeezed);
        Conv::dense(inner, outputs, 1).normed(list, "project", Role::Conv, after, 1);
        if self.residual {
            list.elements_at("residual", Role::Residual, (after.area(), outputs), 1);
        }
        after
    }

    fn after(&self, at: Size) -> Size {
        match self.stride {
            Stride::One => at,
            Stride::Two { lost } => {
                let side = |side: u64| side.checked_sub(lost).map_or(0, |rest| rest / 2 + 1);
                Size { height: side(at.height), width: side(at.width) }
            }
        }
    }
}
