//! What runs of a model, by the class that its file was saved from.

use super::kinds::{KINDS, Kind};

/// What of a model a file describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Pair,
    Text,
    Image,
}

/// What a class has beside its towers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    None,
    /// A map into the embedding space, of a tower alone.
    Projection,
    /// A map of the mean of the image's tokens to a number for each class.
    Classifier,
    /// What follows both towers: CLIPSeg's decoder, OWL's heads.
    Joint,
}

#[derive(Clone, Copy)]
pub struct Class {
    pub kind: &'static Kind,
    pub part: Part,
    pub head: Head,
}

/// A class of another library that is known by what it runs.
const FOREIGN: [(&str, &str, Part, Head); 2] = [
    // diffusers': the image tower and its projection, compared with the embeddings of concepts.
    ("StableDiffusionSafetyChecker", "clip", Part::Image, Head::Projection),
    ("PaintByExampleImageEncoder", "clip", Part::Image, Head::None),
];

/// Is the image tower alone of this class mapped to the width that the pair's file has at its top?
pub fn projected_by_the_pair(name: Option<&str>) -> bool {
    name.is_some_and(|name| FOREIGN.iter().any(|(known, ..)| *known == name))
}

/// The part and the heads of a class of transformers, or of its TensorFlow or Flax twin.
pub fn known(name: &str) -> Option<Class> {
    if let Some((_, kind, part, head)) = FOREIGN.iter().find(|(known, ..)| *known == name) {
        let kind = KINDS.iter().find(|known| known.name == *kind)?;
        return Some(Class { kind, part: *part, head: *head });
    }
    let name = name.strip_prefix("Flax").or(name.strip_prefix("TF")).unwrap_or(name);
    // The longest name first: CLIPSeg before CLIP, Siglip2 before Siglip.
    let stems = KINDS.iter().filter(|kind| name.starts_with(kind.class));
    let kind = stems.max_by_key(|kind| kind.class.len())?;
    let (part, head) = match &name[kind.class.len()..] {
        "Model" | "ForZeroShotImageClassification" => (Part::Pair, Head::None),
        "TextModel" | "TextTransformer" => (Part::Text, Head::None),
        "VisionModel" | "VisionTransformer" => (Part::Image, Head::None),
        "TextModelWithProjection" if kind.projected_alone => (Part::Text, Head::Projection),
        "VisionModelWithProjection" if kind.projected_alone => (Part::Image, Head::Projection),
        "ForImageClassification" if kind.classifier => (Part::Image, Head::Classifier),
        rest if kind.joint == Some(rest) => (Part::Pair, Head::Joint),
        _ => return None,
    };
    Some(Class { kind, part, head })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_taken_apart() {
        let of = |name| known(name).map(|class| (class.kind.name, class.part, class.head));
        assert_eq!(of("CLIPModel"), Some(("clip", Part::Pair, Head::None)));
        assert_eq!(of("CLIPSegForImageSegmentation"), Some(("clipseg", Part::Pair, Head::Joint)));
        assert_eq!(of("Siglip2ForImageClassification"), Some(("siglip2", Part::Image, Head::Classifier)));
        assert_eq!(of("TFCLIPTextModel"), Some(("clip", Part::Text, Head::None)));
        assert_eq!(of("MetaClip2VisionModelWithProjection"), Some(("metaclip_2", Part::Image, Head::Projection)));
        for unknown in ["CLIPForSomething", "SiglipTextModelWithProjection", "BertModel", "AlignForImageClassification"]
        {
            assert_eq!(of(unknown), None, "{unknown}");
        }
    }
}
