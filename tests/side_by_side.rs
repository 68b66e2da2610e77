//! `run --counter perf,translate` where there is no PMU; with one, see fakepmu.

use std::process::Command;

#[test]
fn without_a_pmu_it_is_refused_with_the_reason() {
    let run = |counter: &str| {
        Command::new(env!("CARGO_BIN_EXE_flopledger"))
            .args(["run", "--cpu", "GenuineIntel-6-3C", "--counter", counter, "--", "true"])
            .output()
            .unwrap()
    };
    let output = run("perf,translate");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(125), "{message}");
    assert!(message.contains("AVX_INSTS") && message.contains("remedy:"), "{message}");
    for counter in ["translate,step", "perf,perf", "perf,translate,step", "auto,perf"] {
        let output = run(counter);
        assert_eq!(output.status.code(), Some(2), "{counter}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
