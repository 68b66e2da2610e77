//! `flopledger doctor`, through the binary, also in sandboxes.

use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

use serde_json::Value;

fn doctor(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flopledger"));
    command.arg("doctor").args(args);
    command
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn counter<'a>(report: &'a Value, name: &str) -> &'a Value {
    let counters = report["counters"].as_array().expect("counters");
    counters.iter().find(|counter| counter["counter"] == name).expect(name)
}

/// Makes these system calls fail in the command and its children.
fn denying(mut command: Command, calls: &'static [libc::c_long], errno: i32) -> Command {
    let deny = move || {
        let statement = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
        let mut filter = vec![statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0)];
        for call in calls {
            let compare = statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, *call as u32);
            filter.push(libc::sock_filter { jf: 1, ..compare });
            filter.push(statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | errno as u32));
        }
        filter.push(statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW));
        let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
        // SAFETY: the program and its instructions live until prctl has copied them.
        let refused = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
                || libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) != 0
        };
        if refused { Err(std::io::Error::last_os_error()) } else { Ok(()) }
    };
    // SAFETY: the child has one thread, and its memory is its own: a small allocation is sound here.
    unsafe { command.pre_exec(deny) };
    command
}

#[test]
fn tells_which_counter_auto_uses() {
    let output = doctor(&["--json"]).output().expect("runs");
    assert_eq!(output.status.code(), Some(0));
    let report = json(&output);
    assert_eq!(report["schema"], "flopledger.doctor/1");
    assert_eq!(counter(&report, "translate")["counted_flops"], 1000);
    assert_eq!(counter(&report, "step")["counted_flops"], 1000);
    // The same as a run gets.
    let run = Command::new(env!("CARGO_BIN_EXE_flopledger")).args(["run", "--format", "json", "--", "true"]).output();
    let run: Value = serde_json::from_slice(&run.expect("runs").stderr).expect("JSON");
    assert_eq!(report["auto"]["counter"], run["counter"]);
    assert_eq!(report["auto"]["reason"], run["counter_reason"]);
}

#[test]
fn fits_one_screen() {
    let output = doctor(&[]).output().expect("runs");
    let text = String::from_utf8(output.stdout).expect("text");
    for word in ["hypervisor", "container", "perf_event_paranoid", "seccomp", "ptrace_scope", "auto uses"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(text.lines().count() <= 40, "{text}");
}

#[test]
fn a_sandbox_without_ptrace_and_perf_leaves_nothing_that_counts() {
    let both = &[libc::SYS_ptrace, libc::SYS_perf_event_open];
    let output = denying(doctor(&["--json"]), both, libc::EPERM).output().expect("runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let report = json(&output);
    assert_eq!(report["process"]["seccomp"], "filter");
    assert_eq!(report["probe"]["software_event"]["errno"], "EPERM");
    for name in ["perf", "translate", "step"] {
        assert_eq!(counter(&report, name)["works"], false);
    }
    let advice = report["advice"].as_array().expect("advice");
    assert!(advice.iter().any(|a| a["why"].as_str().is_some_and(|why| why.contains("ptrace"))), "{advice:?}");
    assert!(advice.iter().any(|a| a["why"].as_str().is_some_and(|why| why.contains("perf_event_open"))), "{advice:?}");
}

#[test]
fn a_sandbox_that_hides_perf_leaves_tracing() {
    let output = denying(doctor(&["--json"]), &[libc::SYS_perf_event_open], libc::ENOSYS).output().expect("runs");
    assert_eq!(output.status.code(), Some(0));
    let report = json(&output);
    let cause = report["probe"]["software_event"]["cause"].as_str().expect("a cause");
    assert!(cause.contains("seccomp filter answers as if"), "{cause}");
    assert_eq!(report["auto"]["counter"], "translate");
}
