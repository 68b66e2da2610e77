//! Many ranks: `-o run.%r.json` and `flopledger merge`, as a user sees them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

/// Without what a launcher above the test may have set.
fn flopledger(args: &[&str], rank: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flopledger"));
    for name in ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID", "RANK", "TORCHELASTIC_RUN_ID"] {
        command.env_remove(name);
    }
    command.envs(rank.iter().copied()).args(args).output().expect("flopledger starts")
}

fn json(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    serde_json::from_str(&text).expect("JSON")
}

/// 1000 products for rank 0, and 1000 more for each further rank.
const UNEVEN: &str = "BEGIN { n = 1000 * (1 + ENVIRON[\"OMPI_COMM_WORLD_RANK\"] + ENVIRON[\"RANK\"]); \
                      x = 1; for (i = 0; i < n; i++) x *= 1.0001; print x }";

fn assert_merged(folder: &Path) {
    let files: Vec<_> = ["run.0.json", "run.1.json"].map(|name| folder.join(name)).into();
    let results: Vec<Value> = files.iter().map(|file| json(file)).collect();
    let names: Vec<&str> = files.iter().map(|file| file.to_str().expect("text")).collect();
    let output = flopledger(&["merge", names[0], names[1], "--format", "json"], &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let merged: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(merged["schema"], "flopledger.merge/1");

    let flops: Vec<u64> = results.iter().map(|result| result["flops"]["total"].as_u64().expect("counted")).collect();
    // A product for each of the 1000 steps more.
    let products = |result: &Value| -> u64 {
        let classes = result["classes"].as_array().expect("classes");
        classes.iter().filter(|class| class["mnemonic"] == "mulsd").map(|class| class["flops"].as_u64().unwrap()).sum()
    };
    assert_eq!(products(&results[1]), products(&results[0]) + 1000);
    assert_eq!(merged["total"]["flops"]["total"], flops[0] + flops[1]);
    assert_eq!(products(&merged["total"]), products(&results[0]) + products(&results[1]));
    for list in ["classes", "functions"] {
        let parts = merged["total"][list].as_array().expect(list);
        assert_eq!(
            parts.iter().map(|part| part["flops"].as_u64().unwrap()).sum::<u64>(),
            flops[0] + flops[1],
            "{list}"
        );
    }
    let figure =
        merged["imbalance"].as_array().unwrap().iter().find(|figure| figure["name"] == "flops").expect("flops");
    let (least, most) = (flops[0].min(flops[1]) as f64, flops[0].max(flops[1]) as f64);
    let mean = (least + most) / 2.0;
    assert_eq!(figure["min"], json!(least));
    assert_eq!(figure["mean"], json!(mean));
    assert_eq!(figure["max"], json!(most));
    assert_eq!(figure["max_over_mean"], json!(most / mean));
    assert_eq!(figure["most"], names[1]);

    let table = String::from_utf8(flopledger(&["merge", names[0], names[1]], &[]).stdout).expect("text");
    for word in ["2 ranks together", "rank by rank", "most / mean", "run.1.json"] {
        assert!(table.contains(word), "{word} is missing in\n{table}");
    }
}

#[test]
fn two_ranks_are_added() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("run.%r.json");
    for rank in ["0", "1"] {
        let args = [
            "run",
            "--counter",
            "translate",
            "--format",
            "json",
            "-o",
            file.to_str().expect("text"),
            "--",
            "awk",
            UNEVEN,
        ];
        let output = flopledger(&args, &[("RANK", rank)]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_merged(folder.path());
}

/// Debian's Open MPI, where it is installed.
#[test]
#[cfg_attr(not(has = "mpirun"), ignore = "skipped: no mpirun")]
fn two_ranks_under_mpirun_are_added() {
    if Command::new("mpirun").arg("--version").output().is_err() {
        eprintln!("left out: mpirun is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new("mpirun")
        .args(["--allow-run-as-root", "--oversubscribe", "-n", "2", env!("CARGO_BIN_EXE_flopledger")])
        .args(["run", "--counter", "translate", "--format", "json", "-o"])
        .arg(folder.path().join("run.%r.json"))
        .args(["--", "awk", UNEVEN])
        .env_remove("RANK")
        .output()
        .expect("mpirun starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_merged(folder.path());
}

#[test]
fn without_a_launcher_the_remedy_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, mark) = (folder.path().join("run.%r.json"), folder.path().join("ran"));
    let output = flopledger(&["run", "-o", file.to_str().unwrap(), "--", "touch", mark.to_str().unwrap()], &[]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    for word in ["run.%r.json", "OMPI_COMM_WORLD_RANK", "mpirun", "remedy:"] {
        assert!(stderr.contains(word), "{word} is missing in {stderr}");
    }
    assert!(!mark.exists(), "it fails before the command runs");
}

#[test]
fn what_cannot_be_added_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let one = folder.path().join("one.json");
    let one = one.to_str().expect("text");
    let output = flopledger(&["run", "--counter", "translate", "--format", "json", "-o", one, "--", "true"], &[]);
    assert!(output.status.success());
    let mut stepped = json(Path::new(one));
    stepped["counter"] = json!("step");
    let other = folder.path().join("other.json");
    fs::write(&other, stepped.to_string()).expect("writable");
    let estimate = folder.path().join("estimate.json");
    let saved =
        flopledger(&["estimate", "--preset", "tiny", "--format", "json", "-o", estimate.to_str().unwrap()], &[]);
    assert!(saved.status.success());
    let refused = |files: &[&str], words: &[&str]| {
        let output = flopledger(&[&["merge"], files].concat(), &[]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        for word in words {
            assert!(stderr.contains(word), "{word} is missing in {stderr}");
        }
    };
    refused(&[one, one], &["one.json", "twice"]);
    refused(&[one, other.to_str().unwrap()], &["`translate`", "`step`", "remedy:"]);
    refused(&[estimate.to_str().unwrap()], &["flopledger.estimate/1", "remedy:"]);
    refused(&[], &["FILE"]);
}
