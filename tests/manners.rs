//! `flopledger` as a wrapper: whatever its options, its streams and the words of the command are, the command is what
//! was meant, and its status is what comes back.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_flopledger");
/// Of those that run a command anywhere, without hardware, the quick ones.
const COUNTERS: [&str; 2] = ["translate", "events"];

fn flopledger(args: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(args).stdin(Stdio::null());
    command
}

fn output(args: &[&str]) -> Output {
    flopledger(args).output().expect("flopledger runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What can be wrong with a standard stream.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stream {
    Fine,
    Full,
    Closed,
}

use Stream::{Closed, Fine, Full};

/// The command with stdin, stdout and stderr in this state; what it writes to a fine one is lost.
fn with_streams(command: &mut Command, streams: [Stream; 3]) {
    let open = |stream: Stream| {
        let path = if stream == Full { "/dev/full" } else { "/dev/null" };
        Stdio::from(OpenOptions::new().read(true).write(true).open(path).expect("a device"))
    };
    let [stdin, stdout, stderr] = streams.map(open);
    command.stdin(stdin).stdout(stdout).stderr(stderr);
    let closed = (0..3).filter(move |number: &usize| streams[*number] == Closed);
    // SAFETY: close is async-signal-safe.
    unsafe {
        command.pre_exec(move || {
            for descriptor in closed.clone() {
                libc::close(descriptor as i32);
            }
            Ok(())
        })
    };
}

fn combinations() -> Vec<[Stream; 3]> {
    let states = [Fine, Full, Closed];
    let pairs = states.into_iter().flat_map(|stdout| states.map(|stderr| [Fine, stdout, stderr]));
    pairs.chain([[Closed, Fine, Fine], [Closed, Closed, Closed]]).collect()
}

/// A program that bears the option's name would otherwise be run, so there is one.
#[test]
fn an_option_that_is_not_known_is_no_command() {
    let folder = tempfile::tempdir().expect("a folder");
    for (option, nearest) in
        [("--verbos", "--verbose"), ("--wait-al", "--wait-all"), ("--conter=step", "--counter"), ("-z", "")]
    {
        let program = folder.path().join(option);
        std::fs::write(&program, "#!/bin/sh\ntouch ran\n").expect("written");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("chmod");
        for rest in [&["--", "true"][..], &["true"], &[]] {
            let mut command = flopledger(&["run", option]);
            command.args(rest).env("PATH", folder.path()).current_dir(folder.path());
            let output = command.output().expect("it runs");
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{option}: {said}");
            let name = option.split('=').next().expect("a name");
            assert!(said.contains(&format!("'{name}'")) && said.contains(nearest), "{option}: {said}");
            assert!(!folder.path().join("ran").exists(), "{option} was run");
        }
    }
    let reconciled = output(&["reconcile", "--tread", "2"]);
    assert_eq!(reconciled.status.code(), Some(2));
    assert!(text(&reconciled.stderr).contains("--threads"), "{}", text(&reconciled.stderr));
}

#[test]
fn what_follows_the_command_is_its_own() {
    for args in [
        &["run", "--counter", "translate", "echo", "--verbos", "-o", "x", "--", "--counter"][..],
        &["run", "--counter", "translate", "--", "echo", "--verbos", "-o", "x", "--", "--counter"],
    ] {
        let output = output(args);
        assert_eq!(text(&output.stdout), "--verbos -o x -- --counter\n", "{}", text(&output.stderr));
    }
}

#[test]
fn the_status_is_the_commands_whoever_can_read_the_result() {
    for counter in COUNTERS {
        for streams in combinations() {
            for (script, status) in [("exit 7", 7), ("exit 0", 0), ("kill -KILL $$", 137)] {
                for more in [&[][..], &["-o", "-"], &["--format", "json"]] {
                    let mut command = flopledger(&["run", "--counter", counter]);
                    command.args(more).args(["--", "sh", "-c", script]);
                    with_streams(&mut command, streams);
                    let code = command.status().expect("it runs").code();
                    assert_eq!(code, Some(status), "{counter} {more:?} {streams:?}: {script}");
                }
            }
        }
    }
}

/// A file was asked for: that it is not whole is said, but hides no failure of the command.
#[test]
fn a_result_file_that_cannot_be_written_is_a_failure_unless_the_command_had_one() {
    for (script, status) in [("exit 0", 125), ("exit 7", 7)] {
        for option in ["-o", "--html"] {
            let output = output(&["run", "--counter", "translate", option, "/dev/full", "--", "sh", "-c", script]);
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(status), "{option}: {said}");
            assert!(said.contains("/dev/full: cannot write"), "{option}: {said}");
        }
    }
}

