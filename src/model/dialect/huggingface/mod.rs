//! HuggingFace's CLIP-like models: `text_config` and `vision_config`, or the keys of one of them
//! alone, each often holding only what differs from the library's defaults.

mod class;
mod decoder;
mod efficientnet;
mod groupvit;
mod image;
mod kinds;
mod lists;
mod text;

use serde_json::{Map, Value};

use self::class::{Class, Head, Part};
use self::kinds::{Image, ImageDefaults, KINDS, Kind};
use super::{Dialect, has_section};
use crate::model::json::{Keys, shown};
use crate::model::limits::Dimension;
use crate::model::spec::*;
use crate::{Error, Result};

pub struct HuggingFace;

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
        let Which { kind, part, head, mut notes, nested } = which(keys)?;
        let mut spec = match part {
            Part::Pair => self.pair(name, keys, kind, head)?,
            Part::Text => self.text_only(name, tower_keys(keys, kind, part, nested)?, kind, head)?,
            Part::Image => {
                let own = tower_keys(keys, kind, part, nested)?;
                match head {
                    Head::Classifier => self.classifier(name, keys, own, kind)?,
                    _ => self.image_only(
                        name,
                        own,
                        kind,
                        head,
                        class::projected_by_the_pair(architecture(keys)?).then_some(keys),
                    )?,
                }
            }
        };
        spec.notes.append(&mut notes);
        Ok(spec)
    }
}

