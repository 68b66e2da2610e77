//! Towers that the file only names and the user gives the dimensions of: in open_clip's own keys
//! or in HuggingFace's.

use super::{image, named};
use crate::Result;
use crate::model::dialect::huggingface;
use crate::model::json::Keys;
use crate::model::limits::Dimension;
use crate::model::spec::*;

pub const IMAGE_MARKS: [&str; 4] = ["patch_size", "image_size", "head_width", "num_patches"];
pub const TEXT_MARKS: [&str; 3] = ["vocab_size", "max_position_embeddings", "context_length"];

pub fn image_tower(keys: Keys, embed_dim: u64) -> Result<ImageTower> {
    if keys.has("hidden_size") {
        return huggingface::given_image(keys).map(ImageTower::Vit);
    }
    image::tower(keys, false, embed_dim)
}

/// BERT's kind of tower, as open_clip wraps it; `section` says how it is pooled and projected.
pub fn text_tower(keys: Keys, section: Keys, embed_dim: u64, context: u64) -> Result<TextTower> {
    let tower = huggingface::given_text(keys)?;
    let context = section.context(section.dimension("context_length", context, Dimension::Context)?);
    let pooling = match section.text("hf_pooler_type")? {
        Some("cls_pooler") => TextPooling::Pooler,
        Some("cls_last_hidden_state_pooler") => TextPooling::First,
        _ => TextPooling::Mean,
    };
    let projection = named::projection(section, tower.encoder.width, embed_dim)?;
    Ok(TextTower { context, pooling, projection, ..tower })
}
