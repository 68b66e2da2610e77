//! Which optional tools the tests find on this machine: a test that needs one is ignored without it, with the reason, so
//! that it is counted as skipped and not as passed. Nothing but tests looks at what this tells.

use std::env;
use std::path::{Path, PathBuf};

/// Looked for on PATH, and where real programs look for others.
const PROGRAMS: [&str; 10] =
    ["g++", "script", "chromium", "mpirun", "perf", "python3", "xz", "sqlite3", "git", "gfortran"];
/// A built fakepmu, on whose machines events are tested.
const FAKEPMU: &str = "FLOPLEDGER_FAKEPMU";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PATH");
    println!("cargo::rerun-if-env-changed={FAKEPMU}");
    let mut known: Vec<String> = PROGRAMS.map(|name| format!("\"{name}\"")).to_vec();
    known.extend(["\"fakepmu\"".into(), "\"avx512\"".into()]);
    println!("cargo::rustc-check-cfg=cfg(has, values({}))", known.join(", "));

    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> =
        env::split_paths(&path).chain(["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from)).collect();
    let mut lacking = false;
    for name in PROGRAMS {
        match folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()) {
            Some(file) => {
                println!("cargo::rerun-if-changed={}", file.display());
                has(name);
            }
            None => lacking = true,
        }
    }
    // Whatever is installed later comes into one of these.
    if lacking {
        for folder in ["/usr/local/bin", "/usr/bin"].iter().filter(|folder| Path::new(folder).is_dir()) {
            println!("cargo::rerun-if-changed={folder}");
        }
    }
    if env::var_os(FAKEPMU).is_some_and(|file| !file.is_empty()) {
        has("fakepmu");
    }
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    if cpu.split_whitespace().any(|flag| flag == "avx512f") {
        has("avx512");
    }
}

fn has(what: &str) {
    println!("cargo::rustc-cfg=has=\"{what}\"");
}
