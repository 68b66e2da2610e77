//! Image towers that an open_clip file only names, by their public dimensions in timm.

mod convnext;
mod eva;
mod fastvit;
mod head;
mod name;
mod relative;
mod resnet;
mod swin;
mod vit;
mod vitamin;

use crate::model::json::Keys;
use crate::model::spec::*;
use crate::{Error, Result};

use head::Head;
use name::Name;

/// A family of timm's models: what it makes of a name, if the name is one of its own.
type Family = fn(&Name, &Keys, &Head) -> Option<Result<ImageTower>>;

/// Each with the names that it knows.
const FAMILIES: [(Family, &[&str]); 8] = [
    (vit::tower, vit::KNOWN),
    (eva::tower, eva::KNOWN),
    (convnext::tower, convnext::KNOWN),
    (fastvit::tower, fastvit::KNOWN),
    (vitamin::tower, vitamin::KNOWN),
    (swin::tower, swin::KNOWN),
    (relative::tower, relative::KNOWN),
    (resnet::tower, resnet::KNOWN),
];

pub fn image_tower(keys: Keys, model: &str, embed_dim: u64) -> Result<ImageTower> {
    let head = Head::read(keys, embed_dim)?;
    let name = Name::of(model);
    if head.attention.is_some() && !resnet::knows(&name) {
        return Err(keys
            .bad("timm_pool", format!("attention over a grid is not known for timm's {model:?}"))
            .remedy(format!("give \"\" or \"avg\"; known with it: {}", resnet::KNOWN.join(", "))));
    }
    FAMILIES.iter().find_map(|(family, _)| family(&name, &keys, &head)).unwrap_or_else(|| Err(unknown(&keys, model)))
}

fn unknown(keys: &Keys, model: &str) -> Error {
    let known = FAMILIES.map(|(_, known)| known).concat().join(", ");
    keys.bad("timm_model_name", format!("the dimensions of timm's {model:?} are not known"))
        .remedy(format!("give its dimensions with --tower-config FILE; known by name: {known}"))
}
