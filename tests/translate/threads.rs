//! Programs of many threads.

use serde_json::json;

use super::{Run, compile, flops, folder, program};

#[test]
fn hundreds_of_threads_count_what_they_do() {
    let result = program("many_threads", &[]);
    flops(&result, 20 * (200 * 201 / 2) + 400 * 3);
    assert_eq!((&result["processes"], &result["threads"]), (&json!(1), &json!(601)));
}

#[test]
fn threads_that_exit_group_ends_keep_their_counts() {
    let result = program("known_work", &["x"]);
    flops(&result, 3 * 1000);
    assert_eq!(result["threads"], json!(9));
}

/// A thread's last block counts as far as it was executed: 4 additions for each that was told, and at
/// most 4 more in each thread.
#[test]
fn threads_killed_in_the_middle_of_blocks_count_what_they_did() {
    let folder = folder();
    let program = folder.path().join("program");
    compile("gcc", "translate/torn_blocks.c", &program, &["-lpthread"]);
    for _ in 0..10 {
        let (result, output) = Run::new(&[program.to_str().expect("UTF-8")]).counted("translate");
        assert_eq!((&result["exact"], &result["reasons"]), (&json!(true), &json!([])));
        let told: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number");
        let counted = result["flops"]["total"].as_u64().expect("a count");
        assert!((4 * told..=4 * told + 16).contains(&counted), "{told} rounds, {counted} FLOPs");
    }
}

#[test]
fn threads_are_cancelled_wherever_they_are() {
    program("cancelled_threads", &[]);
}
