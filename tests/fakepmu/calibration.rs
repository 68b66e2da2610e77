//! Machines whose events count the calibration's programs right, not at all, and wrongly.

use serde_json::{Value, json};

use crate::fake::{Fake, Outcome, fake};

const MACHINE: &[&str] = &["intel-sapphire-rapids"];

/// The programs by name, the umask of FP_ARITH_INST_RETIRED that counts them, and counts an instruction.
const PROGRAMS: [(&str, u64, u64); 16] = [
    ("f64-64", 0x01, 1),
    ("f32-32", 0x02, 1),
    ("f64-128", 0x04, 1),
    ("f32-128", 0x08, 1),
    ("f64-256", 0x10, 1),
    ("f32-256", 0x20, 1),
    ("f64-512", 0x40, 1),
    ("f32-512", 0x80, 1),
    ("f64-64-fma", 0x01, 2),
    ("f32-32-fma", 0x02, 2),
    ("f64-128-fma", 0x04, 2),
    ("f32-128-fma", 0x08, 2),
    ("f64-256-fma", 0x10, 2),
    ("f32-256-fma", 0x20, 2),
    ("f64-512-fma", 0x40, 2),
    ("f32-512-fma", 0x80, 2),
];

const EXECUTIONS: u64 = 20_000;

/// Rules for the processes that calibrate. `counts` an instruction of each program and its count.
fn machine(counts: impl Fn(&str, u64) -> u64) -> Value {
    let rules = PROGRAMS.iter().flat_map(|&(program, umask, count)| {
        let counted = EXECUTIONS * counts(program, count);
        (0..8).map(move |bit| {
            let config = format!("event=0xc7,umask={:#x}", 1 << bit);
            let value = if 1 << bit == umask { counted } else { 0 };
            json!({"name": program, "where": {"type": "raw", "config": config, "comm": format!("cal-{program}")},
                   "value": value})
        })
    });
    json!({"events": rules.collect::<Vec<Value>>()})
}

fn calibrating(outcome: &Outcome) -> usize {
    outcome.opened().filter(|open| open["comm"].as_str().is_some_and(|comm| comm.starts_with("cal-"))).count()
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn events_that_count_right_are_believed_once_a_boot() {
    let Some(fake) = fake() else { return };
    let good = machine(|_, count| count);
    let first = fake.perf(MACHINE, Some(&good), &[]);
    assert_eq!(first.counted()["counter"], "perf");
    assert!(!first.reasons().contains("calibrated"), "{}", first.reasons());
    assert!(calibrating(&first) >= 8, "{} events were tried", calibrating(&first));
    let second = fake.perf(MACHINE, Some(&good), &[]);
    assert_eq!((second.counted()["counter"].as_str(), calibrating(&second)), (Some("perf"), 0), "from the cache");
    let again = fake.perf(MACHINE, Some(&good), &["--recalibrate"]);
    assert_eq!(calibrating(&again), calibrating(&first));
    // `auto` takes them.
    let auto = fake.run(MACHINE, Some(&good), &[]);
    assert_eq!(auto.counted()["counter"], "perf", "{:#}", auto.counted());
    // `doctor` says the same, and all FLOPs of the programs were counted.
    let doctor = fake.flopledger(MACHINE, Some(&good), &["doctor", "--json"]);
    let report: Value = serde_json::from_str(&doctor.stdout).expect("JSON");
    assert_eq!((&report["auto"]["counter"], &report["auto"]["works"]), (&json!("perf"), &json!(true)));
    assert_eq!(report["auto"]["reason"], auto.counted()["counter_reason"]);
    let perf = &report["counters"][0];
    assert_eq!((&perf["works"], &perf["counted_flops"]), (&json!(true), &perf["expected_flops"]));
    assert!(perf["expected_flops"].as_u64() > Some(0));
    // Other events are another matter: those of half precision came with the passes.
    let passes = fake.perf(MACHINE, Some(&good), &["--passes"]);
    assert!(calibrating(&passes) > calibrating(&first));
}

/// By name, from `auto` and from `doctor` the same verdict.
#[track_caller]
fn refused(fake: &Fake, machine: &Value, verdict: &str) {
    let by_name = fake.perf(MACHINE, Some(machine), &["--recalibrate"]);
    assert_eq!(by_name.status, Some(125), "{}", by_name.stderr);
    assert!(by_name.stderr.contains(verdict) && by_name.stderr.contains("remedy:"), "{}", by_name.stderr);
    let auto = fake.run(MACHINE, Some(machine), &[]);
    assert_eq!(auto.counted()["counter"], "translate");
    let reason = auto.counted()["counter_reason"].as_str().expect("a reason");
    assert_eq!(
        reason,
        "perf not taken: its floating-point events do not count right here (flopledger doctor says how)"
    );
    assert_eq!(calibrating(&auto), 0, "the verdict is from the cache");
    let doctor = fake.flopledger(MACHINE, Some(machine), &["doctor", "--json"]);
    assert_eq!(doctor.status, Some(0), "{}", doctor.stderr);
    let report: Value = serde_json::from_str(&doctor.stdout).expect("JSON");
    assert_eq!((&report["auto"]["counter"], &report["auto"]["works"]), (&json!("translate"), &json!(true)));
    assert_eq!(report["auto"]["reason"], auto.counted()["counter_reason"]);
    assert_eq!((&report["counters"][0]["counter"], &report["counters"][0]["works"]), (&json!("perf"), &json!(false)));
    let error = report["counters"][0]["error"].as_str().expect("an error");
    assert!(error.contains(verdict), "{error}");
    // Without a calibration it counts, and says so.
    let unbelieved = fake.perf(MACHINE, Some(machine), &["--no-calibrate"]);
    assert!(unbelieved.reasons().contains("not calibrated"), "{}", unbelieved.reasons());
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn events_that_open_and_count_nothing_are_refused() {
    let Some(fake) = fake() else { return };
    refused(&fake, &machine(|_, _| 0), "f32-32 has 20,000 FLOPs that they count, and they show 0 (none of");
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn an_fma_that_counts_once_is_refused() {
    let Some(fake) = fake() else { return };
    let once = machine(|program, count| if program == "f64-256-fma" { 1 } else { count });
    let verdict = "f64-256-fma has 160,000 FLOPs that they count, and they show 80,000 \
                   (FP_ARITH_INST_RETIRED.256B_PACKED_DOUBLE: 80,000); 1 of";
    if is_x86_feature_detected!("fma") {
        refused(&fake, &once, verdict);
    }
}

/// What the shipped specs show of any program is not what the calibration's programs execute.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn fixed_values_are_no_calibration() {
    let Some(fake) = fake() else { return };
    let outcome = fake.perf(MACHINE, None, &[]);
    assert_eq!(outcome.status, Some(125));
    assert!(outcome.stderr.contains("do not count right"), "{}", outcome.stderr);
}

/// No verdict, and so no trust.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn events_that_get_no_counter_cannot_be_tried() {
    let Some(fake) = fake() else { return };
    let outcome = fake.perf(&["intel-skylake-sp", "overlay-never-scheduled"], None, &[]);
    assert_eq!(outcome.status, Some(125));
    assert!(outcome.stderr.contains("never got a hardware counter"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("--no-calibrate"), "{}", outcome.stderr);
}

/// The shipped hybrid has its cores for three quarters of the time, even if it is given those of one kind.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn a_share_of_a_count_is_no_verdict() {
    let Some(fake) = fake() else { return };
    let outcome = fake.perf(&["intel-alder-lake"], None, &[]);
    assert_eq!(outcome.status, Some(125), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("for part of the time only"), "{}", outcome.stderr);
}
