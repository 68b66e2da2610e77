//! `flopledger explain`: through the binary what a user sees, and as a property that every ledger
//! between two counts closes.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use flopledger::convention::{CountName, Subject};
use flopledger::model::{ClipSpec, names, parse, preset};
use proptest::prelude::*;
use serde_json::Value;

#[path = "common/ledgers.rs"]
mod ledgers;
use ledgers::{check, counts};

fn flopledger(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flopledger")).arg("explain").args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json(args: &[&str]) -> Value {
    let output = flopledger(&[args, &["--format", "json"]].concat());
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The amount of each cause.
fn causes(explanation: &Value) -> BTreeMap<&str, i64> {
    let entries = explanation["ledger"]["entries"].as_array().unwrap();
    entries.iter().map(|entry| (entry["cause"].as_str().unwrap(), entry["flops"].as_i64().unwrap())).collect()
}

/// Opening, closing and residual.
fn ends(explanation: &Value) -> (u64, u64, i64) {
    let ledger = &explanation["ledger"];
    let value = |end: &str| ledger[end]["value"].as_u64().unwrap();
    (value("opening"), value("closing"), ledger["residual"].as_i64().unwrap())
}

/// Hand counts: L = 24, s = 577, h = 1024, m = 4096, and for text what the tower costs.
#[test]
fn thop_to_the_truth() {
    let explanation = json(&["thop", "analytic", "--preset", "ViT-L-14-336"]);
    assert_eq!(explanation["schema"], "flopledger.explain/1");
    assert_eq!(ends(&explanation), (116512260096, 395219472384, 0));
    assert_eq!(explanation["ledger"]["opening"]["unit"], "mac");
    assert_eq!(explanation["ledger"]["closing"]["unit"], "flop");
    let expected = BTreeMap::from([
        ("mac-counted-once", 116512260096),
        ("text-tower-not-run", 13299683328),
        ("attention-projections-not-counted", 2 * 24 * 577 * 4 * 1024 * 1024),
        ("attention-products-not-counted", 2 * 24 * 2 * 577 * 577 * 1024),
        ("final-projection-not-counted", 2 * 1024 * 768),
    ]);
    assert_eq!(causes(&explanation), expected);
    assert!(explanation["ledger"]["entries"].as_array().unwrap().iter().all(|entry| entry["basis"] == "predicted"));
}

/// EVA02-E: L = 64, h = 1792, m = 15360, 256 patches and 257 tokens; text 24 layers of width 1024
/// over 77 tokens, of which the script takes 12, with the image tower's ratio of 60/7.
#[test]
fn the_formula_to_the_truth() {
    let explanation = json(&["seed-formula", "analytic", "--preset", "EVA02-E-14"]);
    assert_eq!(ends(&explanation), (3704566497280, 2311418314752, 0));
    let (image, text) = (64 * 1792 * 15360_i64, 77 * 1024 * 4096_i64);
    let depth = 2 * 12 * (2 * 77 * 77 * 1024 + 2 * text);
    let expected = BTreeMap::from([
        ("attention-projections-not-counted", 2 * (64 * 257 * 4 * 1792 * 1792 + 24 * 77 * 4 * 1024 * 1024)),
        ("patch-embedding-not-counted", 2 * 269746176),
        ("final-projection-not-counted", 2 * (1792 * 1024 + 1024 * 1024)),
        ("class-token-left-out", 4 * 64 * 1792 * (257 * 257 - 256 * 256) + 4 * image),
        ("mlp-coefficient", -4 * (256 * image + 12 * text)),
        ("text-depth-not-read", depth),
        ("mlp-ratio-of-image-tower-on-text", -8 * 12 * 77 * 1024 * (8777 - 4096)),
        // 1024 * 60 / 7 is 8777 and 1/7: a seventh of 7569408 FLOPs.
        ("mlp-width-not-truncated", -1081344),
    ]);
    assert_eq!(causes(&explanation), expected);
}

#[test]
fn two_tools_that_count_macs_differ_by_what_they_see() {
    let explanation = json(&["thop", "fvcore", "--preset", "ViT-L-14-336"]);
    assert_eq!(ends(&explanation), (116512260096, 197764840192, 0));
    let expected = BTreeMap::from([
        ("text-tower-not-run", 6657233664),
        ("attention-projections-not-counted", 24 * 577 * 4 * 1024 * 1024),
        ("attention-products-not-counted", 24 * 2 * 577 * 577 * 1024),
        ("final-projection-not-counted", 1024 * 768),
        ("layer-norm-counted", 5 * (49 * 577 + 1) * 1024),
        ("final-norm-on-all-tokens", 5 * 576 * 1024),
    ]);
    assert_eq!(causes(&explanation), expected);
}

#[test]
fn the_coefficients_explain_the_proportions() {
    let coefficients = |preset: &str| -> BTreeMap<String, String> {
        let explanation = json(&["thop", "analytic", "--preset", preset]);
        let rows = explanation["proportion"]["rows"].as_array().unwrap();
        let field = |row: &Value, key: &str| row[key].as_str().unwrap().to_string();
        rows.iter().map(|row| (field(row, "name"), field(row, "coefficient_exact"))).collect()
    };
    let of = |values: [&str; 4]| -> BTreeMap<String, String> {
        let names = ["thop", "fvcore", "analytic", "seed-formula"];
        names.iter().zip(values).map(|(name, value)| (name.to_string(), value.to_string())).collect()
    };
    assert_eq!(coefficients("ViT-L-14-336"), of(["8", "12", "24", "32"]));
    assert_eq!(coefficients("ViT-H-14"), of(["8", "12", "24", "32"]));
    // 60/7 times 2, 2, 4; thop sees the output projection of this tower too. The file's decimal
    // is not quite 60/7.
    let eva = of(["127/7", "148/7", "296/7", "8571428571428571/125000000000000"]);
    assert_eq!(coefficients("EVA02-E-14"), eva);

    let ratio = &json(&["thop", "analytic"])["proportion"]["ratio"];
    let near = |value: &Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 1e-12;
    assert!(near(&ratio["of_counts"], 116512260096.0 / 395219472384.0));
    assert!(near(&ratio["of_coefficients"], 1.0 / 3.0));
    assert!(near(&ratio["nearness"], 3.0 * 116512260096.0 / 395219472384.0));
}

#[test]
fn the_table_ends_with_the_answer() {
    let output = flopledger(&["thop", "analytic", "--preset", "ViT-L-14-336"]);
    let table = text(&output.stdout);
    for part in [
        "116,512,260,096  MACs (thop)",
        "counted once instead of twice by thop",
        "text tower not run by thop",
        "395,219,472,384  FLOPs (analytic)",
        "Why do they differ and yet stay in proportion?",
    ] {
        assert!(table.contains(part), "{part:?} is not in\n{table}");
    }
    let in_macs = text(&flopledger(&["thop", "analytic", "--unit", "mac"]).stdout);
    assert!(in_macs.contains("197,609,736,192  MACs") && !in_macs.contains("counted once"), "{in_macs}");
}

#[test]
fn a_number_leaves_what_no_cause_explains() {
    let explanation = json(&["116512260096mac", "analytic"]);
    assert_eq!(ends(&explanation), (116512260096, 395219472384, 395219472384 - 2 * 116512260096));
    assert_eq!(causes(&explanation), BTreeMap::from([("mac-counted-once", 116512260096)]));
    assert_eq!(explanation["proportion"]["ratio"], Value::Null);
}

#[test]
fn a_count_does_not_differ_from_itself() {
    let explanation = json(&["thop:image", "thop@open_clip"]);
    assert_eq!(ends(&explanation), (116512260096, 116512260096, 0));
    assert!(causes(&explanation).is_empty());
    assert_eq!(explanation["proportion"]["ratio"]["nearness"], 1.0);
}

#[test]
fn csv_adds_up() {
    let output = flopledger(&["seed-formula", "thop", "--format", "csv"]);
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    let rows: Vec<(String, i64)> =
        reader.records().map(|row| row.unwrap()).map(|row| (row[3].to_string(), row[6].parse().unwrap())).collect();
    let sum = |record: &str| rows.iter().filter(|(kind, _)| kind == record).map(|(_, amount)| amount).sum::<i64>();
    assert_eq!((sum("opening"), sum("closing"), sum("residual")), (514129858560, 116512260096, 0));
    assert_eq!(sum("opening") + sum("entry"), sum("closing"));
    assert_eq!(sum("entry"), sum("evidence"));
}

#[test]
fn wrong_names_are_refused_with_a_remedy() {
    let cases: [(&[&str], &str); 7] = [
        (&["thopp", "analytic"], "there is no count \"thopp\"; nearest: thop"),
        (&["thop@hff", "analytic"], "thop has no setting \"hff\"; nearest: hf"),
        (&["seed-formula@x", "analytic"], "seed-formula has no settings"),
        (&["thop:audio", "analytic"], "there is no tower \"audio\""),
        (&["torchstat:text", "analytic"], "torchstat has no figure for text"),
        (&["1.5", "analytic"], "1.5: not a whole number"),
        (&["thop", "analytic", "--preset", "ViT-L-14-337"], "nearest: ViT-L-14-336"),
    ];
    for (args, part) in cases {
        let output = flopledger(args);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(part) && stderr.contains("remedy:"), "{part:?} is not in {stderr:?}");
    }
}

