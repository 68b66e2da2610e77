//! Configurations with something wrong: each ends in an estimate or in an error with a remedy,
//! never in a panic, and no count overflows.

use std::path::Path;
use std::sync::LazyLock;

use flopledger::convention::{Logits, MOST, Options, Recompute, Setting, estimate_with};
use flopledger::model::terms::Dims;
use flopledger::model::{ClipSpec, Term, parse, terms};
use num_bigint::BigUint;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

/// Every configuration of tests/configs, of all dialects and of what is refused.
static CONFIGS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs");
    let folders = ["open_clip", "huggingface", "eva_clip", "reference", "noted", "refused"];
    let files = folders.iter().flat_map(|folder| root.join(folder).read_dir().unwrap());
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let configs: Vec<Value> =
        paths.iter().filter_map(|path| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).ok()).collect();
    assert!(configs.len() > 270, "{}", configs.len());
    configs
});

/// What dimensions, flags and names are replaced by.
fn values() -> Vec<Value> {
    let powers = [0_u32, 1, 6, 10, 14, 16, 20, 24, 32, 63].map(|power| json!(1_u64 << power));
    let others = [
        json!(0),
        json!(3),
        json!(7),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(0.5),
        json!(1e-308),
        json!(1e308),
        json!(-0.0),
        json!(4.37),
        json!(null),
        json!(true),
        json!(false),
        json!(""),
        json!("224"),
        json!("é".repeat(100)),
        json!("vit_base_patch16_siglip_224"),
        json!("eva02_large_patch14_clip_336"),
        json!("roberta-base"),
        json!("resnet50"),
        json!([]),
        json!([1]),
        json!([0, 0]),
        json!([224, 65536]),
        json!([3, 4, 6, 3]),
        json!([16384, 16384, 16384, 16384]),
        json!({}),
        json!({"width": 1}),
    ];
    powers.into_iter().chain(others).collect()
}

#[derive(Debug, Clone)]
enum Mutation {
    Drop,
    Replace(Value),
    /// By what stands somewhere in another configuration.
    Graft(Index, Index),
    /// All keys of another configuration's object, beside its own.
    Mix(Index, Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        3 => Just(Mutation::Drop),
        6 => prop::sample::select(values()).prop_map(Mutation::Replace),
        2 => any::<(Index, Index)>().prop_map(|(file, place)| Mutation::Graft(file, place)),
        1 => any::<(Index, Index)>().prop_map(|(file, place)| Mutation::Mix(file, place)),
    ]
}

/// JSON pointers to everything below the top.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut below = |key: &str, value: &Value| {
        let place = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        found.push(place.clone());
        places(value, &place, found);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| below(key, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(place, item)| below(&place.to_string(), item)),
        _ => {}
    }
}

fn somewhere(value: &Value, index: &Index) -> Option<String> {
    let mut found = Vec::new();
    places(value, "", &mut found);
    (!found.is_empty()).then(|| index.get(&found).clone())
}

fn mutate(config: &mut Value, place: &Index, mutation: &Mutation) {
    let Some(pointer) = somewhere(config, place) else { return };
    let other = |file: &Index, place: &Index| {
        let other = file.get(&CONFIGS);
        somewhere(other, place).and_then(|pointer| other.pointer(&pointer).cloned()).unwrap_or_default()
    };
    match mutation {
        Mutation::Drop => {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            if let Some(Value::Object(map)) = config.pointer_mut(parent) {
                map.shift_remove(&key.replace("~1", "/").replace("~0", "~"));
            }
        }
        Mutation::Replace(value) => *config.pointer_mut(&pointer).unwrap() = value.clone(),
        Mutation::Graft(file, place) => *config.pointer_mut(&pointer).unwrap() = other(file, place),
        Mutation::Mix(file, place) => {
            if let (Value::Object(map), Value::Object(more)) = (config, other(file, place)) {
                map.extend(more);
            }
        }
    }
}

/// The count of a term, reckoned without bounds.
fn unbounded(term: &Term) -> BigUint {
    let times = BigUint::from(term.times);
    match term.dims {
        Dims::Product { m, n, k } => times * m * n * k,
        Dims::Elements { rows, width } => times * rows * width,
    }
}

/// Counts at the largest batch that may be asked for are what they are without bounds.
fn nothing_overflows(spec: &ClipSpec) -> Result<(), TestCaseError> {
    let terms = terms(spec);
    for term in &terms {
        let counted = term.macs.max(term.elements);
        prop_assert!(counted == 0 || BigUint::from(counted) == unbounded(term), "{term:?}");
    }
    let products = terms.iter().filter(|term| term.macs > 0);
    let forward = products.map(unbounded).sum::<BigUint>() * 2_u64 * MOST;
    let both = spec.image.is_some() && spec.text.is_some();
    let setting = Setting {
        batch: MOST,
        backward: true,
        recompute: Recompute::Full,
        logits: both.then_some(Logits::Global),
        ranks: MOST,
    };
    let estimate = estimate_with(spec, &Options::new(setting, true));
    let estimate = estimate.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let step = estimate.step.unwrap();
    prop_assert_eq!(BigUint::from(estimate.flops.total), forward.clone());
    let pixels = BigUint::from(step.pixel_gradient);
    let hardware = forward * 4_u64 - pixels + step.logits;
    prop_assert_eq!(BigUint::from(step.hardware), hardware);
    Ok(())
}

fn check(text: &str) -> Result<(), TestCaseError> {
    match parse("mutated", text) {
        Ok(spec) => nothing_overflows(&spec),
        Err(error) => {
            let message = error.to_string();
            prop_assert!(message.starts_with("mutated: ") && message.contains("\n  remedy: "), "{message}");
            prop_assert_eq!(error.exit_code(), 2);
            Ok(())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(debug_assertions) { 128 } else { 2048 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn mutated_configurations_are_counted_or_refused(
        file in any::<Index>(),
        mutations in prop::collection::vec((any::<Index>(), mutation()), 1..5),
    ) {
        let mut config = file.get(&CONFIGS).clone();
        for (place, mutation) in &mutations {
            mutate(&mut config, place, mutation);
        }
        check(&config.to_string()).map_err(|error| TestCaseError::fail(format!("{error}\n{config}")))?;
    }

    /// Whole files of nothing, and files that end too soon.
    #[test]
    fn broken_texts_are_refused(file in any::<Index>(), cut in any::<Index>(), noise in ".{0,40}") {
        let text = file.get(&CONFIGS).to_string();
        let start: String = text.chars().take(cut.index(text.len())).collect();
        check(&start)?;
        check(&noise)?;
        check(&format!("{start}{noise}"))?;
    }
}
