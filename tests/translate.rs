//! The translating counter: programs must not notice it, and its counts are the stepper's.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

#[path = "common/transparent.rs"]
mod transparent;

#[path = "translate/code.rs"]
mod code;
#[path = "translate/kinds.rs"]
mod kinds;
#[path = "translate/limits.rs"]
mod limits;
#[path = "translate/oracle.rs"]
mod oracle;
#[path = "translate/processes.rs"]
mod processes;
#[path = "translate/signals.rs"]
mod signals;
#[path = "translate/threads.rs"]
mod threads;

use transparent::{Run, folder};

/// Builds tests/translate/NAME.c or NAME.cpp, and runs it natively and counted.
fn program(name: &str, arguments: &[&str]) -> Value {
    built(&format!("{name}.c"), "gcc", &["-lm", "-lpthread"], arguments)
}

fn built(source: &str, compiler: &str, flags: &[&str], arguments: &[&str]) -> Value {
    let folder = folder();
    let program = folder.path().join("program");
    compile(compiler, &format!("translate/{source}"), &program, flags);
    let command = [&[program.to_str().expect("UTF-8")], arguments].concat();
    Run::new(&command).transparent()
}

/// The FLOPs of a result are what was counted by hand.
fn flops(result: &Value, expected: u64) {
    assert_eq!(result["flops"]["total"], json!(expected), "{:#}", result["classes"]);
}

/// Compiles a file of tests/.
fn compile(compiler: &str, source: &str, program: &Path, flags: &[&str]) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(source);
    let status = Command::new(compiler).args(["-O1", "-w", "-o"]).arg(program).arg(&source).args(flags).status();
    assert!(status.expect("the compiler runs").success(), "{compiler} {flags:?} {}", source.display());
}
