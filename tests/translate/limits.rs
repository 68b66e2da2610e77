//! What the translator does not do itself, and what it can run out of: the program goes on as it
//! natively would, and the result says so where that costs its exactness.

use serde_json::{Value, json};

use super::{Run, compile, flops, folder, program};

/// Runs a program that goes on uncounted: its output and status are the native ones, and `reason` is
/// part of the only reason against exactness.
fn goes_on(run: &Run, reason: &str) -> Value {
    let (native, (result, output)) = (run.natively(), run.counted("translate"));
    assert_eq!((output.stdout, output.status.code()), (native.stdout, native.status.code()), "{reason}");
    assert_eq!(result["exact"], json!(false), "{reason}");
    let reasons = result["reasons"].as_array().expect("an array");
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(reasons[0].as_str().is_some_and(|told| told.contains(reason)), "{reason}: {reasons:?}");
    result
}

#[test]
fn what_is_left_to_the_processor_is_said_and_what_came_before_is_counted() {
    let folder = folder();
    let program = folder.path().join("program");
    compile("gcc", "translate/unsupported.c", &program, &[]);
    let program = program.to_str().expect("UTF-8");
    for (how, reason) in [
        ("return far", "a far return"),
        ("iret", "a far return"),
        ("segment", "a load of GS"),
        ("32-bit call", "a system call by the 32-bit table"),
        ("base of GS", "the base of GS"),
        ("trace me", "ptrace"),
    ] {
        flops(&goes_on(&Run::new(&[program, how]), reason), 10);
    }
}

#[test]
fn what_the_translator_uses_of_the_processor_is_not_seen() {
    program("processor", &[]);
}

#[test]
fn a_32_bit_program_runs_uncounted() {
    let folder = folder();
    let program = folder.path().join("program");
    compile("gcc", "translate/thirty_two_bits.S", &program, &["-m32", "-nostdlib", "-static"]);
    let run = Run::new(&[program.to_str().expect("UTF-8")]);
    if std::process::Command::new(&program).output().is_err() {
        eprintln!("skipped: this kernel runs no 32-bit programs");
        return;
    }
    goes_on(&run, "it is a 32-bit program");
}

/// What a run says that its translations took at most, in bytes.
fn most_memory(command: &[&str]) -> u64 {
    let (result, output) = Run { options: vec!["--verbose".into()], ..Run::new(command) }.counted("translate");
    assert!(output.status.success(), "{output:?}");
    result["effort"]["cache_bytes"].as_u64().expect("a number")
}

#[test]
fn translations_of_processes_that_come_and_go_are_added_up() {
    let one = most_memory(&["/bin/sh", "-c", ":"]);
    let many = most_memory(&["/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do (/bin/true; (:)); done"]);
    // At most four at once, each with what the first has and a little more.
    assert!((one..8 * one).contains(&many), "{one} bytes for one process, {many} for many");
}

#[test]
fn code_that_is_made_writable_and_executable_in_turn_takes_no_further_memory() {
    let folder = folder();
    let program = folder.path().join("program");
    compile("gcc", "translate/toggled.c", &program, &[]);
    let memory = |rounds| most_memory(&[program.to_str().expect("UTF-8"), rounds]);
    let (few, many) = (memory("20"), memory("2000"));
    assert!(many < few + 10_000, "{few} bytes for 20 rounds, {many} for 2000");
}

#[test]
fn objects_have_room_for_translations_before_others_take_it() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let libraries: Vec<String> = (1..=8).map(|number| at(&format!("lib{number}.so"))).collect();
    for (library, number) in libraries.iter().zip(1..) {
        let name = format!("-DNAME=work{number}");
        compile("gcc", "translate/large_object.c", library.as_ref(), &["-shared", "-fPIC", &name]);
    }
    let libraries: Vec<&str> = libraries.iter().map(String::as_str).collect();
    compile("gcc", "translate/crowded.c", at("program").as_ref(), &libraries);
    flops(&Run::new(&[at("program")]).transparent(), 8 * 2);
}

/// A run of flopledger itself where these system calls are forbidden: its status, what it says, its result.
fn confined(calls: &[i64], command: &[&str]) -> (Option<i32>, String, Value) {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    compile("gcc", "translate/confined.c", &at("confined"), &[]);
    let mut run = std::process::Command::new(at("confined"));
    run.args(calls.iter().map(i64::to_string)).args(["--", env!("CARGO_BIN_EXE_flopledger"), "run"]);
    run.args(["--counter", "translate", "--format", "json", "-o"]).arg(at("result")).arg("--").args(command);
    let output = run.output().expect("it runs");
    let result = std::fs::read_to_string(at("result")).unwrap_or_default();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said, serde_json::from_str(&result).unwrap_or_default())
}

/// Containers forbid these by default, unless they are given CAP_SYS_PTRACE.
#[test]
fn it_counts_where_nothing_but_ptrace_is_allowed() {
    let folder = folder();
    let program = folder.path().join("program");
    compile("gcc", "translate/starts.c", &program, &["-lpthread"]);
    let calls = [libc::SYS_kcmp, libc::SYS_pidfd_getfd, libc::SYS_pidfd_open, libc::SYS_process_vm_readv];
    for (how, additions) in [("vfork", 1 + 7 + 2 + 7), ("clone", 11 + 12 + 13 + 14), ("spawn", 7 + 7)] {
        let (status, said, result) = confined(&calls, &[program.to_str().expect("UTF-8"), how]);
        assert_eq!((status, &result["reasons"]), (Some(0), &json!([])), "{how}: {said}");
        flops(&result, additions);
    }
}

#[test]
fn where_ptrace_or_seccomp_is_refused_the_error_names_cause_and_remedy() {
    for (call, cause) in [(libc::SYS_ptrace, "ptrace"), (libc::SYS_seccomp, "seccomp filter")] {
        let (status, said, _) = confined(&[call], &["/bin/true"]);
        assert_eq!(status, Some(125), "{said}");
        assert!(said.contains(cause) && said.contains("remedy:"), "{said}");
    }
}
