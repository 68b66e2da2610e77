//! `flopledger mfu`, through the binary.

use std::process::{Command, Output};

use serde_json::Value;

fn mfu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flopledger")).arg("mfu").args(args).output().expect("runs")
}

fn json(args: &[&str]) -> Value {
    let output = mfu(&[args, &["--json"]].concat());
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn refused(args: &[&str]) -> String {
    let output = mfu(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).expect("text")
}

const NEMO: [&str; 12] = [
    "--preset",
    "ViT-g-14",
    "--task",
    "train",
    "--samples-per-second",
    "559",
    "--device",
    "A100 SXM4 80GB",
    "--devices",
    "8",
    "--precision",
    "bf16",
];

#[test]
fn nemo_as_it_was_published() {
    let report = json(&[&NEMO[..], &["--image-tokens", "264", "--text-tokens", "80"]].concat());
    assert_eq!(report["schema"], "flopledger.mfu/1");
    assert_eq!(report["flops_per_sample"]["forward"], 581_154_435_072_u64);
    assert_eq!(report["flops_per_sample"]["model"], 1_743_463_305_216_u64);
    let per_cent = |key: &str| format!("{:.1}", 100.0 * report[key].as_f64().expect(key));
    assert_eq!((per_cent("mfu").as_str(), per_cent("hfu").as_str()), ("39.0", "40.2"));
    // Checkpointing runs the padded forward pass once more: 4 times it.
    let again = json(&[&NEMO[..], &["--recompute", "full"]].concat());
    assert_eq!(again["flops_per_sample"]["executed"], 4 * 581_154_435_072_u64);
}

#[test]
fn every_step_is_shown() {
    let output = mfu(&[&NEMO[..], &["--logits-batch", "704"]].concat());
    let text = String::from_utf8(output.stdout).expect("text");
    for part in [
        "image 534,063,050,752 + text 47,091,384,320",
        "x 3 (forward 1, backward 2)",
        "559 samples/s / 8",
        "69.875",
        "121.82 / 312",
        "39.05 %",
        "contrastive logits",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn mistakes_are_explained() {
    let replaced = |at: usize, word: &'static str| {
        let mut args = NEMO.to_vec();
        args[at] = word;
        args
    };
    assert!(refused(&replaced(9, "2")).contains("there are 4 or more"));
    assert!(refused(&replaced(7, "H100")).contains("\"H100 PCIe 80GB\" (756)"));
    assert!(refused(&replaced(7, "H10O PCIe 80GB")).contains("nearest: H100 PCIe 80GB"));
    assert!(refused(&replaced(5, "0")).contains("more than 0"));
    assert!(refused(&replaced(9, "0")).contains("--devices"));
    assert!(refused(&replaced(11, "fp4")).contains("bf16 312"));
    assert!(refused(&NEMO[2..]).contains("no model given"));
    assert!(refused(&[]).contains("--samples-per-second"));
}

#[test]
fn a_peak_of_ones_own() {
    let report = json(&[
        "--preset",
        "tiny",
        "--task",
        "infer",
        "--samples-per-second",
        "1000",
        "--peak-tflops",
        "0.01",
        "--precision",
        "fp32",
    ]);
    let forward = report["flops_per_sample"]["forward"].as_f64().expect("a count");
    assert_eq!(report["mfu"].as_f64(), Some(forward * 1000.0 / 1e10));
    assert_eq!(report["device"], Value::Null);
}

#[test]
fn published_rows_are_checked() {
    let all = json(&["--published"]);
    let rows = all["rows"].as_array().expect("rows");
    let wrong: Vec<&Value> = rows.iter().filter(|row| row["verdict"] == "disagrees").collect();
    assert_eq!(wrong.len(), 2);
    assert!(wrong.iter().all(|row| row["model"].as_str().is_some_and(|model| model.starts_with("MaxText"))));
    let clip = json(&["--published", "--model", "clip", "--task", "train"]);
    let clip = clip["rows"].as_array().expect("rows");
    assert!(!clip.is_empty() && clip.len() < rows.len());
    assert!(clip.iter().all(|row| row["task"] == "train" && row["source"].as_str().is_some_and(|s| !s.is_empty())));
    assert!(refused(&["--published", "--model", "no such model"]).contains("no row matches"));
}

/// A reader that goes away early is no error, in CSV either.
#[test]
fn broken_pipes_are_no_error() {
    for format in ["table", "json", "csv"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flopledger"));
        command.args(["mfu", "--published", "--format", format]).stdout(std::process::Stdio::piped());
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("ends");
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{format}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn devices_are_listed_with_their_traps() {
    let report = json(&["--list-devices"]);
    let devices = report["devices"].as_array().expect("devices");
    let half = devices.iter().find(|device| device["device"] == "MI250X (one GCD)").expect("the half");
    assert_eq!(half["bf16"], "191.5");
}
