//! `run --counter perf,translate`: one run with each, and the ledger between them.

use std::process::{Command, Output};

use serde_json::{Value, json};

#[path = "common/kernels.rs"]
mod kernels;

/// Runs a kernel on a fake CPU whose events have made-up values; None where there is no fake.
fn on(spec: &str, kernel: &str, counter: &str) -> Option<Output> {
    let Ok(fakepmu) = std::env::var("FLOPLEDGER_FAKEPMU") else {
        eprintln!("skipped: FLOPLEDGER_FAKEPMU does not name the folder of a built fakepmu");
        return None;
    };
    let kernel = kernels::all().iter().find(|known| known.name == kernel).unwrap();
    if let Some(flag) = kernel.lacks() {
        eprintln!("skipped: {} needs {flag}, which this CPU lacks", kernel.name);
        return None;
    }
    let output = Command::new(format!("{fakepmu}/fakepmu"))
        .args(["--spec", &format!("{fakepmu}/specs/{spec}.json"), "--", env!("CARGO_BIN_EXE_flopledger")])
        .args(["run", "--counter", counter, "--format", "json", "--"])
        .arg(&kernel.program)
        .output()
        .unwrap();
    Some(output)
}

fn result(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}");
    serde_json::from_slice(&output.stderr).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The kernel executes 100 FLOPs, and 700 minima and maxima that events count; the fake shows what it likes.
#[test]
fn the_ledger_leads_from_the_instructions_to_the_events() {
    for counter in ["perf,translate", "step,perf"] {
        let Some(output) = on("intel-sapphire-rapids", "compare_minmax", counter) else { return };
        let both = result(&output);
        let shown = both["perf"]["pmu_flops"]["total"].as_i64().unwrap();
        assert!(shown > 1_000_000, "{shown}");
        assert_eq!(both["instructions"]["flops"]["total"], 100);
        let ledger = &both["ledger"];
        assert_eq!((&ledger["opening"]["value"], &ledger["closing"]["value"]), (&json!(100), &json!(shown)));
        let entries = ledger["entries"].as_array().unwrap();
        assert_eq!(
            entries.iter().map(|e| (&e["cause"], &e["flops"])).collect::<Vec<_>>(),
            [(&json!("min-max"), &json!(700))]
        );
        assert_eq!(ledger["residual"], json!(shown - 800));
    }
}

/// Eight events on four counters, every one for part of the time.
#[test]
fn shared_counters_have_their_entry() {
    let Some(output) = on("intel-skylake-sp", "compare_minmax", "perf,translate") else { return };
    let both = result(&output);
    let entries = both["ledger"]["entries"].as_array().unwrap();
    let amount = |cause: &str| entries.iter().find(|entry| entry["cause"] == cause).unwrap()["flops"].as_i64().unwrap();
    let closing = both["ledger"]["closing"]["value"].as_i64().unwrap();
    assert_eq!((amount("min-max"), amount("multiplexing")), (700, closing - 800));
    assert_eq!(both["ledger"]["residual"], 0);
}

#[test]
fn without_a_pmu_it_is_refused_with_the_reason() {
    let run = |counter: &str| {
        Command::new(env!("CARGO_BIN_EXE_flopledger"))
            .args(["run", "--cpu", "GenuineIntel-6-3C", "--counter", counter, "--", "true"])
            .output()
            .unwrap()
    };
    let output = run("perf,translate");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(125), "{message}");
    assert!(message.contains("AVX_INSTS") && message.contains("remedy:"), "{message}");
    for counter in ["translate,step", "perf,perf", "perf,translate,step", "auto,perf"] {
        let output = run(counter);
        assert_eq!(output.status.code(), Some(2), "{counter}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
