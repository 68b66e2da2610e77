//! Residual 0 between any two conventions, for random models of every kind of tower.

use flopledger::convention::Subject;
use flopledger::model::parse;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

#[path = "common/ledgers.rs"]
mod ledgers;
use ledgers::{check, counts};

/// Heads, and a width that they divide so that rotary embeddings have pairs of pairs.
fn heads_and_width() -> impl Strategy<Value = (u64, u64)> {
    (1u64..17, 1u64..33).prop_map(|(heads, head)| (heads, 4 * heads * head))
}

/// A tower in HuggingFace's keys.
fn huggingface_tower() -> impl Strategy<Value = Map<String, Value>> {
    (heads_and_width(), 1u64..30, 1u64..6000, "gelu|quick_gelu|gelu_pytorch_tanh").prop_map(
        |((heads, width), layers, mlp, activation)| {
            object(json!({
                "hidden_size": width, "num_attention_heads": heads, "num_hidden_layers": layers,
                "intermediate_size": mlp, "hidden_act": activation,
            }))
        },
    )
}

fn huggingface_image() -> impl Strategy<Value = Map<String, Value>> {
    (huggingface_tower(), 1u64..33, 1u64..25)
        .prop_map(|(tower, patch, grid)| with(tower, json!({"patch_size": patch, "image_size": patch * grid})))
}

fn huggingface_text() -> impl Strategy<Value = Map<String, Value>> {
    (huggingface_tower(), 1u64..300, 1u64..60_000).prop_map(|(tower, positions, vocabulary)| {
        with(tower, json!({"max_position_embeddings": positions, "vocab_size": vocabulary}))
    })
}

fn siglip() -> impl Strategy<Value = Value> {
    (huggingface_text(), huggingface_image(), any::<bool>(), "siglip|siglip2").prop_map(|(text, image, head, kind)| {
        let image = with(image, json!({"vision_use_head": head}));
        json!({"model_type": kind, "text_config": text, "vision_config": image})
    })
}

fn one_tower() -> impl Strategy<Value = Value> {
    let image = ("clip_vision_model|siglip_vision_model|chinese_clip_vision_model", huggingface_image());
    let text = ("clip_text_model|siglip_text_model", huggingface_text());
    prop_oneof![image, text].prop_map(|(kind, tower)| Value::Object(with(tower, json!({"model_type": kind}))))
}

fn open_clip_text() -> impl Strategy<Value = Map<String, Value>> {
    (heads_and_width(), 1u64..30, 1u64..300).prop_map(|((heads, width), layers, context)| {
        object(json!({"width": width, "heads": heads, "layers": layers, "context_length": context}))
    })
}

/// A vision transformer of open_clip, or with EVA's keys of EVA-CLIP.
fn open_clip_image() -> impl Strategy<Value = Map<String, Value>> {
    (1u64..17, 1u64..33, 1u64..30, 1000u64..9000, 1u64..33, 1u64..25).prop_map(
        |(heads, head, layers, ratio, patch, grid)| {
            object(json!({
                "width": 4 * heads * head, "head_width": 4 * head, "layers": layers,
                "mlp_ratio": ratio as f64 / 1000.0, "patch_size": patch, "image_size": patch * grid,
            }))
        },
    )
}

/// EVA-02: rotary positions, gated MLPs, inner norms, each with or without.
fn eva02() -> impl Strategy<Value = Value> {
    (open_clip_text(), open_clip_image(), any::<[bool; 4]>(), 1u64..2000).prop_map(
        |(text, image, [rope, gated, inner_norm, postnorm], embed)| {
            let keys = json!({
                "eva_model_name": "eva", "rope": rope, "naiveswiglu": gated, "subln": inner_norm,
                "postnorm": postnorm,
            });
            json!({"embed_dim": embed, "vision_cfg": with(image, keys), "text_cfg": text})
        },
    )
}

fn coca() -> impl Strategy<Value = Value> {
    let decoder = (open_clip_text(), 1u64..17);
    (open_clip_text(), any::<bool>(), open_clip_image(), decoder, 1u64..40).prop_map(
        |(text, class, image, (decoder, poolers), embed)| {
            let image = with(image, json!({"attentional_pool": true, "attn_pooler_heads": 1}));
            let context = decoder["context_length"].clone();
            let text = with(text, json!({"embed_cls": class, "context_length": context}));
            let decoder = with(decoder, json!({"attn_pooler_heads": 1, "vocab_size": 1000 * poolers}));
            json!({
                "embed_dim": 8 * embed, "vision_cfg": image, "text_cfg": text, "multimodal_cfg": decoder,
                "custom_text": true,
            })
        },
    )
}

fn resnet() -> impl Strategy<Value = Value> {
    (open_clip_text(), prop::array::uniform4(1u64..12), 1u64..40, 1u64..14, 1u64..2000).prop_map(
        |(text, layers, width, grid, embed)| {
            json!({
                "embed_dim": embed, "text_cfg": text,
                "vision_cfg": {"layers": layers, "width": 4 * width, "head_width": 4, "image_size": 32 * grid},
            })
        },
    )
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("no object: {other}"),
    }
}

fn with(mut map: Map<String, Value>, more: Value) -> Map<String, Value> {
    map.extend(object(more));
    map
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_models_close(
        config in prop_oneof![siglip(), one_tower(), eva02(), coca(), resnet()],
        pairs in prop::collection::vec(any::<(Index, Index)>(), 40),
    ) {
        let spec = parse("random", &config.to_string())
            .map_err(|error| TestCaseError::fail(format!("{error}\n{config}")))?;
        let subject = Subject::new(&spec);
        let counts = counts(&subject);
        for (a, b) in pairs {
            check(&subject, *a.get(&counts), *b.get(&counts)).map_err(TestCaseError::fail)?;
        }
    }
}
