//! timm's `ResNet` with bottlenecks.

use super::head::{Grid, Head};
use super::name::Name;
use crate::Result;
use crate::model::json::Keys;
use crate::model::networks::attention_pool::{AttentionPool, Positions};
use crate::model::networks::resnet;
use crate::model::spec::ImageTower;

/// Blocks of the four stages.
const TOWERS: [(&str, [u64; 4]); 3] =
    [("resnet50", [3, 4, 6, 3]), ("resnet101", [3, 4, 23, 3]), ("resnet152", [3, 8, 36, 3])];

const HEAD_WIDTH: u64 = 64;
/// Positions that timm's table has: those of an image of 224 x 224 pixels.
const TABLE: u64 = 7 * 7;

pub const KNOWN: &[&str] = &["resnet{50,101,152}"];

/// Is the name one of these?
pub fn knows(name: &Name) -> bool {
    TOWERS.iter().any(|(known, _)| *known == name.stem)
}

pub fn tower(name: &Name, keys: &Keys, head: &Head) -> Option<Result<ImageTower>> {
    let (_, depths) = TOWERS.iter().find(|(known, _)| *known == name.stem)?;
    Some(read(*depths, keys, head))
}

fn read(depths: [u64; 4], keys: &Keys, head: &Head) -> Result<ImageTower> {
    head.mean_only(keys)?;
    let pool = head.attention.map(|grid| AttentionPool {
        width: resnet::FEATURES,
        heads: resnet::FEATURES / HEAD_WIDTH,
        positions: match grid {
            Grid::Learnt => Positions::Learnt { table: TABLE },
            Grid::Rotary => Positions::Rotary,
        },
    });
    let image = keys.image_size("image_size", 224)?;
    Ok(ImageTower::Network(resnet::tower(depths, image, pool, head.projection, head.embed_dim)))
}
