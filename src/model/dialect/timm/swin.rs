//! timm's `SwinTransformer`.

use super::head::Head;
use super::name::Name;
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits;
use crate::model::networks::swin::{self, Swin};
use crate::model::spec::ImageTower;

const TOWERS: [(&str, Swin); 6] = [
    ("swin_tiny_window7", Swin { depths: [2, 2, 6, 2], width: 96, window: 7 }),
    ("swin_small_window7", Swin { depths: [2, 2, 18, 2], width: 96, window: 7 }),
    ("swin_base_window7", Swin { depths: [2, 2, 18, 2], width: 128, window: 7 }),
    ("swin_base_window12", Swin { depths: [2, 2, 18, 2], width: 128, window: 12 }),
    ("swin_large_window7", Swin { depths: [2, 2, 18, 2], width: 192, window: 7 }),
    ("swin_large_window12", Swin { depths: [2, 2, 18, 2], width: 192, window: 12 }),
];

pub const KNOWN: &[&str] =
    &["swin_{tiny,small,base,large}_patch4_window7_224", "swin_{base,large}_patch4_window12_384"];

pub fn tower(name: &Name, keys: &Keys, head: &Head) -> Option<Result<ImageTower>> {
    let architecture = name.architecture();
    let (_, net) = TOWERS.iter().find(|(known, _)| *known == architecture)?;
    Some(read(net, name, keys, head))
}

fn read(net: &Swin, name: &Name, keys: &Keys, head: &Head) -> Result<ImageTower> {
    head.mean_only(keys)?;
    let image = keys.image_size("image_size", name.image.unwrap_or(224))?;
    limits::at_least(keys, image, swin::PATCH)?;
    Ok(ImageTower::Network(swin::tower(net, image, head.projection, head.embed_dim)))
}
