//! `flopledger peak`, through the binary.

use std::process::Command;

use serde_json::Value;

fn flopledger(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flopledger"));
    command.args(args);
    command
}

fn rates(report: &Value) -> &Vec<Value> {
    report["flops"].as_array().expect("rates")
}

#[test]
fn measures_and_labels() {
    let output = flopledger(&["peak", "--seconds", "0.02", "--json"]).output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["schema"], "flopledger.peak/1");
    for precision in ["fp32", "fp64"] {
        assert!(rates(&report).iter().any(|rate| rate["precision"] == precision && rate["shape"] == "scalar"));
    }
    for rate in rates(&report) {
        let number = |key: &str| rate[key].as_f64().unwrap_or_else(|| panic!("{key}: {rate}"));
        assert!(number("measured_flop_per_s") > 1e6 && number("clock_hz") > 3e8, "{rate}");
        if let Some(theory) = rate["theoretical_flop_per_s"].as_f64() {
            // Nothing does more than the theory, but for the error of its clock.
            assert!(number("measured_flop_per_s") < 1.1 * theory, "{rate}");
        }
    }
    let levels = report["bandwidth"].as_array().expect("levels");
    assert!(levels.iter().any(|level| level["level"] == "memory"));
    assert!(levels.iter().all(|level| level["measured_bytes_per_s"].as_f64().is_some_and(|rate| rate > 1e8)));
}

/// What the kernels claim to execute is what they execute: counted instruction by instruction.
#[test]
fn kernels_execute_the_flops_that_they_claim() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("run.json");
    let output = flopledger(&["run", "--counter", "translate", "--format", "json", "-o"])
        .arg(&file)
        .args(["--", env!("CARGO_BIN_EXE_flopledger"), "peak", "--seconds", "0.002", "--json"])
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let claimed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let counted: Value = serde_json::from_slice(&std::fs::read(file).expect("written")).expect("JSON");
    let mut seen = 0;
    for precision in ["fp32", "fp64", "fp16", "bf16"] {
        for (shape, width) in [("128-bit", 128), ("256-bit", 256), ("512-bit", 512)] {
            let of = |rate: &&Value| rate["precision"] == precision && rate["shape"] == shape;
            let chosen: Vec<&Value> = rates(&claimed).iter().filter(of).collect();
            let Some(first) = chosen.first() else { continue };
            let claimed: u64 = chosen.iter().map(|rate| rate["executed_flops"].as_u64().expect("a count")).sum();
            let classes = counted["classes"].as_array().expect("classes");
            let class = classes
                .iter()
                .find(|class| class["mnemonic"] == first["instruction"] && class["width"] == width)
                .unwrap_or_else(|| panic!("{} {width} was not seen", first["instruction"]));
            assert_eq!(class["flops"].as_u64(), Some(claimed), "{precision} {shape}");
            seen += 1;
        }
    }
    assert!(seen >= 2, "{seen} kernels were compared");
}

#[test]
fn durations_are_checked() {
    for wrong in ["0", "-1", "1e9", "nan"] {
        let output = flopledger(&["peak", &format!("--seconds={wrong}")]).output().expect("runs");
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}
