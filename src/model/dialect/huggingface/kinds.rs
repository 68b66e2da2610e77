//! HuggingFace's CLIP-like model types and the library's defaults of the keys that files leave out
//! (transformers 5; the older versions that write these files have the same ones).

use crate::model::spec::Activation::{self, Gelu, GeluTanh, QuickGelu};

/// A model type: which code its towers run with, and their defaults.
pub struct Kind {
    /// `model_type` of the pair; that of a single tower has `_text_model` or `_vision_model` after it.
    pub name: &'static str,
    /// What the names of its classes begin with.
    pub class: &'static str,
    /// Its towers alone have classes that end in a projection.
    pub projected_alone: bool,
    /// It has a class that sorts images.
    pub classifier: bool,
    /// The end of the name of a class that goes on from both towers.
    pub joint: Option<&'static str>,
    pub text: TextDefaults,
    pub image: Image,
    /// Width of the embedding where both towers are mapped into it.
    pub projection_dim: u64,
    /// `text_config_dict` and `vision_config_dict` replace the sections.
    pub dicts: bool,
}

pub enum Image {
    Vit(ImageDefaults),
    EfficientNet,
    GroupVit,
}

pub struct TextDefaults {
    pub code: TextCode,
    pub width: u64,
    pub layers: u64,
    pub heads: u64,
    pub mlp_width: u64,
    pub positions: u64,
    /// Tokens of a full-length text, where the file does not tell: its table of positions is longer.
    pub context: Option<u64>,
    pub vocab: u64,
    pub segments: u64,
    pub activation: Activation,
    pub pooler: Pooler,
}

/// BERT's map of the first token, which CLIP-like models leave out of the projected path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pooler {
    None,
    /// Run where the text tower stands alone.
    Alone,
    /// Run in the pair too, which does not look at it.
    Always,
}

pub struct ImageDefaults {
    pub code: ImageCode,
    pub width: u64,
    pub layers: u64,
    pub heads: u64,
    pub mlp_width: u64,
    pub image: u64,
    pub patch: u64,
    pub activation: Activation,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TextCode {
    Clip,
    Siglip,
    /// BERT's blocks, the first token projected.
    Bert,
    /// RoBERTa's blocks and a map of every token before the projection.
    AltRoberta,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ImageCode {
    Clip,
    Siglip,
    /// Patches come cut out, at any aspect ratio.
    Siglip2,
}

const CLIP_TEXT: TextDefaults = TextDefaults {
    code: TextCode::Clip,
    width: 512,
    layers: 12,
    heads: 8,
    mlp_width: 2048,
    positions: 77,
    context: None,
    vocab: 49408,
    segments: 0,
    activation: QuickGelu,
    pooler: Pooler::None,
};

const CLIP_IMAGE: ImageDefaults = ImageDefaults {
    code: ImageCode::Clip,
    width: 768,
    layers: 12,
    heads: 12,
    mlp_width: 3072,
    image: 224,
    patch: 32,
    activation: QuickGelu,
};

const SIGLIP_TEXT: TextDefaults = TextDefaults {
    code: TextCode::Siglip,
    width: 768,
    heads: 12,
    mlp_width: 3072,
    positions: 64,
    vocab: 32000,
    activation: GeluTanh,
    ..CLIP_TEXT
};

const SIGLIP_IMAGE: ImageDefaults =
    ImageDefaults { code: ImageCode::Siglip, patch: 16, activation: GeluTanh, ..CLIP_IMAGE };

const BERT_TEXT: TextDefaults = TextDefaults {
    code: TextCode::Bert,
    width: 768,
    heads: 12,
    mlp_width: 3072,
    positions: 512,
    vocab: 30522,
    segments: 2,
    activation: Gelu,
    ..CLIP_TEXT
};

const CLIP: Kind = Kind {
    name: "clip",
    class: "CLIP",
    projected_alone: true,
    classifier: true,
    joint: None,
    text: CLIP_TEXT,
    image: Image::Vit(CLIP_IMAGE),
    projection_dim: 512,
    dicts: true,
};

const SIGLIP: Kind = Kind {
    name: "siglip",
    class: "Siglip",
    projected_alone: false,
    classifier: true,
    joint: None,
    text: SIGLIP_TEXT,
    image: Image::Vit(SIGLIP_IMAGE),
    projection_dim: 768,
    dicts: false,
};

/// Of a type that has neither projected towers alone nor a classifier.
const OTHER: Kind = Kind { projected_alone: false, classifier: false, ..CLIP };

pub const KINDS: [Kind; 12] = [
    CLIP,
    // CLIP with a longer table of positions.
    Kind { name: "longclip", class: "LongCLIP", text: TextDefaults { positions: 248, ..CLIP_TEXT }, ..CLIP },
    Kind { name: "metaclip_2", class: "MetaClip2", ..CLIP },
    Kind {
        name: "clipseg",
        class: "CLIPSeg",
        projected_alone: false,
        classifier: false,
        joint: Some("ForImageSegmentation"),
        ..CLIP
    },
    SIGLIP,
    Kind {
        name: "siglip2",
        class: "Siglip2",
        image: Image::Vit(ImageDefaults { code: ImageCode::Siglip2, image: 256, ..SIGLIP_IMAGE }),
        ..SIGLIP
    },
    Kind {
        name: "chinese_clip",
        class: "ChineseCLIP",
        // Chinese-CLIP cuts its texts at 52 tokens.
        text: TextDefaults { context: Some(52), pooler: Pooler::Alone, ..BERT_TEXT },
        image: Image::Vit(CLIP_IMAGE),
        projection_dim: 512,
        dicts: true,
        ..OTHER
    },
    Kind {
        name: "altclip",
        class: "AltCLIP",
        text: TextDefaults {
            code: TextCode::AltRoberta,
            width: 1024,
            layers: 24,
            heads: 16,
            mlp_width: 4096,
            positions: 514,
            // AltCLIP's own tokenizer cuts its texts at 77 tokens.
            context: Some(77),
            vocab: 250_002,
            segments: 1,
            activation: Gelu,
            pooler: Pooler::None,
        },
        image: Image::Vit(CLIP_IMAGE),
        projection_dim: 768,
        dicts: true,
        ..OTHER
    },
    Kind {
        name: "align",
        class: "Align",
        // ALIGN's own processor pads its texts to 64 tokens.
        text: TextDefaults { context: Some(64), pooler: Pooler::Always, ..BERT_TEXT },
        image: Image::EfficientNet,
        projection_dim: 640,
        dicts: false,
        ..OTHER
    },
    Kind {
        name: "owlvit",
        class: "OwlViT",
        joint: Some("ForObjectDetection"),
        text: TextDefaults { positions: 16, ..CLIP_TEXT },
        image: Image::Vit(ImageDefaults { image: 768, ..CLIP_IMAGE }),
        projection_dim: 512,
        dicts: false,
        ..OTHER
    },
    Kind {
        name: "owlv2",
        class: "Owlv2",
        joint: Some("ForObjectDetection"),
        text: TextDefaults { positions: 16, ..CLIP_TEXT },
        image: Image::Vit(ImageDefaults { image: 768, patch: 16, ..CLIP_IMAGE }),
        projection_dim: 512,
        dicts: false,
        ..OTHER
    },
    Kind {
        name: "groupvit",
        class: "GroupViT",
        text: TextDefaults { width: 256, heads: 4, mlp_width: 1024, ..CLIP_TEXT },
        image: Image::GroupVit,
        projection_dim: 256,
        dicts: true,
        ..OTHER
    },
];
