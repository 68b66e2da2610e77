//! The heads of OWL-ViT and OWLv2: each patch of an image gets a box and a score for a text.

use crate::model::listing::Listing;
use crate::model::spec::{Network, Vit};
use crate::model::terms::{Role, Tower};

/// The heads for one text, whose embedding is so wide.
pub fn heads(image: &Vit, text_width: u64, objectness: bool) -> Network {
    let mut list = Listing::new(Tower::Multimodal);
    let (patches, width) = (image.patches(), image.encoder.width);
    // The image tower's own norm again, on all tokens.
    list.learnt_at("ln_post", Role::Norm, (image.tokens(), width), 1, 0);
    list.elements_at("class_token", Role::MlpGate, (patches, width), 1);
    list.elements_at("norm", Role::Norm, (patches, width), 1);
    list.under("class", |list| class(list, (patches, width), text_width));
    list.under("box", |list| {
        mlp(list, (patches, width), 4);
        list.elements_at("place", Role::Residual, (patches, 4), 1);
        list.elements_at("sigmoid", Role::Act, (patches, 4), 1);
    });
    if objectness {
        list.under("objectness", |list| mlp(list, (patches, width), 1));
    }
    Network::new("OWL-ViT's heads", list.into_terms())
}

/// The similarity of each patch and the text, shifted and scaled by maps of the patch.
fn class(list: &mut Listing, (patches, width): (u64, u64), text_width: u64) {
    linear(list, "map", (patches, width, text_width));
    list.elements_at("unit", Role::Normalize, (patches + 1, text_width), 1);
    list.product_at("similarity", Role::Scores, (patches, 1, text_width), 1);
    linear(list, "shift", (patches, width, 1));
    linear(list, "scale", (patches, width, 1));
    list.elements_at("scale.act", Role::Act, (patches, 1), 1);
    list.elements_at("shifted", Role::Residual, (patches, 1), 1);
    list.elements_at("scaled", Role::MlpGate, (patches, 1), 1);
}

fn mlp(list: &mut Listing, (patches, width): (u64, u64), outputs: u64) {
    linear(list, "map1", (patches, width, width));
    list.elements_at("act1", Role::Act, (patches, width), 1);
    linear(list, "map2", (patches, width, width));
    list.elements_at("act2", Role::Act, (patches, width), 1);
    linear(list, "map3", (patches, width, outputs));
}

fn linear(list: &mut Listing, path: &str, (rows, inputs, outputs): (u64, u64, u64)) {
    list.product_at(path, Role::Linear, (rows, outputs, inputs), 1);
    list.elements_at(&format!("{path}.bias"), Role::LinearBias, (rows, outputs), 1);
}
