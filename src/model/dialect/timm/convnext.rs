//! timm's `ConvNeXt`.

use super::head::Head;
use super::name::Name;
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits;
use crate::model::networks::convnext::{self, ConvNext};
use crate::model::spec::ImageTower;

const fn net(depths: [u64; 4], width: u64) -> ConvNext {
    ConvNext { depths, width, conv_mlp: false }
}

const fn small(depths: [u64; 4], width: u64) -> ConvNext {
    ConvNext { depths, width, conv_mlp: true }
}

const TOWERS: [(&str, ConvNext); 10] = [
    ("convnext_atto", small([2, 2, 6, 2], 40)),
    ("convnext_femto", small([2, 2, 6, 2], 48)),
    ("convnext_pico", small([2, 2, 6, 2], 64)),
    ("convnext_nano", small([2, 2, 8, 2], 80)),
    ("convnext_tiny", net([3, 3, 9, 3], 96)),
    ("convnext_small", net([3, 3, 27, 3], 96)),
    ("convnext_base", net([3, 3, 27, 3], 128)),
    ("convnext_large", net([3, 3, 27, 3], 192)),
    ("convnext_xlarge", net([3, 3, 27, 3], 256)),
    ("convnext_xxlarge", net([3, 4, 30, 3], 384)),
];

pub const KNOWN: &[&str] = &["convnext_{atto,femto,pico,nano,tiny,small,base,large,xlarge,xxlarge}"];

pub fn tower(name: &Name, keys: &Keys, head: &Head) -> Option<Result<ImageTower>> {
    let (_, net) = TOWERS.iter().find(|(known, _)| *known == name.stem)?;
    Some(read(net, name, keys, head))
}

fn read(net: &ConvNext, name: &Name, keys: &Keys, head: &Head) -> Result<ImageTower> {
    head.mean_only(keys)?;
    let image = keys.image_size("image_size", name.image.unwrap_or(224))?;
    limits::at_least(keys, image, convnext::STRIDE)?;
    Ok(ImageTower::Network(convnext::tower(net, image, head.projection, head.embed_dim)))
}
