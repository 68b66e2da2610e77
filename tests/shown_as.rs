//! What other CPUs' events would show of the kernels with known answers.

use std::process::{Command, Output};

use serde_json::{Value, json};

#[path = "common/kernels.rs"]
mod kernels;

use kernels::Kernel;

const SKYLAKE: &str = "GenuineIntel-6-5E";
const SKYLAKE_SP: &str = "GenuineIntel-6-55-4";
const SAPPHIRE_RAPIDS: &str = "GenuineIntel-6-8F";
const SIERRA_FOREST: &str = "GenuineIntel-6-AF";

fn run(cpu: &str, counter: &str, program: &std::path::Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flopledger"))
        .args(["run", "--counter", counter, "--wait-all", "--format", "json", "--as", cpu, "--"])
        .arg(program)
        .output()
        .unwrap()
}

/// The whole result; None where this machine cannot run the kernel.
fn result(kernel: &Kernel, cpu: &str) -> Option<Value> {
    if let Some(flag) = kernel.lacks() {
        eprintln!("skipped: {} needs {flag}, which this CPU lacks", kernel.name);
        return None;
    }
    let output = run(cpu, "translate", &kernel.program);
    let text = String::from_utf8_lossy(&output.stderr);
    // The kernel's own words, if any, come before.
    let start = text.find("{\n").unwrap_or_else(|| panic!("{}: {text}", kernel.name));
    Some(serde_json::from_str(&text[start..]).unwrap_or_else(|error| panic!("{}: {error}\n{text}", kernel.name)))
}

fn kernel(name: &str) -> &'static Kernel {
    kernels::all().iter().find(|kernel| kernel.name == name).unwrap()
}

/// The count of the event whose name ends so.
fn count<'a>(result: &'a Value, name: &str) -> &'a Value {
    let events = result["as"]["events"].as_array().unwrap();
    let event = events.iter().find(|event| event["name"].as_str().unwrap().ends_with(name));
    &event.unwrap_or_else(|| panic!("no {name} in {events:#?}"))["count"]
}

/// By hand, from the instructions in the kernels' sources: each is repeated 100 times, an FMA and a dpps count
/// twice, min and max once, comparisons never.
#[test]
fn counts_by_hand() {
    let expected: [(&str, [(&str, u64); 6]); 5] = [
        (
            "fma",
            [
                ("SCALAR_SINGLE", 200),
                ("128B_PACKED_SINGLE", 200),
                ("256B_PACKED_SINGLE", 600),
                ("SCALAR_DOUBLE", 200),
                ("128B_PACKED_DOUBLE", 200),
                ("256B_PACKED_DOUBLE", 200),
            ],
        ),
        (
            "horizontal",
            [
                ("SCALAR_SINGLE", 0),
                ("128B_PACKED_SINGLE", 100 + 400),
                ("256B_PACKED_SINGLE", 100 + 200),
                ("SCALAR_DOUBLE", 0),
                ("128B_PACKED_DOUBLE", 100 + 200),
                ("256B_PACKED_DOUBLE", 0),
            ],
        ),
        (
            "compare_minmax",
            [
                ("SCALAR_SINGLE", 200),
                ("128B_PACKED_SINGLE", 100),
                ("256B_PACKED_SINGLE", 0),
                ("SCALAR_DOUBLE", 0),
                ("128B_PACKED_DOUBLE", 100),
                ("256B_PACKED_DOUBLE", 0),
            ],
        ),
        (
            "avx",
            [
                ("SCALAR_SINGLE", 100),
                ("128B_PACKED_SINGLE", 100),
                ("256B_PACKED_SINGLE", 600),
                ("SCALAR_DOUBLE", 100),
                ("128B_PACKED_DOUBLE", 100),
                ("256B_PACKED_DOUBLE", 200),
            ],
        ),
        (
            "sse_scalar",
            [
                ("SCALAR_SINGLE", 1000),
                ("128B_PACKED_SINGLE", 0),
                ("256B_PACKED_SINGLE", 0),
                ("SCALAR_DOUBLE", 600),
                ("128B_PACKED_DOUBLE", 0),
                ("256B_PACKED_DOUBLE", 0),
            ],
        ),
    ];
    for (name, events) in expected {
        for cpu in [SKYLAKE, SKYLAKE_SP, SAPPHIRE_RAPIDS] {
            let Some(result) = result(kernel(name), cpu) else { continue };
            for (event, expected) in events {
                let full = format!("FP_ARITH_INST_RETIRED.{event}");
                assert_eq!(count(&result, &full), &json!(expected), "{name} as {cpu}: {event}");
            }
            let wide = result["as"]["events"].as_array().unwrap().iter().filter(|e| e["config"] == "0x80c7").count();
            assert_eq!(wide, usize::from(cpu != SKYLAKE), "{cpu}");
        }
    }
}

