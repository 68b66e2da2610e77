//! HuggingFace's CLIP-like models: `text_config` and `vision_config`, or the keys of one of them
//! alone, each often holding only what differs from the library's defaults.

mod decoder;
mod efficientnet;
mod groupvit;
mod image;
mod kinds;
mod lists;
mod text;

use serde_json::{Map, Value};

use self::kinds::{Image, ImageDefaults, KINDS, Kind};
use super::{Dialect, has_section};
use crate::model::json::Keys;
use crate::model::limits::Dimension;
use crate::model::spec::*;
use crate::{Error, Result};

pub struct HuggingFace;

/// What of a model a file describes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Pair,
    Text,
    Image,
}

impl Dialect for HuggingFace {
    fn name(&self) -> &'static str {
        "huggingface"
    }

    fn recognises(&self, file: &Map<String, Value>) -> bool {
        let text = has_section(file, &["text_config", "text_config_dict"]);
        let vision = has_section(file, &["vision_config", "vision_config_dict"]);
        match file.get("model_type").and_then(Value::as_str) {
            // With one section or none, only its type says what the defaults of the rest are.
            None => text && vision || file.get("model_type").is_none() && by_architecture(file).is_some(),
            Some(kind) => known(kind).is_some(),
        }
    }

    fn read(&self, name: &str, keys: Keys) -> Result<ClipSpec> {
        let (kind, part) = which(keys)?;
        match part {
            Part::Pair => self.pair(name, keys, kind),
            Part::Text => self.text_only(name, keys, kind),
            Part::Image => self.image_only(name, keys, kind),
        }
    }
}

impl HuggingFace {
    fn pair(&self, name: &str, keys: Keys, kind: &Kind) -> Result<ClipSpec> {
        let text = section(keys, kind, Part::Text)?;
        let vision = section(keys, kind, Part::Image)?;
        let siglip = kind.text.code == kinds::TextCode::Siglip;
        // The sections carry a projection_dim too, which the pair of towers never reads.
        let embed_dim = match siglip {
            true => text::siglip_width(text, kind)?,
            false => keys.dimension("projection_dim", kind.projection_dim, Dimension::Width)?,
        };
        let projected = match &kind.image {
            Image::GroupVit => {
                let width = keys.dimension("projection_intermediate_dim", 4096, Dimension::MlpWidth)?;
                Projection::Mlp { width, biases: [true; 2], norm: true }
            }
            _ if siglip => Projection::None,
            _ => Projection::Linear { bias: false },
        };
        let mut notes = text::notes(text, kind)?;
        notes.extend(foreign(architecture(keys)?, kind));
        let mut text_tower = text::tower(text, kind, Some(embed_dim))?;
        let (image, multimodal) = match &kind.image {
            Image::Vit(defaults) => {
                let vit = image::tower(vision, defaults, projected)?;
                notes.extend(untiled(&vit));
                let multimodal = decoder::of_class(architecture(keys)?, keys, &vit, &text_tower)?;
                (ImageTower::Vit(vit), multimodal)
            }
            Image::EfficientNet => {
                let (network, width) = efficientnet::tower(vision)?;
                if width != embed_dim {
                    return Err(keys
                        .bad("projection_dim", format!("{embed_dim}, and the image tower ends in {width} channels"))
                        .remedy("give the channels of the last stage: nothing maps them"));
                }
                (ImageTower::Network(network), None)
            }
            Image::GroupVit => {
                text_tower.projection = projected;
                let (network, _) = groupvit::tower(vision, projected, Some(embed_dim))?;
                (ImageTower::Network(network), None)
            }
        };
        Ok(ClipSpec {
            name: name.into(),
            dialect: self.name(),
            image: Some(image),
            text: Some(text_tower),
            multimodal,
            embed_dim,
            scalars: if siglip { 2 } else { 1 },
            notes,
            raw: RawKeys::read(keys.section("text_config")?, keys.section("vision_config")?),
        })
    }

