//! A Python that has the packages of a test.

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The interpreter that FLOPLEDGER_PYTHON names, or python3. None, with a notice, where it lacks a module.
/// Whoever has it holds the only one: two models at once are more than most machines have memory for.
pub fn with(modules: &[&str]) -> Option<Python> {
    static ONLY: Mutex<()> = Mutex::new(());
    let only = ONLY.lock().unwrap_or_else(PoisonError::into_inner);
    let program = std::env::var("FLOPLEDGER_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = format!("import sys, importlib.util as u; sys.exit(any(not u.find_spec(m) for m in {modules:?}))");
    let found = Command::new(&program).args(["-c", &script]).output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: {program} has not all of {modules:?}; `make test-frameworks` sets up one that has");
        return None;
    }
    Some(Python { program, _only: only })
}

pub struct Python {
    pub program: String,
    _only: MutexGuard<'static, ()>,
}
