//! Every spec of a machine that counts: its numbers come out.

use serde_json::{Value, json};

use crate::fake::{Outcome, fake};

const PLAIN: &[&str] = &["--no-calibrate"];
const PASSES: &[&str] = &["--no-calibrate", "--passes"];

/// Of FP_ARITH_INST_RETIRED, as the specs have it: a million and the umask.
const DOUBLE: u64 = 1_000_001 + 2 * 1_000_004 + 4 * 1_000_016 + 8 * 1_000_064;
const SINGLE: u64 = 1_000_002 + 4 * 1_000_008 + 8 * 1_000_032 + 16 * 1_000_128;
/// The umasks, in the order in which they are opened.
const DOUBLES_AND_SINGLES: [u64; 8] = [0x01, 0x04, 0x10, 0x40, 0x02, 0x08, 0x20, 0x80];
/// Without AVX-512.
const DOUBLE_256: u64 = 1_000_001 + 2 * 1_000_004 + 4 * 1_000_016;
const SINGLE_256: u64 = 1_000_002 + 4 * 1_000_008 + 8 * 1_000_032;
/// Of FP_ARITH_INST_RETIRED2: two millions and the umask, by the weights of TMA and LIKWID.
const HALF: u64 = 2_000_001 + 2 * 2_000_002 + 8 * 2_000_004 + 16 * 2_000_008 + 32 * 2_000_016;

/// What every event of every run has to be asked for.
#[track_caller]
fn asked_rightly(outcome: &Outcome) {
    let opened = outcome.opened_on_children();
    assert!(!opened.is_empty());
    for open in opened {
        let attr = &open["attr"];
        for bit in ["disabled", "inherit", "enable_on_exec", "exclude_kernel", "exclude_hv"] {
            assert_eq!(attr["bits"][bit], true, "{bit}: {open:#}");
        }
        for bit in ["pinned", "exclude_user", "exclude_idle", "freq", "inherit_stat"] {
            assert_eq!(attr["bits"][bit], false, "{bit}: {open:#}");
        }
        assert_eq!(attr["read_format_names"], json!(["TOTAL_TIME_ENABLED", "TOTAL_TIME_RUNNING"]), "{open:#}");
        assert_eq!((&open["cpu"], &open["flags_names"]), (&json!(-1), &json!(["FD_CLOEXEC"])), "{open:#}");
        assert_eq!((&attr["sample_type"], &attr["config1"], &attr["config2"]), (&json!(0), &json!(0), &json!(0)));
    }
}

/// Configurations that were opened on the command, group by group.
fn groups(outcome: &Outcome, kind: u64) -> Vec<Vec<String>> {
    let mut groups: Vec<(u64, Vec<String>)> = Vec::new();
    for open in outcome.opened_on_children().into_iter().filter(|open| open["attr"]["type"] == kind) {
        let leader = open["leader"].as_u64().expect("a leader");
        let config = open["attr"]["config_hex"].as_str().expect("a configuration").to_owned();
        match groups.iter_mut().find(|(of, _)| *of == leader) {
            Some((_, configs)) => configs.push(config),
            None => groups.push((leader, vec![config])),
        }
    }
    groups.into_iter().map(|(_, configs)| configs).collect()
}

fn each(outcome: &Outcome, key: &str) -> Vec<Value> {
    outcome.fp_events().into_iter().map(|event| event[key].clone()).collect()
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn sapphire_rapids_has_counters_for_each_precision() {
    let Some(fake) = fake() else { return };
    let outcome = fake.perf(&["intel-sapphire-rapids"], None, PLAIN);
    let flops =
        json!({"total": DOUBLE + SINGLE, "fp16": null, "fp32": SINGLE, "fp64": DOUBLE, "not_counted": ["fp16"]});
    assert_eq!(outcome.counted()["pmu_flops"], flops);
    assert_eq!(outcome.counted()["pmu_model"], "GenuineIntel-6-8F");
    let unknown = ["/flops/total", "/instructions/total", "/classes"];
    assert!(unknown.iter().all(|key| outcome.counted().pointer(key) == Some(&Value::Null)));
    let doubles_and_singles = ["0x1c7", "0x4c7", "0x10c7", "0x40c7", "0x2c7", "0x8c7", "0x20c7", "0x80c7"];
    assert_eq!(groups(&outcome, 4), [doubles_and_singles], "one group of eight");
    assert!(outcome.reasons().contains("not calibrated"), "{}", outcome.reasons());
    asked_rightly(&outcome);

    let halves = fake.perf(&["intel-sapphire-rapids"], None, PASSES);
    let flops = json!({"total": DOUBLE + SINGLE + HALF, "fp16": HALF, "fp32": SINGLE, "fp64": DOUBLE});
    assert_eq!(halves.counted()["pmu_flops"], flops);
    assert_eq!(groups(&halves, 4)[1], ["0x1cf", "0x2cf", "0x4cf", "0x8cf", "0x10cf"], "a pass of its own");
    asked_rightly(&halves);
}

/// Four counters: either precision fits, both do not.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn skylake_server_shares_its_counters_or_runs_twice() {
    let Some(fake) = fake() else { return };
    let shared = fake.perf(&["intel-skylake-sp"], None, PLAIN);
    assert_eq!(groups(&shared, 4), [["0x1c7", "0x4c7", "0x10c7", "0x40c7"], ["0x2c7", "0x8c7", "0x20c7", "0x80c7"]]);
    asked_rightly(&shared);
    partial(&shared, 0.5);

    let passes = fake.perf(&["intel-skylake-sp"], None, PASSES);
    let flops = json!({"total": DOUBLE + SINGLE, "fp16": null, "fp32": SINGLE, "fp64": DOUBLE});
    assert_eq!(passes.counted()["pmu_flops"], flops);
    assert_eq!(each(&passes, "pass"), [1, 1, 1, 1, 2, 2, 2, 2]);
    let agreement = "counted in 2 passes, which retired 8,000,000 to 8,000,000 instructions: they differ by 0.0000 %";
    assert!(passes.reasons().contains(agreement), "{}", passes.reasons());
    asked_rightly(&passes);
}