    fn text_only(&self, name: &str, keys: Keys, kind: &Kind) -> Result<ClipSpec> {
        let projected = architecture(keys)?.is_some_and(|name| name.ends_with("WithProjection"));
        let embed_dim = match kind.text.code {
            kinds::TextCode::Siglip => Some(text::siglip_width(keys, kind)?),
            _ if projected => Some(keys.dimension("projection_dim", kind.projection_dim, Dimension::Width)?),
            _ => None,
        };
        let tower = text::tower(keys, kind, embed_dim)?;
        Ok(ClipSpec {
            name: name.into(),
            dialect: self.name(),
            image: None,
            embed_dim: embed_dim.unwrap_or(tower.width()),
            text: Some(tower),
            multimodal: None,
            scalars: 0,
            notes: text::notes(keys, kind)?,
            raw: RawKeys::read(keys, keys.none()),
        })
    }

    fn image_only(&self, name: &str, keys: Keys, kind: &Kind) -> Result<ClipSpec> {
        let (image, embed_dim, notes) = match &kind.image {
            Image::Vit(defaults) => {
                let (projection, embed_dim) = projected_alone(keys, kind, defaults)?;
                let vit = image::tower(keys, defaults, projection)?;
                let notes = untiled(&vit).into_iter().collect();
                (ImageTower::Vit(vit), embed_dim, notes)
            }
            Image::EfficientNet => {
                let (network, width) = efficientnet::tower(keys)?;
                (ImageTower::Network(network), width, Vec::new())
            }
            Image::GroupVit => {
                let (network, width) = groupvit::tower(keys, Projection::None, None)?;
                (ImageTower::Network(network), width, Vec::new())
            }
        };
        Ok(ClipSpec {
            name: name.into(),
            dialect: self.name(),
            image: Some(image),
            text: None,
            multimodal: None,
            embed_dim,
            scalars: 0,
            notes,
            raw: RawKeys::read(keys.none(), keys),
        })
    }
}

/// A vision transformer in this library's keys: of the type written, else CLIP's.
pub fn given_image(keys: Keys) -> Result<Vit> {
    let kind = keys.text("model_type")?.and_then(known).map_or(&KINDS[0], |(kind, _)| kind);
    let Image::Vit(defaults) = &kind.image else {
        return Err(unknown(keys, kind.name));
    };
    image::tower(keys, defaults, Projection::Linear { bias: false })
}

/// A text tower in this library's keys: of the type written, else BERT's.
pub fn given_text(keys: Keys) -> Result<TextTower> {
    let bert = KINDS.iter().find(|kind| kind.text.code == kinds::TextCode::Bert).unwrap_or(&KINDS[0]);
    let kind = keys.text("model_type")?.and_then(known).map_or(bert, |(kind, _)| kind);
    text::tower(keys, kind, Some(1))
}

/// What an image tower alone ends in: its projection, where its class has one.
fn projected_alone(keys: Keys, kind: &Kind, defaults: &ImageDefaults) -> Result<(Projection, u64)> {
    Ok(match architecture(keys)?.is_some_and(|name| name.ends_with("WithProjection")) {
        true => {
            let width = keys.dimension("projection_dim", kind.projection_dim, Dimension::Width)?;
            (Projection::Linear { bias: false }, width)
        }
        false => (Projection::None, keys.dimension("hidden_size", defaults.width, Dimension::Width)?),
    })
}

/// The kind and the part that a `model_type` names.
fn known(model_type: &str) -> Option<(&'static Kind, Part)> {
    let (name, part) = if let Some(name) = model_type.strip_suffix("_text_model") {
        (name, Part::Text)
    } else if let Some(name) = model_type.strip_suffix("_vision_model") {
        (name, Part::Image)
    } else {
        (model_type, Part::Pair)
    };
    KINDS.iter().find(|kind| kind.name == name).map(|kind| (kind, part))
}