/// From the counts that stand in each kernel's source: the event of a class by its width and precision, the
/// class's `pmu` over the elements of the vector. `-` there makes the event unknown.
#[test]
fn every_kernel_on_every_width() {
    let mut checked = 0;
    for kernel in kernels::all() {
        for (cpu, widest) in [(SKYLAKE, 256), (SKYLAKE_SP, 512), (SAPPHIRE_RAPIDS, 512)] {
            let Some(result) = result(kernel, cpu) else { continue };
            for (precision, suffix, bits) in [("fp32", "SINGLE", 32), ("fp64", "DOUBLE", 64), ("fp16", "HALF", 16)] {
                if precision == "fp16" && cpu != SAPPHIRE_RAPIDS {
                    continue;
                }
                for width in [bits, 128, 256, 512].into_iter().filter(|width| *width <= widest) {
                    let name = match width == bits {
                        true => format!(".SCALAR_{suffix}"),
                        false => format!(".{width}B_PACKED_{suffix}"),
                    };
                    let of = kernel.classes.iter().filter(|c| c.precision == precision && c.width == width);
                    let expected: Option<u64> = of.map(|class| class.pmu).sum();
                    let expected = expected.map(|flops| flops / (width / bits));
                    assert_eq!(count(&result, &name), &json!(expected), "{} as {cpu}: {name}", kernel.name);
                    checked += 1;
                }
            }
            if cpu == SAPPHIRE_RAPIDS {
                let events = result["as"]["events"].as_array().unwrap();
                let sum: Option<u64> = events.iter().map(|event| event["flops"].as_u64()).sum();
                assert_eq!(result["pmu_flops"]["total"], json!(sum), "{}", kernel.name);
            }
        }
    }
    assert!(checked > 300, "{checked}");
}

/// Crestmont and later count operations; that they count minima, and how, is not documented.
#[test]
fn e_cores_count_operations() {
    let fma = result(kernel("fma"), SIERRA_FOREST);
    if let Some(fma) = fma {
        assert_eq!((count(&fma, "FP32"), count(&fma, "FP64")), (&json!(5800), &json!(1400)));
    }
    let minmax = result(kernel("compare_minmax"), SIERRA_FOREST).expect("SSE2");
    assert_eq!((count(&minmax, "FP32"), count(&minmax, "FP64")), (&Value::Null, &Value::Null));
    assert!(minmax["as"]["caveats"].to_string().contains("minps"), "{minmax:#}");
    // Both kinds of cores of a hybrid, each as if all had run there.
    let hybrid = result(kernel("threads"), "GenuineIntel-6-BD").expect("SSE2");
    assert_eq!(count(&hybrid, "cpu_core/FP_ARITH_INST_RETIRED.128B_PACKED_SINGLE/"), 300);
    assert_eq!(count(&hybrid, "cpu_atom/FP_FLOPS_RETIRED.FP32/"), 1200);
}

#[test]
fn what_cannot_be_told_is_refused_before_anything_runs() {
    let marker = tempfile::tempdir().expect("a folder").path().join("ran");
    let refused = |args: &[&str], why: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_flopledger"))
            .arg("run")
            .args(args)
            .args(["--", "touch"])
            .arg(&marker)
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(why) && message.contains("remedy:") && !marker.exists(), "{message}");
    };
    refused(&["--as", "AuthenticAMD-25-11"], "AMD does not say");
    refused(&["--as", "GenuineIntel-6-3C"], "AVX_INSTS");
    refused(&["--as", "GenuineIntel-6-2A"], "replay");
    refused(&["--as", "0x410fd400"], "x86");
    refused(&["--as", "GenuineIntel-6-8B"], "nearest:");
    refused(&["--counter", "perf", "--as", SAPPHIRE_RAPIDS], "every instruction");
}

#[test]
fn the_table_and_csv_have_the_events_too() {
    let program = &kernel("sse_scalar").program;
    let print = |format: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_flopledger"))
            .args(["run", "--as", SKYLAKE, "--format", format, "--"])
            .arg(program)
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let table = print("table");
    assert!(
        table.contains("as the events of GenuineIntel-6-5E")
            && table.contains("counter: translate (--as needs every instruction)"),
        "{table}"
    );
    let csv = print("csv");
    assert!(csv.contains("as,FP_ARITH_INST_RETIRED.SCALAR_SINGLE,,,,1000,,1000\n"), "{csv}");
}
