//! The single-stepping counter: exact counts of hand-counted programs, and programs that must not
//! notice that they are counted.

use std::process::{Command, Output};

use serde_json::{Value, json};

#[path = "step/build.rs"]
mod build;

use build::{compile, count, cpu_has, folder};

/// Counts a part of counted.S.
fn counted(part: &str) -> Value {
    let folder = folder();
    let program = compile(&folder, "counted.S", &["-nostdlib", "-static", "-no-pie", &format!("-DPART_{part}")]);
    count(&program, &[]).0
}

fn exact(result: &Value, instructions: u64, flops: u64) {
    assert_eq!(result["instructions"]["total"], instructions, "{result:#}");
    assert_eq!(result["flops"]["total"], flops, "{result:#}");
    assert_eq!((&result["exact"], &result["reasons"]), (&json!(true), &json!([])), "{result:#}");
}

#[test]
fn a_repeated_string_instruction_counts_once_and_a_jump_to_itself_each_time() {
    exact(&counted("REPEAT"), 59, 0);
}

#[test]
fn an_instruction_that_faults_and_restarts_counts_once() {
    exact(&counted("RESTART"), 23, 2);
}

#[test]
fn an_instruction_that_kills_does_not_count_and_the_counts_so_far_are_kept() {
    let result = counted("KILLED");
    exact(&result, 2, 1);
    assert_eq!(result["exit"], json!({"code": null, "signal": libc::SIGILL}));
}

#[test]
fn a_breakpoint_instruction_retires() {
    exact(&counted("BREAKPOINT"), 13, 0);
}

#[test]
fn regions_nest_and_calls_are_merged() {
    let result = counted("REGIONS");
    exact(&result, 44, 10);
    let regions = json!([
        {"path": "a", "calls": 3, "flops": 9},
        {"path": "a/b", "calls": 3, "flops": 6},
    ]);
    assert_eq!(result["regions"], regions);
}

#[test]
fn markers_out_of_order_void_exactness() {
    for (part, instructions, reason) in [("UNBALANCED", 4, "no marker began"), ("LEFT_OPEN", 6, "still open")] {
        let result = counted(part);
        assert_eq!(result["instructions"]["total"], instructions);
        assert_eq!(result["exact"], false);
        assert!(result["reasons"][0].as_str().is_some_and(|r| r.contains(reason)), "{result:#}");
    }
}

#[test]
fn a_child_process_counts_in_the_region_that_it_was_forked_in() {
    let result = counted("FORK");
    exact(&result, 17 + 2 + 4, 1);
    assert_eq!(result["regions"], json!([{"path": "a", "calls": 1, "flops": 1}]));
    assert_eq!((&result["processes"], &result["threads"]), (&json!(2), &json!(2)));
}

#[test]
#[cfg_attr(not(has = "avx512"), ignore = "skipped: no AVX-512")]
fn masked_lanes_are_counted_from_the_mask() {
    if !cpu_has("avx512f") {
        eprintln!("skipped: this CPU has no AVX-512");
        return;
    }
    let result = counted("MASKS");
    exact(&result, 8, 8 + 2 * 4 + 16);
    // Events count full width: 16 + 2 x 8 + 16.
    assert_eq!(result["pmu_flops"], json!({"total": 48, "fp16": 0, "fp32": 32, "fp64": 16}));
}

#[test]
fn tile_products_count_what_the_tiles_are_configured_to() {
    if !cpu_has("amx_bf16") {
        eprintln!("skipped: this CPU has no AMX");
        return;
    }
    let result = counted("TILES");
    exact(&result, 10, 2 * 4 * 3 * 10);
    assert_eq!(result["pmu_flops"]["total"], 0);
}

#[test]
#[cfg_attr(not(has = "g++"), ignore = "skipped: no g++")]
fn functions_are_named_by_object_and_symbol() {
    let folder = folder();
    let program = compile(&folder, "functions.cpp", &["-O1", "-x", "c++", "-lstdc++"]);
    let (result, _) = count(&program, &[]);
    let flops = |symbol: &str| {
        let rows = result["functions"].as_array().expect("functions");
        let row = rows.iter().find(|row| row["symbol"] == symbol && row["object"] == "program");
        row.map(|row| row["flops"].clone())
    };
    assert_eq!(flops("work::add(double, int)"), Some(json!(100)), "{:#}", result["functions"]);
    assert_eq!(flops("multiply"), Some(json!(50)), "{:#}", result["functions"]);
    let jit = result["functions"].as_array().and_then(|rows| rows.iter().find(|row| row["object"] == "[jit]"));
    assert_eq!(jit.map(|row| &row["flops"]), Some(&json!(7)), "{:#}", result["functions"]);
}

/// What a part of transparent.c prints, and how it ends, natively and counted.
fn unnoticed(part: &str) -> Value {
    let folder = folder();
    let program = compile(&folder, "transparent.c", &["-O1", "-static", "-pthread"]);
    let native = Command::new(&program).arg(part).output().expect("runs natively");
    let (result, output) = count(&program, &[part]);
    let seen = |o: &Output| (String::from_utf8_lossy(&o.stdout).into_owned(), o.status.code());
    assert_eq!(seen(&output), seen(&native), "{part}: {output:?}");
    assert_eq!((&result["exact"], &result["reasons"]), (&json!(true), &json!([])));
    result
}

#[test]
fn a_program_sees_its_own_mask_and_handler_of_sigtrap() {
    unnoticed("masks");
}

#[test]
fn a_program_sees_its_own_mask_in_signal_frames() {
    unnoticed("frames");
}

#[test]
fn a_program_does_not_see_the_trap_flag() {
    unnoticed("flags");
}

#[test]
fn a_program_can_step_itself() {
    unnoticed("self-step");
}

#[test]
fn faults_are_delivered() {
    unnoticed("faults");
    unnoticed("altstack");
}

#[test]
fn posix_spawn_vfork_system_and_popen_work_as_natively() {
    let result = unnoticed("spawns");
    assert_eq!(result["processes"], 6);
}

#[test]
fn a_thread_executes_another_program() {
    let result = unnoticed("threads");
    assert_eq!((&result["processes"], &result["threads"]), (&json!(1), &json!(8)));
}

#[test]
fn exit_ends_other_threads() {
    unnoticed("leaves");
}

#[test]
fn processes_stop_and_continue() {
    unnoticed("stops");
}

#[test]
fn system_calls_are_interrupted_as_natively() {
    unnoticed("interrupts");
}

#[test]
fn a_program_sees_the_cpus_that_it_natively_has() {
    unnoticed("cpus");
}