#[test]
fn every_pair_closes_for_every_preset() {
    for name in names() {
        let spec = preset(name).unwrap();
        let subject = Subject::new(&spec);
        let counts = counts(&subject);
        assert!(counts.len() > 50);
        for (place, a) in counts.iter().enumerate() {
            for b in &counts[place..] {
                check(&subject, *a, *b).unwrap();
            }
        }
    }
}

/// Networks that are no transformers, towers without masks, projections that are modules: each count of
/// each of open_clip's models leads to the true one, and to the count before it in the list.
#[test]
fn every_count_of_every_open_clip_model_closes() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs/open_clip");
    let mut settings = std::collections::BTreeSet::new();
    for entry in folder.read_dir().unwrap() {
        let spec = flopledger::model(entry.unwrap().path()).unwrap();
        let subject = Subject::new(&spec);
        let counts = counts(&subject);
        let truth = counts[0];
        for (place, count) in counts.iter().enumerate() {
            check(&subject, *count, CountName { scope: count.scope, ..truth }).unwrap();
            check(&subject, *count, counts[place.saturating_sub(1)]).unwrap();
            settings.insert((count.convention.name, count.convention.setting));
        }
    }
    assert_eq!(settings.len(), flopledger::convention::all().count());
}

/// Ratios as they are written in files, of which many give widths that are no whole number.
fn ratio() -> impl Strategy<Value = String> {
    (1u32..12, 0u32..10_000).prop_map(|(whole, fraction)| format!("{whole}.{fraction:04}"))
}

