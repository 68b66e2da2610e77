//! Every configuration in tests/configs against what the models' own code counts (see the README
//! there), and what must be refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn configs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs")
}

fn estimate(paths: &[PathBuf]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flopledger"));
    command.args(["estimate", "--format", "json"]).args(paths).output().unwrap()
}

/// A row of figures: FLOPs by tower and operator, and parameters.
type Figures = BTreeMap<String, u128>;

/// The parts of a model as the figures name them and as the results do.
const PARTS: [(&str, &str); 3] = [("image", "image"), ("text", "text"), ("decoder", "multimodal")];
const OPERATORS: [(&str, &str); 3] = [("convolution", "conv"), ("linear", "linear"), ("bmm", "matmul")];

fn counted(estimate: &Value) -> Figures {
    let mut figures = Figures::new();
    let terms = estimate["terms"].as_array().unwrap();
    for (part, tower) in PARTS {
        for (operator, kind) in OPERATORS {
            let macs = terms.iter().filter(|term| term["tower"] == tower && term["kind"] == kind);
            let macs: u64 = macs.map(|term| term["macs"].as_u64().unwrap()).sum();
            figures.insert(format!("{part}_{operator}"), 2 * u128::from(macs));
        }
        let flops = estimate["flops"][tower].as_u64();
        figures.insert(format!("{part}_flops"), flops.unwrap_or_default().into());
    }
    figures.insert("total_flops".into(), estimate["flops"]["total"].as_u64().unwrap().into());
    let parameters = |name: &str| u128::from(estimate["parameters"][name].as_u64().unwrap_or_default());
    figures.insert("params".into(), parameters("total"));
    figures.insert("image_params".into(), parameters("image"));
    figures.insert("text_params".into(), parameters("text"));
    figures
}

/// Compares a table of figures with the files of the folder beside it; returns how many agree.
fn agree(table: &str, left_out: &[&str]) -> usize {
    let mut reader = csv::Reader::from_path(configs().join(format!("{table}.csv"))).unwrap();
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let rows: Vec<_> = rows.into_iter().filter(|row| !left_out.contains(&row["model"].as_str())).collect();
    let paths: Vec<PathBuf> =
        rows.iter().map(|row| configs().join(table).join(format!("{}.json", row["model"]))).collect();
    let output = estimate(&paths);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let estimates: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(estimates.len(), rows.len());
    for (row, estimate) in rows.iter().zip(&estimates) {
        for (name, found) in counted(estimate) {
            let expected = row[&name].as_str();
            let expected: u128 = if expected.is_empty() { 0 } else { expected.parse().unwrap() };
            assert_eq!(found, expected, "{table}/{}: {name}", row["model"]);
        }
    }
    rows.len()
}

#[test]
fn open_clips_own_configurations() {
    assert_eq!(agree("open_clip", &[]), 144);
}

#[test]
fn huggingfaces_model_types() {
    assert_eq!(agree("huggingface", &[]), 91);
}

#[test]
fn eva_clips_configurations() {
    assert_eq!(agree("eva_clip", &[]), 11);
}

/// open_clip's newest text tower, which no released version has: the reference's own figures.
#[test]
fn the_modern_text_tower() {
    let estimates = json("reference/moderntext-naflex.json");
    let counted = counted(&estimates);
    let of = |name: &str| counted[name];
    assert_eq!((of("image_linear"), of("image_bmm")), (59_126_317_056 + 983_040, 3_247_226_880));
    assert_eq!((of("text_linear"), of("text_bmm")), (33_128_775_680, 2_013_921_280));
    assert_eq!((of("image_params"), of("text_params"), of("params")), (121_802_752, 97_705_344, 219_508_097));
}

#[test]
fn other_dialects_of_the_same_model_cost_the_same() {
    let expected = json("open_clip/ViT-B-32-quickgelu.json")["flops"].clone();
    let openai = json("reference/openai-flat.json");
    assert_eq!((openai["dialect"].as_str(), &openai["flops"]), (Some("openai"), &expected));
    let wrapped = json("reference/open_clip_config.json");
    assert_eq!(wrapped["flops"]["total"], 175_325_220_864_u64);
    let chinese = json("reference/chinese-clip-flat.json");
    assert_eq!(chinese["dialect"], "chinese_clip");
    let pair = json("huggingface/reference-chinese-clip-b16.json");
    assert_eq!((&chinese["flops"], &chinese["parameters"]), (&pair["flops"], &pair["parameters"]));
    let mobile = json("reference/mobileclip-b.json");
    let timm = json("open_clip/MobileCLIP-B.json");
    assert_eq!((mobile["dialect"].as_str(), &mobile["flops"]), (Some("mobileclip"), &timm["flops"]));
    let jina = json("reference/jina-clip.json");
    let eva = json("open_clip/EVA02-L-14.json");
    assert_eq!((jina["dialect"].as_str(), &jina["flops"]["image"]), (Some("jina_clip"), &eva["flops"]["image"]));
}

#[test]
fn masks_that_the_file_does_not_tell_are_said() {
    let masked = json("noted/TinyCLIP-auto-ViT-63M-32-Text-31M.json");
    assert_eq!(masked["flops"]["total"], 14_777_163_776_u64);
    assert!(masked["notes"][0].as_str().unwrap().contains("masks"), "{}", masked["notes"]);
}

/// Every refusal names the file and ends with a remedy; none stops the others.
#[test]
fn what_is_no_clip_is_refused() {
    let folder = configs().join("refused");
    let mut files: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 31);
    for file in &files {
        let output = estimate(std::slice::from_ref(file));
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{}: {error}", file.display());
        assert!(output.stdout.is_empty() && error.contains(file.to_str().unwrap()), "{error}");
        assert!(error.contains("remedy: "), "{error}");
    }
    let good = configs().join("open_clip/ViT-B-32.json");
    let output = estimate(&[files, vec![good]].concat());
    assert_eq!(output.status.code(), Some(2));
    let estimates: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(estimates.len(), 1);
}

#[test]
fn a_refusal_says_what_the_file_seems_to_be() {
    let said = |file: &str| {
        let output = estimate(&[configs().join("refused").join(file)]);
        String::from_utf8(output.stderr).unwrap()
    };
    for (file, what) in [
        ("blip.json", "BLIP"),
        ("reference-blip-2.json", "BLIP"),
        ("qwen2-vl.json", "Qwen"),
        ("llava.json", "LLaVA"),
        ("training.json", "training configuration"),
        ("tokenizer.json", "tokenizer"),
        ("preprocessor.json", "preprocessing"),
        ("diffusers-pipeline.json", "diffusers"),
        ("open-clip-unknown-timm.json", "resnest50d_of_nowhere"),
        ("open-clip-unknown-hub.json", "--tower-config"),
    ] {
        assert!(said(file).contains(what), "{file}: {}", said(file));
    }
}

/// The unknown tower's dimensions, given by the user, count as if the file had them.
#[test]
fn a_named_tower_takes_the_users_dimensions() {
    let file = configs().join("refused/open-clip-unknown-timm.json");
    let given = configs().join("reference/tower.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_flopledger"));
    command.args(["estimate", "--format", "json", "--tower-config"]).arg(given).arg(file);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let estimate: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(estimate["flops"]["image"], json("open_clip/ViT-B-32.json")["flops"]["image"]);
}

fn json(file: &str) -> Value {
    let path = configs().join(file);
    let output = estimate(std::slice::from_ref(&path));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
