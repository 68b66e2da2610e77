//! timm's `FastVit` as MobileCLIP has it.

use super::head::Head;
use super::name::Name;
use crate::Result;
use crate::model::json::Keys;
use crate::model::networks::fastvit::{self, FastVit, Variant};
use crate::model::spec::ImageTower;

const fn net(depths: &'static [u64], width: u64) -> FastVit {
    FastVit { depths, width, mlp_ratio: 3, variant: Variant::Squeezing }
}

const fn large(depths: &'static [u64], width: u64) -> FastVit {
    FastVit { depths, width, mlp_ratio: 4, variant: Variant::Large }
}

const TOWERS: [(&str, FastVit); 5] = [
    ("fastvit_mci0", net(&[2, 6, 10, 2], 64)),
    ("fastvit_mci1", net(&[4, 12, 20, 4], 64)),
    ("fastvit_mci2", net(&[4, 12, 24, 4], 80)),
    ("fastvit_mci3", large(&[2, 12, 24, 4, 2], 96)),
    ("fastvit_mci4", large(&[2, 12, 24, 4, 4], 128)),
];

pub const KNOWN: &[&str] = &["fastvit_mci{0,1,2,3,4}"];

pub fn tower(name: &Name, keys: &Keys, head: &Head) -> Option<Result<ImageTower>> {
    let (_, net) = TOWERS.iter().find(|(known, _)| *known == name.stem)?;
    Some(read(net, name, keys, head))
}

fn read(net: &FastVit, name: &Name, keys: &Keys, head: &Head) -> Result<ImageTower> {
    head.mean_only(keys)?;
    let image = keys.image_size("image_size", name.image.unwrap_or(256))?;
    Ok(ImageTower::Network(fastvit::tower(net, image, head.projection, head.embed_dim)))
}
