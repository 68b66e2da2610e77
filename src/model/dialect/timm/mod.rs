//! Image towers that an open_clip file only names, by their public dimensions in timm.

mod convnext;
mod eva;
mod fastvit;
mod head;
mod name;
mod relative;
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

const FAMILIES: [Family; 7] =
    [vit::tower, eva::tower, convnext::tower, fastvit::tower, vitamin::tower, swin::tower, relative::tower];

const KNOWN: [&[&str]; 7] =
    [vit::KNOWN, eva::KNOWN, convnext::KNOWN, fastvit::KNOWN, vitamin::KNOWN, swin::KNOWN, relative::KNOWN];

pub fn image_tower(keys: Keys, model: &str, embed_dim: u64) -> Result<ImageTower> {
    let head = Head::read(keys, embed_dim)?;
    let name = Name::of(model);
    FAMILIES.iter().find_map(|family| family(&name, &keys, &head)).unwrap_or_else(|| Err(unknown(&keys, model)))
}

fn unknown(keys: &Keys, model: &str) -> Error {
    let known = KNOWN.concat().join(", ");
    keys.bad("timm_model_name", format!("the dimensions of timm's {model:?} are not known"))
        .remedy(format!("give its dimensions with --tower-config FILE; known by name: {known}"))
}