/// Nothing is scaled but what is called an estimate; the bound is what was counted.
#[track_caller]
fn partial(outcome: &Outcome, share: f64) {
    let pmu_flops = &outcome.counted()["pmu_flops"];
    assert_eq!((&pmu_flops["total"], &pmu_flops["fp64"]), (&Value::Null, &Value::Null));
    assert!(each(outcome, "status").iter().all(|status| status == "partial"), "{:#}", outcome.counted());
    let mut least = 0;
    for event in outcome.fp_events() {
        let (raw, partial) = (event["raw"].as_u64().expect("a count"), &event["partial"]);
        assert_eq!(partial["at_least"], raw, "{event:#}");
        let (running, enabled) = (event["running_ns"].as_u64().unwrap(), event["enabled_ns"].as_u64().unwrap());
        assert_eq!(partial["running_fraction"], running as f64 / enabled as f64);
        assert_eq!(partial["estimate"], u128::from(raw) as u64 * enabled / running, "{event:#}");
        // The fake rounds the time up to a nanosecond, of a task that runs for at least 10 us.
        assert!((running as f64 / enabled as f64 - share).abs() < 1e-4, "{event:#}");
        least += raw * weight(event);
    }
    assert_eq!(pmu_flops["partial"]["at_least"], least);
    // The fake rounds each event's part of its value.
    let counted = DOUBLES_AND_SINGLES.map(|umask| ((1_000_000 + umask) as f64 * share).round() as u64);
    assert_eq!(each(outcome, "raw"), counted);
    assert!(outcome.reasons().contains("--passes"), "{}", outcome.reasons());
}

