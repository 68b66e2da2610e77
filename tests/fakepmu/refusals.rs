//! Every spec of a machine that does not count: refused by its cause.

use serde_json::{Value, json};

use crate::fake::{Fake, fake};

/// Exit code 125 by name, and `auto` has a counter all the same, for this reason.
#[track_caller]
fn refused(fake: &Fake, specs: &[&str], cpu: &[&str], cause: &str) {
    let by_name = fake.perf(specs, None, cpu);
    assert_eq!(by_name.status, Some(125), "{specs:?}: {}", by_name.stderr);
    assert!(by_name.stderr.contains(cause) && by_name.stderr.contains("remedy:"), "{specs:?}: {}", by_name.stderr);
    assert!(by_name.result.is_none(), "{specs:?}");
    let auto = fake.run(specs, None, cpu);
    assert_eq!(auto.counted()["counter"], "translate", "{specs:?}");
    let reason = auto.counted()["counter_reason"].as_str().expect("a reason");
    assert!(reason.starts_with("perf not taken: ") && reason.contains(cause), "{specs:?}: {reason}");
    assert!(reason.len() <= 120 && !reason.contains('\n'), "{specs:?}: not in one short line: {reason}");
    // `doctor` comes to the same verdict.
    let doctor = fake.flopledger(specs, None, &[&["doctor", "--json"], cpu].concat());
    assert_eq!(doctor.status, Some(0), "{specs:?}: {}", doctor.stderr);
    let report: Value = serde_json::from_str(&doctor.stdout).expect("JSON");
    let perf = &report["counters"][0];
    assert_eq!((&perf["counter"], &perf["works"]), (&json!("perf"), &json!(false)), "{specs:?}");
    let error = perf["error"].as_str().expect("an error");
    assert!(error.contains(cause), "{specs:?}: {error}");
    if specs.last() != Some(&MET_ONCE) {
        assert_eq!(report["auto"]["reason"], reason, "{specs:?}");
    }
}

/// A fault that a process meets once, so that `doctor`, which asks twice, does not meet it again.
const MET_ONCE: &str = "overlay-emfile-third";

/// What `doctor` finds out by asking for a hardware event.
#[track_caller]
fn probed(fake: &Fake, specs: &[&str], errno: &str, cause: &str) {
    let doctor = fake.flopledger(specs, None, &["doctor", "--json"]);
    let report: Value = serde_json::from_str(&doctor.stdout).expect("JSON");
    let probe = &report["probe"]["hardware_event"];
    assert_eq!(probe["errno"], errno, "{specs:?}");
    assert!(probe["cause"].as_str().is_some_and(|said| said.contains(cause)), "{specs:?}: {probe}");
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn doctor_maps_errors_to_causes() {
    let Some(fake) = fake() else { return };
    probed(&fake, &["no-pmu"], "ENOENT", "PMU");
    probed(&fake, &["no-perf"], "ENOSYS", "perf_event_open");
    probed(&fake, &["paranoid4"], "EACCES", "kernel.perf_event_paranoid is 4");
    probed(&fake, &[SKYLAKE, "overlay-paranoid3-debian"], "EACCES", "kernel.perf_event_paranoid is 3");
    probed(&fake, &[SKYLAKE, "overlay-seccomp-docker"], "EPERM", "perf_event_open");
    probed(&fake, &[SKYLAKE, "overlay-busy"], "EBUSY", "another tool holds the PMU");
}

const SKYLAKE: &str = "intel-skylake-sp";

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn machines_without_usable_events() {
    let Some(fake) = fake() else { return };
    refused(&fake, &["intel-haswell"], &[], "no event counts floating-point work");
    let haswell = fake.perf(&["intel-haswell"], None, &[]);
    assert_eq!(haswell.opened().count(), 0, "opened and read as 0");
    let sapphire_rapids = &["--cpu", "GenuineIntel-6-8F"];
    refused(&fake, &["no-pmu"], sapphire_rapids, "this machine has no such hardware event");
    refused(&fake, &["no-perf"], sapphire_rapids, "perf_event_open does not exist");
    refused(&fake, &[SKYLAKE, "overlay-eopnotsupp"], &[], "the PMU does not offer it");
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn what_the_kernel_forbids() {
    let Some(fake) = fake() else { return };
    refused(&fake, &["paranoid4"], &[], "kernel.perf_event_paranoid is 4");
    refused(&fake, &[SKYLAKE, "overlay-paranoid4"], &[], "kernel.perf_event_paranoid is 4");
    refused(&fake, &[SKYLAKE, "overlay-paranoid3-debian"], &[], "kernel.perf_event_paranoid is 3");
    refused(&fake, &[SKYLAKE, "overlay-seccomp-docker"], &[], "a sandbox (the seccomp profile of a container)");
}

#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn what_others_hold() {
    let Some(fake) = fake() else { return };
    refused(&fake, &[SKYLAKE, "overlay-busy"], &[], "another tool holds the PMU exclusively");
    // Each process meets it once.
    refused(&fake, &[SKYLAKE, MET_ONCE], &[], "too many open files");
}

/// Event 0x03 opens there, and would count wrongly.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn pairs_of_counters_that_nobody_pairs() {
    let Some(fake) = fake() else { return };
    let guest = json!({"cpu": {"add_flags": [], "remove_flags": ["perfctr_core"]}});
    let old = json!({"files": {"/proc/sys/kernel/osrelease": "5.4.0-150-generic\n"}});
    for (machine, cause) in
        [(guest, "no perfctr_core in /proc/cpuinfo"), (old, "Linux 5.4.0-150-generic does not know")]
    {
        let outcome = fake.perf(&["amd-zen3"], Some(&machine), &["--no-calibrate"]);
        assert_eq!(outcome.status, Some(125), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(cause) && outcome.stderr.contains("remedy:"), "{}", outcome.stderr);
        assert!(outcome.opened_on_children().is_empty(), "no command was started");
    }
}

/// All specs are in one test or another: a new one has to be, too.
#[test]
#[cfg_attr(not(has = "fakepmu"), ignore = "skipped: FLOPLEDGER_FAKEPMU names no fakepmu")]
fn no_spec_is_forgotten() {
    let Some(fake) = fake() else { return };
    let sources = [include_str!("specs.rs"), include_str!("refusals.rs")];
    for file in std::fs::read_dir(fake.specs()).expect("a folder of specs") {
        let file = file.expect("a file").path();
        if file.extension().is_some_and(|extension| extension == "json") {
            let name = format!("\"{}\"", file.file_stem().and_then(|name| name.to_str()).expect("UTF-8"));
            assert!(sources.iter().any(|source| source.contains(&name)), "{name} is tested nowhere");
        }
    }
}
