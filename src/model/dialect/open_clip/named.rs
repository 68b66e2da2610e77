//! Text towers that an open_clip file only names, by their public dimensions on HuggingFace's hub.

use crate::model::json::Keys;
use crate::model::limits::Dimension;
use crate::model::spec::*;
use crate::{Error, Result};

struct Named {
    name: &'static str,
    code: Code,
    vocab: u64,
    width: u64,
    layers: u64,
    heads: u64,
    mlp_width: u64,
}

/// Code that a named tower is run with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Code {
    /// BERT's blocks with this many positions and segments.
    Bert { positions: u64, segments: u64 },
    /// T5's encoder: RMS norms, no biases, a gated MLP, heads of 64, distances in 32 buckets.
    T5,
    /// M2M100's encoder: fixed positions, ReLU.
    M2m100,
}

const ROBERTA: Code = Code::Bert { positions: 514, segments: 1 };
const BERT: Code = Code::Bert { positions: 512, segments: 2 };
const T5_HEAD_WIDTH: u64 = 64;
const T5_DISTANCES: u64 = 32;

const fn named(name: &'static str, code: Code, vocab: u64, dims: [u64; 4]) -> Named {
    let [width, layers, heads, mlp_width] = dims;
    Named { name, code, vocab, width, layers, heads, mlp_width }
}

const TOWERS: [Named; 33] = [
    named("roberta-base", ROBERTA, 50_265, [768, 12, 12, 3072]),
    named("roberta-large", ROBERTA, 50_265, [1024, 24, 16, 4096]),
    named("xlm-roberta-base", ROBERTA, 250_002, [768, 12, 12, 3072]),
    named("xlm-roberta-large", ROBERTA, 250_002, [1024, 24, 16, 4096]),
    named("bert-base-uncased", BERT, 30_522, [768, 12, 12, 3072]),
    named("bert-base-cased", BERT, 28_996, [768, 12, 12, 3072]),
    named("bert-base-chinese", BERT, 21_128, [768, 12, 12, 3072]),
    named("bert-base-multilingual-cased", BERT, 119_547, [768, 12, 12, 3072]),
    named("bert-large-uncased", BERT, 30_522, [1024, 24, 16, 4096]),
    named("microsoft/BiomedNLP-PubMedBERT-base-uncased-abstract", BERT, 30_522, [768, 12, 12, 3072]),
    named("microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract", BERT, 30_522, [768, 12, 12, 3072]),
    named("microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract-fulltext", BERT, 30_522, [768, 12, 12, 3072]),
    named("microsoft/BiomedNLP-PubMedBERT-base-uncased-abstract-fulltext", BERT, 30_522, [768, 12, 12, 3072]),
    named("microsoft/BiomedNLP-BiomedBERT-large-uncased-abstract", BERT, 30_522, [1024, 24, 16, 4096]),
    named("intfloat/e5-small", BERT, 30_522, [384, 12, 12, 1536]),
    named("intfloat/e5-base", BERT, 30_522, [768, 12, 12, 3072]),
    named("intfloat/e5-large", BERT, 30_522, [1024, 24, 16, 4096]),
    named("intfloat/e5-small-v2", BERT, 30_522, [384, 12, 12, 1536]),
    named("intfloat/e5-base-v2", BERT, 30_522, [768, 12, 12, 3072]),
    named("intfloat/e5-large-v2", BERT, 30_522, [1024, 24, 16, 4096]),
    named("intfloat/multilingual-e5-base", ROBERTA, 250_002, [768, 12, 12, 3072]),
    named("intfloat/multilingual-e5-large", ROBERTA, 250_002, [1024, 24, 16, 4096]),
    named("BAAI/bge-small-en-v1.5", BERT, 30_522, [384, 12, 12, 1536]),
    named("BAAI/bge-base-en-v1.5", BERT, 30_522, [768, 12, 12, 3072]),
    named("BAAI/bge-large-en-v1.5", BERT, 30_522, [1024, 24, 16, 4096]),
    named("thenlper/gte-base", BERT, 30_522, [768, 12, 12, 3072]),
    named("mt5-small", Code::T5, 250_112, [512, 8, 6, 1024]),
    named("mt5-base", Code::T5, 250_112, [768, 12, 12, 2048]),
    named("mt5-large", Code::T5, 250_112, [1024, 24, 16, 2816]),
    named("mt5-xl", Code::T5, 250_112, [2048, 24, 32, 5120]),
    named("mt5-xxl", Code::T5, 250_112, [4096, 24, 64, 10240]),
    named("nllb-200-distilled-600M", Code::M2m100, 256_206, [1024, 12, 16, 4096]),
    named("nllb-200-distilled-1.3B", Code::M2m100, 256_206, [1024, 24, 16, 8192]),
];

