//! What the events that were opened do not count is no part of a total, and is said; `--passes` counts what `events`
//! lists.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::fake::{Fake, fake};

/// A program of half precision only: every event of the others stands at 0.
fn only_halves() -> Value {
    let zeros = (0..8).map(|bit| {
        let config = format!("event=0xc7,umask={:#x}", 1 << bit);
        json!({"name": config, "where": {"type": "raw", "config": config}, "value": 0})
    });
    json!({"events": zeros.collect::<Vec<Value>>()})
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn half_precision_is_not_left_out_in_silence() {
    let Some(fake) = fake() else { return };
    let args = ["run", "--counter", "perf", "--no-calibrate"];
    for model in [0x8f, 0xcf, 0xad, 0xae] {
        let mut machine = only_halves();
        machine["cpu"] = json!({"model": model});
        let spec = &["intel-sapphire-rapids"];
        let table = fake.flopledger(spec, Some(&machine), &[&args[..], &["--", "/bin/true"]].concat()).stderr;
        let total = table.lines().find(|line| line.contains("as FP events of")).expect("a total");
        assert!(total.trim_start().starts_with("0 ") && total.ends_with("; fp16 not counted"), "{total}");
        assert!(table.contains("not exact: fp16 not counted, and no part of the total"), "{table}");
        let csv = fake.flopledger(spec, Some(&machine), &[&args[..], &["--format", "csv", "--", "/bin/true"]].concat());
        assert!(csv.stderr.contains("\"pmu, not counted\",fp16,"), "{}", csv.stderr);
        let threads =
            fake.flopledger(spec, Some(&machine), &[&args[..], &["--per-thread", "--", "/bin/true"]].concat());
        assert!(threads.stderr.contains("FLOPs, fp16 not counted"), "{}", threads.stderr);
        // In a run of its own it is counted, and the total has it.
        let passes = fake.perf(spec, Some(&machine), &["--no-calibrate", "--passes"]);
        let flops = &passes.counted()["pmu_flops"];
        assert_eq!(flops.get("not_counted"), None);
        assert!(flops["fp16"].as_u64() > Some(0) && flops["fp16"] == flops["total"], "{flops}");
    }
}

/// With fewer counters than its events want, a Zen 4 leaves out what it has no room for.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn what_finds_no_counter_is_named() {
    let Some(fake) = fake() else { return };
    let watchdog = |on: &str| json!({"files": {"/proc/sys/kernel/nmi_watchdog": format!("{on}\n")}});
    let all = fake.perf(&["amd-zen4"], Some(&watchdog("0")), &["--no-calibrate"]);
    assert_eq!(all.counted()["pmu_flops"].get("not_counted"), None);
}

/// A Zen of family 26, whose events of one code have the values of their umasks.
fn zen(model: u32) -> Value {
    let kinds = [0x0fu64, 0x2f, 0x4f, 0x6f, 0x8f, 0xaf, 0xcf, 0xef];
    let flops = kinds.map(|umask| {
        let config = format!("event=0x03,umask={umask:#x}");
        json!({"name": config, "where": {"type": "raw", "config": config}, "value": of_zen(umask), "counters": 2})
    });
    let x87 = json!({"name": "x87", "where": {"type": "raw", "config": "event=0x02,umask=0x07"}, "value": 13});
    let events: Vec<Value> = flops.into_iter().chain([x87]).collect();
    json!({"cpu": {"family": 26, "model": model}, "events": events})
}

/// The total is that of its types, and of some that have no event of their own.
fn of_zen(umask: u64) -> u64 {
    match umask {
        0x0f => 1_000_000,
        umask => 1_000 + umask,
    }
}

fn configs(events: &Value) -> BTreeSet<String> {
    let groups =
        events["pmus"].as_array().expect("PMUs").iter().flat_map(|pmu| pmu["groups"].as_array().expect("groups"));
    let events = groups.flat_map(|group| group["events"].as_array().expect("events"));
    events.map(|event| event["config"].as_str().expect("a configuration").to_owned()).collect()
}

fn listed(fake: &Fake, cpu: &str) -> BTreeSet<String> {
    let events = fake.flopledger(&["no-pmu"], None, &["events", "--cpu", cpu, "--format", "json"]);
    configs(&serde_json::from_str(&events.stdout).expect("JSON"))
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn passes_count_every_group_that_events_list() {
    let Some(fake) = fake() else { return };
    for (cpu, model, halves) in [("AuthenticAMD-26-02", 0x02, false), ("AuthenticAMD-26-50", 0x50, true)] {
        let outcome = fake.perf(&["amd-zen4"], Some(&zen(model)), &["--no-calibrate", "--passes"]);
        assert_eq!(outcome.counted()["pmu_model"].as_str().map(|cpu| cpu.starts_with("AuthenticAMD-26")), Some(true));
        let opened = outcome.opened_on_children().into_iter().filter(|open| open["attr"]["type"] == 4);
        let opened: BTreeSet<String> =
            opened.map(|open| open["attr"]["config_hex"].as_str().expect("hexadecimal").to_owned()).collect();
        assert_eq!(opened, listed(&fake, cpu), "{cpu}");
        let mut values = BTreeMap::new();
        for event in outcome.fp_events() {
            assert_eq!(event["status"], "counted", "{event:#}");
            values.insert(event["name"].as_str().expect("a name").to_owned(), event["raw"].as_u64().expect("a count"));
        }
        // The types are told apart, and not added to the total that has them.
        let fp16 = if halves { json!(of_zen(0xcf) + of_zen(0xef)) } else { Value::Null };
        let flops = json!({"total": 1_000_013, "fp16": fp16, "fp32": of_zen(0x4f) + of_zen(0x6f),
                           "fp64": of_zen(0x8f) + of_zen(0xaf)});
        assert_eq!(outcome.counted()["pmu_flops"], flops, "{cpu}: {values:?}");
        // In one run, the total alone.
        let plain = fake.perf(&["amd-zen4"], Some(&zen(model)), &["--no-calibrate"]);
        assert_eq!(plain.counted()["pmu_flops"], json!({"total": 1_000_013, "fp16": null, "fp32": null, "fp64": null}));
    }
}

/// Every core type that an overlay can show: a pass for each event that `events` names, but a total that its parts tell.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn passes_leave_no_precision_out() {
    let Some(fake) = fake() else { return };
    for (spec, cpu) in [
        ("intel-sapphire-rapids", "GenuineIntel-6-8F"),
        ("intel-skylake-sp", "GenuineIntel-6-55-4"),
        ("amd-zen4", "AuthenticAMD-25-11"),
        ("amd-zen3", "AuthenticAMD-25-01"),
    ] {
        let outcome = fake.perf(&[spec], None, &["--no-calibrate", "--passes"]);
        let flops = &outcome.counted()["pmu_flops"];
        assert_eq!(flops.get("not_counted"), None, "{cpu}: {flops}");
        let names: BTreeSet<&str> =
            outcome.fp_events().iter().map(|event| event["name"].as_str().expect("a name")).collect();
        let events = fake.flopledger(&["no-pmu"], None, &["events", "--cpu", cpu, "--format", "json"]);
        let events: Value = serde_json::from_str(&events.stdout).expect("JSON");
        for group in
            events["pmus"][0]["groups"].as_array().expect("groups").iter().filter(|group| group["kind"] != "total")
        {
            for event in group["events"].as_array().expect("events") {
                assert!(names.contains(event["name"].as_str().expect("a name")), "{cpu}: {event:#}");
            }
        }
    }
}
