//! `run --counter perf,translate`: one run with each, and the ledger between them.

use std::path::Path;

use serde_json::{Value, json};

use crate::fake::{Fake, fake};

/// A kernel whose FLOPs, minima and maxima are known.
fn kernel() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads/kernels/build.sh");
    let built = std::process::Command::new("bash").arg(build).arg(folder.path()).output().expect("bash runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    folder
}

fn both(fake: &Fake, spec: &str, kernels: &tempfile::TempDir, counter: &str) -> Value {
    let program = kernels.path().join("compare_minmax");
    let options = ["--no-calibrate", "--counter", counter];
    let outcome = fake.run_program(&[spec], None, &options, &[program.to_str().expect("UTF-8")]);
    outcome.counted().clone()
}

/// The kernel executes 100 FLOPs, and 700 minima and maxima that events count; the fake shows what it likes.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn the_ledger_leads_from_the_instructions_to_the_events() {
    let (Some(fake), kernel) = (fake(), kernel()) else { return };
    for counter in ["perf,translate", "step,perf"] {
        let both = both(&fake, "intel-sapphire-rapids", &kernel, counter);
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
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn shared_counters_have_their_entry() {
    let (Some(fake), kernel) = (fake(), kernel()) else { return };
    let both = both(&fake, "intel-skylake-sp", &kernel, "perf,translate");
    let entries = both["ledger"]["entries"].as_array().unwrap();
    let amount = |cause: &str| entries.iter().find(|entry| entry["cause"] == cause).unwrap()["flops"].as_i64().unwrap();
    let closing = both["ledger"]["closing"]["value"].as_i64().unwrap();
    assert_eq!((amount("min-max"), amount("multiplexing")), (700, closing - 800));
    assert_eq!(both["ledger"]["residual"], 0);
}
