//! Image towers that an open_clip file only names, by their public dimensions in timm.

mod eva;
mod head;
mod name;
mod vit;

use crate::model::json::Keys;
use crate::model::spec::*;
use crate::{Error, Result};

use head::Head;
use name::Name;

/// A family of timm's models: what it makes of a name, if the name is one of its own.
type Family = fn(&Name, &Keys, &Head) -> Option<Result<ImageTower>>;

const FAMILIES: [Family; 2] = [vit::tower, eva::tower];

pub fn image_tower(keys: Keys, model: &str, embed_dim: u64) -> Result<ImageTower> {
    let head = Head::read(keys, embed_dim)?;
    let name = Name::of(model);
    FAMILIES.iter().find_map(|family| family(&name, &keys, &head)).unwrap_or_else(|| Err(unknown(&keys, model)))
}

fn unknown(keys: &Keys, model: &str) -> Error {
    let known = [vit::KNOWN, eva::KNOWN].concat().join(", ");
    keys.bad("timm_model_name", format!("the dimensions of timm's {model:?} are not known"))
        .remedy(format!("give its dimensions with --tower-config FILE; known by name: {known}"))
}
