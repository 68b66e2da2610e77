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
    identify_with(&[number, "--preset", preset])
}

/// Exits with 1 where nothing is found.
fn identify_with(args: &[&str]) -> Value {
    let output = flopledger(&[&["identify"], args, &["--format", "json"]].concat());
    let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        panic!("{args:?}: {e}: {}", text(&output.stderr));
    });
    let nothing = ["matches", "parameters"].iter().all(|key| found[key].as_array().unwrap().is_empty());
    assert_eq!(output.status.code(), Some(i32::from(nothing)), "{args:?}");
    found
}

/// Each match as `convention@setting:tower`, with `x2` where its MACs were doubled, `/2` where its
/// FLOPs were halved, its batch if that is not 1, and whether the class token is left out.
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
        let token = if found["class_token"] == true { "" } else { " without class token" };
        format!("{}{setting}:{}{reading}{batch}{token}", part("convention"), part("tower"))
    };
    found["matches"].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn an_exact_number_is_thops() {
    let found = identify("116512260096", "ViT-L-14-336");
    assert_eq!(found["schema"], "flopledger.identify/1");
    assert_eq!(found["number"].as_u64(), Some(116512260096));
    let names = matches(&found);
    assert_eq!(names[0], "thop@open_clip:image");
    // On torch's fast path calflops sees no attention either.
    for name in ["torchstat@flops:image", "mmcv@open_clip:image", "calflops@open_clip-fast-path-macs:image"] {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }
    assert_eq!(names.len(), 4, "{names:?}");
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
    assert_eq!(matches(&identify("0.514 T", "ViT-L-14-336"))[0], "seed-formula:total");
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
    for number in ["14.04 GFLOPs", "14.04e9"] {
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
    let asked = |name: &str| !["/2", "batch", "class token"].iter().any(|part| name.contains(part));
    for (name, one) in named.filter(|(name, _)| asked(name) && !name.starts_with("analytic")) {
        let ledger = &json(&["explain", &name, "analytic", "--preset", "ViT-L-14-336"])["ledger"];
        assert_eq!(ledger["opening"]["value"], one["value"], "{name}");
        assert_eq!(ledger["residual"].as_i64(), Some(0), "{name}");
    }
}

#[test]
fn tables_and_csv_say_the_same() {
    let table = text(&flopledger(&["identify", "116512260096", "--preset", "ViT-L-14-336"]).stdout);
    assert!(table.starts_with("116,512,260,096, exactly, in ViT-L-14-336: 4 counts yield it, of "), "{table}");
    assert!(table.contains("thop@open_clip:image"), "{table}");
    let none = text(&flopledger(&["identify", "14.04G", "--preset", "ViT-B-16"]).stdout);
    assert!(
        none.contains("from the true count to the nearest") && none.contains("no cause explains -137,009,664"),
        "{none}"
    );
    let output = flopledger(&["identify", "116512260096", "--preset", "ViT-L-14-336", "--format", "csv"]);
    let csv = text(&output.stdout);
    assert!(csv.contains("match,ViT-L-14-336,thop,open_clip,image,mac,printed,1,116512260096,0,"), "{csv}");
}

/// FT-CLIP's table: fvcore's count of the image tower, its last norm on one token, without the class token.
#[test]
fn papers_leave_out_the_class_token() {
    for (number, args) in [
        ("17.5 GFLOPs", ["--preset", "ViT-B-16"].as_slice()),
        ("55.4 GFLOPs", &["--preset", "ViT-B-16", "--image-size", "384"]),
        ("80.7 GFLOPs", &["--preset", "ViT-L-14"]),
        ("190.7 GFLOPs", &["--preset", "ViT-L-14-336"]),
    ] {
        let names = matches(&identify_with(&[&[number], args].concat()));
        let found = "fvcore@open_clip-2022:image without class token".to_string();
        assert!(names.contains(&found), "{number}: {names:?}");
    }
    // By hand: 196 tokens of width 768, 12 layers, patches of 16 x 16 x 3, an embedding of 512.
    let (s, h) = (196u64, 768u64);
    let true_count = s * 768 * h + 12 * (s * 12 * h * h + 2 * s * s * h) + h * 512;
    let names = matches(&identify(&true_count.to_string(), "ViT-B-16"));
    assert!(names.contains(&"analytic@mac:image without class token".to_string()), "{names:?}");
}

/// Papers on videos: 16 frames of timm's 17.58 GMACs are 281.
#[test]
fn frames_of_a_video() {
    let without = matches(&identify("281 GFLOPs", "ViT-B-16"));
    assert!(without.contains(&"timm:image batch 16".to_string()), "{without:?}");
    let found = identify_with(&["281 GFLOPs", "--preset", "ViT-B-16", "--frames", "16"]);
    assert!(matches(&found).contains(&"timm:image".to_string()), "{:?}", matches(&found));
    for one in found["matches"].as_array().unwrap() {
        assert_eq!(one["frames"], 16, "{one}");
        assert!(one["reason"].as_str().unwrap().contains("16 frames of one video"), "{one}");
    }
    // With its one text: 16 x 8,817,623,040 + 5,959,540,736 FLOPs.
    let names =
        matches(&identify_with(&["147041509376", "--preset", "ViT-B-32", "--frames", "16", "--tower", "total"]));
    assert!(names.contains(&"analytic@flop:total".to_string()), "{names:?}");
    assert!(names.iter().all(|name| name.contains(":total")), "{names:?}");
}

#[test]
fn totals_of_a_training() {
    // DataComp's table: 1.1e21 for 12.8e9 samples of ViT-L/14, forward MACs.
    let found = identify_with(&["1.1e21", "--preset", "ViT-L-14", "--samples", "12800000000"]);
    assert!(matches(&found).contains(&"datacomp:total".to_string()), "{:?}", matches(&found));
    // Forward and backward, 3 x 14,777,163,776 FLOPs, of 1000 samples.
    let found = identify_with(&["44331491328000", "--preset", "ViT-B-32", "--samples", "1000"]);
    let truth = found["matches"].as_array().unwrap().iter().find(|one| one["convention"] == "analytic").unwrap();
    assert_eq!((truth["passes"].as_u64(), truth["samples"].as_u64()), (Some(3), Some(1000)));
    // What the Trainer would write: 6 x 77 tokens x parameters without tables, of 10 samples.
    let tables = 49408 * 512 + 77 * 512 + 50 * 768;
    let total = 10 * 6 * 77 * (151_277_313 - tables as u64);
    let names = matches(&identify_with(&[&total.to_string(), "--preset", "ViT-B-32", "--samples", "10"]));
    assert!(names.contains(&"hf-trainer:total".to_string()), "{names:?}");
}

#[test]
fn a_batch_and_a_tower_may_be_asked_for() {
    let found = identify_with(&["35270492160", "--preset", "ViT-B-32", "--batch", "4"]);
    assert!(found["matches"].as_array().unwrap().iter().all(|one| one["batch"] == 4), "{found}");
    assert!(matches(&found).contains(&"analytic@flop:image batch 4".to_string()));
    let found = identify_with(&["4.41 GFLOPs", "--preset", "ViT-B-32", "--tower", "image"]);
    assert!(found["matches"].as_array().unwrap().iter().all(|one| one["tower"] == "image"), "{found}");
}

#[test]
fn a_number_of_parameters_is_called_one() {
    for number in ["151277313", "151,277,313", "151.28M", "151.3M params"] {
        let found = identify(number, "ViT-B-32");
        assert_eq!(found["parameters"][0]["value"].as_u64(), Some(151_277_313), "{number}");
        assert_eq!(found["parameters"][0]["tower"], "total");
    }
    let output = flopledger(&["identify", "151277313"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("a number of parameters: 151,277,313"), "{}", text(&output.stdout));
    // 63,428,096 are the text tower's; what is called FLOPs or MACs is none.
    let found = identify("63428096", "ViT-B-32");
    assert_eq!(found["parameters"][0]["tower"], "text");
    assert!(identify("151.28 MFLOPs", "ViT-B-32")["parameters"].as_array().unwrap().is_empty());
}

/// The likeliest first, each with why; ten lines in a table; a hit that chance would give is called one.
#[test]
fn what_is_likely_stands_first() {
    // Named MACs of an image: the image tower before both.
    let per_image = identify("4.41 GMACs/img", "ViT-B-32");
    assert_eq!(per_image["matches"][0]["tower"], "image");
    assert!(per_image["matches"][0]["likely"].as_str().unwrap().contains("the tower that the unit suggests"));
    // One example in a default setting before batches, conversions and the device without data.
    for number in ["14.78 GFLOPs", "8.8 GFLOPs", "4.4 G"] {
        let found = identify(number, "ViT-B-32");
        let first = &found["matches"][0];
        assert_eq!((first["batch"].as_u64(), first["reading"].as_str()), (Some(1), Some("printed")), "{number}");
        let chances: Vec<f64> =
            found["matches"].as_array().unwrap().iter().map(|one| one["chance"].as_f64().unwrap()).collect();
        assert!(chances.is_sorted(), "{chances:?}");
    }
    let coarse = flopledger(&["identify", "9 G", "--preset", "ViT-B-32"]);
    let table = text(&coarse.stdout);
    let lines = |table: &str| table.lines().filter(|line| line.starts_with("ViT-B-32  ")).count();
    assert_eq!(lines(&table), 10, "{table}");
    assert!(table.contains("which --all prints") && table.contains("chance hit"), "{table}");
    let all = text(&flopledger(&["identify", "9 G", "--preset", "ViT-B-32", "--all"]).stdout);
    assert!(lines(&all) > 10, "{all}");
    let exact = identify("116512260096", "ViT-L-14-336");
    assert!(exact["matches"][0]["chance"].as_f64().unwrap() < 1e-6, "{exact}");
    assert!(exact["tried"].as_u64().unwrap() > 1000);
}

/// Nothing: exit 1, and the nearest only where it is within 3 %.
#[test]
fn nothing_is_found_with_exit_1() {
    let output = flopledger(&["identify", "123456789123", "--preset", "tiny"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("no count comes within 3 % of it"), "{}", text(&output.stdout));
    let found = identify("1234567891234567", "ViT-B-32");
    assert_eq!(found["nearest"], Value::Null);
    let found = identify("14.04G", "ViT-B-16");
    assert!(found["nearest"]["relative_error"].as_f64().unwrap().abs() <= 0.03);
}

#[test]
fn notes_of_the_model_are_kept() {
    let file = "tests/configs/open_clip/MobileCLIP-S1.json";
    let told = &json(&["estimate", file])["notes"];
    assert!(!told.as_array().unwrap().is_empty());
    let found = identify_with(&["4699258880", file]);
    let notes = found["notes"].as_array().unwrap();
    for note in told.as_array().unwrap() {
        assert!(notes.iter().any(|kept| kept.as_str().unwrap().ends_with(note.as_str().unwrap())), "{notes:?}");
    }
    assert!(text(&flopledger(&["identify", "4699258880", file]).stdout).contains("note: "));
}

#[test]
fn a_comma_that_may_be_a_decimal_one_is_asked_about() {
    for number in ["17,5 GFLOPs", "17,58G", "0,117 T", "116,512 G", "17,5"] {
        let output = flopledger(&["identify", number]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{number}: {stderr}");
        assert!(stderr.contains("comma") && stderr.contains("remedy:"), "{number}: {stderr}");
    }
    assert_eq!(identify("116,512,260,096 MACs", "ViT-L-14-336")["number"].as_u64(), Some(116512260096));
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
