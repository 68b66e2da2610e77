//! A command that is run once a pass: its input, its output and its end.

use std::fs::File;
use std::process::{Command, Stdio};

use crate::fake::{Fake, fake};

/// Two passes, each of a shell's script.
fn passes(fake: &Fake, script: &str) -> Command {
    let options = ["run", "--counter", "perf", "--passes", "--no-calibrate", "--", "sh", "-c", script];
    fake.command(&["intel-skylake-sp"], None, &options)
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn each_pass_reads_the_input_and_the_first_one_writes_the_output() {
    let Some(fake) = fake() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (input, seen) = (folder.path().join("input"), folder.path().join("seen"));
    std::fs::write(&input, "skipped\nread\n").expect("written");
    let script = format!("tee -a {}; echo complaint >&2", seen.display());
    let mut stdin = File::open(&input).expect("opened");
    // Each pass begins where the first one did, which need not be the file's beginning.
    std::io::Seek::seek(&mut stdin, std::io::SeekFrom::Start(8)).expect("a file");
    let output = passes(&fake, &script).stdin(stdin).output().expect("runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read_to_string(seen).expect("written"), "read\nread\n");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "read\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr).matches("complaint\n").count(), 1);
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn an_input_that_only_one_pass_could_read_is_refused() {
    let Some(fake) = fake() else { return };
    let child = passes(&fake, "cat").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    let output = child.wait_with_output().expect("ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("--passes: the input is a pipe") && stderr.contains("remedy:"), "{stderr}");
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn passes_that_end_otherwise_do_not_belong_together() {
    let Some(fake) = fake() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let mark = folder.path().join("mark").display().to_string();
    let output = passes(&fake, &format!("test -e {mark} && exit 3; touch {mark}; exit 4")).output().expect("runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(125), "{stderr}");
    assert!(stderr.contains("run 2 ended with status 3, the first with 4"), "{stderr}");
}

/// The exit status is still the command's.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn what_ends_alike_is_counted() {
    let Some(fake) = fake() else { return };
    let output = passes(&fake, "exit 3").output().expect("runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("44,002,923  as FP events"), "{stderr}");
}
