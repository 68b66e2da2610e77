//! Programs that write their own code while they run.

use super::{command, find, folder, source, with_variable};

/// Runs a source of tests/real; what its engine needs besides.
fn run(words: &[&str], file: &str) {
    let folder = folder();
    let file = source(file);
    let words = [words, &[file.to_str().expect("UTF-8")]].concat();
    if let Some(run) = command(folder.path(), &words) {
        run.transparent();
    }
}

#[test]
#[ignore = "slow"]
fn node_compiles_as_it_runs() {
    run(&["node"], "program.js");
}

#[test]
#[ignore = "slow"]
fn node_interprets() {
    run(&["node", "--jitless"], "program.js");
}

#[test]
#[ignore = "slow"]
fn java_compiles_as_it_runs() {
    let folder = folder();
    let file = source("Program.java");
    let compile = command(folder.path(), &["javac", "-d", ".", file.to_str().expect("UTF-8")]);
    if let Some(compile) = compile
        && find("java").is_some()
    {
        assert!(compile.natively().status.success(), "javac");
        for mode in ["-Xint", "-XX:+UseSerialGC", "-XX:+UseParallelGC"] {
            command(folder.path(), &["java", mode, "Program"]).expect("java").transparent();
        }
    }
}

#[test]
#[ignore = "slow"]
fn javac_compiles() {
    let folder = folder();
    let file = source("Program.java");
    if let Some(run) = command(folder.path(), &["javac", "-d", ".", file.to_str().expect("UTF-8")]) {
        run.transparent();
    }
}

#[test]
#[ignore = "slow"]
fn go_runs_its_own_threads() {
    let folder = folder();
    let file = source("program.go");
    let cache = folder.path().join("cache");
    let Some(build) = command(folder.path(), &["go", "build", "-o", "program", file.to_str().expect("UTF-8")]) else {
        return;
    };
    let variables = [("GOCACHE", cache.to_str().expect("UTF-8")), ("GO111MODULE", "off")];
    let build = variables.iter().fold(build, with_variable);
    assert!(build.natively().status.success(), "go build");
    command(folder.path(), &[folder.path().join("program").to_str().expect("UTF-8")]).expect("it").transparent();
}

#[test]
#[ignore = "slow"]
fn other_engines() {
    super::transparent(&["lua", "-e", "local s = 0 for i = 1, 1e5 do s = s + i ^ 0.5 end print(s)"]);
    super::transparent(&["luajit", "-e", "local s = 0 for i = 1, 1e6 do s = s + i ^ 0.5 end print(s)"]);
    super::transparent(&["ruby", "-e", "puts (1..1000).map { |x| Math.sqrt(x) }.sum; exit 3"]);
    super::transparent(&["php", "-r", "$s = 0; for ($i = 0; $i < 100000; $i++) $s += sqrt($i); echo $s;"]);
}
