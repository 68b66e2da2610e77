//! `flopledger estimate`, through the binary. Expected numbers are those that the models' own
//! code and the tools themselves gave, or hand counts.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn flopledger(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flopledger")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json(args: &[&str]) -> Value {
    let output = flopledger(&[&["estimate", "--format", "json"], args].concat());
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn write(dir: &Path, name: &str, content: &str) -> String {
    let path = dir.join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_string()
}

/// Reads a configuration text through the binary.
fn estimate(config: &str) -> Value {
    let dir = tempfile::tempdir().unwrap();
    json(&[&write(dir.path(), "config.json", config)])
}

/// Image and text: FLOPs, then parameters.
fn totals(estimate: &Value) -> [u64; 4] {
    [("flops", "image"), ("flops", "text"), ("parameters", "image"), ("parameters", "text")]
        .map(|(what, tower)| estimate[what][tower].as_u64().unwrap())
}

/// A count by `name@setting` and tower.
fn count(estimate: &Value, name: &str, tower: &str) -> Option<u64> {
    let (name, setting) = name.split_once('@').map_or((name, None), |(name, setting)| (name, Some(setting)));
    let counts = estimate["conventions"].as_array().unwrap();
    let found = counts.iter().find(|count| count["name"] == name && count["setting"].as_str() == setting);
    found.unwrap_or_else(|| panic!("no {name}@{setting:?}"))[tower].as_u64()
}

#[test]
fn presets_cost_what_the_models_cost() {
    let expected: [(&str, [u64; 4]); 9] = [
        ("ViT-B-32", [8817623040, 5959540736, 87849216, 63428096]),
        ("ViT-B-16", [35126906880, 5959540736, 86192640, 63428096]),
        ("ViT-L-14", [162025537536, 13299683328, 303966208, 123650304]),
        ("ViT-L-14-336", [381919789056, 13299683328, 304293888, 123650304]),
        ("ViT-H-14", [334590279680, 47091384320, 632076800, 354032640]),
        ("ViT-g-14", [534063050752, 47091384320, 1012645632, 354032640]),
        ("ViT-bigG-14", [967496032256, 97863106560, 1844907264, 694659840]),
        ("EVA02-E-14", [2264326930432, 47091384320, 4350556928, 354032640]),
        ("EVA02-E-14-plus", [2264326930432, 97862451200, 4350556928, 694332160]),
    ];
    for (preset, numbers) in expected {
        let estimate = json(&["--preset", preset]);
        assert_eq!(totals(&estimate), numbers, "{preset}");
        assert_eq!(estimate["flops"]["total"].as_u64(), Some(numbers[0] + numbers[1]), "{preset}");
        assert_eq!(estimate["parameters"]["total"].as_u64(), Some(numbers[2] + numbers[3] + 1), "{preset}");
    }
}

/// 9 patches of 8 x 8 x 3, so 10 tokens of width 48; 7 tokens of text; 2 layers each.
#[test]
fn tiny_by_hand() {
    let estimate = json(&["--preset", "tiny"]);
    let block = |tokens: u64| 2 * (tokens * 48 * (4 * 48 + 2 * 96) + 2 * tokens * tokens * 48);
    let image = 9 * 192 * 48 + block(10) + 48 * 32;
    let text = block(7) + 48 * 32;
    assert_eq!(estimate["flops"]["image"].as_u64(), Some(2 * image));
    assert_eq!(estimate["flops"]["text"].as_u64(), Some(2 * text));
    let blocks = 2 * (4 * 48 * 48 + 4 * 48 + 2 * 48 * 96 + 96 + 48 + 4 * 48);
    let parameters =
        [192 * 48 + 48 + 10 * 48 + 2 * 48 + blocks + 2 * 48 + 48 * 32, 64 * 48 + 7 * 48 + blocks + 2 * 48 + 48 * 32];
    assert_eq!(totals(&estimate)[2..], parameters);
}

