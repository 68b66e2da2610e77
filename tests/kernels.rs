//! What the exact counters count of the kernels is what their sources say, to the last one.

use std::process::Command;

use serde_json::{Value, json};

#[path = "common/kernels.rs"]
mod kernels;

use kernels::{Class, Kernel};

/// The exit code by which a kernel says that the system does not let it run.
const NOT_ALLOWED: i32 = 77;

/// None where this machine cannot run it.
fn count(kernel: &Kernel, counter: &str) -> Option<Value> {
    if let Some(flag) = kernel.lacks() {
        eprintln!("skipped: {} needs {flag}, which this CPU lacks", kernel.name);
        return None;
    }
    let out = tempfile::NamedTempFile::new().unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_flopledger"))
        .args(["run", "--counter", counter, "--wait-all", "--format", "json", "-o"])
        .arg(out.path())
        .arg("--")
        .arg(&kernel.program)
        .status()
        .unwrap();
    if status.code() == Some(NOT_ALLOWED) {
        eprintln!("skipped: {} is not allowed to run here", kernel.name);
        return None;
    }
    let (kind, number) = &kernel.exit;
    let expected = if kind == "signal" { 128 + number } else { *number };
    assert_eq!(status.code().map(i64::from), Some(expected), "{}: exit code", kernel.name);
    Some(serde_json::from_slice(&std::fs::read(out.path()).unwrap()).unwrap())
}

fn check(kernel: &Kernel, counter: &str) -> Option<()> {
    let name = &kernel.name;
    let run = count(kernel, counter)?;
    assert_eq!((&run["exact"], &run["reasons"]), (&json!(true), &json!([])), "{name}");
    let (kind, number) = &kernel.exit;
    assert_eq!(run["exit"][kind], json!(number), "{name}: exit");
    assert_eq!(run["processes"], json!(kernel.processes), "{name}: processes");
    assert_eq!(run["threads"], json!(kernel.threads), "{name}: threads");

    let rows = run["classes"].as_array().unwrap();
    for class in &kernel.classes {
        let row = rows.iter().find(|row| is(row, class)).unwrap_or_else(|| panic!("{name}: no {class:?}"));
        let counts = [&row["executions"], &row["lanes"], &row["flops"]];
        assert_eq!(counts, [&json!(class.executions), &json!(class.lanes), &json!(class.flops)], "{name}: {class:?}");
    }
    for row in rows.iter().filter(|row| row["flops"] != 0) {
        assert!(kernel.classes.iter().any(|class| is(row, class)), "{name}: unexpected {row}");
    }

    for precision in ["fp16", "bf16", "fp32", "fp64", "x87"] {
        let expected = kernel.totals.get(precision).copied().flatten().unwrap_or(0);
        assert_eq!(run["flops"][precision], json!(expected), "{name}: {precision}");
    }
    assert_eq!(run["flops"]["total"], json!(flops(kernel)), "{name}: total");
    assert_eq!(run["pmu_flops"]["total"], json!(kernel.totals["pmu"]), "{name}: PMU");

    let regions = run["regions"].as_array().unwrap();
    assert_eq!(regions.len(), kernel.regions.len(), "{name}: {regions:?}");
    for region in regions {
        let expected = kernel.regions.get(region["path"].as_str().unwrap()).map(|(calls, flops)| json!([calls, flops]));
        assert_eq!(Some(json!([region["calls"], region["flops"]])), expected, "{name}: {region}");
    }
    Some(())
}

fn is(row: &Value, class: &Class) -> bool {
    row["mnemonic"] == class.mnemonic.as_str()
        && row["precision"] == class.precision.as_str()
        && row["width"] == class.width
        && row["masked"] == class.masked
}

fn flops(kernel: &Kernel) -> u64 {
    kernel.classes.iter().map(|class| class.flops).sum()
}

#[test]
fn step_counts_what_the_kernels_execute() {
    check_all("step");
}

#[test]
fn translate_counts_what_the_kernels_execute() {
    check_all("translate");
}

fn check_all(counter: &str) {
    let checked = kernels::all().iter().filter_map(|kernel| check(kernel, counter)).count();
    assert!(checked >= 15, "only {checked} kernels could run");
}

/// The hand counts agree with themselves.
#[test]
fn totals_are_the_sums_of_their_classes() {
    for kernel in kernels::all() {
        for (of, total) in &kernel.totals {
            let sum: Option<u64> = match of.as_str() {
                "pmu" => kernel.classes.iter().map(|class| class.pmu).sum(),
                _ => Some(kernel.classes.iter().filter(|class| class.precision == *of).map(|class| class.flops).sum()),
            };
            assert_eq!(*total, sum, "{}: {of}", kernel.name);
        }
        assert_eq!(
            flops(kernel),
            kernel.totals.iter().filter(|(of, _)| *of != "pmu").filter_map(|(_, n)| *n).sum::<u64>()
        );
    }
}
