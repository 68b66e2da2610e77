//! Builds and runs the workload.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

/// `flopledger-clip` with every matrix product, as `make` builds it.
pub fn workload() -> &'static Path {
    static WORKLOAD: OnceLock<PathBuf> = OnceLock::new();
    WORKLOAD.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "--all-features", "--package", "flopledger-clip", "--message-format=json"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let messages = String::from_utf8(built.stdout).unwrap();
        let executable = messages.lines().find_map(|line| {
            let message: Value = serde_json::from_str(line).unwrap();
            message["executable"].as_str().map(PathBuf::from)
        });
        executable.expect("cargo names the program that it built")
    })
}

pub fn run(args: &[&str]) -> Output {
    Command::new(workload()).args(args).output().unwrap()
}

/// The embeddings of a run, as it writes them.
pub fn embeddings(args: &[&str]) -> Value {
    let out = tempfile::NamedTempFile::new().unwrap();
    let output = run(&[args, &["-o", out.path().to_str().unwrap()]].concat());
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&std::fs::read(out.path()).unwrap()).unwrap()
}
