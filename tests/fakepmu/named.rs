//! Events that the user names, and counts told apart by thread, on machines that a fake shows.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::fake::fake;

fn count(result: &Value, name: &str) -> Option<u64> {
    let events = result["events"].as_array().expect("events");
    events.iter().find(|event| event["name"] == name).unwrap_or_else(|| panic!("no {name}: {result:#}"))["raw"].as_u64()
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn what_was_named_is_asked_for() {
    let Some(fake) = fake() else { return };
    let events = ["--no-calibrate", "-e", "cpu/event=0x1c0/,cpu/branch-misses/,r01c7,cycles:u"];
    let outcome = fake.perf(&["amd-zen3"], None, &events);
    let result = outcome.counted();
    // AMD's event field is split: its upper four bits are 32 to 35.
    let asked: Vec<u64> = outcome.opened().filter_map(|line| line["attr"]["config"].as_u64()).collect();
    assert!([0x1_0000_00c0, 0xc3, 0x1c7].iter().all(|config| asked.contains(config)), "{asked:x?}");
    assert_eq!((count(result, "cycles:u"), count(result, "cpu/branch-misses/")), (Some(4_000_000), Some(12_600)));

    let events = ["--no-calibrate", "-e", "instructions,cpu_core/event=0xc0/u"];
    let outcome = fake.perf(&["intel-alder-lake"], None, &events);
    let names = outcome.counted()["events"].as_array().expect("events").iter();
    let named: Vec<&str> =
        names.filter_map(|event| event["name"].as_str()).filter(|name| !name.contains("FP_ARITH")).collect();
    assert_eq!(named, ["cpu_core/instructions/", "cpu_atom/instructions/", "cpu_core/event=0xc0/:u"]);
}

/// Counts by thread that are known beforehand: each "FP event" counts the system call getppid.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn threads_are_told_apart() {
    let Some(fake) = fake() else { return };
    if !Path::new("/sys/kernel/tracing/events/syscalls/sys_enter_getppid").exists() {
        eprintln!("skipped: tracefs does not show the system call getppid");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("getppid");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fakepmu/getppid.c");
    let built = Command::new("gcc").arg("-o").arg(&program).arg(source).arg("-lpthread").status();
    assert!(built.expect("gcc runs").success());
    let calls = serde_json::json!({"events": [{"name": "calls", "where": {"type": "raw"}, "scale": 1,
        "backing": {"tracepoint": "syscalls:sys_enter_getppid"}}]});
    let options = ["--no-calibrate", "--per-thread", "-e", "page-faults:u"];
    let program = [program.to_str().expect("UTF-8")];
    let outcome = fake.run_program(
        &["intel-sapphire-rapids"],
        Some(&calls),
        &[&["--counter", "perf"], &options[..]].concat(),
        &program,
    );
    let result = outcome.counted();
    let rows = result["by_thread"].as_array().expect("threads");
    let flops: Vec<Option<u64>> = rows.iter().map(|row| row["pmu_flops"]["total"].as_u64()).collect();
    // FLOPs of one count of each of the CPU's eight events.
    const EACH: u64 = 1 + 1 + 2 + 4 + 4 + 8 + 8 + 16;
    assert_eq!(flops, [11, 100, 200, 7000].map(|calls| Some(calls * EACH)), "{result:#}");
    assert_eq!(result["pmu_flops"]["total"], 7311 * EACH);
}
