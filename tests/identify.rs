//! `flopledger identify` and `flopledger conventions`, through the binary. The numbers are what tools
//! printed, what people report, or hand counts.

use std::process::{Command, Output};

use serde_json::Value;

fn flopledger(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flopledger")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json(args: &[&str]) -> Value {
    let output = flopledger(&[args, &["--format", "json"]].concat());
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn identify(number: &str, preset: &str) -> Value {
    json(&["identify", number, "--preset", preset])
}

/// Each match as `convention@setting:tower`, with `x2` where its MACs were doubled, `/2` where its
/// FLOPs were halved, and its batch if that is not 1.
fn matches(found: &Value) -> Vec<String> {
    let name = |found: &Value| {
        let part = |key: &str| found[key].as_str().unwrap_or_default().to_string();
        let reading = match part("reading").as_str() {
            "printed" => "",
            "doubled" => " x2",
            "halved" => " /2",
            other => panic!("reading {other:?}"),
        };
        let batch = found["batch"].as_u64().unwrap();
        let batch = if batch == 1 { String::new() } else { format!(" batch {batch}") };
        let setting = found["setting"].as_str().map(|setting| format!("@{setting}")).unwrap_or_default();
        format!("{}{setting}:{}{reading}{batch}", part("convention"), part("tower"))
    };
    found["matches"].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn an_exact_number_is_thops() {
    let found = identify("116512260096", "ViT-L-14-336");
    assert_eq!(found["schema"], "flopledger.identify/1");
    assert_eq!(found["number"].as_u64(), Some(116512260096));
    assert_eq!(matches(&found), ["thop@open_clip:image", "torchstat@flops:image", "mmcv@open_clip:image"]);
    let first = &found["matches"][0];
    assert_eq!(first["model"], "ViT-L-14-336");
    assert_eq!(first["unit"], "mac");
    assert_eq!(first["value"].as_u64(), Some(116512260096));
    assert_eq!(first["relative_error"].as_f64(), Some(0.0));
    assert_eq!(
        first["reason"],
        "thop, image tower only: open_clip or openai-clip, any version: attention and the final projection run as \
         functions, unseen (attention projections not counted, attention products not counted, \
         final projection not counted)"
    );
    assert_eq!(found["nearest"], Value::Null);
}

/// The three numbers of the question that the tool was first asked.
#[test]
fn rounded_numbers_are_found_within_their_rounding() {
    let thop = identify("0.117 T", "ViT-L-14-336");
    assert!(matches(&thop).contains(&"thop@open_clip:image".to_string()), "{:?}", matches(&thop));
    let fvcore = identify("0.198T", "ViT-L-14-336");
    assert!(matches(&fvcore).contains(&"fvcore@open_clip-torch1.11:total".to_string()), "{:?}", matches(&fvcore));
    assert_eq!(matches(&identify("0.514 T", "ViT-L-14-336")), ["seed-formula:total"]);
    for found in [thop, fvcore] {
        let (number, rounding) = (found["number"].as_u64().unwrap(), found["rounding"].as_u64().unwrap());
        assert_eq!(rounding, 500_000_000);
        for one in found["matches"].as_array().unwrap() {
            assert!(one["value"].as_u64().unwrap().abs_diff(number) <= rounding, "{one}");
        }
    }
}

/// Reported in public for ViT-B/16: the first is no count of this model's, the second is the true
/// one, the third none either.
#[test]
fn numbers_that_people_report() {
    let found = identify("41.09 GFLOPs", "ViT-B-16");
    let names = matches(&found);
    assert!(names.contains(&"analytic@flop:total".to_string()), "{names:?}");
    assert!(names.contains(&"flop-counter@open_clip:total".to_string()), "{names:?}");
    for number in ["14.04 GFLOPs", "14.04e9", "161 GFLOPs"] {
        let found = identify(number, "ViT-B-16");
        assert!(matches(&found).is_empty(), "{number}: {:?}", matches(&found));
        let nearest = &found["nearest"];
        assert_eq!(nearest["ledger"]["residual"].as_i64(), Some(0), "{number}");
        let (value, unexplained) = (nearest["value"].as_i64().unwrap(), nearest["unexplained"].as_i64().unwrap());
        assert_eq!(value + unexplained, found["number"].as_i64().unwrap(), "{number}");
    }
}

#[test]
fn macs_are_doubled_flops_are_halved() {
    assert_eq!(matches(&identify("197764840192", "ViT-L-14-336")), ["fvcore@open_clip-torch1.11:total"]);
    let doubled = matches(&identify("395529680384", "ViT-L-14-336"));
    assert_eq!(doubled, ["fvcore@open_clip-torch1.11:total x2", "fvcore@open_clip-torch1.11:total batch 2"]);
    assert!(matches(&identify("190959894528", "ViT-L-14-336")).contains(&"flop-counter@openai:image /2".to_string()));
}

/// tiny: 9 patches of 192 numbers, 10 tokens of width 48, MLP 96, 2 layers; embedding 32.
#[test]
fn batches_are_told_apart() {
    let thop = 9 * 192 * 48 + 2 * 10 * 2 * 48 * 96;
    assert!(matches(&identify(&(7 * thop).to_string(), "tiny")).contains(&"thop@open_clip:image batch 7".to_string()));
    // With the sequence first, torchinfo multiplies a block's learnt numbers by the tokens and not
    // by the batch; what stands around the blocks has the batch first.
    let (around, blocks) = (9 * 192 * 48 + 2 * 96, 2 * 10 * (2 * 48 * 96 + 96 + 48 + 4 * 48));
    let torchinfo = (3 * around + blocks).to_string();
    let names = matches(&identify(&torchinfo, "tiny"));
    assert!(names.contains(&"torchinfo@open_clip:image batch 3".to_string()), "{names:?}");
    // The logits are of every image with every text.
    let towers = json(&["estimate", "--preset", "tiny"])["flops"]["total"].as_u64().unwrap();
    let names = matches(&identify(&(5 * towers + 2 * 25 * 32).to_string(), "tiny"));
    assert!(names.contains(&"flop-counter@openai:total batch 5".to_string()), "{names:?}");
}

#[test]
fn without_a_model_every_preset_is_searched() {
    let found = json(&["identify", "107986288640"]);
    assert_eq!(found["matches"][0]["model"], "ViT-H-14");
    assert_eq!(matches(&found)[0], "thop@open_clip:image");
    assert_eq!(found["models"].as_array().unwrap().len(), 10);
}

/// But for the true count, which explain takes in the unit of its output.
#[test]
fn every_match_is_a_count_that_explain_knows() {
    let found = identify("0.198T", "ViT-L-14-336");
    let named = matches(&found).into_iter().zip(found["matches"].as_array().unwrap());
    for (name, one) in named.filter(|(name, _)| !name.contains("/2") && !name.starts_with("analytic")) {
        let ledger = &json(&["explain", &name, "analytic", "--preset", "ViT-L-14-336"])["ledger"];
        assert_eq!(ledger["opening"]["value"], one["value"], "{name}");
        assert_eq!(ledger["residual"].as_i64(), Some(0), "{name}");
    }
}

#[test]
fn tables_and_csv_say_the_same() {
    let table = text(&flopledger(&["identify", "116512260096", "--preset", "ViT-L-14-336"]).stdout);
    assert!(table.starts_with("116,512,260,096, exactly, in ViT-L-14-336: 3 counts yield it\n"), "{table}");
    assert!(table.contains("thop@open_clip:image"), "{table}");
    let none = text(&flopledger(&["identify", "14.04G", "--preset", "ViT-B-16"]).stdout);
    assert!(
        none.contains("from the true count to the nearest") && none.contains("no cause explains -137,665,024"),
        "{none}"
    );
    let output = flopledger(&["identify", "116512260096", "--preset", "ViT-L-14-336", "--format", "csv"]);
    let csv = text(&output.stdout);
    assert!(csv.contains("match,ViT-L-14-336,thop,open_clip,image,mac,printed,1,116512260096,0,"), "{csv}");
}

#[test]
fn bad_numbers_are_refused_with_a_remedy() {
    for number in ["abc", "1.5", "", "0", "0.0G", "1.2.3G", "7 apples", "9e99", "116.5 GFLOP/s"] {
        let output = flopledger(&["identify", number]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{number}: {stderr}");
        assert!(stderr.contains("remedy:"), "{number}: {stderr}");
        assert!(output.stdout.is_empty(), "{number}");
    }
    let output = flopledger(&["identify", "5G", "--preset", "ViT-L-14-337"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("nearest: ViT-L-14-336"));
}

/// A convention by name and setting.
fn listed(name: &str, setting: &str) -> Value {
    let listing = json(&["conventions"]);
    assert_eq!(listing["schema"], "flopledger.conventions/1");
    let conventions = listing["conventions"].as_array().unwrap();
    conventions.iter().find(|one| one["name"] == name && one["setting"] == setting).unwrap().clone()
}

#[test]
fn conventions_say_what_they_count() {
    let thop = listed("thop", "hf");
    assert_eq!(thop["unit"], "mac");
    assert_eq!(thop["default_tower"], "image");
    assert_eq!(thop["documented"], "https://github.com/Lyken17/pytorch-OpCounter");
    let counted = &thop["coverage"]["counted"];
    assert_eq!(counted[1]["weight"], "4 for each element");
    let norms = counted[1]["terms"].as_array().unwrap();
    assert_eq!(norms[..4], ["image.ln_pre", "blocks.ln_1", "blocks.ln_2", "ln_post"].map(Value::from));
    let without = thop["coverage"]["not_counted"].as_array().unwrap();
    assert!(without.contains(&"blocks.attn.qk".into()) && !without.contains(&"blocks.attn.qkv".into()));
    // Masked scores alone are unseen, so the text's and not the image's.
    let fvcore = listed("fvcore", "open_clip-torch1.13");
    let without = fvcore["coverage"]["not_counted"].as_array().unwrap();
    assert!(without.contains(&"text.blocks.attn.qk".into()) && !without.contains(&"image.blocks.attn.qk".into()));
}

/// The list and an estimate name the same conventions, but for the true count.
#[test]
fn the_list_is_complete() {
    let names = |conventions: &Value| -> Vec<(Value, Value)> {
        let all = conventions.as_array().unwrap().iter();
        all.map(|one| (one["name"].clone(), one["setting"].clone())).filter(|(name, _)| name != "analytic").collect()
    };
    let listing = json(&["conventions"]);
    assert_eq!(names(&listing["conventions"]), names(&json(&["estimate", "--preset", "tiny"])["conventions"]));
    let table = text(&flopledger(&["conventions"]).stdout);
    let blocks = table.lines().filter(|line| line.starts_with("    documented: ")).count();
    assert_eq!(blocks, listing["conventions"].as_array().unwrap().len());
    let csv = flopledger(&["conventions", "--format", "csv"]).stdout;
    assert_eq!(csv::Reader::from_reader(csv.as_slice()).records().count(), blocks);
}