pub fn tower(keys: Keys, name: &str, embed_dim: u64, context: u64) -> Result<TextTower> {
    let tower = find(&keys, name)?;
    let context = keys.context(keys.dimension("context_length", context, Dimension::Context)?);
    let pooler = keys.text("hf_pooler_type")?.unwrap_or("mean_pooler");
    let plain = Encoder::plain(tower.width, tower.layers, tower.heads, tower.mlp_width);
    let bare = TextTower {
        vocab: tower.vocab,
        context,
        class_token: false,
        embedding: Embedding::default(),
        causal: false,
        encoder: plain.clone(),
        final_norm: true,
        pooling: match pooler {
            "mean_pooler" => TextPooling::Mean,
            "cls_pooler" if matches!(tower.code, Code::Bert { .. }) => TextPooling::Pooler,
            "cls_pooler" | "cls_last_hidden_state_pooler" | "max_pooler" => TextPooling::First,
            other => {
                return Err(keys.bad("hf_pooler_type", format!("{other:?} is not supported")).remedy(
                    "give \"mean_pooler\", \"max_pooler\", \"cls_pooler\" or \"cls_last_hidden_state_pooler\"",
                ));
            }
        },
        transformed: None,
        projection: projection(keys, tower.width, embed_dim)?,
    };
    Ok(match tower.code {
        Code::Bert { positions, segments } => TextTower {
            embedding: Embedding { positions, segments, norm: true, ..Embedding::default() },
            encoder: Encoder { norm: NormPlacement::AfterResidual, ..plain },
            final_norm: false,
            ..bare
        },
        Code::T5 => TextTower {
            embedding: Embedding { distances: T5_DISTANCES, ..Embedding::default() },
            encoder: Encoder {
                inner_width: tower.heads * T5_HEAD_WIDTH,
                mlp: Mlp::Gated,
                activation: Activation::GeluTanh,
                norm_kind: NormKind::Rms,
                qkv_bias: QkvBias::None,
                biases: false,
                scaled: false,
                ..plain
            },
            ..bare
        },
        Code::M2m100 => TextTower { encoder: Encoder { activation: Activation::Relu, ..plain }, ..bare },
    })
}

pub fn projection(keys: Keys, width: u64, embed_dim: u64) -> Result<Projection> {
    match keys.text("hf_proj_type")? {
        Some("linear") => Ok(Projection::Linear { bias: false }),
        None | Some("mlp") => Ok(Projection::Mlp { width: (width + embed_dim) / 2, biases: [false; 2], norm: false }),
        Some(other) => {
            Err(keys.bad("hf_proj_type", format!("{other:?} is not supported")).remedy("give \"linear\" or \"mlp\""))
        }
    }
}

/// With or without the account that a name on the hub begins with.
fn find(keys: &Keys, name: &str) -> Result<&'static Named> {
    let stem = |name: &str| name.rsplit('/').next().unwrap_or_default().to_lowercase();
    TOWERS.iter().find(|tower| stem(tower.name) == stem(name)).ok_or_else(|| unknown(keys, name))
}

fn unknown(keys: &Keys, name: &str) -> Error {
    let known: Vec<&str> = TOWERS.iter().map(|tower| tower.name).collect();
    keys.bad("hf_model_name", format!("the dimensions of {name:?} are not known"))
        .remedy(format!("give its own config.json with --tower-config FILE; known by name: {}", known.join(", ")))
}

/// What a name leaves open.
pub fn notes(keys: Keys, name: &str) -> Result<Vec<String>> {
    find(&keys, name)?;
    Ok(vec![format!("the text tower is only named: its dimensions are those of {name} on HuggingFace's hub")])
}
