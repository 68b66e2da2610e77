//! The options of `run` that users of `perf stat` know, with events of the kernel, which are real on any
//! machine.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

fn flopledger(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flopledger"));
    command.arg("run").args(args).stdin(Stdio::null());
    command
}

fn output(args: &[&str]) -> Output {
    flopledger(args).output().expect("flopledger runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(args: &[&str]) -> Value {
    let output = output(&[&["--format", "json"], args].concat());
    serde_json::from_slice(&output.stderr).unwrap_or_else(|e| panic!("{e}: {}", stderr(&output)))
}

/// The count of an event by its name.
fn count(result: &Value, name: &str) -> Option<u64> {
    let events = result["events"].as_array().expect("events");
    events.iter().find(|event| event["name"] == name).unwrap_or_else(|| panic!("no {name}: {result:#}"))["raw"].as_u64()
}

/// A program of `tests/stat`, built into a folder that lives as long as it.
struct Program {
    _folder: TempDir,
    path: PathBuf,
}

impl Program {
    fn build(source: &str) -> Program {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("program");
        let source = format!("{}/tests/stat/{source}", env!("CARGO_MANIFEST_DIR"));
        let status = Command::new("cc").args(["-O1", "-pthread", "-o"]).arg(&path).arg(source).status().expect("cc");
        assert!(status.success());
        Program { _folder: folder, path }
    }

    fn path(&self) -> &str {
        self.path.to_str().expect("UTF-8")
    }
}

/// What the pages beyond those of start-up are: the difference of two runs that differ in nothing else.
#[test]
fn page_faults_are_counted_to_the_last_one() {
    let program = Program::build("faults.c");
    // The least of some runs: start-up is given a fault or more besides where the machine is busy.
    let faults = |pages: &str| {
        let args = ["--counter", "events", "-e", "minor-faults:u", "--", program.path(), pages, "0", "0"];
        (0..5).map(|_| count(&json(&args), "minor-faults:u").expect("counted")).min().expect("runs")
    };
    let (few, many) = (faults("10"), faults("5010"));
    // The kernel may place a page table or the stack elsewhere: a fault or two of start-up.
    assert!((5000 - 3..=5000 + 3).contains(&(many - few)), "{few} {many}");
}

/// The same events, asked of the kernel for each thread at its end.
#[test]
fn threads_and_processes_are_told_apart() {
    let program = Program::build("faults.c");
    let args = ["--counter", "events", "--per-thread", "--per-process", "-e", "page-faults:u,task-clock"];
    let result = json(&[&args[..], &["--", program.path(), "100", "3000", "7000"]].concat());
    let faults = |row: &Value| row["events"][0]["raw"].as_u64().unwrap_or_else(|| panic!("{result:#}"));
    let threads: Vec<u64> = result["by_thread"].as_array().expect("threads").iter().map(faults).collect();
    let near = |count: u64, pages: u64| (pages..pages + 90).contains(&count);
    // Main, with what starting takes; the thread and the child, with their stacks.
    let [main, thread, child] = threads[..] else { panic!("{result:#}") };
    assert!(near(main, 100) && near(thread, 3000) && near(child, 7000), "{threads:?}");
    // Nothing is lost or counted twice.
    assert_eq!(Some(threads.iter().sum()), count(&result, "page-faults:u"), "{result:#}");
    let processes: Vec<(u64, u64)> = result["by_process"]
        .as_array()
        .expect("processes")
        .iter()
        .map(|row| (row["threads"].as_u64().expect("a number"), faults(row)))
        .collect();
    assert_eq!(processes, [(2, main + thread), (1, child)]);
}

/// Threads that run at the same time trade their events in the kernel. What it mixes up is not told.
#[test]
fn counts_by_thread_add_up_whatever_the_kernel_trades() {
    let program = Program::build("faults.c");
    let script = format!("for i in 1 2 3 4 5; do {} 50 500 900 & done; wait", program.path());
    for _ in 0..5 {
        let args =
            ["--counter", "events", "--per-thread", "-e", "page-faults:u,cs,task-clock,cpu-clock,minor-faults:u"];
        let result = json(&[&args[..], &["--", "sh", "-c", &script]].concat());
        let rows = result["by_thread"].as_array().expect("threads");
        let known: Option<Vec<u64>> = rows.iter().map(|row| row["events"][0]["raw"].as_u64()).collect();
        for (number, event) in result["events"].as_array().expect("events").iter().enumerate() {
            let counts: Option<Vec<u64>> = rows.iter().map(|row| row["events"][number]["raw"].as_u64()).collect();
            assert_eq!(counts.is_some(), known.is_some(), "{rows:#?}");
            assert!(
                counts.is_none_or(|counts| Some(counts.iter().sum()) == event["raw"].as_u64()),
                "{event} of {rows:#?}"
            );
        }
        let reasons = result["reasons"].to_string();
        assert_eq!(known.is_none(), reasons.contains("counts by thread"), "{reasons}");
        // No count of one event or thread is in the row of another: workers, children, and the others.
        let told = rows.iter().filter_map(|row| row["events"][0]["raw"].as_u64());
        let strays: Vec<u64> =
            told.filter(|n| !(40..300).contains(n) && !(500..600).contains(n) && !(900..1000).contains(n)).collect();
        assert!(strays.is_empty(), "{strays:?} of {rows:#?}");
    }
}

#[test]
fn repeated_runs_have_mean_deviation_and_spread() {
    let result = json(&["--counter", "events", "-e", "page-faults:u,cycles", "--repeat", "4", "--", "true"]);
    assert_eq!(result["repeated"]["runs"], 4);
    let figures = result["repeated"]["figures"].as_array().expect("figures");
    let figure = |name: &str| figures.iter().find(|figure| figure["name"] == name).unwrap_or_else(|| panic!("{name}"));
    let faults = figure("page-faults:u");
    let number = |key: &str| faults[key].as_f64().expect("a number");
    let (mean, min, max) = (number("mean"), number("min"), number("max"));
    assert!(min > 10.0 && min <= mean && mean <= max, "{faults}");
    assert_eq!(number("spread_percent"), 100.0 * (max - min) / mean);
    assert!(number("deviation") <= max - min, "{faults}");
    let first = count(&result, "page-faults:u").expect("counted") as f64;
    assert!((min..=max).contains(&first));
    if count(&result, "cycles").is_none() {
        assert_eq!(figure("cycles")["mean"], Value::Null, "what is not known is no 0");
    }
}

/// Instructions are the same in each run, to the last one, where the program does the same.
#[test]
fn instruction_counters_repeat_too() {
    let kernel = ["--counter", "step", "--repeat", "3", "-e", "page-faults", "--", "sh", "-c", ":"];
    let result = json(&kernel);
    let figures = result["repeated"]["figures"].as_array().expect("figures");
    let names: Vec<&str> = figures.iter().filter_map(|figure| figure["name"].as_str()).collect();
    assert_eq!(names[..4], ["flops", "pmu_flops", "instructions", "page-faults"]);
}

#[test]
fn runs_that_end_differently_are_not_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!("mkdir {}", folder.path().join("once").display());
    let output = output(&["--counter", "events", "--repeat", "3", "--", "sh", "-c", &script]);
    assert_eq!(output.status.code(), Some(125));
    assert!(stderr(&output).contains("run 2 ended with status 1, the first with 0"), "{}", stderr(&output));
    let same =
        flopledger(&["--counter", "events", "--repeat", "3", "--", "sh", "-c", "exit 7"]).output().expect("runs");
    assert_eq!(same.status.code(), Some(7));
}

