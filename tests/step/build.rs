//! Builds test programs with gcc and runs them under flopledger.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder that goes away with the test.
pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Compiles a file of tests/step.
pub fn compile(folder: &TempDir, source: &str, flags: &[&str]) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/step").join(source);
    let program = folder.path().join("program");
    let status = Command::new("gcc").args(flags).arg("-o").arg(&program).arg(&source).status();
    assert!(status.expect("gcc runs").success(), "gcc {flags:?} {}", source.display());
    program
}

pub fn flopledger() -> Command {
    Command::new(env!("CARGO_BIN_EXE_flopledger"))
}

/// The result of counting a program, and what the program itself gave.
pub fn count(program: &Path, args: &[&str]) -> (Value, Output) {
    let folder = folder();
    let file = folder.path().join("result.json");
    let output = flopledger()
        .args(["run", "--counter", "step", "--format", "json", "-o"])
        .arg(&file)
        .arg("--")
        .arg(program)
        .args(args)
        .output()
        .expect("flopledger runs");
    let text = std::fs::read_to_string(&file).expect("a result");
    let result = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}\n{output:?}"));
    (result, output)
}

/// True if this CPU has a feature, as /proc/cpuinfo names it.
pub fn cpu_has(feature: &str) -> bool {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    info.lines().any(|line| line.starts_with("flags") && line.split_whitespace().any(|flag| flag == feature))
}
