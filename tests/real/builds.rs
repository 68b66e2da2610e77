//! Compilers and linkers.

use super::{asked, command, find, folder, source};

/// Builds files of tests/real with a compiler, natively and counted, and runs what it made.
fn compiles(compiler: &str, file: &str, flags: &[&str]) {
    let folder = folder();
    let file = source(file);
    let words = [&[compiler, file.to_str().expect("UTF-8"), "-o", "program"], flags].concat();
    let Some(run) = command(folder.path(), &words) else { return };
    let built = || {
        let bytes = std::fs::read(folder.path().join("program")).expect("a program");
        std::fs::remove_file(folder.path().join("program")).expect("removed");
        bytes
    };
    run.natively();
    let native = built();
    run.transparent();
    assert!(built() == native, "{compiler} made another program");
}

#[test]
fn gcc_compiles_and_links() {
    compiles("gcc", "numbers.c", &["-O2", "-g", "-Wall", "-lm"]);
}

#[test]
fn gcc_reports_errors() {
    let folder = folder();
    std::fs::write(folder.path().join("wrong.c"), "int main(void) { return x +; }\n").expect("written");
    if let Some(run) = command(folder.path(), &["gcc", "wrong.c"]) {
        run.transparent();
    }
}

#[test]
#[ignore = "slow"]
fn gxx_compiles_templates() {
    compiles("g++", "templates.cpp", &["-O2", "-std=c++17"]);
    compiles("g++", "templates.cpp", &["-O1", "-flto", "-std=c++17"]);
}

#[test]
#[ignore = "slow"]
fn make_builds_in_parallel() {
    let folder = folder();
    let rules = "all: $(foreach n,1 2 3 4 5 6,p$(n))\n\t@./p3\np%: p%.c\n\t@gcc -O1 -o $@ $<\n\
                 p%.c:\n\t@printf '#include <stdio.h>\\nint main(void) { return printf(\"%d\\\\n\", $*) < 0; }\\n' > $@\n";
    std::fs::write(folder.path().join("Makefile"), rules).expect("written");
    if let Some(run) = command(folder.path(), &["make", "-B", "-j4"]) {
        run.transparent();
    }
}

#[test]
#[ignore = "slow"]
fn cargo_builds_a_crate() {
    // Not the proxy that rustup puts in its place.
    let Some(root) = asked("rustc", &["--print", "sysroot"]) else {
        return eprintln!("skipped: this machine has no rustc");
    };
    let folder = folder();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    std::fs::create_dir(folder.path().join("src")).expect("made");
    write("Cargo.toml", "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    write("src/main.rs", "mod m;\nfn main() { println!(\"{:.6}\", m::sum(&[1.5, 2.5, 1e-3])); }\n");
    write("src/m.rs", "pub fn sum(x: &[f64]) -> f64 { x.iter().map(|x| x.sqrt()).sum() }\n");
    let bin = format!("{root}/bin");
    let text = format!(
        "export PATH={bin}:$PATH CARGO_TERM_QUIET=true; rm -rf target; cargo build --offline && cargo run --offline && cargo test --offline 2>&1 | grep -c 'test result'"
    );
    if find("cc").is_some()
        && let Some(run) = command(folder.path(), &["bash", "-c", &text])
    {
        run.transparent();
    }
}
