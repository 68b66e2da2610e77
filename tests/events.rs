//! `flopledger events` as a user meets it, and its encodings against those of an installed perf.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

fn events(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flopledger")).arg("events").args(args).output().expect("flopledger runs")
}

fn json(args: &[&str]) -> Value {
    let output = events(&[args, &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn of(cpu: &str) -> Value {
    json(&["--cpu", cpu])
}

fn text(args: &[&str]) -> String {
    String::from_utf8(events(args).stdout).expect("UTF-8")
}

#[test]
fn a_cpu_has_groups_weights_and_plans() {
    let spr = of("GenuineIntel-6-8F");
    assert_eq!(spr["schema"], "flopledger.events/1");
    assert_eq!((&spr["cpu"], &spr["microarchitecture"]), (&json!("GenuineIntel-6-8F"), &json!("Sapphire Rapids")));
    let pmu = &spr["pmus"][0];
    assert_eq!((&pmu["pmu"], &pmu["counters"], &pmu["quality"]), (&json!("cpu"), &json!(8), &json!("retired")));
    let single = pmu["groups"].as_array().unwrap().iter().find(|group| group["precision"] == "fp32").unwrap();
    let weights: Vec<(&str, u64)> = single["events"].as_array().unwrap().iter().map(weight).collect();
    assert_eq!(weights, [("0x2c7", 1), ("0x8c7", 4), ("0x20c7", 8), ("0x80c7", 16)]);
    assert!(spr["caveats"].as_array().unwrap().iter().any(|caveat| caveat.as_str().unwrap().contains("mask")));
    assert!(single["events"][0]["source"].as_str().unwrap().contains("intel/perfmon"));
    assert_eq!(pmu["plans"][0]["passes"][0]["groups"], json!(["fp64", "fp32"]));
    assert_eq!(pmu["plans"][0]["passes"][1]["groups"], json!(["fp16"]));
}

fn weight(event: &Value) -> (&str, u64) {
    (event["config"].as_str().unwrap(), event["flops_per_count"].as_u64().unwrap())
}

#[test]
fn smt_and_the_watchdog_decide_what_fits() {
    let plan = |cpu: &str, smt: bool, watchdog: bool| {
        let plans = of(cpu)["pmus"][0]["plans"].clone();
        let wanted = |plan: &&Value| plan["smt"] == smt && plan["nmi_watchdog"] == watchdog;
        plans.as_array().unwrap().iter().find(wanted).unwrap().clone()
    };
    let skylake = "GenuineIntel-6-55-4";
    assert_eq!(plan(skylake, true, false)["fits"], false);
    assert_eq!(plan(skylake, false, false)["passes"][0]["events"].as_array().unwrap().len(), 8);
    let zen4 = "AuthenticAMD-25-11";
    assert_eq!(plan(zen4, true, false)["counters"], 6);
    assert_eq!(plan(zen4, true, true)["counters"], 5);
    assert!(text(&["--cpu", skylake]).contains("which share the counters"));
}

#[test]
fn hybrids_have_a_pmu_each_and_cores_without_events_say_so() {
    let alder = of("GenuineIntel-6-97");
    let pmus = alder["pmus"].as_array().unwrap();
    assert_eq!(pmus.iter().map(|pmu| pmu["pmu"].as_str().unwrap()).collect::<Vec<_>>(), ["cpu_core", "cpu_atom"]);
    assert_eq!((&pmus[1]["groups"], &pmus[1]["quality"]), (&json!([]), &json!("none")));
    assert!(pmus[1]["reason"].as_str().unwrap().contains("Gracemont"));
    for (cpu, why) in [("GenuineIntel-6-3C", "AVX_INSTS"), ("0x410fd0c0", "VFP_SPEC"), ("HygonGenuine-24-0", "Zen 1")] {
        let none = text(&["--cpu", cpu]);
        assert!(none.contains("nothing is opened") && none.contains(why), "{none}");
    }
    // Vector length as data.
    assert_eq!(of("0x410fd400")["pmus"][0]["groups"][0]["events"][1]["flops_per_count"], "VL/128");
}

#[test]
fn an_unknown_cpu_is_refused_with_the_nearest_names() {
    for (cpu, near) in [
        ("GenuineIntel-6-8B", "GenuineIntel-6-8"),
        ("GenuineIntel-6-55", "GenuineIntel-6-55-4"),
        ("AuthenticAMD-31-01", "AuthenticAMD-2"),
    ] {
        let output = events(&["--cpu", cpu]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{message}");
        let says = [cpu, "nearest:", near, "remedy:"].iter().all(|part| message.contains(part));
        assert!(says && output.stdout.is_empty(), "{message}");
    }
    assert_eq!(events(&["--cpu", "Intel"]).status.code(), Some(2));
    assert_eq!(events(&["--cpu", "GenuineIntel-6-8F", "--list"]).status.code(), Some(2));
}

#[test]
fn this_machines_cpu_is_the_default() {
    let output = events(&["--format", "json"]);
    if output.status.code() == Some(125) {
        eprintln!("skipped: {}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let this: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(of(this["cpu"].as_str().unwrap())["microarchitecture"], this["microarchitecture"]);
}

#[test]
fn the_list_names_every_core_type() {
    let list = json(&["--list"]);
    let names: Vec<&str> = list["core_types"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 65);
    for name in ["Haswell", "Granite Rapids", "Clearwater Forest (Darkmont)", "Zen 5", "Fujitsu A64FX", "Neoverse N1"] {
        assert!(names.contains(&name), "{name}");
    }
    assert_eq!(text(&["--list", "--format", "csv"]).lines().count(), 66);
    assert!(text(&["--list"]).contains("GenuineIntel-6-55-(00-04)"));
    let rows = text(&["--cpu", "AuthenticAMD-23-01", "--format", "csv"]);
    assert_eq!(rows.lines().count(), 4, "{rows}");
}

/// A tree of PMUs, for which perf prints its tables.
fn sysfs(pmus: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for pmu in pmus {
        let path = folder.path().join("bus/event_source/devices").join(pmu);
        fs::create_dir_all(path.join("format")).expect("made");
        fs::write(path.join("type"), "4\n").expect("written");
        fs::write(path.join("cpus"), "0\n").expect("written");
        for (field, bits) in [("event", "0-7"), ("umask", "8-15"), ("edge", "18"), ("inv", "23"), ("cmask", "24-31")] {
            fs::write(path.join("format").join(field), format!("config:{bits}\n")).expect("written");
        }
    }
    folder
}

/// The encodings in perf's own tables, by PMU and lower-case name. None without perf.
fn of_perf(cpu: &str, tree: &Path) -> Option<BTreeMap<(String, String), u64>> {
    let output =
        Command::new("perf").args(["list", "--details"]).env("PERF_CPUID", cpu).env("SYSFS_PATH", tree).output();
    let text = String::from_utf8_lossy(&output.ok()?.stdout).into_owned();
    let mut encodings = BTreeMap::new();
    let mut name = "";
    for line in text.lines() {
        let indented = line.len() - line.trim_start().len();
        let line = line.trim();
        if indented == 2 && !line.contains(' ') {
            name = line;
        }
        let Some((pmu, fields)) = line.split_once('/') else { continue };
        let field = |key: &str| {
            let value = fields.trim_end_matches('/').split(',').find_map(|f| f.strip_prefix(key)?.strip_prefix("=0x"));
            value.and_then(|hex| u64::from_str_radix(hex, 16).ok())
        };
        if let Some(event) = field("event").filter(|_| line.ends_with('/')) {
            encodings.insert((pmu.to_owned(), name.to_lowercase()), event | field("umask").unwrap_or(0) << 8);
        }
    }
    Some(encodings)
}

#[test]
#[cfg_attr(not(has = "perf"), ignore = "skipped: no perf")]
fn encodings_are_those_of_perf() {
    // perf 6.1 has no table for later CPUs, and takes all of AMD's family 25 for Zen 3.
    let cpus = [
        ("GenuineIntel-6-2A-7", 6),
        ("GenuineIntel-6-2D-7", 6),
        ("GenuineIntel-6-3A-9", 6),
        ("GenuineIntel-6-3E-4", 6),
        ("GenuineIntel-6-3D-4", 6),
        ("GenuineIntel-6-56-3", 6),
        ("GenuineIntel-6-4F-1", 6),
        ("GenuineIntel-6-5E-3", 6),
        ("GenuineIntel-6-55-4", 8),
        ("GenuineIntel-6-55-7", 8),
        ("GenuineIntel-6-7E-5", 8),
        ("GenuineIntel-6-6A-6", 8),
        ("GenuineIntel-6-8C-1", 8),
        ("GenuineIntel-6-A7-1", 8),
        ("GenuineIntel-6-8F-6", 13),
        ("GenuineIntel-6-97-2", 6),
        ("AuthenticAMD-23-1-2", 1),
    ];
    for (cpu, least) in cpus {
        let pmus = of(cpu)["pmus"].as_array().unwrap().clone();
        let names: Vec<&str> = pmus.iter().map(|pmu| pmu["pmu"].as_str().unwrap()).collect();
        let tree = sysfs(&names);
        let Some(theirs) = of_perf(cpu, tree.path()) else {
            eprintln!("skipped: perf is not installed");
            return;
        };
        let mut compared = std::collections::BTreeSet::new();
        for pmu in &pmus {
            for event in pmu["groups"].as_array().unwrap().iter().flat_map(|group| group["events"].as_array().unwrap())
            {
                let name = event["name"].as_str().unwrap().to_lowercase();
                // Published with 4_FLOPS' umask for Skylake-SP and Cascade Lake; its description says 0x60.
                let slip = cpu.starts_with("GenuineIntel-6-55") && name.ends_with("8_flops");
                let key = (pmu["pmu"].as_str().unwrap().to_owned(), name);
                let Some(config) = theirs.get(&key).filter(|_| !slip) else { continue };
                assert_eq!(event["config"], format!("{config:#x}"), "{cpu}: {key:?}");
                compared.insert(key);
            }
        }
        assert!(compared.len() >= least, "{cpu}: only {compared:?} of {} in perf's table", theirs.len());
        eprintln!("{cpu}: {} encodings as in perf's table", compared.len());
    }
}
