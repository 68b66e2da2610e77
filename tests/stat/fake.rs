//! Runs flopledger on a machine that seems to have a PMU.

use std::process::Command;

use serde_json::Value;

pub struct Pmu {
    folder: String,
}

impl Pmu {
    /// The fake that the environment provides.
    pub fn find() -> Option<Pmu> {
        let folder = std::env::var("FLOPLEDGER_FAKEPMU").ok();
        if folder.is_none() {
            eprintln!("skipped: FLOPLEDGER_FAKEPMU does not name the folder of a built fakepmu");
        }
        folder.map(|folder| Pmu { folder })
    }

    /// The result of `run --counter perf` under a spec, with more of a spec inline, and the log of what was
    /// asked of the kernel.
    pub fn run(&self, spec: &str, more: Option<&str>, args: &[&str]) -> (Value, Vec<Value>) {
        let folder = tempfile::tempdir().expect("a folder");
        let (result, log) = (folder.path().join("result"), folder.path().join("log"));
        let mut command = Command::new(format!("{}/fakepmu", self.folder));
        command.args(["--spec", &format!("{}/specs/{spec}.json", self.folder)]);
        if let Some(more) = more {
            command.args(["--set", more]);
        }
        command.arg("--log").arg(&log).args(["--", env!("CARGO_BIN_EXE_flopledger"), "run", "--counter", "perf"]);
        let output = command.args(["--format", "json", "-o"]).arg(&result).args(args).output().expect("fakepmu runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let parse = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        let read = |path| std::fs::read_to_string(path).expect("written");
        (parse(&read(result)), read(log).lines().map(parse).collect())
    }
}

/// The configs of the events that were opened on the cores' PMUs, in their order.
pub fn configs(log: &[Value]) -> Vec<u64> {
    let opened = log.iter().filter(|entry| entry["ev"] == "open" && entry["emulated"] == true);
    opened.filter_map(|entry| entry["attr"]["config"].as_u64()).collect()
}
