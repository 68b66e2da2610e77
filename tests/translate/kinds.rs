//! Every kind of program of the torture campaign (tests/torture/kinds), once: what it prints and how it ends are the
//! same natively and counted, and its counts are exact unless a reason says why not.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{Run, folder};

/// What is not right yet: code that is changed through /proc/self/mem after it has been executed;
/// how many steps a program makes that single-steps itself.
const LEFT: [&str; 2] = ["map_written_by_proc", "fault_own_steps"];

/// Of `KIND(name, FLAGS)` in the headers, in their order.
fn kinds(folder: &Path) -> Vec<(String, Vec<String>)> {
    let headers = [
        "arithmetic",
        "self_modifying",
        "mapped",
        "dual_mapped",
        "kernel_writes",
        "kernel_writes_later",
        "signals",
        "faults",
        "processes",
        "threads",
    ];
    let mut found = Vec::new();
    for header in headers {
        let text = std::fs::read_to_string(folder.join(format!("kinds/{header}.h"))).expect("a header");
        let names = text.lines().filter_map(|line| line.strip_prefix("KIND(")?.split([',', ')']).next());
        found.push((header.to_owned(), names.map(str::to_owned).collect()));
    }
    found
}

/// One program of all kinds: its argument is which.
fn build(at: &Path) -> (PathBuf, Vec<String>) {
    let torture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture");
    let headers = kinds(&torture);
    let mut text = String::from("#include \"torture.h\"\n");
    for (header, _) in &headers {
        text += &format!("#include \"kinds/{header}.h\"\n");
    }
    text += "int main(int count, char **args) {\n    program = realpath(args[0], 0);\n";
    text += "    if (count == 3 && strcmp(args[1], \"answer\") == 0) return atoi(args[2]);\n";
    let names: Vec<String> = headers.into_iter().flat_map(|(_, names)| names).collect();
    for name in &names {
        text += &format!("    if (strcmp(args[1], \"{name}\") == 0) on_main(\"{name}\", {name}, 7ull);\n");
    }
    text += "    return unexpected != 0;\n}\n";
    let (source, program) = (at.join("kinds.c"), at.join("kinds"));
    std::fs::write(&source, text).expect("a file");
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=gnu17", "-O2", "-w", "-pthread", "-ftrapping-math", "-I"]).arg(&torture).arg(&source);
    let status = gcc.arg("-o").arg(&program).arg("-lrt").status().expect("gcc runs");
    assert!(status.success(), "gcc");
    (program, names)
}

/// What is different under the counter.
fn difference(program: &Path, kind: &str, folder: &Path) -> Option<String> {
    let mut run = Run::new(&[program.to_str().expect("UTF-8"), kind]);
    run.folder = Some(folder.to_owned());
    let native = run.natively();
    let (result, counted) = run.counted("translate");
    let status = native.status.code();
    if (&counted.stdout, &counted.stderr, counted.status.code()) != (&native.stdout, &native.stderr, status) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        return Some(format!(
            "{:?} {}{} instead of {status:?} {}{}: {}",
            counted.status.code(),
            text(&counted.stdout),
            text(&counted.stderr),
            text(&native.stdout),
            text(&native.stderr),
            result["reasons"]
        ));
    }
    let reasons: Vec<&str> = result["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let exact = reasons.is_empty() && result["exact"] == true;
    (!exact).then(|| format!("{reasons:?}"))
}

#[test]
fn every_kind_behaves_as_it_natively_does() {
    let folder = folder();
    let (program, kinds) = build(folder.path());
    assert!(kinds.len() > 80, "{kinds:?}");
    let differ: Vec<String> = kinds
        .iter()
        .filter(|kind| !LEFT.contains(&kind.as_str()))
        .filter_map(|kind| Some(format!("{kind}: {}", difference(&program, kind, folder.path())?)))
        .collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
