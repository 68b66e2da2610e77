//! Runs flopledger on a machine that seems to have a PMU, and reads what it asked for.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A built fakepmu with its specs beside it; None, with a notice, where the environment names none.
pub fn fake() -> Option<Fake> {
    let Some(binary) = std::env::var_os("FLOPLEDGER_FAKEPMU").map(PathBuf::from) else {
        eprintln!("skipped: FLOPLEDGER_FAKEPMU does not name a built fakepmu");
        return None;
    };
    assert!(binary.is_file(), "FLOPLEDGER_FAKEPMU={}: is no file", binary.display());
    Some(Fake { binary, folder: tempfile::tempdir().expect("a folder") })
}

pub struct Fake {
    binary: PathBuf,
    /// Its own cache, so that no test sees another's calibration.
    folder: TempDir,
}

/// What came of one run of flopledger.
#[derive(Debug)]
pub struct Outcome {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// Of `run`, where it got that far.
    pub result: Option<Value>,
    pub log: Vec<Value>,
}

impl Fake {
    pub fn specs(&self) -> PathBuf {
        self.binary.parent().expect("in a folder").join("specs")
    }

    /// flopledger on the machine of these specs, which are merged, and of further JSON.
    pub fn command(&self, specs: &[&str], inline: Option<&Value>, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        for spec in specs {
            command.arg("--spec").arg(self.specs().join(spec).with_extension("json"));
        }
        if let Some(inline) = inline {
            let file = self.folder.path().join("overlay.json");
            std::fs::write(&file, inline.to_string()).expect("written");
            command.arg("--spec").arg(file);
        }
        command.arg("--log").arg(self.log()).arg("--").arg(env!("CARGO_BIN_EXE_flopledger")).args(args);
        command.env("XDG_CACHE_HOME", self.folder.path());
        command
    }

    pub fn flopledger(&self, specs: &[&str], inline: Option<&Value>, args: &[&str]) -> Outcome {
        let Output { status, stdout, stderr } = self.command(specs, inline, args).output().expect("fakepmu runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let (stdout, stderr) = (text(stdout), text(stderr));
        Outcome { status: status.code(), stdout, stderr, result: None, log: lines(&self.log()) }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// `run --counter perf` of /bin/true with these options.
    pub fn perf(&self, specs: &[&str], inline: Option<&Value>, options: &[&str]) -> Outcome {
        self.run(specs, inline, &[&["--counter", "perf"], options].concat())
    }

    /// `run` of /bin/true with these options.
    pub fn run(&self, specs: &[&str], inline: Option<&Value>, options: &[&str]) -> Outcome {
        self.run_program(specs, inline, options, &["/bin/true"])
    }

    pub fn run_program(&self, specs: &[&str], inline: Option<&Value>, options: &[&str], program: &[&str]) -> Outcome {
        let file = self.folder.path().join("result");
        let _ = std::fs::remove_file(&file);
        let to_file = ["--format", "json", "-o", file.to_str().expect("UTF-8"), "--"];
        let outcome = self.flopledger(specs, inline, &[&["run"], options, &to_file, program].concat());
        let result = std::fs::read(&file).ok().filter(|text| !text.is_empty());
        Outcome { result: result.map(|text| serde_json::from_slice(&text).expect("JSON")), ..outcome }
    }
}

fn lines(log: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(log).expect("fakepmu wrote a log");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

impl Outcome {
    /// The result of a run that counted.
    pub fn counted(&self) -> &Value {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        self.result.as_ref().expect("a result")
    }

    /// The floating-point events of the result: what is neither software nor instructions.
    pub fn fp_events(&self) -> Vec<&Value> {
        let all = self.counted()["events"].as_array().expect("events");
        let others = ["task-clock", "page-faults", "context-switches", "instructions"];
        all.iter().filter(|event| !others.contains(&event["name"].as_str().expect("a name"))).collect()
    }

    pub fn reasons(&self) -> String {
        self.counted()["reasons"].to_string()
    }

    /// Opened on a child that waits for its program: flopledger's own probing is of itself, process 0.
    pub fn opened_on_children(&self) -> Vec<&Value> {
        self.opened().filter(|line| line["pid"] != 0).collect()
    }

    pub fn opened(&self) -> impl Iterator<Item = &Value> {
        self.log.iter().filter(|line| line["ev"] == "open" && line["emulated"] == true && line["result"] == "ok")
    }
}
