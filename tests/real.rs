//! Real programs do not notice that they are counted: their output and their end are the native ones,
//! and the count claims to be exact. What takes longer is ignored by default: `make test-all`.

use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "common/transparent.rs"]
mod transparent;

#[path = "real/builds.rs"]
mod builds;
#[path = "real/engines.rs"]
mod engines;
#[path = "real/python.rs"]
mod python;
#[path = "real/shell.rs"]
mod shell;
#[path = "real/tools.rs"]
mod tools;

use transparent::{Run, folder};

/// Where real programs look for others.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The path of a program; None, with a notice, where this machine lacks it.
fn find(name: &str) -> Option<String> {
    let found = PATH.split(':').map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
    if found.is_none() {
        eprintln!("skipped: this machine has no {name}");
    }
    found.map(|path| path.to_str().expect("UTF-8").to_owned())
}

/// A command in a folder of its own, in a small environment that is always the same. None, with a
/// notice, where the program is missing.
fn command(folder: &Path, words: &[&str]) -> Option<Run> {
    let program = if words[0].contains('/') { words[0].to_owned() } else { find(words[0])? };
    let words: Vec<&str> = [&[program.as_str()], &words[1..]].concat();
    let home = folder.to_str().expect("UTF-8");
    let variables = [("PATH", PATH), ("HOME", home), ("LC_ALL", "C.UTF-8")];
    Some(variables.iter().fold(Run { folder: Some(folder.to_owned()), ..Run::new(&words) }, with_variable))
}

fn with_variable(mut run: Run, (name, value): &(&str, &str)) -> Run {
    run.environment.push(((*name).to_owned(), (*value).to_owned()));
    run
}

/// The same in an empty folder, natively and counted.
fn transparent(words: &[&str]) {
    let folder = folder();
    if let Some(run) = command(folder.path(), words) {
        run.transparent();
    }
}

/// A folder with a file of text that compresses as text does, `text`, and one that does not, `noise`.
fn files(lines: u64) -> tempfile::TempDir {
    let folder = folder();
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state >> 33
    };
    let text: String = (0..lines).map(|i| format!("{} line {i} of {}\n", next() % 1000, next() % 50)).collect();
    let noise: Vec<u8> = (0..lines * 8).map(|_| next() as u8).collect();
    std::fs::write(folder.path().join("text"), text).expect("written");
    std::fs::write(folder.path().join("noise"), noise).expect("written");
    folder
}

/// What a command prints on this machine, outside of any test.
fn asked(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real").join(name)
}
