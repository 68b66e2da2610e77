//! `flopledger operators` on logs of oneDNN and MKL, and `run --framework-logs`, as a user meets them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const LOGS: [&str; 3] = ["onednn-2.6.0.log", "onednn-3.3.2.log", "onednn-3.11.2.log"];

fn flopledger(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flopledger")).args(args).output().expect("flopledger starts")
}

fn log(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs").join(name)
}

fn operators(file: &Path) -> Value {
    let output = flopledger(&["operators", "--format", "json", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn rows(operators: &Value) -> Vec<(&str, u64, u64)> {
    let row = |o: &'_ Value| (o["calls"].as_u64().unwrap(), o["macs"].as_u64().unwrap());
    let rows = operators["operators"].as_array().unwrap().iter();
    rows.map(|o| (o["name"].as_str().unwrap(), row(o).0, row(o).1)).collect()
}

/// The same program under three generations: by hand, a convolution of 8 x 8 x 8 results of 48 products each,
/// and twice a linear layer of 50 x 768 by 768 x 3072.
#[test]
fn three_generations_of_logs_are_read() {
    for name in LOGS {
        let read = operators(&log(name));
        let expected = [
            ("reorder", 1, 0),
            ("convolution", 1, 512 * 48),
            ("reorder", 1, 0),
            ("SGEMM", 1, 3072 * 50 * 768),
            ("matmul", 1, 50 * 768 * 3072),
            ("eltwise", 1, 0),
        ];
        assert_eq!(rows(&read), expected, "{name}");
        assert_eq!(read["lost"], Value::Null, "{name}: {}", read["lost"]);
        let unsupported = read["unsupported"].as_array().unwrap();
        assert_eq!(unsupported.len(), 1, "{name}: {unsupported:?}");
        assert_eq!((&unsupported[0]["name"], &unsupported[0]["calls"]), (&"SGEMM_BATCH".into(), &1.into()));
        assert!(unsupported[0]["reason"].as_str().unwrap().starts_with("not recoverable from the log"));
    }
}

/// Cut off after any byte, a log gives each call that it holds whole, and says so where it holds part of one.
#[test]
fn a_truncated_log_gives_what_could_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let whole = std::fs::read(log("onednn-3.11.2.log")).unwrap();
    let line = whole.windows(16).position(|w| w == b"exec,cpu,matmul,").unwrap();
    let start = whole[..line].iter().rposition(|&b| b == b'\n').unwrap() + 1;
    let end = line + whole[line..].iter().position(|&b| b == b'\n').unwrap();
    let time = whole[..end].iter().rposition(|&b| b == b',').unwrap();
    for cut in [start + 20, line + 30, time - 3, time] {
        std::fs::write(&file, &whole[..cut]).unwrap();
        let read = operators(&file);
        assert!(rows(&read).iter().all(|row| row.0 != "matmul"), "cut at {cut}: {read}");
        assert!(read["lost"].as_str().unwrap().starts_with("line 13: "), "cut at {cut}: {}", read["lost"]);
    }
    std::fs::write(&file, &whole[..start]).unwrap();
    assert_eq!(operators(&file)["lost"], Value::Null);
    // Without its beginning a log has no template.
    std::fs::write(&file, &whole[start..]).unwrap();
    let read = operators(&file);
    assert_eq!(rows(&read)[0], ("matmul", 1, 50 * 768 * 3072));
    assert!(read["lost"].as_str().unwrap().contains("no template line precedes 2 lines"), "{}", read["lost"]);
}

fn model(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx").join(name).display().to_string()
}

fn of_model(args: &[&str]) -> Value {
    let output = flopledger(&[&["operators", "--format", "json"], args].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn macs(operators: &Value) -> u64 {
    rows(operators).iter().map(|row| row.2).sum()
}

/// The preset `tiny` as torch exports it, which tells no shape but those of inputs and weights: 741,312 MACs
/// by hand, of 22 products.
#[test]
fn shapes_follow_through_an_exported_model() {
    let read = of_model(&[&model("tiny.onnx")]);
    assert_eq!(macs(&read), 741_312);
    assert_eq!(read["unsupported"], Value::Array(Vec::new()));
    assert_eq!(read["lost"], Value::Null);
    assert_eq!(rows(&read).iter().filter(|row| row.2 > 0).map(|row| row.1).sum::<u64>(), 1 + 22 + 4);
}

/// By hand: 2 x 6 x 5 x 5 places of 2 x 9 taps, then 2 x 7 x 150 and 2 x 3 x 7 in a function of the model's.
#[test]
fn functions_are_opened_and_free_dimensions_named() {
    let read = of_model(&[&model("operators.onnx"), "--dim", "batch=2"]);
    assert_eq!(rows(&read), [("Conv", 1, 300 * 18), ("Flatten", 1, 0), ("Gemm", 1, 2100), ("Gemm", 1, 42)]);
    assert_eq!(read["unsupported"][0]["name"], "LSTM");
    assert_eq!(read["lost"], Value::Null);

    let free = of_model(&[&model("operators.onnx")]);
    assert_eq!(macs(&free), 0);
    assert!(free["lost"].as_str().unwrap().contains("--dim batch=N"));
    let unknown = free["unsupported"].as_array().unwrap().iter().map(|u| u["name"].as_str().unwrap());
    assert_eq!(unknown.collect::<Vec<_>>(), ["Conv", "Flatten", "Gemm", "LSTM"]);
}

/// Cut off anywhere, a model says how much is missing, and nodes that were read are counted or listed.
#[test]
fn a_truncated_model_gives_what_could_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.onnx");
    let whole = std::fs::read(model("operators.onnx")).unwrap();
    for length in [200, 300, whole.len() - 1] {
        std::fs::write(&file, &whole[..length]).unwrap();
        let output = flopledger(&["operators", "--format", "json", "--dim", "batch=2", file.to_str().unwrap()]);
        let read: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(read["lost"].as_str().unwrap().contains("bytes are missing"), "{length}: {read}");
        let unsupported = read["unsupported"].as_array().unwrap();
        let named = rows(&read).iter().any(|row| row.0 == "Conv") || unsupported.iter().any(|u| u["name"] == "Conv");
        assert!(named, "{length}: {read}");
    }
}

#[test]
fn what_is_no_log_is_refused() {
    let output = flopledger(&["operators", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("neither an operator trace nor a log"));
}

/// The command's own output stays as it was, to the byte, though a library's lines come amid its own.
#[test]
fn framework_logs_are_kept_out_of_the_commands_output() {
    let script = format!(
        "test $ONEDNN_VERBOSE$DNNL_VERBOSE$MKL_VERBOSE = 111 || exit 9; printf 'half a line'; cat {}; \
         echo ' and the rest'; tail -n 4 {0} | grep ^MKL >> $MKL_VERBOSE_OUTPUT_FILE; exit 3",
        log("onednn-3.11.2.log").display()
    );
    let output = flopledger(&[
        "run",
        "--counter",
        "translate",
        "--framework-logs",
        "--format",
        "json",
        "--",
        "sh",
        "-c",
        &script,
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "half a line2.12.1+cu130 True\n and the rest\n");
    let result: Value = serde_json::from_slice(&output.stderr).expect("JSON");
    assert_eq!(result["schema"], "flopledger.run/1");
    let operators = &result["operators"];
    // Once on stdout, once in MKL's own file.
    assert!(rows(operators).contains(&("SGEMM", 2, 2 * 3072 * 50 * 768)), "{operators}");
    assert_eq!(operators["unsupported"][0]["calls"], 2, "{operators}");
}

#[test]
fn framework_logs_are_of_one_run() {
    for args in [&["--repeat", "2"][..], &["--passes"], &["--counter", "perf,step"]] {
        let output = flopledger(&[&["run", "--framework-logs"], args, &["--", "true"]].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}