/// The same from the class that a file without a `model_type` was saved from.
fn by_architecture(file: &Map<String, Value>) -> Option<(&'static Kind, Part)> {
    let class = file.get("architectures")?.get(0)?.as_str()?;
    let (stem, part) = match (class.find("TextModel"), class.find("VisionModel")) {
        (Some(end), _) => (&class[..end], Part::Text),
        (_, Some(end)) => (&class[..end], Part::Image),
        (None, None) => (class.strip_suffix("Model")?, Part::Pair),
    };
    let name = stem.to_lowercase();
    KINDS.iter().find(|kind| kind.name.replace('_', "") == name).map(|kind| (kind, part))
}

fn which(keys: Keys) -> Result<(&'static Kind, Part)> {
    let written = keys.text("model_type")?;
    let found = match written {
        Some(model_type) => known(model_type),
        None => keys.map().and_then(by_architecture).or(known(&paired_type(keys)?)),
    };
    let Some((kind, part)) = found else {
        return Err(unknown(keys, written.unwrap_or("none")));
    };
    // The text encoders of some pipelines say "clip" and have the keys of one tower.
    let sections = ["text_config", "vision_config", "text_config_dict", "vision_config_dict"];
    let flat = part == Part::Pair && sections.iter().all(|section| !keys.has(section));
    match keys.map().and_then(by_architecture) {
        Some((_, of_class)) if flat && of_class != Part::Pair => Ok((kind, of_class)),
        _ => Ok((kind, part)),
    }
}

/// The type of a pair whose own is not written, from its sections' types: CLIP's where those say
/// nothing either.
fn paired_type(keys: Keys) -> Result<String> {
    for section in ["text_config", "vision_config"] {
        if let Some(written) = keys.section(section)?.text("model_type")?
            && let Some((kind, _)) = known(written)
        {
            return Ok(kind.name.into());
        }
    }
    Ok("clip".into())
}

/// The section that takes effect: `*_config_dict`, filled up with the defaults, replaces
/// `*_config` as a whole.
fn section<'a>(keys: Keys<'a>, kind: &Kind, part: Part) -> Result<Keys<'a>> {
    let (config, dict) = match part {
        Part::Text => ("text_config", "text_config_dict"),
        _ => ("vision_config", "vision_config_dict"),
    };
    let section = keys.section(if kind.dicts && keys.has(dict) { dict } else { config })?;
    // Files of pairs are seen with either tower's type, and with another of CLIP's own.
    match section.text("model_type")? {
        None => Ok(section),
        Some(written) if known(written).is_some_and(|(of, _)| of.text.code == kind.text.code) => Ok(section),
        Some(written) => Err(unknown(section, written)),
    }
}

/// What a class that is none of this library's of the type may have beside it, or otherwise.
fn foreign(class: Option<&str>, kind: &Kind) -> Option<String> {
    let own = |class: &str| class.to_lowercase().starts_with(&kind.name.replace('_', ""));
    let class = class.filter(|class| !own(class))?;
    Some(format!(
        "saved from the class {class}, which is none of {}'s own: counted as a plain {} pair",
        kind.name, kind.name
    ))
}

/// The class that a file was saved from.
fn architecture(keys: Keys<'_>) -> Result<Option<&str>> {
    Ok(keys.get("architectures").and_then(|list| list.get(0)).and_then(Value::as_str))
}

fn unknown(keys: Keys, model_type: &str) -> Error {
    let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    keys.bad("model_type", format!("not a CLIP that is supported: found {model_type:?}")).remedy(format!(
        "of HuggingFace's models, those of type {} are read, and their text and vision towers alone",
        known.join(", ")
    ))
}

/// What a tower whose patches do not cover the image leaves out.
fn untiled(vit: &Vit) -> Option<String> {
    let Size { height, width } = vit.image;
    (!vit.tiled()).then(|| {
        format!(
            "image_size {height} is no multiple of patch_size {}: the last {} rows and {} columns of pixels are not looked at",
            vit.patch.height,
            height % vit.patch.height,
            width % vit.patch.width
        )
    })
}
