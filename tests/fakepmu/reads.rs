//! Reads that fail, are interrupted, or give more than can be added.

use serde_json::{Value, json};

use crate::fake::fake;

const SPEC: &[&str] = &["intel-sapphire-rapids"];
const PLAIN: &[&str] = &["--no-calibrate"];

fn fault(of: Value) -> Value {
    let mut fault =
        json!({"name": "fault", "where": {"type": "raw", "config": "event=0xc7,umask=0x01"}, "stage": "read"});
    fault.as_object_mut().expect("an object").extend(of.as_object().expect("an object").clone());
    json!({"faults": [fault]})
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn what_a_signal_interrupted_is_read_again() {
    let Some(fake) = fake() else { return };
    let whole = fake.perf(SPEC, None, PLAIN);
    let interrupted = fake.perf(SPEC, Some(&fault(json!({"errno": "EINTR", "times": 3}))), PLAIN);
    assert_eq!(interrupted.counted()["pmu_flops"], whole.counted()["pmu_flops"]);
    assert_eq!(interrupted.counted()["events"][0]["raw"], whole.counted()["events"][0]["raw"]);
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn a_read_that_fails_is_named_as_what_it_is() {
    let Some(fake) = fake() else { return };
    for (of, cause) in [
        (json!({"errno": "EIO"}), "the kernel could not read its counter (an input/output error)"),
        (json!({"eof": true}), "it lost its hardware counter"),
        (json!({"errno": "ENODEV"}), "the PMU or CPU is offline"),
    ] {
        let outcome = fake.perf(SPEC, Some(&fault(of)), PLAIN);
        let event = &outcome.counted()["events"][0];
        assert_eq!((&event["raw"], &event["status"]), (&Value::Null, &json!("not counted")), "{cause}");
        assert_eq!(event["reason"], cause);
        let flops = &outcome.counted()["pmu_flops"];
        assert_eq!((&flops["total"], &flops["fp64"]), (&Value::Null, &Value::Null), "{cause}");
        assert!(flops["fp32"].is_u64(), "{cause}: the others were read");
    }
}

/// The most that a counter holds, times its weight or beside another.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn sums_are_refused_rather_than_wrapped() {
    let Some(fake) = fake() else { return };
    let machine = |values: [(u64, u64); 8]| {
        let events = values.map(|(umask, value)| {
            let config = format!("event=0xc7,umask={umask:#x}");
            json!({"name": config, "where": {"type": "raw", "config": config}, "value": value})
        });
        json!({"events": events.to_vec()})
    };
    let none = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80].map(|umask| (umask, 0));
    let with = |changes: &[(u64, u64)]| {
        none.map(|(umask, _)| (umask, changes.iter().find(|(of, _)| *of == umask).map_or(0, |(_, value)| *value)))
    };
    // Scalar double and single weigh 1; 512 bits of single 16.
    for changes in [
        &[(0x80, u64::MAX)][..],
        &[(0x80, u64::MAX / 16 + 1)],
        &[(0x01, u64::MAX), (0x02, 1)],
        &[(0x01, u64::MAX), (0x40, u64::MAX)],
    ] {
        for options in [PLAIN, &["--no-calibrate", "--passes"]] {
            let outcome = fake.perf(SPEC, Some(&machine(with(changes))), options);
            let flops = &outcome.counted()["pmu_flops"];
            assert_eq!((&flops["total"], flops.get("partial")), (&Value::Null, None), "{changes:?}: {flops}");
            assert!(outcome.reasons().contains("more than 2^64 - 1 FLOPs"), "{changes:?}: {}", outcome.reasons());
        }
    }
    let fits = fake.perf(SPEC, Some(&machine(with(&[(0x01, u64::MAX)]))), PLAIN);
    assert_eq!(fits.counted()["pmu_flops"]["total"], u64::MAX);
    assert!(!fits.reasons().contains("2^64"), "{}", fits.reasons());
}
