//! Python and what is built on it. FLOPLEDGER_PYTHON names an interpreter that has numpy and torch.

use super::{Run, asked, command, folder, source, with_variable};

/// Interpreters may be a version manager's script: asks for the real one.
fn interpreter(named: Option<String>) -> Option<String> {
    let found = asked(named.unwrap_or_else(|| "python3".into()), &["-c", "import sys; print(sys.executable)"]);
    if found.is_none() {
        eprintln!("skipped: this machine has no python3");
    }
    found
}

/// Runs a file of tests/real.
fn python(interpreter: &str, file: &str, arguments: &[&str], environment: &[(&str, &str)]) {
    let folder = folder();
    let file = source(file);
    let words = [&[interpreter, "-B", file.to_str().expect("UTF-8")], arguments].concat();
    let run = command(folder.path(), &words).expect("its path is known");
    let run = [&[("PYTHONHASHSEED", "0")], environment].concat().iter().fold(run, with_variable);
    // multiprocessing leaves processes that end a moment after the command.
    Run { options: vec!["--wait-all".into()], ..run }.transparent();
}

fn plain(part: &str) {
    if let Some(interpreter) = interpreter(None) {
        python(&interpreter, "program.py", &[part], &[]);
    }
}

#[test]
#[cfg_attr(not(has = "python3"), ignore = "skipped: no python3")]
fn python_computes() {
    plain("computes");
}

#[test]
#[cfg_attr(not(has = "python3"), ignore = "skipped: no python3")]
fn python_has_threads_and_signals() {
    plain("threads");
    plain("signals");
}

#[test]
#[cfg_attr(not(has = "python3"), ignore = "skipped: no python3")]
fn python_starts_processes() {
    plain("subprocess");
}

#[test]
#[ignore = "slow"]
fn python_has_pools_of_processes() {
    plain("fork");
    plain("spawn");
}

#[test]
#[ignore = "slow"]
fn python_calls_c_and_is_called_back() {
    plain("ctypes");
}

#[test]
#[ignore = "slow"]
fn python_passes_some_of_its_own_tests() {
    // What these print holds times: their result is what has to be the same.
    let names = ["test_math", "test_struct", "test_json", "test_signal", "test_threading_local", "test_generators"];
    plain(&format!("tests:{}", names.join(",")));
}

/// An interpreter that has a module.
fn with(module: &str) -> Option<String> {
    let interpreter = interpreter(std::env::var("FLOPLEDGER_PYTHON").ok())?;
    if asked(&interpreter, &["-c", &format!("import {module}")]).is_none() {
        eprintln!("skipped: {interpreter} has no {module}; FLOPLEDGER_PYTHON may name one that has");
        return None;
    }
    Some(interpreter)
}

#[test]
#[ignore = "slow"]
fn numpy_with_one_thread_and_two() {
    if let Some(interpreter) = with("numpy") {
        for threads in ["1", "2"] {
            python(&interpreter, "arrays.py", &[], &[("OPENBLAS_NUM_THREADS", threads)]);
        }
    }
}

#[test]
#[ignore = "slow"]
fn torch_infers() {
    if let Some(interpreter) = with("torch") {
        for threads in ["1", "2"] {
            python(&interpreter, "network.py", &[], &[("OMP_NUM_THREADS", threads)]);
        }
    }
}
