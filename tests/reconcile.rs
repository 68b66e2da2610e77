//! The main job, as a user sees it: `flopledger reconcile` on the built-in workload.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

const GEMMS: [&str; 3] = ["matrixmultiply", "gemm", "reference"];

fn reconcile(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flopledger")).arg("reconcile").args(args).output().expect("flopledger starts")
}

fn json(args: &[&str]) -> Value {
    let output = reconcile(&[args, &["--format", "json"]].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {stderr}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {stderr}"))
}

/// `tiny` with a gemm, counted once for all tests: single steps take their time.
fn tiny(gemm: &str) -> &'static Value {
    static COUNTED: [OnceLock<Value>; 3] = [const { OnceLock::new() }; 3];
    let place = GEMMS.iter().position(|name| *name == gemm).expect("a gemm");
    COUNTED[place].get_or_init(|| json(&["--preset", "tiny", "--gemm", gemm]))
}

fn ledger<'a>(result: &'a Value, from: &str, to: &str) -> &'a Value {
    let ledgers = result["ledgers"].as_array().expect("ledgers");
    ledgers.iter().find(|l| l["from"] == from && l["to"] == to).unwrap_or_else(|| panic!("no ledger {from} -> {to}"))
}

/// Every ledger adds up, whatever its residual.
fn assert_adds_up(ledger: &Value) {
    let value = |figure: &str| ledger[figure]["value"].as_i64().unwrap();
    let entries: i64 = ledger["entries"].as_array().unwrap().iter().map(|e| e["flops"].as_i64().unwrap()).sum();
    assert_eq!(value("opening") + entries + ledger["residual"].as_i64().unwrap(), value("closing"));
}

/// The chain closes on `tiny` with every gemm, and nothing but what runs outside the model is
/// measured instead of predicted.
#[test]
fn the_chain_closes_with_every_gemm() {
    for gemm in GEMMS {
        let result = tiny(gemm);
        assert_eq!(result["schema"], "flopledger.reconcile/1");
        assert_eq!(result["exact"], true, "{gemm}: {}", result["reasons"]);
        // By hand: 741,312 MACs of the shapes of `tiny`, and 32 of the similarity.
        assert_eq!(result["counts"]["analytic"], 1_482_624);
        assert_eq!(result["counts"]["operators"], 1_482_624 + 64);
        for ledger in result["ledgers"].as_array().unwrap() {
            assert_eq!(ledger["residual"], 0, "{gemm}: {ledger:#}");
        }
        let execution = ledger(result, "operators", "instructions");
        for entry in execution["entries"].as_array().unwrap() {
            let outside = ["outside-model", "start-up"].contains(&entry["cause"].as_str().unwrap());
            assert_eq!(entry["basis"], if outside { "measured" } else { "predicted" }, "{gemm}: {entry:#}");
            assert!(!entry["evidence"].as_array().unwrap().is_empty());
        }
        for kind in result["kinds"].as_array().unwrap() {
            assert_eq!(kind["residual"], 0, "{gemm}: {kind:#}");
        }
    }
}

/// Tiles do not divide `tiny`'s shapes, so a tiled gemm pads and plain loops do not.
#[test]
fn only_tiled_gemms_pad() {
    let padding = |gemm: &str| {
        let entries = ledger(tiny(gemm), "operators", "instructions")["entries"].as_array().unwrap().clone();
        entries.iter().find(|e| e["cause"] == "tile-padding").map_or(0, |e| e["flops"].as_i64().unwrap())
    };
    assert!(padding("matrixmultiply") > 0);
    assert_eq!(padding("reference"), 0);
}

/// FLOPs that no cause explains, inside an operator or outside every region, are the residual.
#[test]
fn injected_work_is_seen_in_the_residual() {
    for (place, flops) in [("image/block.0/attn.qkv", 1000), ("outside", 777)] {
        let inject = format!("{place}:{flops}");
        let result = json(&["--preset", "tiny", "--workload-arg", "--inject", "--workload-arg", &inject]);
        let execution = ledger(&result, "operators", "instructions");
        assert_adds_up(execution);
        assert_eq!(execution["residual"], flops, "{place}");
    }
}

#[test]
fn a_tower_that_did_not_run_is_an_entry() {
    let result = json(&["--preset", "tiny", "--workload-arg", "--towers", "--workload-arg", "image"]);
    let operators = ledger(&result, "analytic", "operators");
    assert_adds_up(operators);
    let entries = operators["entries"].as_array().unwrap();
    assert!(entries.iter().any(|e| e["cause"] == "tower-not-run" && e["flops"].as_i64().unwrap() < 0));
    assert_eq!(operators["residual"], 0);
}

#[test]
fn the_table_names_the_counts_and_the_residual() {
    let output = reconcile(&["--preset", "tiny"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for expected in ["analytic -> operators", "operators -> instructions", "residual", "register tiles", "[measured]"] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
}

#[test]
fn csv_carries_every_entry() {
    let output = reconcile(&["--preset", "tiny", "--format", "csv", "--workload-arg=--towers=text"]);
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    let rows: Vec<csv::StringRecord> = reader.records().map(|r| r.unwrap()).collect();
    assert!(rows.iter().any(|r| &r[2] == "entry" && &r[3] == "tile-padding"));
    assert_eq!(rows.iter().filter(|r| &r[2] == "residual").count(), rows.iter().filter(|r| &r[2] == "opening").count());
}

#[test]
fn wrong_usage_names_the_remedy() {
    let failure = |args: &[&str], status: i32, words: &[&str]| {
        let output = reconcile(args);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{args:?}: {stderr}");
        for word in words {
            assert!(stderr.contains(word), "{args:?}: {word} is missing in {stderr}");
        }
        assert!(output.stdout.is_empty());
    };
    failure(&["--preset", "tinny"], 2, &["tinny", "tiny"]);
    failure(&["--preset", "tiny", "--gemm", "mkl"], 2, &["mkl", "matrixmultiply"]);
    failure(&["--preset", "tiny", "-o", "/no/such/folder/out"], 2, &["/no/such/folder/out"]);
    failure(&["--preset", "tiny", "--workload", "onnx"], 2, &["onnx", "clip"]);
    failure(&["--preset", "tiny", "--", "/no/such/command"], 127, &["/no/such/command"]);
    failure(&["--preset", "tiny", "--", "true"], 125, &["FLOPLEDGER_TRACE"]);
}

/// The workload's own output does not mix with the result.
#[test]
fn the_result_file_holds_only_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("result.json");
    let name = file.to_str().unwrap();
    let output = reconcile(&["--preset", "tiny", "--format", "json", "-o", name, "--workload-arg=--towers=text"]);
    assert!(output.status.success());
    assert!(output.stdout.is_empty());
    let text = std::fs::read_to_string(Path::new(name)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["schema"], "flopledger.reconcile/1");
}