/// A key that a file has or leaves out.
fn optional(key: &'static str, value: std::ops::Range<u64>) -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), value.prop_map(move |value| format!(", \"{key}\": {value}"))]
}

fn huggingface() -> impl Strategy<Value = String> {
    let tower = || {
        let keys = (optional("num_hidden_layers", 1..40), optional("intermediate_size", 1..9000));
        (1u64..40, 1u64..17, keys).prop_map(|(head, heads, (layers, mlp))| {
            format!("\"hidden_size\": {}, \"num_attention_heads\": {heads}{layers}{mlp}", 4 * head * heads)
        })
    };
    let text = (tower(), optional("max_position_embeddings", 1..300), optional("context_length", 1..300));
    let stale =
        prop_oneof![Just(String::new()), tower().prop_map(|keys| format!(", \"text_config_dict\": {{{keys}}}"))];
    let read_ratio = prop_oneof![Just(String::new()), ratio().prop_map(|ratio| format!(", \"mlp_ratio\": {ratio}"))];
    (text, stale, tower(), read_ratio, 1u64..33, 1u64..25, 1u64..2000).prop_map(
        |((text, positions, length), stale, vision, ratio, patch, grid, embed)| {
            format!(
                "{{\"projection_dim\": {embed}, \"text_config\": {{{text}{positions}{length}}}{stale}, \
                 \"vision_config\": {{{vision}{ratio}, \"patch_size\": {patch}, \"image_size\": {}}}}}",
                patch * grid
            )
        },
    )
}