#[test]
fn json_has_the_documented_keys() {
    let estimate = json(&["--preset", "ViT-L-14-336"]);
    assert_eq!(estimate["schema"], "flopledger.estimate/1");
    assert_eq!(estimate["model"], "ViT-L-14-336");
    assert_eq!(estimate["dialect"], "huggingface");
    assert_eq!(estimate["batch"], 1);
    let terms = estimate["terms"].as_array().unwrap();
    assert_eq!(terms[0]["path"], "image.patch_embed");
    assert_eq!(terms[0]["kind"], "conv");
    assert_eq!(terms[0]["macs"], 346816512);
    let sum: u64 = terms.iter().map(|term| term["macs"].as_u64().unwrap()).sum();
    assert_eq!(2 * sum, 395219472384);
    let softmax = terms.iter().find(|term| term["path"] == "image.blocks.attn.softmax").unwrap();
    assert_eq!(softmax["elements"], 24 * 16 * 577 * 577);
    assert_eq!(count(&estimate, "thop@open_clip", "image"), Some(116512260096));
    assert_eq!(count(&estimate, "thop@open_clip", "text"), Some(4359979008));
}

/// What the tools printed for these models, one tower alone and both in one pass.
#[test]
fn conventions_print_what_the_tools_print() {
    let cases: [(&str, &str, &str, [Option<u64>; 3]); 28] = [
        ("ViT-L-14-336", "seed-formula", "total", [Some(514129858560), None, None]),
        ("ViT-H-14", "seed-formula", "total", [Some(502825582592), None, None]),
        ("EVA02-E-14", "seed-formula", "total", [Some(3704566497280), None, None]),
        ("EVA02-E-14", "thop@open_clip", "image", [Some(958556798976), None, None]),
        ("EVA02-E-14", "fvcore@open_clip-torch1.11", "total", [Some(1156025526016), None, None]),
        ("EVA02-E-14", "fvcore@open_clip-torch2", "total", [Some(1140584048384), None, None]),
        ("EVA02-E-14", "fvcore@open_clip-torch2", "image", [Some(1117310460672), None, None]),
        ("EVA02-E-14", "flop-counter@open_clip", "image", [Some(2264326930432), None, None]),
        ("ViT-B-32", "thop@open_clip", "all", [Some(2946760704), Some(1937768448), Some(4884529152)]),
        ("ViT-B-32", "thop@hf", "all", [Some(4366574592), Some(2910857216), Some(7277431808)]),
        ("ViT-B-32", "torchstat@flops", "all", [Some(2946760704), None, None]),
        ("ViT-B-32", "torchstat@madd", "all", [Some(5891179776), None, None]),
        ("ViT-B-32", "fvcore@open_clip-torch1.13", "total", [Some(7362074112), None, None]),
        ("ViT-B-32", "fvcore@open_clip-torch2", "all", [Some(4367723520), Some(2911842816), Some(7279566336)]),
        ("ViT-B-32", "fvcore@open_clip-fast-path", "image", [Some(2952145920), None, None]),
        ("ViT-B-32", "fvcore@openai-torch2", "all", [Some(4367535360), Some(2911842816), Some(7279378688)]),
        ("ViT-B-32", "fvcore@hf-eager", "all", [Some(4413615360), Some(2984698368), Some(7398314240)]),
        ("ViT-B-32", "fvcore@hf-sdpa", "all", [Some(4367535360), Some(2911842816), Some(7279378688)]),
        ("ViT-B-32", "flop-counter@open_clip", "all", [Some(8817623040), Some(5959540736), Some(14777163776)]),
        ("ViT-B-32", "flop-counter@openai", "all", [Some(8817623040), Some(5959540736), Some(14777164800)]),
        ("ViT-B-32", "flop-counter@hf-eager", "all", [Some(8817623040), Some(5959540736), Some(14777164800)]),
        ("ViT-B-32", "flop-counter@cpu-sdpa", "all", [Some(8725463040), Some(5813829632), Some(14539292672)]),
        ("ViT-B-32", "flop-counter@cpu-fast-path", "all", [Some(5894307840), Some(5813829632), Some(11708137472)]),
        ("ViT-B-32", "flop-counter@hf-cpu-sdpa", "all", [Some(8725463040), Some(5813829632), Some(14539293696)]),
        ("ViT-L-14-336", "fvcore@open_clip-torch1.11", "total", [Some(197764840192), None, None]),
        ("ViT-L-14-336", "torchstat@madd", "image", [Some(232953028608), None, None]),
        ("ViT-H-14", "thop@hf", "image", [Some(161969940480), None, None]),
        ("ViT-H-14", "fvcore@hf-eager", "image", [Some(167402058240), None, None]),
    ];
    for (preset, name, tower, values) in cases {
        let estimate = json(&["--preset", preset]);
        if tower == "all" {
            let counts = ["image", "text", "total"].map(|tower| count(&estimate, name, tower));
            assert_eq!(counts, values, "{preset} {name}");
        } else {
            assert_eq!(count(&estimate, name, tower), values[0], "{preset} {name} {tower}");
        }
    }
}

