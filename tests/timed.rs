//! `run --time-runs` and `reconcile --time-runs`, through the binary.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn flopledger(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flopledger"));
    command.args(args);
    command
}

fn result(output: &Output) -> Value {
    serde_json::from_slice(&output.stderr)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// A script that notes each of its runs and what it read.
fn noting(folder: &Path, end: &str) -> (String, std::path::PathBuf) {
    let notes = folder.join("notes");
    (format!("echo out; read line; echo \"$line\" >> {}; {end}", notes.display()), notes)
}

#[test]
fn rates_are_those_of_runs_without_counting() {
    let dir = tempfile::tempdir().expect("a folder");
    let (script, notes) = noting(dir.path(), "exit 0");
    let input = dir.path().join("input");
    fs::write(&input, "a line\n").expect("writable");
    let output =
        flopledger(&["run", "--format", "json", "--time-runs", "4", "--peak", "2.5", "--", "sh", "-c", &script])
            .stdin(File::open(&input).expect("readable"))
            .output()
            .expect("runs");
    assert!(output.status.success());
    // The counted run's output, once; every run reads the input from its beginning.
    assert_eq!(String::from_utf8_lossy(&output.stdout), "out\n");
    assert_eq!(fs::read_to_string(notes).expect("written"), "a line\n".repeat(5));
    let result = result(&output);
    let timed = &result["timed"];
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} in {timed}"));
    let runs: Vec<f64> = timed["timing"]["runs_s"].as_array().expect("runs").iter().map(number).collect();
    assert_eq!(runs.len(), 4);
    let (median, least) = (number(&timed["timing"]["median_s"]), runs.iter().copied().fold(f64::MAX, f64::min));
    assert!(least <= median && number(&timed["timing"]["min_s"]) == least);
    let executed = number(&result["flops"]["total"]);
    assert_eq!(number(&timed["executed_flop_per_s"]["median"]), executed / median);
    assert_eq!(number(&timed["hfu"]), executed / median / 2.5e9);
    assert_eq!(timed["mfu"], Value::Null, "a command has no model");
}

#[test]
fn without_the_option_nothing_is_timed() {
    let output = flopledger(&["run", "--format", "json", "--", "true"]).output().expect("runs");
    assert!(result(&output).get("timed").is_none());
    let peak = flopledger(&["run", "--peak", "1", "--", "true"]).output().expect("runs");
    assert_eq!(peak.status.code(), Some(2));
}

#[test]
fn a_pipe_cannot_be_read_twice() {
    let output = flopledger(&["run", "--time-runs", "2", "--", "cat"]).stdin(Stdio::piped()).output().expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("redirect it from a file"));
}

#[test]
fn runs_that_end_differently_are_not_timed() {
    let dir = tempfile::tempdir().expect("a folder");
    let mark = dir.path().join("mark");
    // Succeeds once.
    let script = format!("mkdir {}", mark.display());
    let output = flopledger(&["run", "--time-runs", "2", "--", "sh", "-c", &script])
        .stdin(Stdio::null())
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("no rate can be told"), "{text}");
    // The count is not lost, nor the command's status.
    assert!(text.contains("instructions"), "{text}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_model_has_an_mfu() {
    let workload = Path::new(env!("CARGO_BIN_EXE_flopledger")).with_file_name("flopledger-clip");
    assert!(workload.is_file(), "build the workspace first: make test");
    let output =
        flopledger(&["reconcile", "--preset", "tiny", "--time-runs", "3", "--peak", "100", "--format", "json"])
            .stdin(Stdio::null())
            .output()
            .expect("runs");
    let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let timed = &result["timed"];
    let analytic = result["counts"]["analytic"].as_f64().expect("a count");
    let median = timed["timing"]["median_s"].as_f64().expect("a time");
    assert_eq!(timed["mfu"].as_f64(), Some(analytic / median / 100e9));
    assert!(timed["mfu"].as_f64() < timed["hfu"].as_f64(), "more is executed than the model needs: {timed}");
}
