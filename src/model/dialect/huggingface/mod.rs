//! HuggingFace's CLIP-like models: `text_config` and `vision_config`, or the keys of one of them
//! alone, each often holding only what differs from the library's defaults.

mod image;
mod kinds;
mod text;

use serde_json::{Map, Value};

use self::kinds::{KINDS, Kind};
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
        let projected = if siglip { Projection::None } else { Projection::Linear { bias: false } };
        let mut notes = text::notes(text, kind)?;
        let image = match &kind.image {
            Some(defaults) => Some(image::tower(vision, defaults, projected)?),
            None => {
                notes.push(format!(
                    "the image tower of {} is a convolutional network and is not counted: only the text tower is",
                    kind.name
                ));
                None
            }
        };
        notes.extend(image.iter().filter_map(untiled));
        Ok(ClipSpec {
            name: name.into(),
            dialect: self.name(),
            image: image.map(ImageTower::Vit),
            text: Some(text::tower(text, kind, Some(embed_dim))?),
            multimodal: None,
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
        let Some(defaults) = &kind.image else {
            return Err(keys
                .bad("model_type", format!("the image tower of {} is a convolutional network", kind.name))
                .remedy("only its text tower is a transformer that can be counted"));
        };
        let projected = architecture(keys)?.is_some_and(|name| name.ends_with("WithProjection"));
        let (projection, embed_dim) = if projected {
            let width = keys.dimension("projection_dim", kind.projection_dim, Dimension::Width)?;
            (Projection::Linear { bias: false }, width)
        } else {
            (Projection::None, keys.dimension("hidden_size", defaults.width, Dimension::Width)?)
        };
        let vit = image::tower(keys, defaults, projection)?;
        Ok(ClipSpec {
            name: name.into(),
            dialect: self.name(),
            notes: untiled(&vit).into_iter().collect(),
            image: Some(ImageTower::Vit(vit)),
            text: None,
            multimodal: None,
            embed_dim,
            scalars: 0,
            raw: RawKeys::read(keys.none(), keys),
        })
    }
}

/// A vision transformer in this library's keys: of the type written, else CLIP's.
pub fn given_image(keys: Keys) -> Result<Vit> {
    let kind = keys.text("model_type")?.and_then(known).map_or(&KINDS[0], |(kind, _)| kind);
    let Some(defaults) = &kind.image else {
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
        None => keys.map().and_then(by_architecture).or_else(|| known(&paired_type(keys).ok()?)),
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