/// Lines that cannot be written end; counting goes on.
#[test]
fn intervals_that_nobody_can_read_end_nothing() {
    for streams in combinations() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = flopledger(&["run", "--counter", "events", "-I", "20", "--"]);
        command.args(["sh", "-c", "sleep 0.2; touch done; exit 5"]).current_dir(folder.path());
        with_streams(&mut command, streams);
        assert_eq!(command.status().expect("it runs").code(), Some(5), "{streams:?}");
        assert!(folder.path().join("done").exists(), "{streams:?}: it was not waited for");
    }
}

/// Rust's runtime opens /dev/null where a standard stream is closed, which the command must not see.
#[test]
fn the_command_finds_closed_what_was_closed() {
    let script = "s=0; for fd in 0 1 2; do [ -e /proc/$$/fd/$fd ] || s=$((s + (1 << fd))); done; exit $s";
    for closed in 0..8_i32 {
        let streams = [0, 1, 2].map(|fd| if closed >> fd & 1 == 1 { Closed } else { Fine });
        let mut native = Command::new("sh");
        native.args(["-c", script]);
        with_streams(&mut native, streams);
        assert_eq!(native.status().expect("it runs").code(), Some(closed), "natively");
        for counter in COUNTERS {
            let mut counted = flopledger(&["run", "--counter", counter, "--", "sh", "-c", script]);
            with_streams(&mut counted, streams);
            assert_eq!(counted.status().expect("it runs").code(), Some(closed), "{counter}");
        }
    }
}

