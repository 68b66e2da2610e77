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

/// Apple's own name of a tower that timm has too; Apple maps its output without a bias.
pub fn mobileclip(keys: Keys, embed_dim: u64) -> Result<ImageTower> {
    let model = keys.text("model_name")?.unwrap_or_default();
    let timm = match model {
        "vit_b16" => "vit_base_mci_224".to_string(),
        "mci0" | "mci1" | "mci2" | "mci3" | "mci4" => format!("fastvit_{model}"),
        other => {
            return Err(keys
                .bad("model_name", format!("{other:?} is not one of MobileCLIP's image towers"))
                .remedy("known by name: mci0 to mci4, vit_b16"));
        }
    };
    let projection = Projection::Linear { bias: false };
    let head = Head { pool: head::Pool::Average, attention: None, projection, embed_dim };
    let pool = if model == "vit_b16" { head::Pool::ClassToken } else { head.pool };
    find(&Name::of(&timm), keys, &Head { pool, ..head }).unwrap_or_else(|| Err(unknown(&keys, "model_name", &timm)))
}

pub fn image_tower(keys: Keys, model: &str, embed_dim: u64) -> Result<ImageTower> {
    let head = Head::read(keys, embed_dim)?;
    let name = Name::of(model);
    if head.attention.is_some() && !resnet::knows(&name) {
        return Err(keys
            .bad("timm_pool", format!("attention over a grid is not known for timm's {model:?}"))
            .remedy(format!("give \"\" or \"avg\"; known with it: {}", resnet::KNOWN.join(", "))));
    }
    find(&name, keys, &head).unwrap_or_else(|| Err(unknown(&keys, "timm_model_name", model)))
}

fn find(name: &Name, keys: Keys, head: &Head) -> Option<Result<ImageTower>> {
    FAMILIES.iter().find_map(|(family, _)| family(name, &keys, head))
}

fn unknown(keys: &Keys, key: &str, model: &str) -> Error {
    let known = FAMILIES.map(|(_, known)| known).concat().join(", ");
    keys.bad(key, format!("the dimensions of timm's {model:?} are not known"))
        .remedy(format!("give its dimensions with --tower-config FILE; known by name: {known}"))
}
