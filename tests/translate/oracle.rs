//! The stepper is the oracle: every mnemonic, class, function and region.

use super::{Run, compile, folder};

fn counts_are_those_of_single_steps(command: &[&str]) {
    let run = Run { options: vec!["--mnemonics".into()], fixed_addresses: true, ..Run::new(command) };
    let (stepped, _) = run.counted("step");
    let (translated, _) = run.counted("translate");
    for key in ["mnemonics", "classes", "functions", "regions", "instructions", "exact", "exit", "processes", "threads"]
    {
        assert_eq!(translated[key], stepped[key], "{key} of {command:?}");
    }
    assert_eq!(stepped["exact"], true, "{command:?}: {}", stepped["reasons"]);
}

#[test]
fn of_shells() {
    counts_are_those_of_single_steps(&["/bin/sh", "-c", "echo a; (echo b); /bin/true; exit 3"]);
}

#[test]
fn of_small_programs() {
    let folder = folder();
    let program = folder.path().join("program");
    compile("gcc", "translate/small.c", &program, &["-static", "-no-pie", "-lm", "-lpthread"]);
    let program = program.to_str().expect("UTF-8");
    for part in ["sorting", "floats", "g: signals", "processes", "threads", "code", "jumps", "killed"] {
        counts_are_those_of_single_steps(&[program, part]);
    }
}