#[test]
fn dialects_fill_in_their_defaults() {
    // HuggingFace's own defaults are ViT-B-32; a pair's nested projection_dim is never read.
    let hf = r#"{"model_type": "clip", "text_config": null, "vision_config": {"projection_dim": 7}}"#;
    assert_eq!(totals(&estimate(hf)), [8817623040, 5959540736, 87849216, 63428096]);
    // A *_config_dict, filled up with the defaults, replaces the *_config.
    let dict = r#"{"text_config": {"hidden_size": 640, "num_hidden_layers": 3}, "vision_config": {},
                   "text_config_dict": {"hidden_size": 512}}"#;
    assert_eq!(totals(&estimate(dict)), [8817623040, 5959540736, 87849216, 63428096]);
    let open_clip = r#"{"embed_dim": 512, "vision_cfg": {}, "text_cfg": {}}"#;
    assert_eq!(totals(&estimate(open_clip)), [35126906880, 5959540736, 86192640, 63428096]);
}

#[test]
fn open_clip_variants_cost_what_they_cost() {
    let text_h = r#""text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 1024, "heads": 16, "layers": 24}"#;
    let clipa_text = r#""text_cfg": {"context_length": 32, "vocab_size": 32000, "width": 1024, "heads": 16,
                        "layers": 24, "pool_type": "last", "no_causal_mask": true}"#;
    let cases: [(String, [u64; 4]); 5] = [
        (
            format!(
                r#"{{"embed_dim": 1024, "vision_cfg": {{"image_size": 336, "layers": 32, "width": 1280, "head_width": 80,
                "patch_size": 14, "no_ln_pre": true, "pool_type": "avg", "final_ln_after_pool": true}}, {clipa_text}}}"#
            ),
            [781450772480, 19430113280, 632483840, 336160768],
        ),
        (
            r#"{"embed_dim": 384, "vision_cfg": {"layers": 12, "width": 512, "patch_size": 16, "ls_init_value": 1e-4},
                "text_cfg": {"width": 384, "heads": 6, "layers": 12}}"#
                .into(),
            [15981305856, 3379562496, 38534144, 40444032],
        ),
        (
            r#"{"embed_dim": 1280, "vision_cfg": {"layers": 56, "width": 1792, "head_width": 112, "mlp_ratio": 8.5715,
                "patch_size": 14}, "text_cfg": {"width": 1280, "heads": 20, "layers": 36}}"#
                .into(),
            [1981354876928, 110095585280, 3807716864, 773369600],
        ),
        (
            format!(
                r#"{{"embed_dim": 1024, "vision_cfg": {{"timm_model_name": "eva_giant_patch14_224",
                "timm_pool": "token", "timm_proj": null}}, {text_h}}}"#
            ),
            [534063050752, 47091384320, 1012588928, 354032640],
        ),
        (
            format!(
                r#"{{"embed_dim": 1024, "vision_cfg": {{"timm_model_name": "eva02_enormous_patch14_clip_224",
                "timm_pool": "token", "timm_proj": null}}, {text_h}}}"#
            ),
            [2264326930432, 47091384320, 4350556928, 354032640],
        ),
    ];
    for (config, numbers) in cases {
        assert_eq!(totals(&estimate(&config)), numbers, "{config}");
    }
}

#[test]
fn several_models_make_an_array_and_a_bad_one_stops_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let bad = write(dir.path(), "bad.json", "[1, 2]");
    let args = ["estimate", "--format", "json", bad.as_str(), "--preset", "tiny", "--preset", "ViT-B-16"];
    let output = flopledger(&args);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("bad.json: not a CLIP configuration: found a list of 2 items"));
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<&str> = all.as_array().unwrap().iter().map(|one| one["model"].as_str().unwrap()).collect();
    assert_eq!(names, ["tiny", "ViT-B-16"]);
}

