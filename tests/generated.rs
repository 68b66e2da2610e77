//! `flopledger completions` and `flopledger man`: what is made from the definitions of the arguments.

use std::fs;
use std::process::{Command, Output};

fn flopledger(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flopledger")).args(args).output().expect("runs")
}

/// Subcommands, as the help names them.
fn subcommands() -> Vec<String> {
    let help = String::from_utf8(flopledger(&["--help"]).stdout).expect("text");
    let after = help.split_once("Commands:").expect("commands").1;
    let lines = after.lines().skip(1).take_while(|line| !line.trim().is_empty());
    let named = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    named.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn completions_know_every_subcommand() {
    let names = subcommands();
    assert!(names.len() >= 8, "{names:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = flopledger(&["completions", shell]);
        assert!(output.status.success(), "{shell}");
        let script = String::from_utf8(output.stdout).expect("text");
        for name in &names {
            assert!(script.contains(name.as_str()), "{shell}: {name}");
        }
    }
    assert_eq!(flopledger(&["completions", "csh"]).status.code(), Some(2));
}

#[test]
fn bash_completes() {
    let dir = tempfile::tempdir().expect("a folder");
    let script = dir.path().join("completions");
    fs::write(&script, flopledger(&["completions", "bash"]).stdout).expect("writable");
    let ask = "source \"$1\"; COMP_WORDS=(flopledger mf); COMP_CWORD=1; _flopledger flopledger mf flopledger; echo \"${COMPREPLY[@]}\"";
    let output = Command::new("bash").args(["-c", ask, "bash"]).arg(&script).output().expect("bash");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "mfu", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_subcommand_has_a_page() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("man1");
    assert!(flopledger(&["man", folder.to_str().expect("text")]).status.success());
    for name in subcommands() {
        let page = fs::read_to_string(folder.join(format!("flopledger-{name}.1"))).expect(&name);
        assert!(page.contains(".SH SYNOPSIS") && page.contains(&format!("flopledger\\-{name}")), "{page}");
    }
    let main = String::from_utf8(flopledger(&["man"]).stdout).expect("text");
    assert!(main.contains("flopledger\\-run"), "{main}");
    assert_eq!(flopledger(&["man", "/proc/no/folder"]).status.code(), Some(2));
}

#[test]
fn every_subcommand_shows_how_it_is_used() {
    for name in subcommands() {
        let help = String::from_utf8(flopledger(&[&name, "--help"]).stdout).expect("text");
        let (_, examples) = help.split_once("Example").unwrap_or_else(|| panic!("{name}: no example in\n{help}"));
        assert!(examples.contains(&format!("flopledger {name}")), "{name}: {examples}");
    }
}