/// Deltas add up to the total, and come while the command runs.
#[test]
fn intervals_are_told_as_they_come() {
    let program = Program::build("faults.c");
    let script = format!("sleep 0.25; {} 2000 0 0", program.path());
    let args = ["--counter", "events", "-I", "100", "-e", "page-faults:u,cycles", "--format"];
    let told = output(&[&args[..], &["json", "--", "sh", "-c", &script]].concat());
    let lines: Vec<Value> = stderr(&told).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (result, ticks) = lines.split_last().expect("lines");
    let faults: Vec<&Value> = ticks.iter().filter(|tick| tick["event"] == "page-faults:u").collect();
    assert!(faults.len() >= 3, "{ticks:?}");
    let times: Vec<f64> = faults.iter().filter_map(|tick| tick["time_s"].as_f64()).collect();
    assert!((0.1..0.2).contains(&times[0]) && times.is_sorted(), "{times:?}");
    let sum: u64 = faults.iter().map(|tick| tick["delta"].as_u64().expect("counted")).sum();
    assert_eq!(Some(sum), count(result, "page-faults:u"));
    let late = faults.iter().filter(|tick| tick["time_s"].as_f64().is_some_and(|time| time > 0.25));
    assert!(late.filter_map(|tick| tick["delta"].as_u64()).sum::<u64>() >= 2000, "{faults:?}");
    assert_eq!(result["schema"], "flopledger.run/1");

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("lines.csv");
    let status =
        flopledger(&[&args[..], &["csv", "-o", file.to_str().expect("UTF-8"), "--", "sleep", "0.15"]].concat())
            .status()
            .expect("runs");
    assert!(status.success());
    let text = std::fs::read_to_string(file).expect("written");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines.len() % 2), ("time_s,event,delta,running", 1), "{text}");
    assert!(lines[1].split(',').nth(1) == Some("page-faults:u"), "{text}");
}