fn open_clip() -> impl Strategy<Value = String> {
    let variant = prop_oneof![
        Just(""),
        Just(", \"no_ln_pre\": true, \"pool_type\": \"avg\", \"final_ln_after_pool\": true"),
        Just(", \"pool_type\": \"avg\""),
        Just(", \"ls_init_value\": 0.1"),
        Just(", \"eva_model_name\": \"eva\", \"postnorm\": true"),
        Just(", \"xattn\": true, \"qkv_bias\": false"),
    ];
    let text_ratio = prop_oneof![Just(String::new()), ratio().prop_map(|ratio| format!(", \"mlp_ratio\": {ratio}"))];
    let text = (1u64..40, 1u64..17, 1u64..30, optional("context_length", 1..300));
    let vision = (1u64..40, 1u64..17, 1u64..30, ratio(), variant);
    (text, text_ratio, vision, 1u64..33, 1u64..25, 1u64..2000).prop_map(
        |((head, heads, layers, length), text_ratio, (v_head, v_heads, v_layers, ratio, variant), patch, grid, d)| {
            format!(
                "{{\"embed_dim\": {d}, \"text_cfg\": {{\"width\": {}, \"heads\": {heads}, \"layers\": {layers}{length}{text_ratio}}}, \
                 \"vision_cfg\": {{\"width\": {}, \"head_width\": {v_head}, \"layers\": {v_layers}, \"mlp_ratio\": {ratio}, \
                 \"patch_size\": {patch}, \"image_size\": {}{variant}}}}}",
                head * heads,
                v_head * v_heads,
                patch * grid
            )
        },
    )
}

fn closes(config: &str, pairs: &[(prop::sample::Index, prop::sample::Index)]) -> Result<(), TestCaseError> {
    let spec: ClipSpec = parse("random", config).map_err(|e| TestCaseError::fail(format!("{e}\n{config}")))?;
    let subject = Subject::new(&spec);
    let counts = counts(&subject);
    for (a, b) in pairs {
        check(&subject, *a.get(&counts), *b.get(&counts)).map_err(TestCaseError::fail)?;
    }
    // The formula alone has fractions of FLOPs to round.
    for (formula, other) in
        [("seed-formula", "analytic"), ("seed-formula:image", "thop"), ("seed-formula:text", "fvcore")]
    {
        let count = |name: &str| CountName::parse(name).map_err(|e| TestCaseError::fail(e.to_string()));
        check(&subject, count(formula)?, count(other)?).map_err(TestCaseError::fail)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_models_close(
        config in prop_oneof![huggingface(), open_clip()],
        pairs in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 40),
    ) {
        closes(&config, &pairs)?;
    }
}

/// Dimensions at their limits: no overflow, and the ledger still closes.
#[test]
fn the_largest_model_closes() {
    let tower = "\"hidden_size\": 1048576, \"num_attention_heads\": 1048576, \"num_hidden_layers\": 16384, \
                 \"intermediate_size\": 16777216";
    let config = format!(
        "{{\"projection_dim\": 1048576, \
         \"text_config\": {{{tower}, \"vocab_size\": 4294967296, \"max_position_embeddings\": 16777216}}, \
         \"vision_config\": {{{tower}, \"image_size\": 65536, \"patch_size\": 1, \"num_channels\": 1024, \
         \"mlp_ratio\": 16777215.7}}}}"
    );
    let spec = parse("largest", &config).unwrap();
    let subject = Subject::new(&spec);
    let counts = counts(&subject);
    for a in &counts {
        for b in &counts {
            check(&subject, *a, *b).unwrap();
        }
    }
}