#[test]
fn csv_has_every_term_and_count() {
    let output = flopledger(&["estimate", "--preset", "ViT-L-14-336", "--format", "csv"]);
    let text = text(&output.stdout);
    for line in [
        "model,record,name,setting,tower,kind,unit,value",
        "ViT-L-14-336,flops,analytic,,total,,flop,395219472384",
        "ViT-L-14-336,parameters,,,image,,parameter,304293888",
        "ViT-L-14-336,term,image.patch_embed,,image,conv,mac,346816512",
        "ViT-L-14-336,convention,thop,open_clip,image,,mac,116512260096",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
}

#[test]
fn tables_speak_the_unit_asked_for() {
    let flops = text(&flopledger(&["estimate", "--preset", "ViT-L-14-336", "--terms"]).stdout);
    assert!(flops.contains("true FLOPs") && flops.contains("395,219,472,384"));
    assert!(flops.contains("image.patch_embed") && flops.contains("693,633,024"));
    let macs = text(&flopledger(&["estimate", "--preset", "ViT-L-14-336", "--terms", "--unit", "mac"]).stdout);
    assert!(macs.contains("true MACs") && macs.contains("197,609,736,192") && macs.contains("346,816,512"));
    // A tool's number stays what the tool prints.
    assert!(flops.contains("116,512,260,096") && macs.contains("116,512,260,096"));
}

/// Every wrong input ends with code 2 and names what is wrong and what to do.
#[test]
fn bad_input_is_named_with_its_remedy() {
    let pair = |text: &str, vision: &str| format!(r#"{{"text_config": {text}, "vision_config": {vision}}}"#);
    let open = |text: &str, vision: &str| format!(r#"{{"embed_dim": 64, "text_cfg": {text}, "vision_cfg": {vision}}}"#);
    let cases: [(String, &[&str]); 25] = [
        ("{".into(), &["not JSON"]),
        ("".into(), &["not JSON"]),
        ("7".into(), &["found the bare value 7"]),
        ("{}".into(), &["an empty object"]),
        (r#"{"name": 1, "version": 2}"#.into(), &["an object with the keys name, version"]),
        (r#"{"model_type": "bert", "architectures": ["BertModel"]}"#.into(), &["model_type \"bert\"", "BertModel"]),
        (
            r#"{"model_type": "blip", "text_config": {}, "vision_config": {}}"#.into(),
            &["it seems to be BLIP", "model_type \"blip\""],
        ),
        (pair(r#"{"model_type": "llama"}"#, "{}"), &["text_config.model_type", "\"llama\""]),
        (r#"{"text_config": {}}"#.into(), &["an object with the keys text_config"]),
        (pair(r#"{"hidden_size": 0}"#, "{}"), &["text_config.hidden_size", "0 is not possible", "from 1 to"]),
        (pair("{}", r#"{"num_hidden_layers": -3}"#), &["vision_config.num_hidden_layers", "-3"]),
        (pair("{}", r#"{"image_size": "big"}"#), &["vision_config.image_size", "\"big\""]),
        (pair("{}", r#"{"image_size": 16}"#), &["image_size", "16 is less than patch_size 32", "e.g. 512"]),
        (pair(r#"{"num_attention_heads": 7}"#, "{}"), &["num_attention_heads", "7 heads do not divide the width 512"]),
        (pair("{}", r#"{"intermediate_size": 1e30}"#), &["intermediate_size", "1e+30"]),
        (pair(r#"{"vocab_size": 99999999999999999999}"#, "{}"), &["vocab_size"]),
        (pair(r#"{"hidden_act": "relu6"}"#, "{}"), &["hidden_act", "relu6", "quick_gelu"]),
        (pair("[]", "{}"), &["text_config", "[] is not a section"]),
        (r#"{"text_cfg": {}, "vision_cfg": {}}"#.into(), &["embed_dim", "missing"]),
        (r#"{"embed_dim": 64, "vision_cfg": {}}"#.into(), &["text_cfg", "missing"]),
        (open("{}", r#"{"mlp_ratio": 1e300}"#), &["vision_cfg.mlp_ratio", "1e300"]),
        (open("{}", r#"{"layers": [3, 4, 6]}"#), &["vision_cfg.layers", "a list of 3 is not a ModifiedResNet"]),
        (
            open(
                "{}",
                r#"{"timm_model_name": "vit_base_patch16_siglip_224", "timm_pool": "map", "timm_proj": "none"}"#,
            ),
            &["vision_cfg.timm_proj", "the width 768 is no embedding of 64"],
        ),
        (open("{}", r#"{"timm_model_name": "vit_huge"}"#), &["timm_model_name", "\"vit_huge\" are not known"]),
        (open(r#"{"hf_model_name": "xlm"}"#, "{}"), &["text_cfg.hf_model_name", "\"xlm\"", "--tower-config"]),
    ];
    let dir = tempfile::tempdir().unwrap();
    for (config, parts) in cases {
        let path = write(dir.path(), "config.json", &config);
        refused(&["estimate", &path], &[&["config.json", "remedy:"], parts].concat());
    }
    let missing = dir.path().join("none.json");
    refused(&["estimate", missing.to_str().unwrap()], &["none.json: cannot read", "remedy:"]);
    let empty = tempfile::tempdir().unwrap();
    refused(&["estimate", empty.path().to_str().unwrap()], &["cannot read", "config.json", "remedy:"]);
    refused(&["estimate", "--preset", "ViT-L14-336"], &["no such preset", "nearest: ViT-L-14-336", "remedy:"]);
    refused(&["estimate"], &["no model given", "remedy:"]);
}

fn refused(args: &[&str], parts: &[&str]) {
    let output = flopledger(args);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
    assert!(output.stdout.is_empty(), "{args:?}");
    for part in parts {
        assert!(stderr.contains(part), "{part:?} is not in {stderr:?}");
    }
}

/// 7 x 7 patches of 32 pixels fit into 225 as into 224; the rest is said to be left out.
#[test]
fn pixels_beyond_the_last_patch_are_noted() {
    let fitting = estimate(r#"{"model_type": "clip", "vision_config": {"image_size": 224}}"#);
    let larger = estimate(r#"{"model_type": "clip", "vision_config": {"image_size": 225}}"#);
    assert_eq!(larger["flops"], fitting["flops"]);
    assert!(larger["notes"][0].as_str().unwrap().contains("no multiple of patch_size 32"), "{}", larger["notes"]);
    assert_eq!(fitting["notes"].as_array().unwrap().len(), 0);
}

/// tiny at 32 pixels has 16 patches and 17 tokens; with 5 tokens of text; by hand as above.
#[test]
fn another_image_size_and_text_length() {
    let found = json(&["--preset", "tiny", "--image-size", "32", "--context", "5"]);
    let block = |tokens: u64| 2 * (tokens * 48 * (4 * 48 + 2 * 96) + 2 * tokens * tokens * 48);
    assert_eq!(found["flops"]["image"].as_u64(), Some(2 * (16 * 192 * 48 + block(17) + 48 * 32)));
    assert_eq!(found["flops"]["text"].as_u64(), Some(2 * (block(5) + 48 * 32)));
    refused(&["estimate", "--preset", "tiny", "--image-size", "huge"], &["--image-size huge", "remedy:"]);
}

#[test]
fn a_training_step_shows_its_parts() {
    let args = ["--preset", "tiny", "--batch", "4", "--backward", "--recompute", "full", "--logits", "local"];
    let found = json(&args);
    let (step, forward) = (&found["step"], json(&["--preset", "tiny"])["flops"]["total"].as_u64().unwrap());
    assert_eq!(found["flops"]["total"].as_u64(), Some(4 * forward));
    assert_eq!(step["forward"].as_u64(), Some(4 * forward));
    // The pixels of 9 patches get no gradient.
    assert_eq!(step["backward"].as_u64(), Some(4 * (2 * forward - 2 * 9 * 192 * 48)));
    assert_eq!(step["recomputation"].as_u64(), Some(4 * forward));
    // Two products of 4 images with 4 texts, three times.
    assert_eq!(step["logits"].as_u64(), Some(3 * 2 * 2 * 4 * 4 * 32));
    refused(&["estimate", "--preset", "tiny", "--recompute", "full"], &["--recompute", "--backward"]);
}