/// A program that waits for a signal before it works.
fn waiting(program: &Program) -> Child {
    let script = format!("sleep 0.6; {} 100 3000 0; exit 9", program.path());
    let child = Command::new("sh").args(["-c", &script]).spawn().expect("sh");
    std::thread::sleep(Duration::from_millis(150));
    child
}

#[test]
fn a_process_that_runs_is_counted_until_it_ends() {
    let program = Program::build("faults.c");
    let mut child = waiting(&program);
    let pid = child.id().to_string();
    let result = json(&["--counter", "events", "-e", "page-faults:u", "--per-process", "-p", &pid]);
    assert_eq!(child.wait().expect("waited").code(), Some(9));
    let total = count(&result, "page-faults:u").expect("counted");
    assert!((3100..3100 + 400).contains(&total), "{result:#}");
    // What is not known of a process that is not ours.
    assert_eq!(result["exit"], serde_json::json!({"code": null, "signal": null}));
    assert_eq!((&result["time"]["user_s"], &result["max_rss_bytes"]), (&Value::Null, &Value::Null));
    assert_eq!(
        (&result["command"], &result["target"]["processes"][0]),
        (&serde_json::json!([]), &Value::from(child.id()))
    );
    // A row for the shell, and one for what it started.
    let rows = result["by_process"].as_array().expect("rows");
    let sum: Option<u64> = rows.iter().map(|row| row["events"][0]["raw"].as_u64()).sum();
    assert_eq!((rows.len(), sum), (2, Some(total)), "{rows:#?}");

    let output = output(&["--counter", "events", "-p", &pid]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is no such process"), "{}", stderr(&output));
}

#[test]
fn an_interrupt_gives_the_counts_so_far() {
    let mut child = Command::new("sleep").arg("60").spawn().expect("sleep");
    for target in [vec!["-p".to_owned(), child.id().to_string()], vec!["-a".to_owned()]] {
        let args =
            [&["--counter", "events", "--format", "json"][..], &target.iter().map(String::as_str).collect::<Vec<_>>()]
                .concat();
        let started = Instant::now();
        let counting = flopledger(&args).stderr(Stdio::piped()).spawn().expect("runs");
        std::thread::sleep(Duration::from_millis(400));
        // As Ctrl-C does; SIGINT itself is ignored by what a shell starts in the background, as these tests may be.
        // SAFETY: no memory is involved; the child has not been waited for.
        unsafe { libc::kill(counting.id() as i32, libc::SIGTERM) };
        let output = counting.wait_with_output().expect("waited");
        assert!(started.elapsed() < Duration::from_secs(20));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let result: Value = serde_json::from_slice(&output.stderr).expect("JSON");
        assert!(result["time"]["wall_s"].as_f64().is_some_and(|s| s > 0.1), "{result:#}");
    }
    child.kill().expect("killed");
    child.wait().expect("waited");
}

/// Needs the right to count whole CPUs.
#[test]
fn cpus_are_counted_until_the_command_ends() {
    let output = output(&[
        "--counter",
        "events",
        "-C",
        "0",
        "-e",
        "cpu-clock,task-clock:u",
        "--format",
        "json",
        "--",
        "sleep",
        "0.2",
    ]);
    let result: Value = serde_json::from_slice(&output.stderr).expect("JSON");
    let clock = result["events"][0]["raw"].as_u64();
    let Some(clock) = clock else {
        eprintln!("skipped: {}", result["events"][0]["reason"]);
        return;
    };
    let wall_ns = 1e9 * result["time"]["wall_s"].as_f64().expect("a time");
    assert!((clock as f64 - wall_ns).abs() < 0.5 * wall_ns, "a CPU's clock always runs: {clock} {wall_ns}");
    assert_eq!(result["target"], serde_json::json!({"cpus": [0]}));
    let absent = flopledger(&["--counter", "events", "-C", "4000", "--", "true"]).output().expect("runs");
    assert_eq!(absent.status.code(), Some(2), "{}", stderr(&absent));
}

#[test]
fn counting_starts_after_the_delay() {
    let program = Program::build("faults.c");
    let script = format!("{0} 4000 0 0; sleep 0.8; {0} 1000 0 0", program.path());
    let args = ["--counter", "events", "-e", "page-faults:u"];
    let late = json(&[&args[..], &["--delay", "500", "--", "sh", "-c", &script]].concat());
    assert!(count(&late, "page-faults:u").is_some_and(|faults| (1000..2000).contains(&faults)), "{late:#}");
    let never = json(&[&args[..], &["--delay", "60000", "--", "true"]].concat());
    assert_eq!((count(&never, "page-faults:u"), &never["events"][0]["status"]), (None, &Value::from("not counted")));
}

#[test]
fn events_ride_along_with_instruction_counters() {
    let result = json(&["--counter", "translate", "-e", "minor-faults:u,context-switches", "--", "true"]);
    assert_eq!(result["exact"], true, "{result:#}");
    assert!(count(&result, "minor-faults:u").is_some_and(|faults| faults > 10));
    assert_eq!(result["events"].as_array().map(Vec::len), Some(2));
    assert!(result["flop_per_s"].is_number());
    for option in [["--interval", "10"], ["--delay", "10"]] {
        let refused =
            flopledger(&[&["--counter", "translate"], &option[..], &["--", "true"]].concat()).output().expect("runs");
        assert_eq!(refused.status.code(), Some(2), "{option:?}");
        assert!(stderr(&refused).contains("--counter events"), "{}", stderr(&refused));
    }
}

#[test]
fn without_fp_events_perf_says_so() {
    let output = output(&["--counter", "perf", "--cpu", "GenuineIntel-6-3C", "-e", "task-clock", "--", "true"]);
    assert_eq!(output.status.code(), Some(125), "{}", stderr(&output));
    let result = json(&["--counter", "events", "--", "true"]);
    assert_eq!((&result["flops"]["total"], &result["pmu_flops"]["total"]), (&Value::Null, &Value::Null));
}

#[test]
fn names_that_no_event_has_are_2_with_the_nearest() {
    for (name, says) in [
        ("page-fualts", "nearest: page-faults"),
        ("LLC-laod-misses", "LLC-load-misses"),
        ("nopmu/event=1/", "no PMU"),
        ("cs:x", "modifier 'x'"),
        ("cpu/event=1", "a slash is missing"),
    ] {
        let output = output(&["--counter", "events", "-e", name, "--", "true"]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(stderr(&output).contains(says) && stderr(&output).contains(name), "{}", stderr(&output));
    }
}

#[test]
fn what_does_not_go_together_is_2() {
    for args in [
        &["-p", "1", "--repeat", "2"][..],
        &["-a", "-p", "1"],
        &["-a", "--per-thread"],
        &["-a", "--repeat", "2"],
        &["--repeat", "0", "--", "true"],
        &["-p", "0"],
        &["-C", "x"],
    ] {
        assert_eq!(output(&[&["--counter", "events"], args].concat()).status.code(), Some(2), "{args:?}");
    }
}

/// The PMU of the time-stamp counter, where there is one, is no PMU of cores, and names its event.
#[test]
fn events_of_a_pmu_are_named_by_sysfs() {
    if !std::path::Path::new("/sys/bus/event_source/devices/msr/events/tsc").exists() {
        eprintln!("skipped: no PMU msr with an event tsc");
        return;
    }
    let result = json(&["--counter", "events", "-e", "msr/tsc/,msr/event=0x0/,task-clock", "--", "true"]);
    let counts = [count(&result, "msr/tsc/"), count(&result, "msr/event=0x0/")];
    let [Some(named), Some(numbered)] = counts else {
        eprintln!("skipped: {}", result["events"][0]["reason"]);
        return;
    };
    assert!(named > 10_000 && named.abs_diff(numbered) < named / 2, "{counts:?}");
    let unknown = output(&["--counter", "events", "-e", "msr/tcs/", "--", "true"]);
    assert!(stderr(&unknown).contains("nearest: tsc"), "{}", stderr(&unknown));
}
