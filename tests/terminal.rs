//! What a terminal is shown and a pipe is not: `script` of util-linux makes one.

use std::process::{Command, Output};

/// On a terminal of so many columns. None where `script` is not installed.
fn on_terminal(columns: u32, command: &str) -> Option<Output> {
    let shell = format!("stty cols {columns} rows 50; {} {command}", env!("CARGO_BIN_EXE_flopledger"));
    let output = Command::new("script").args(["-qec", &shell, "/dev/null"]).env("TERM", "xterm").output();
    output.map_err(|error| eprintln!("left out: script: {error}")).ok()
}

const BARS: [char; 3] = ['█', '▓', '░'];

#[test]
#[cfg_attr(not(has = "script"), ignore = "skipped: no script")]
fn bars_are_drawn_on_terminals_only() {
    let piped = Command::new(env!("CARGO_BIN_EXE_flopledger")).args(["explain", "seed-formula", "analytic"]).output();
    let piped = String::from_utf8(piped.expect("it runs").stdout).expect("text");
    assert!(!piped.contains(BARS) && piped.contains("residual                 0"), "{piped}");
    for columns in [70, 100, 200] {
        let Some(output) = on_terminal(columns, "explain seed-formula analytic") else { return };
        let text = String::from_utf8(output.stdout).expect("text").replace('\r', "");
        let (ledger, _) = text.split_once("Why do they differ").expect("the ledger stands first");
        for bar in BARS {
            assert!(ledger.contains(bar), "{bar} is missing in\n{ledger}");
        }
        for amount in ["514,129,858,560", "+120,525,422,592", "-240,648,192,000", "395,219,472,384"] {
            assert!(ledger.contains(amount), "{amount} is missing in\n{ledger}");
        }
        let lines = ledger.lines().skip_while(|line| !line.contains("514,129,858,560"));
        for line in lines {
            assert!(line.chars().count() <= columns as usize, "{columns}: {line}");
        }
    }
}

#[test]
#[cfg_attr(not(has = "script"), ignore = "skipped: no script")]
fn a_narrow_terminal_gets_the_plain_ledger() {
    let Some(output) = on_terminal(50, "explain thop analytic") else { return };
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(!text.contains(BARS) && text.contains("opening"), "{text}");
}

/// What takes its time says so, and takes back that it did.
#[test]
#[cfg_attr(not(has = "script"), ignore = "skipped: no script")]
fn progress_is_shown_and_taken_away() {
    let Some(output) = on_terminal(100, "peak --seconds 0.4 -o /dev/null") else { return };
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success() && text.contains("measuring this machine's peak"), "{text:?}");
    let last = text.rsplit(['\r', '\n']).find(|line| !line.is_empty()).expect("something");
    assert!(!last.contains("measuring"), "{text:?}");
    let piped =
        Command::new(env!("CARGO_BIN_EXE_flopledger")).args(["peak", "--seconds", "0.4", "-o", "/dev/null"]).output();
    assert_eq!(String::from_utf8_lossy(&piped.expect("it runs").stderr), "");
}
