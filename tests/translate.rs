//! The translating counter: programs must not notice it, and its counts are the stepper's.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

fn compile(folder: &TempDir, name: &str) -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/translate");
    let program = folder.path().join(name);
    let status = Command::new("gcc")
        .args(["-O1", "-w", "-o"])
        .arg(&program)
        .arg(sources.join(name).with_extension("c"))
        .args(["-lm", "-lpthread"])
        .status();
    assert!(status.expect("gcc runs").success(), "gcc {name}");
    program
}

fn counted(counter: &str, command: &[&str]) -> (Value, Output) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("result.json");
    let output = Command::new(env!("CARGO_BIN_EXE_flopledger"))
        .args(["run", "--counter", counter, "--mnemonics", "--format", "json", "-o"])
        .arg(&file)
        .arg("--")
        .args(command)
        .env_clear()
        .output()
        .expect("flopledger runs");
    let text = std::fs::read_to_string(&file).expect("a result");
    (serde_json::from_str(&text).expect("JSON"), output)
}

/// Output and status are the native ones, and the count claims to be exact.
fn transparent(command: &[&str]) {
    let native = Command::new(command[0]).args(&command[1..]).env_clear().output().expect("runs natively");
    let (result, output) = counted("translate", command);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(text(&output.stdout), text(&native.stdout), "{command:?}");
    assert_eq!(text(&output.stderr), text(&native.stderr), "{command:?}");
    assert_eq!(output.status.code(), native.status.code(), "{command:?}");
    assert_eq!((&result["exact"], &result["reasons"]), (&json!(true), &json!([])), "{command:?}");
}

fn program(name: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    transparent(&[compile(&folder, name).to_str().expect("UTF-8")]);
}

#[test]
fn handlers_run_on_alternate_stacks() {
    program("alternate_stack");
}

#[test]
fn faults_tell_the_programs_own_addresses() {
    program("fault_information");
}

#[test]
fn flags_survive_signals() {
    program("flags_under_signals");
}

#[test]
fn handlers_may_change_where_the_program_goes_on() {
    program("handler_edits");
}

#[test]
fn interrupted_calls_restart_or_fail_as_they_natively_do() {
    program("interrupted_calls");
}

#[test]
fn handlers_may_be_left_by_longjmp() {
    program("longjmp_out_of_handlers");
}

#[test]
fn signals_nest() {
    program("nested_signals");
}

#[test]
fn a_thousand_signals_a_second_change_nothing() {
    program("signal_storm");
}

#[test]
fn vector_state_survives_signals() {
    program("vector_state");
}

#[test]
fn shells_pipes_and_their_children_run_as_they_natively_do() {
    let script = "for i in 1 2 3; do echo $i | sed s/2/x/ | tr x y; done; (exit 3); echo $?; exit 5";
    transparent(&["/bin/sh", "-c", script]);
}

/// The stepper is the oracle: every mnemonic, class, function and region.
#[test]
fn counts_are_those_of_single_steps() {
    for script in ["exit 3", "echo a; (echo b); /bin/true"] {
        let command = ["/usr/bin/setarch", "-R", "/bin/sh", "-c", script];
        let (stepped, _) = counted("step", &command);
        let (translated, _) = counted("translate", &command);
        for key in ["mnemonics", "classes", "functions", "regions", "instructions", "exact", "exit", "processes"] {
            assert_eq!(translated[key], stepped[key], "{key} of {script}");
        }
    }
}