fn weight(event: &Value) -> u64 {
    let name = event["name"].as_str().expect("a name");
    let lanes = |width: u64| if name.ends_with("DOUBLE") { width / 64 } else { width / 32 };
    match name.split('.').nth(1).and_then(|kind| kind.split_once("B_")) {
        Some((width, _)) => lanes(width.parse().expect("a width")),
        None => 1,
    }
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn multiplexed_counts_are_bounds() {
    let Some(fake) = fake() else { return };
    for specs in [&["multiplexed"][..], &["intel-skylake-sp", "overlay-multiplexed"]] {
        let outcome = fake.perf(specs, None, PLAIN);
        partial(&outcome, 0.25);
        asked_rightly(&outcome);
    }
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn what_never_ran_is_not_counted() {
    let Some(fake) = fake() else { return };
    let outcome = fake.perf(&["intel-skylake-sp", "overlay-never-scheduled"], None, PLAIN);
    assert_eq!(outcome.counted()["pmu_flops"], json!({"total": null, "fp16": null, "fp32": null, "fp64": null}));
    assert!(each(&outcome, "status").iter().all(|status| status == "not counted"));
    assert!(each(&outcome, "raw").iter().all(Value::is_null));
    assert!(outcome.reasons().contains("8 of 8 events never got a counter"), "{}", outcome.reasons());
    asked_rightly(&outcome);
}

/// Groups of four are refused there: one by one in one run, in twos in four.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn two_counters() {
    let Some(fake) = fake() else { return };
    let alone = fake.perf(&["intel-skylake-sp", "overlay-two-counters"], None, PLAIN);
    assert_eq!(alone.counted()["pmu_flops"]["total"], Value::Null);
    assert!(each(&alone, "status").iter().all(|status| status == "partial"));
    let counting = alone.opened_on_children();
    assert_eq!(counting.iter().filter(|open| open["leader"] == open["id"]).count(), 10, "{counting:#?}");

    let passes = fake.perf(&["intel-skylake-sp", "overlay-two-counters"], None, PASSES);
    let flops = json!({"total": DOUBLE + SINGLE, "fp16": null, "fp32": SINGLE, "fp64": DOUBLE});
    assert_eq!(passes.counted()["pmu_flops"], flops);
    assert_eq!(each(&passes, "pass"), [1, 1, 2, 2, 3, 3, 4, 4]);
    asked_rightly(&passes);
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn zen_counts_flops_in_pairs_of_counters() {
    let Some(fake) = fake() else { return };
    let zen_3 = fake.perf(&["amd-zen3"], None, PLAIN);
    assert_eq!(zen_3.counted()["pmu_flops"], json!({"total": 20_000_015, "fp16": null, "fp32": null, "fp64": null}));
    assert_eq!(groups(&zen_3, 4), [["0xf03"]]);
    asked_rightly(&zen_3);
    // Arithmetic, BF16 and x87.
    let zen_4 = fake.perf(&["amd-zen4"], None, PLAIN);
    let total = 20_000_015 + 5_000_016 + 60_007;
    assert_eq!(zen_4.counted()["pmu_flops"], json!({"total": total, "fp16": null, "fp32": null, "fp64": null}));
    assert_eq!(groups(&zen_4, 4), [["0xf03", "0x1003", "0x702"]]);
    asked_rightly(&zen_4);
}

/// A quarter of the time is spent on cores without events.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn time_on_gracemont_is_not_scaled_away() {
    let Some(fake) = fake() else { return };
    let outcome = fake.perf(&["intel-alder-lake"], None, PLAIN);
    let flops = &outcome.counted()["pmu_flops"];
    assert_eq!((&flops["total"], &flops["fp32"], &flops["fp64"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!(flops["partial"]["at_least"], DOUBLE_256 + SINGLE_256);
    assert_eq!(flops["partial"]["estimate"], Value::Null);
    let share = flops["partial"]["running_fraction"].as_f64().expect("a share");
    assert!((share - 0.75).abs() < 1e-4, "{share}");
    assert!(outcome.fp_events().iter().all(|event| event["name"].as_str().unwrap().starts_with("cpu_core/")));
    assert!(outcome.reasons().contains("75.0 % of the time"), "{}", outcome.reasons());
    assert!(outcome.reasons().contains("Gracemont has no floating-point event"), "{}", outcome.reasons());
    assert!(outcome.opened().all(|open| open["attr"]["type"] != 10), "an event of Gracemont's was opened");
    asked_rightly(&outcome);
}

/// Both kinds of cores count: nothing is missing where their times add up to all of it.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn hybrids_sum_raw_counts() {
    let Some(fake) = fake() else { return };
    let meteor_lake = |core: f64, atom: f64| {
        let event = |pmu: &str, config: &str, value: u64, running: f64| {
            json!({"name": config, "where": {"type": pmu, "config": config}, "value": value, "running": running,
                   "unscaled": true})
        };
        let of_core = ["0x1c7", "0x2c7", "0x4c7", "0x8c7", "0x10c7", "0x20c7"];
        let mut events: Vec<Value> = of_core.iter().map(|config| event("cpu_core", config, 100, core)).collect();
        events.extend([("0x1c8", 7), ("0x2c8", 5)].map(|(config, value)| event("cpu_atom", config, value, atom)));
        json!({"cpu": {"model": 0xaa}, "events": events})
    };
    // Times that add up to the nanosecond.
    let mut whole = meteor_lake(0.75, 0.25);
    for event in whole["events"].as_array_mut().expect("events") {
        let running = if event["where"]["type"] == "cpu_core" { 750_000 } else { 250_000 };
        event["enabled_ns"] = json!(1_000_000);
        event["running_ns"] = json!(running);
    }
    let outcome = fake.perf(&["intel-alder-lake"], Some(&whole), PLAIN);
    let (double, single) = (100 * (1 + 2 + 4) + 7, 100 * (1 + 4 + 8) + 5);
    let flops = json!({"total": double + single, "fp16": null, "fp32": single, "fp64": double});
    assert_eq!(outcome.counted()["pmu_flops"], flops);
    assert_eq!((groups(&outcome, 4)[0].len(), groups(&outcome, 10)), (6, vec![vec!["0x1c8".into(), "0x2c8".into()]]));
    asked_rightly(&outcome);
    // A tenth of the time is missing: other tools had the counters.
    let outcome = fake.perf(&["intel-alder-lake"], Some(&meteor_lake(0.7, 0.2)), PLAIN);
    assert_eq!(outcome.counted()["pmu_flops"]["total"], Value::Null);
    assert_eq!(outcome.counted()["pmu_flops"]["partial"]["at_least"], double + single);
}

/// Settings that leave counting in user mode as it is.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn what_does_not_matter() {
    let Some(fake) = fake() else { return };
    for overlay in ["overlay-paranoid2", "overlay-old-kernel", "overlay-mmap-fails"] {
        let outcome = fake.perf(&["intel-sapphire-rapids", overlay], None, PLAIN);
        assert_eq!(outcome.counted()["pmu_flops"]["total"], DOUBLE + SINGLE, "{overlay}");
        assert!(each(&outcome, "status").iter().all(|status| status == "counted"), "{overlay}");
        asked_rightly(&outcome);
    }
}
