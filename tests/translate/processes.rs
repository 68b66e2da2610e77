//! Programs that start processes, and programs that are built or confined in another way.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::{Run, built, flops, folder, program};

fn starts(how: &str, additions: u64, processes: u64) -> Value {
    let result = program("starts", &[how]);
    flops(&result, additions);
    assert_eq!(result["processes"], json!(processes), "{how}");
    result
}

#[test]
fn vforks_execute_and_exit() {
    starts("vfork", 1 + 7 + 2 + 7, 4);
}

#[test]
fn posix_spawn_starts_and_fails() {
    starts("spawn", 7 + 7, 4);
}

#[test]
fn clones_share_memory_or_do_not() {
    starts("clone", 11 + 12 + 13 + 14, 5);
}

#[test]
fn a_thread_executes_a_program() {
    assert_eq!(starts("thread", 3 + 5, 1)["threads"], json!(5));
}

#[test]
fn forks_by_the_dozen() {
    starts("forks", 50 * 51 / 2, 51);
}

#[test]
fn forks_of_forks_execute() {
    starts("executes", 3 * 6, 4);
}

#[test]
fn a_process_of_threads_forks_one_of_threads() {
    starts("h", 20, 2);
}

#[test]
fn static_programs_at_fixed_addresses() {
    for flags in [["-static", "-no-pie"], ["-static-pie", "-fPIE"], ["-no-pie", "-fno-pie"]] {
        let flags = [&flags[..], &["-lpthread"]].concat();
        flops(&built("known_work.c", "gcc", &flags, &["x"]), 3 * 1000);
        flops(&built("starts.c", "gcc", &flags, &["vfork"]), 1 + 7 + 2 + 7);
    }
}

#[test]
fn a_child_killed_by_its_parent_keeps_its_counts() {
    flops(&program("known_work", &["child"]), 3 * 1000 + 3 * 500);
}

#[test]
fn programs_with_filters_of_their_own() {
    program("own_filter", &[]);
    program("own_filter", &["all threads"]);
}

#[test]
fn a_program_that_allows_itself_three_calls() {
    flops(&program("strict_filter", &[]), 1000);
}

#[test]
fn shells_pipes_and_their_children_run_as_they_natively_do() {
    let script = "for i in 1 2 3; do echo $i | sed s/2/x/ | tr x y; done; (exit 3); echo $?; exit 5";
    Run::new(&["/bin/sh", "-c", script]).transparent();
}

/// A copy of the translations takes a descriptor: where there is none, the child goes on without.
#[test]
fn a_child_that_cannot_be_followed_runs_all_the_same() {
    let run = Run::new(&["/bin/bash", "-c", "ulimit -n 5; echo $(echo a | cat); exit 3"]);
    let (native, (result, output)) = (run.natively(), run.counted("translate"));
    assert_eq!((output.stdout, output.status.code()), (native.stdout, Some(3)));
    assert_eq!(result["exact"], false);
    assert!(result["reasons"][0].as_str().is_some_and(|r| r.contains("runs uncounted")), "{:#}", result["reasons"]);
}

/// A command that ignores what asks it to end goes on alone, and flopledger says so.
#[test]
fn asked_to_end_twice_flopledger_ends_and_the_command_goes_on() {
    let folder = folder();
    let result = folder.path().join("result.json");
    for (signal, status) in [(Signal::SIGTERM, 143), (Signal::SIGINT, 130)] {
        let script = "trap '' TERM INT; echo $$; while :; do sleep 0.1; done";
        // In a background job, SIGINT would be ignored from the start.
        let mut flopledger = Command::new("env")
            .args([
                "--default-signal=INT,TERM",
                env!("CARGO_BIN_EXE_flopledger"),
                "run",
                "--counter",
                "translate",
                "--format",
                "json",
                "-o",
            ])
            .arg(&result)
            .args(["--", "/bin/sh", "-c", script])
            .stdout(Stdio::piped())
            .spawn()
            .expect("flopledger starts");
        let mut told = String::new();
        BufReader::new(flopledger.stdout.take().expect("a pipe")).read_line(&mut told).expect("a line");
        let command = Pid::from_raw(told.trim().parse().expect("its process"));
        let this = Pid::from_raw(flopledger.id() as i32);
        kill(this, signal).expect("it is there");
        std::thread::sleep(Duration::from_millis(500));
        kill(this, signal).expect("it is there");
        assert_eq!(flopledger.wait().expect("it ends").code(), Some(status));
        // It is still there, as it natively would be.
        kill(command, Signal::SIGKILL).expect("the command goes on");
        let text = std::fs::read_to_string(&result).expect("a result");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["exact"], false);
        let reasons = value["reasons"].as_array().expect("an array");
        assert!(reasons.iter().any(|r| r.as_str().is_some_and(|r| r.contains(signal.as_str()))), "{reasons:?}");
    }
}
