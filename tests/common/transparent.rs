//! Runs a command natively and counted: what it prints and how it ends must be the same.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A command in the environment and the folder that both of its runs have.
#[derive(Clone, Default)]
pub struct Run {
    pub command: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub folder: Option<PathBuf>,
    pub input: Vec<u8>,
    /// Counted without address space randomisation, on which integer counts depend.
    pub fixed_addresses: bool,
    /// Further options of `flopledger run`.
    pub options: Vec<String>,
}

impl Run {
    pub fn new<S: AsRef<str>>(command: &[S]) -> Run {
        Run { command: command.iter().map(|word| word.as_ref().to_owned()).collect(), ..Run::default() }
    }

    fn output(&self, mut command: Command) -> Output {
        command.env_clear().envs(self.environment.iter().cloned());
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap_or_else(|e| panic!("{:?}: {e}", self.command));
        let (mut input, bytes) = (child.stdin.take().expect("a pipe"), self.input.clone());
        // A command may leave its input unread.
        let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap_or_default());
        let output = child.wait_with_output().expect("the command ends");
        writer.join().expect("the input is written");
        output
    }

    pub fn natively(&self) -> Output {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]);
        self.output(command)
    }

    /// What a counter says, and what the command itself gave. A hang ends with status 124.
    pub fn counted(&self, counter: &str) -> (Value, Output) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("result.json");
        let mut command = Command::new("setarch");
        command.args(if self.fixed_addresses { &["x86_64", "-R"][..] } else { &["x86_64"] });
        command.args(["timeout", "--foreground", "-k", "5", "240", env!("CARGO_BIN_EXE_flopledger")]);
        command.args(["run", "--counter", counter, "--format", "json"]).args(&self.options);
        command.arg("-o").arg(&file).arg("--").args(&self.command);
        let output = self.output(command);
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let result =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{:?}: {e}: {text}\n{output:?}", self.command));
        (result, output)
    }

    /// Counts by translation; refuses any difference to a native run and any doubt about the count.
    pub fn transparent(&self) -> Value {
        let result = self.transparent_but_for(&[]);
        assert_eq!(result["exact"], true, "{:?}", self.command);
        result
    }

    /// As `transparent`, where the count has to doubt itself for exactly these reasons.
    pub fn transparent_but_for(&self, reasons: &[&str]) -> Value {
        let native = self.natively();
        let (result, output) = self.counted("translate");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let command = &self.command;
        assert_eq!(text(&output.stderr), text(&native.stderr), "{command:?}: stderr");
        assert_eq!(text(&output.stdout), text(&native.stdout), "{command:?}: stdout");
        let status = native.status.code().unwrap_or_else(|| 128 + native.status.signal().expect("it was killed"));
        assert_eq!(output.status.code(), Some(status), "{command:?}: status");
        assert_eq!(result["exit"], json!({"code": native.status.code(), "signal": native.status.signal()}));
        assert_eq!(result["reasons"], json!(reasons), "{command:?}: reasons");
        result
    }
}

/// A folder that goes away with the test.
pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}
