//! open_clip: `text_cfg` and `vision_cfg`, for CoCa a `multimodal_cfg` too; also wrapped into the
//! `model_cfg` of an `open_clip_config.json`.

mod given;
mod image;
mod named;
mod text;

use serde_json::{Map, Value};

use super::{Dialect, has_section, timm};
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::networks::coca;
use crate::model::spec::*;

pub use image::width_and_heads;
pub use text::encoder;

pub struct OpenClip;

impl Dialect for OpenClip {
    fn name(&self) -> &'static str {
        "open_clip"
    }

    fn recognises(&self, file: &Map<String, Value>) -> bool {
        has_section(file, &["text_cfg", "vision_cfg"])
    }

    fn read(&self, name: &str, keys: Keys) -> Result<ClipSpec> {
        let embed_dim = keys.required_dimension("embed_dim", Dimension::Width)?;
        read(self.name(), name, keys, |vision, quick_gelu| match vision.text("timm_model_name")? {
            Some(model) => match vision.given_tower(&given::IMAGE_MARKS) {
                Some(given) => given::image_tower(given, embed_dim),
                None => timm::image_tower(vision, model, embed_dim),
            },
            None => image::tower(vision, quick_gelu, embed_dim),
        })
    }
}

/// Reads what open_clip and EVA-CLIP write alike; `image` reads the image section.
pub fn read(
    dialect: &'static str,
    name: &str,
    keys: Keys,
    image: impl FnOnce(Keys, bool) -> Result<ImageTower>,
) -> Result<ClipSpec> {
    let embed_dim = keys.required_dimension("embed_dim", Dimension::Width)?;
    let vision = keys.required_section("vision_cfg")?;
    let text = keys.required_section("text_cfg")?;
    let quick_gelu = keys.flag("quick_gelu", false)?;
    let image = image(vision, quick_gelu)?;
    // CoCa's texts are as long as its decoder's.
    let decoded = keys.section("multimodal_cfg")?.dimension("context_length", 77, Dimension::Context)?;
    let context = if keys.has("multimodal_cfg") { decoded } else { 77 };
    let text_tower = text::tower(text, quick_gelu, embed_dim, context)?;
    let mut notes = text::notes(text, keys.has("multimodal_cfg"))?;
    if vision.has("timm_model_name") {
        notes.extend(vision.overruled("timm_model_name", &NAMED_AWAY));
        if vision.given_tower(&given::IMAGE_MARKS).is_some() {
            notes.extend(vision.overruled("timm_model_name", &["image_size"]));
        }
    }
    notes.extend(image_notes(&image));
    notes.extend(mask_notes(keys, vision)?);
    notes.extend(changed_notes(vision)?);
    Ok(ClipSpec {
        name: name.into(),
        dialect,
        multimodal: multimodal(keys, &image, &text_tower)?,
        image: Some(image),
        text: Some(text_tower),
        embed_dim,
        scalars: 1 + u64::from(keys.has("init_logit_bias")),
        notes,
        raw: RawKeys::read(text, vision),
    })
}

/// Keys of open_clip's own image towers, which a tower of timm's does not look at.
const NAMED_AWAY: [&str; 12] = [
    "layers",
    "width",
    "head_width",
    "mlp_ratio",
    "patch_size",
    "pool_type",
    "attentional_pool",
    "attn_pooler_queries",
    "attn_pooler_heads",
    "no_ln_pre",
    "final_ln_after_pool",
    "ls_init_value",
];

/// CoCa's decoder.
fn multimodal(keys: Keys, image: &ImageTower, text: &TextTower) -> Result<Option<Network>> {
    if !keys.has("multimodal_cfg") {
        return Ok(None);
    }
    let section = keys.section("multimodal_cfg")?;
    let (width, heads) = text::width_and_heads(section)?;
    let layers = section.dimension("layers", 12, Dimension::Layers)?;
    let encoder = Encoder {
        // The decoder is made without looking at the section's mlp_ratio.
        mlp_width: limits::mlp_width(&section, width, 4.0)?,
        layer_scale: section.has("ls_init_value"),
        ..Encoder::plain(width, layers, heads, 1)
    };
    let images = match image {
        ImageTower::Vit(Vit { pooling: ImagePooling::Queries(pool), .. }) => pool.tokens_of_an_image(),
        ImageTower::Vit(vit) => vit.patches(),
        ImageTower::Network(_) => {
            return Err(section
                .bad("width", "a decoder needs the tokens of an image, and this image tower has none")
                .remedy("give a vision transformer, or leave multimodal_cfg out"));
        }
    };
    // The decoder ends in a word, whatever a named text tower's own vocabulary is.
    let vocab = keys.section("text_cfg")?.dimension("vocab_size", 49408, Dimension::Vocab)?;
    Ok(Some(coca::decoder(&encoder, coca::Tokens { text: text.context, image: images }, vocab)))
}

/// What the image tower has of its own, where its name or its kind promises something else.
fn changed_notes(vision: Keys) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    let channels = vision.dimension("in_chans", 3, Dimension::Channels)?;
    if channels != 3 && !vision.has("timm_model_name") {
        notes.push(format!("in_chans: images of {channels} channels are counted, not colour images of 3"));
    }
    let own: Vec<&str> =
        vision.section("timm_model_kwargs")?.object().into_iter().flatten().map(|(key, _)| &key[..]).collect();
    if !own.is_empty() {
        notes.push(format!("timm_model_kwargs changes the model that timm_model_name names: {}", own.join(", ")));
    }
    Ok(notes)
}

fn image_notes(image: &ImageTower) -> Option<String> {
    match image {
        ImageTower::Vit(vit) if !vit.tiled() => Some(format!(
            "image_size {} is no multiple of patch_size {}: the pixels beyond the last whole patch are not looked at",
            vit.image.height, vit.patch.height
        )),
        ImageTower::Vit(_) => None,
        ImageTower::Network(network) => network.note.map(Into::into),
    }
}

/// TinyCLIP's masks are learnt: how much of the model they leave is in the weights.
fn mask_notes(keys: Keys, vision: Keys) -> Result<Option<String>> {
    const MASKS: [&str; 5] = ["mask_image", "mask_text", "l0_module_image", "l0_module_text", "sparsity_warmup"];
    let masked = MASKS.iter().filter(|key| keys.has(key) | vision.has(key)).count() > 0;
    Ok(masked.then(|| {
        "the model's masks (TinyCLIP \"auto\") are learnt, and the file does not tell what they leave: \
         the count is that of the unmasked model, an upper bound"
            .into()
    }))
}
