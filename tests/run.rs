//! `flopledger run` as a user meets it: exit codes, streams, formats, errors.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

fn flopledger(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flopledger"));
    command.arg("run").args(args);
    command
}

fn output(args: &[&str]) -> Output {
    flopledger(args).output().expect("flopledger runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_exit_status_is_the_commands() {
    let status = |script: &str| output(&["--counter", "step", "--", "sh", "-c", script]).status.code();
    assert_eq!(status("exit 3"), Some(3));
    assert_eq!(status("kill -TERM $$"), Some(128 + libc::SIGTERM));
}

#[test]
fn the_commands_streams_are_left_alone() {
    let mut child = flopledger(&["--counter", "step", "--", "cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("flopledger runs");
    child.stdin.take().expect("a pipe").write_all(b"through\n").expect("written");
    let output = child.wait_with_output().expect("waited");
    assert_eq!(output.stdout, b"through\n");
    assert!(stderr(&output).contains("counter: step"));
}

#[test]
fn what_cannot_be_run_is_126_and_what_is_not_found_127() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("script");
    std::fs::write(&script, "#!/no/such/interpreter\n").expect("written");
    let script = script.to_str().expect("UTF-8");
    let expect = |command: &str, code: i32, says: &str| {
        for counter in ["step", "auto"] {
            let output = output(&["--counter", counter, "--", command]);
            assert_eq!(output.status.code(), Some(code), "{command}: {}", stderr(&output));
            assert!(stderr(&output).contains(says) && stderr(&output).contains("remedy:"), "{}", stderr(&output));
        }
    };
    expect(script, 126, "not executable");
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    expect(script, 126, "bad interpreter: /no/such/interpreter");
    expect("/", 126, "is a directory");
    expect("no-such-command-anywhere", 127, "not found on PATH");
    expect("/no/such/path", 127, "/no/such/path");
}

#[test]
fn a_script_without_a_first_line_is_run_by_the_shell() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("script");
    std::fs::write(&script, "echo \"$1\"\n").expect("written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    let output = output(&["--counter", "step", "--", script.to_str().expect("UTF-8"), "an argument"]);
    assert_eq!(output.stdout, b"an argument\n");
}

#[test]
fn wrong_usage_is_2() {
    assert_eq!(output(&[]).status.code(), Some(2));
    assert_eq!(output(&["--counter", "abacus", "--", "true"]).status.code(), Some(2));
    let output = output(&["-o", "/no/such/folder/file", "--", "true"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn json_has_the_documented_keys_and_nulls() {
    let output = output(&["--counter", "step", "--format", "json", "--", "true"]);
    let result: Value = serde_json::from_slice(&output.stderr).expect("JSON on stderr");
    let keys: Vec<&String> = result.as_object().expect("an object").keys().collect();
    let documented = "schema command counter counter_reason exact reasons exit flops pmu_flops instructions classes \
                      functions regions events pmu_model processes threads time max_rss_bytes";
    assert_eq!(keys, documented.split_whitespace().collect::<Vec<_>>());
    assert_eq!(result["schema"], "flopledger.run/1");
    assert_eq!(result["command"], serde_json::json!(["true"]));
    assert_eq!(result["exit"], serde_json::json!({"code": 0, "signal": null}));
    assert!(result["instructions"]["total"].as_u64().is_some_and(|n| n > 1000));
    let events = result["events"].as_array().expect("events");
    let names: Vec<&str> = events.iter().filter_map(|event| event["name"].as_str()).collect();
    assert_eq!(names, ["task-clock", "page-faults", "context-switches"]);
}

#[test]
fn every_instruction_is_named_on_request() {
    let output = output(&["--counter", "step", "--mnemonics", "--format", "json", "--", "true"]);
    let result: Value = serde_json::from_slice(&output.stderr).expect("JSON on stderr");
    let mnemonics = result["mnemonics"].as_object().expect("mnemonics");
    assert_eq!(result["instructions"]["total"], mnemonics.values().filter_map(Value::as_u64).sum::<u64>());
    assert!(mnemonics["mov"].as_u64().is_some_and(|n| n > 100), "{mnemonics:?}");
}

#[test]
fn csv_has_one_row_a_figure() {
    let output = output(&["--counter", "step", "--mnemonics", "--format", "csv", "--", "true"]);
    let text = stderr(&output);
    assert!(text.starts_with("of,name,precision,width,masked,executions,lanes,flops\ntotal,flops,"), "{text}");
    assert!(text.contains("\ninstructions,all,"), "{text}");
    assert!(text.contains("\nmnemonic,mov,,,,"), "{text}");
}

#[test]
fn a_signal_to_flopledger_goes_to_the_command() {
    let child = flopledger(&["--counter", "step", "--", "sleep", "60"]).stderr(Stdio::piped()).spawn().expect("runs");
    std::thread::sleep(Duration::from_millis(300));
    // Not SIGINT, which whatever a shell starts in the background ignores, these tests included.
    // SAFETY: no memory is involved; the child has not been waited for.
    unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
    let output = child.wait_with_output().expect("waited");
    assert_eq!((output.status.code(), output.status.signal()), (Some(143), None));
    assert!(stderr(&output).contains("killed by signal 15"), "{}", stderr(&output));
    assert!(stderr(&output).contains("instructions"), "counts so far: {}", stderr(&output));
}

#[test]
fn an_ignored_signal_stays_ignored_for_the_command() {
    let binary = env!("CARGO_BIN_EXE_flopledger");
    let script = format!(
        "trap '' PIPE INT; exec {binary} run --counter step -- sh -c 'kill -PIPE $$; kill -INT $$; echo alive'"
    );
    let output = Command::new("sh").args(["-c", &script]).output().expect("sh runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "alive\n", "{}", stderr(&output));
}

#[test]
fn what_outlives_the_command_is_named_or_waited_for() {
    let count = |args: &[&str]| {
        let all = [args, &["--counter", "step", "--format", "json", "--", "sh", "-c", "sleep 0.5 & exit 6"]].concat();
        // Its stdout and stderr are the survivor's as well: a file does not keep us waiting for it.
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("result");
        let status = flopledger(&["-o", file.to_str().expect("UTF-8")]).args(all).status().expect("runs");
        assert_eq!(status.code(), Some(6));
        let text = std::fs::read_to_string(&file).expect("a result");
        serde_json::from_str::<Value>(&text).expect("JSON")
    };
    let left = count(&[]);
    assert_eq!(left["exact"], false);
    assert!(left["reasons"][0].as_str().is_some_and(|r| r.starts_with("still running")), "{left:#}");
    let waited = count(&["--wait-all"]);
    assert_eq!((&waited["exact"], &waited["processes"]), (&Value::Bool(true), &Value::from(2)));
}

#[test]
fn perf_without_a_pmu_is_refused_with_the_reason() {
    // A CPU of which no event is known, so that this holds on any machine.
    let output = output(&["--counter", "perf", "--cpu", "GenuineIntel-6-3C", "--", "true"]);
    assert_eq!(output.status.code(), Some(125));
    assert!(
        stderr(&output).contains("GenuineIntel-6-3C") && stderr(&output).contains("remedy:"),
        "{}",
        stderr(&output)
    );
}