impl HuggingFace {
    fn pair(&self, name: &str, keys: Keys, kind: &Kind, head: Head) -> Result<ClipSpec> {
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
        let mut text_tower = text::tower(text, kind, Some(embed_dim))?;
        let (image, multimodal) = match &kind.image {
            Image::Vit(defaults) => {
                let vit = image::tower(vision, defaults, projected)?;
                notes.extend(untiled(&vit));
                let multimodal = match head {
                    Head::Joint => Some(decoder::of_kind(kind.name, keys, &vit, &text_tower)?),
                    _ => None,
                };
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

    fn text_only(&self, name: &str, keys: Keys, kind: &Kind, head: Head) -> Result<ClipSpec> {
        let projected = head == Head::Projection;
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

    /// `pair`: the file's top, where its `projection_dim` and not the tower's own is the width.
    fn image_only(&self, name: &str, keys: Keys, kind: &Kind, head: Head, pair: Option<Keys>) -> Result<ClipSpec> {
        let (image, embed_dim, notes) = match &kind.image {
            Image::Vit(defaults) => {
                let (projection, embed_dim) = projected_alone((keys, pair.unwrap_or(keys)), kind, defaults, head)?;
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

    /// The image tower, and a map of the mean of its tokens to a number for each class; the
    /// tower's own pooling runs all the same.
    fn classifier(&self, name: &str, keys: Keys, own: Keys, kind: &Kind) -> Result<ClipSpec> {
        let Image::Vit(defaults) = &kind.image else {
            return Err(unknown(keys, kind.name));
        };
        let labels = labels(keys)?;
        let projection = if labels > 0 { Projection::Linear { bias: true } } else { Projection::None };
        let mut vit = image::tower(own, defaults, projection)?;
        vit.projection = projection;
        if vit.pooling == ImagePooling::ClassToken {
            vit.pooling = ImagePooling::AveragePatches;
        }
        let embed_dim = if labels > 0 { labels } else { vit.encoder.width };
        Ok(ClipSpec {
            name: name.into(),
            dialect: self.name(),
            notes: untiled(&vit).into_iter().collect(),
            image: Some(ImageTower::Vit(vit)),
            text: None,
            multimodal: None,
            embed_dim,
            scalars: 0,
            raw: RawKeys::read(keys.none(), own),
        })
    }
}

pub use text::activation_at;

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
fn projected_alone(
    (keys, projected): (Keys, Keys),
    kind: &Kind,
    defaults: &ImageDefaults,
    head: Head,
) -> Result<(Projection, u64)> {
    Ok(match head == Head::Projection {
        true => {
            let width = projected.dimension("projection_dim", kind.projection_dim, Dimension::Width)?;
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
fn by_architecture(file: &Map<String, Value>) -> Option<Class> {
    class::known(file.get("architectures")?.get(0)?.as_str()?)
}

/// What of which kind of model a file describes.
struct Which {
    kind: &'static Kind,
    part: Part,
    head: Head,
    notes: Vec<String>,
    /// The tower's keys stand in the section of a pair's file.
    nested: bool,
}

fn which(keys: Keys) -> Result<Which> {
    let written = keys.text("model_type")?;
    let name = architecture(keys)?;
    let class = name.and_then(class::known);
    let found = match (written, class) {
        (Some(model_type), _) => known(model_type),
        (None, Some(class)) => Some((class.kind, class.part)),
        (None, None) => known(&paired_type(keys)?),
    };
    let Some((kind, of_type)) = found else {
        return Err(unknown(keys, written.unwrap_or("none")));
    };
    let sections = ["text_config", "vision_config", "text_config_dict", "vision_config_dict"];
    let flat = sections.iter().all(|section| !keys.has(section));
    let mut notes = Vec::new();
    // A class of another type runs that type's code, with this file's keys.
    let class = match (name, class) {
        (Some(_), Some(class)) if class.kind.name == kind.name => Some(class),
        (Some(name), _) => {
            notes.push(foreign(keys, name, kind, of_type)?);
            None
        }
        (None, _) => None,
    };
    let (part, head) = match (of_type, class) {
        // The configuration of one tower, whatever larger class it was cut out of.
        (Part::Text | Part::Image, Some(class)) if class.part != of_type && class.head != Head::Classifier => {
            notes.push(format!(
                "architectures: the file is that of one tower, and its class {} has more: the one tower is counted",
                name.unwrap_or_default()
            ));
            (of_type, Head::None)
        }
        (_, Some(class)) => (class.part, class.head),
        (_, None) => (of_type, Head::None),
    };
    for (config, dict) in [("text_config", "text_config_dict"), ("vision_config", "vision_config_dict")] {
        if kind.dicts && keys.has(config) && keys.has(dict) {
            keys.settle(&[config]);
            notes.push(format!("{dict} replaces {config}, as in transformers: {config} is not looked at"));
        }
    }
    let nested = part != Part::Pair && !flat;
    if nested {
        let other = match part {
            Part::Text => ["vision_config", "vision_config_dict"],
            _ => ["text_config", "text_config_dict"],
        };
        let others: Vec<&str> = other.into_iter().filter(|key| keys.has(key)).collect();
        keys.settle(&others);
        if !others.is_empty() {
            let name = name.unwrap_or_default();
            notes.push(format!("{name} is one tower: {} of the file is not run and not counted", others.join(" and ")));
        }
    }
    Ok(Which { kind, part, head, notes, nested })
}

/// The keys of a tower alone: its section of a pair's file, or the file itself.
fn tower_keys<'a>(keys: Keys<'a>, kind: &Kind, part: Part, nested: bool) -> Result<Keys<'a>> {
    if nested { section(keys, kind, part) } else { Ok(keys) }
}

/// The number of classes, as the library reads it: that of the names, else as given, else 2.
fn labels(keys: Keys) -> Result<u64> {
    let given = match keys.get("num_labels") {
        None => None,
        Some(value) if value.as_u64() == Some(0) => Some(0),
        Some(_) => Some(keys.dimension("num_labels", 2, Dimension::Width)?),
    };
    let named = match keys.get("id2label") {
        None => None,
        Some(Value::Object(names)) => Some(names.len() as u64),
        Some(other) => {
            return Err(keys
                .bad("id2label", format!("{} does not name classes", shown(other)))
                .remedy("give an object with a name for each class, or num_labels"));
        }
    };
    Ok(named.or(given).unwrap_or(2))
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

/// A class that is none of this library's of the type: a note of what is counted in its place, or
/// a refusal where it has a head that nobody knows.
fn foreign(keys: Keys, class: &str, kind: &Kind, part: Part) -> Result<String> {
    if class.contains("For") && part == Part::Pair {
        return Err(keys.bad("architectures", format!("the class {class:?} of a {} is not known", kind.name)).remedy(
            format!(
                "what it runs is not in the file: to count both towers give [\"{0}Model\"], for the image tower alone \
             [\"{0}VisionModel\"], for the text tower alone [\"{0}TextModel\"]",
                kind.class
            ),
        ));
    }
    let counted = match part {
        Part::Pair => format!("both towers of a plain {}", kind.name),
        Part::Text => format!("the text tower of a plain {}", kind.name),
        Part::Image => format!("the image tower of a plain {}", kind.name),
    };
    Ok(format!(
        "architectures: saved from the class {class}, which is none of {}'s own: counted is {counted}",
        kind.name
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