/// Every subcommand: a full or closed stream is an error of one line (125, or 2 where the usage was wrong), never a panic;
/// nobody can tell what stderr would have said.
#[test]
fn no_subcommand_panics_on_its_streams() {
    let data: [&[&str]; 12] = [
        &["estimate", "--preset", "tiny"],
        &["explain", "thop", "analytic", "--preset", "tiny"],
        &["conventions"],
        &["events", "--list"],
        &["events", "--cpu", "GenuineIntel-6-8F", "--format", "csv"],
        &["mfu", "--published"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["--version"],
        &["run", "--help"],
        &["identify", "77", "--preset", "tiny", "--help"],
    ];
    let faults: [(&[&str], i32); 4] = [
        (&["nonsense"], 2),
        (&["estimate", "/no/such/file.json"], 2),
        (&["estimate", "/no/such/file.json", "/no/other.json"], 2),
        (&["run", "--", "no-such-command-anywhere"], 127),
    ];
    for streams in combinations() {
        let code = |args: &[&str]| {
            let mut command = flopledger(args);
            with_streams(&mut command, streams);
            command.status().expect("it runs").code()
        };
        let expected = if streams[1] == Fine { 0 } else { 125 };
        for args in data {
            assert_eq!(code(args), Some(expected), "{args:?} {streams:?}");
        }
        for (args, expected) in faults {
            assert_eq!(code(args), Some(expected), "{args:?} {streams:?}");
        }
    }
}

#[test]
fn a_dash_is_stdout() {
    for args in [
        &["run", "--counter", "translate", "--format", "json", "-o", "-", "--", "true"][..],
        &["estimate", "--preset", "tiny", "--format", "json", "-o", "-"],
        &["estimate", "--preset", "tiny", "--format", "json", "--output=-"],
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let output = flopledger(args).current_dir(folder.path()).output().expect("it runs");
        let result: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}"));
        assert!(result["schema"].is_string(), "{args:?}");
        assert_eq!(text(&output.stderr), "", "{args:?}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "{args:?} wrote a file");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = flopledger(&["estimate", "--preset", "tiny", "-o", "./-"]).current_dir(folder.path()).output();
    assert_eq!(text(&file.expect("it runs").stdout), "");
    assert!(File::open(folder.path().join("-")).is_ok());
    let page = output(&["explain", "thop", "analytic", "--html", "-"]);
    assert_eq!(page.status.code(), Some(2));
    assert!(text(&page.stderr).contains("remedy:"), "{}", text(&page.stderr));
}

/// The command as it is printed, given to a shell, is the same command.
#[test]
fn a_printed_command_can_be_typed_again() {
    let words = [
        "plain-word_1./:=@%+,",
        "",
        "two words",
        "it's",
        "\"quoted\"",
        "$HOME",
        "a\\b",
        "`id`",
        "*",
        "~",
        "#",
        "!",
        "a;b",
        "a|b",
        "(c)",
        "<d>",
        "{e,f}",
        "[g]",
        "a\nb",
        "tab\there",
        "\u{1b}[31mred",
        "\u{7f}",
        "é",
        "\u{85}",
    ];
    let print = ["printf", "<%s>\\n"];
    let output = flopledger(&["run", "--counter", "translate", "-o", "-", "--"]).args(print).args(words).output();
    let stdout = text(&output.expect("it runs").stdout);
    let natively = Command::new("printf").args(&print[1..]).args(words).output().expect("printf");
    let printed = text(&natively.stdout);
    let result = stdout.strip_prefix(printed.as_str()).unwrap_or_else(|| panic!("{stdout}"));
    let line = result.lines().next().expect("a first line");
    assert!(line.starts_with("printf '<%s>\\n' plain-word_1./:=@%+, '' 'two words'"), "{line}");
    assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
    let again = Command::new("bash").args(["-c", line]).output().expect("bash");
    assert_eq!(text(&again.stdout), printed, "{line}");
}

/// Names that a shell would take for something else where they stand first.
#[test]
fn a_programs_name_is_quoted_too() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a b", "x=1", "if", "it's"] {
        let program = folder.path().join(name);
        std::fs::write(&program, "#!/bin/sh\nexit 9\n").expect("written");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("chmod");
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").expect("a PATH"));
        let run = |command: &mut Command| command.env("PATH", &path).current_dir(folder.path()).output().expect("runs");
        let counted = run(&mut flopledger(&["run", "--counter", "translate", "--", name]));
        assert_eq!(counted.status.code(), Some(9), "{name}: {}", text(&counted.stderr));
        let line = text(&counted.stderr).lines().next().expect("a first line").to_owned();
        assert_eq!(run(Command::new("sh").args(["-c", &line])).status.code(), Some(9), "{line}");
        // What it is told to do where it cannot be run, too.
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o644)).expect("chmod");
        let refused = run(&mut flopledger(&["run", "--", &format!("./{name}")]));
        assert_eq!(refused.status.code(), Some(126));
        let said = text(&refused.stderr);
        let remedy = said.split("make it executable: ").nth(1).expect("a remedy");
        assert!(run(Command::new("sh").args(["-c", remedy])).status.success(), "{remedy}");
        let mended = run(&mut flopledger(&["run", "--counter", "translate", "--", &format!("./{name}")]));
        assert_eq!(mended.status.code(), Some(9), "{remedy}");
    }
}

/// A software event of a number that no kernel has is refused everywhere.
#[test]
fn a_count_of_nothing_is_a_failure_and_runs_nothing() {
    const REFUSED: &str = "software/config=0x7777/";
    let folder = tempfile::tempdir().expect("a folder");
    let run = |more: &[&str]| {
        let mut command = flopledger(&["run", "--counter", "events"]);
        command.args(more).args(["--", "sh", "-c", "touch ran; exit 3"]).current_dir(folder.path());
        command.output().expect("it runs")
    };
    let two = format!("{REFUSED},software/config=0x7778/");
    for more in
        [&["-e", REFUSED][..], &["-e", &two], &["-e", REFUSED, "--per-thread"], &["-e", REFUSED, "--delay", "1"]]
    {
        let output = run(more);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(125), "{more:?}: {said}");
        assert!(said.contains(REFUSED) && said.contains("remedy:"), "{more:?}: {said}");
        assert!(!folder.path().join("ran").exists(), "{more:?}: the command was run");
    }
    let some = run(&["-e", REFUSED, "-e", "task-clock"]);
    assert_eq!(some.status.code(), Some(3), "{}", text(&some.stderr));
    assert!(text(&some.stderr).contains("not counted"), "{}", text(&some.stderr));
}
