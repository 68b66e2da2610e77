//! `flopledger diff`, and `explain` on two files, as a user sees them.

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

fn flopledger(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flopledger")).args(args).output().expect("flopledger starts")
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("text").to_owned()
    }

    /// A result that a subcommand saved.
    fn save(&self, name: &str, args: &[&str]) -> (String, Value) {
        let file = self.path(name);
        let (subcommand, rest) = args.split_first().expect("a subcommand");
        let output = flopledger(&[&[subcommand, "--format", "json", "-o", file.as_str()], rest].concat());
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(&file).expect("written");
        (file, serde_json::from_str(&text).expect("JSON"))
    }

    fn write(&self, name: &str, text: &str) -> String {
        let file = self.path(name);
        fs::write(&file, text).expect("writable");
        file
    }
}

fn diff(from: &str, to: &str) -> Value {
    let output = flopledger(&["diff", from, to, "--format", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Each breakdown leads from total to total, and nothing is left.
fn assert_settled(difference: &Value, from: &Value, to: &Value, by: &[&str]) {
    let breakdowns = difference["breakdowns"].as_array().expect("breakdowns");
    let names: Vec<&str> = breakdowns.iter().map(|breakdown| breakdown["by"].as_str().expect("text")).collect();
    assert_eq!(names, by);
    for breakdown in breakdowns {
        let ledger = &breakdown["ledger"];
        assert_eq!((&ledger["opening"]["value"], &ledger["closing"]["value"]), (from, to), "{breakdown:#}");
        let entries: i64 =
            ledger["entries"].as_array().expect("entries").iter().map(|e| e["flops"].as_i64().unwrap()).sum();
        assert_eq!(from.as_i64().unwrap() + entries, to.as_i64().unwrap(), "{breakdown:#}");
        assert_eq!(ledger["residual"], 0, "{breakdown:#}");
    }
}

/// The entry of a breakdown that begins so.
fn entry<'a>(difference: &'a Value, by: &str, text: &str) -> &'a Value {
    let breakdowns = difference["breakdowns"].as_array().expect("breakdowns");
    let ledger = &breakdowns.iter().find(|breakdown| breakdown["by"] == by).expect(by)["ledger"];
    let entries = ledger["entries"].as_array().expect("entries");
    entries
        .iter()
        .find(|e| e["text"].as_str().unwrap().starts_with(text))
        .unwrap_or_else(|| panic!("{text}: {ledger:#}"))
}

/// Two matrix products: the tiled one pads, plain loops do not.
#[test]
fn two_gemms_differ_by_their_causes() {
    let folder = Folder::new();
    let of = |gemm: &str| folder.save(&format!("{gemm}.json"), &["reconcile", "--preset", "tiny", "--gemm", gemm]);
    let ((plain, a), (tiled, b)) = (of("reference"), of("matrixmultiply"));
    let difference = diff(&plain, &tiled);
    let (from, to) = (&a["counts"]["instructions"], &b["counts"]["instructions"]);
    assert_settled(&difference, from, to, &["cause", "operator", "instruction", "function"]);
    let padding = b["ledgers"].as_array().unwrap().iter().flat_map(|ledger| ledger["entries"].as_array().unwrap());
    let padding = padding.into_iter().find(|entry| entry["cause"] == "tile-padding").expect("it pads");
    assert_eq!(entry(&difference, "cause", "register tiles")["flops"], padding["flops"]);
    entry(&difference, "function", "matrixmultiply::");
    // `explain` takes files too, and says the same.
    let explained = flopledger(&["explain", &plain, &tiled, "--format", "json"]);
    assert_eq!(serde_json::from_slice::<Value>(&explained.stdout).expect("JSON"), difference);
}

/// What a chain leaves unexplained stays so between two results.
#[test]
fn injected_work_is_the_residual() {
    let folder = Folder::new();
    let tiny = ["reconcile", "--preset", "tiny", "--gemm", "reference"];
    let (plain, _) = folder.save("plain.json", &tiny);
    let inject = ["--workload-arg", "--inject", "--workload-arg", "image/block.0/attn.qkv:1000"];
    let (injected, _) = folder.save("injected.json", &[&tiny[..], &inject].concat());
    let difference = diff(&plain, &injected);
    let residuals: Vec<&Value> =
        difference["breakdowns"].as_array().unwrap().iter().map(|breakdown| &breakdown["ledger"]["residual"]).collect();
    // No cause explains it; operator, instruction and function tell where it is.
    assert_eq!(residuals, [1000, 0, 0, 0]);
    assert_eq!(entry(&difference, "operator", "image.blocks.attn.qkv")["flops"], 1000);
}

#[test]
fn two_runs_differ_by_instructions_and_functions() {
    let folder = Folder::new();
    let awk = |steps: u32| format!("BEGIN {{ x = 1; for (i = 0; i < {steps}; i++) x *= 1.0001; print x }}");
    let run = |name: &str, steps| folder.save(name, &["run", "--counter", "translate", "--", "awk", &awk(steps)]);
    let ((few, a), (many, b)) = (run("few.json", 100), run("many.json", 1100));
    let difference = diff(&few, &many);
    assert_settled(&difference, &a["flops"]["total"], &b["flops"]["total"], &["instruction", "function"]);
    // A product for each of the 1000 steps more.
    assert_eq!(entry(&difference, "instruction", "mulsd")["flops"], 1000);
    let changes = difference["changes"].as_array().expect("changes");
    assert!(changes.iter().any(|change| change["what"] == "command" && change["to"] == format!("awk '{}'", awk(1100))));
    let same = diff(&few, &few);
    assert_eq!((&same["changes"], &same["breakdowns"][0]["ledger"]["entries"]), (&json!([]), &json!([])));
}

#[test]
fn two_models_differ_by_their_terms() {
    let folder = Folder::new();
    let of = |preset: &str| folder.save(&format!("{preset}.json"), &["estimate", "--preset", preset]);
    let ((small, a), (large, b)) = (of("ViT-B-32"), of("ViT-B-16"));
    let difference = diff(&small, &large);
    assert_settled(&difference, &a["flops"]["total"], &b["flops"]["total"], &["term"]);
    // 197 tokens for 50; the text tower is the same.
    assert_eq!(entry(&difference, "term", "image.blocks.mlp.fc1")["flops"], 2_u64 * 147 * 768 * 3072 * 12);
    assert!(!difference["breakdowns"].to_string().contains("text.blocks"), "{difference:#}");
    let table = String::from_utf8(flopledger(&["diff", &small, &large]).stdout).expect("text");
    for word in ["ViT-B-32", "what thop@open_clip prints", "by term", "residual", "nothing is left unexplained"] {
        assert!(table.contains(word), "{word} is missing in\n{table}");
    }
}

#[test]
fn what_cannot_be_compared_is_refused_with_the_remedy() {
    let folder = Folder::new();
    let (estimate, _) = folder.save("estimate.json", &["estimate", "--preset", "tiny"]);
    let (run, result) = folder.save("run.json", &["run", "--counter", "translate", "--", "true"]);
    let (explained, _) = folder.save("explain.json", &["explain", "thop", "analytic"]);
    let (several, _) = folder.save("several.json", &["estimate", "--preset", "tiny", "--preset", "ViT-B-32"]);
    let truncated = folder.write("truncated.json", &result.to_string()[..50]);
    let nothing = folder.write("nothing.json", "{}");
    let old = folder.write("old.json", r#"{"schema":"flopledger.run/1"}"#);
    let uncounted = |name: &str, shown: Value| {
        let mut perf = result.clone();
        perf["flops"]["total"] = Value::Null;
        perf["pmu_flops"]["total"] = shown;
        perf["counter"] = json!("perf");
        folder.write(name, &perf.to_string())
    };
    let (perf, unknown) = (uncounted("perf.json", json!(12)), uncounted("unknown.json", Value::Null));
    let refused = |from: &str, to: &str, words: &[&str]| {
        let output = flopledger(&["diff", from, to]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        for word in words.iter().chain(&["remedy:"]) {
            assert!(stderr.contains(word), "{word} is missing in {stderr}");
        }
    };
    refused(&estimate, &run, &["`estimate`", "`run`"]);
    refused(&run, &explained, &["explain.json", "flopledger.explain/1"]);
    refused(&several, &estimate, &["several.json", "several results"]);
    refused(&run, &truncated, &["truncated.json", "not JSON"]);
    refused(&run, &nothing, &["nothing.json", "schema"]);
    refused(&old, &run, &["old.json", "command"]);
    refused(&run, "/no/such/file", &["/no/such/file"]);
    refused(&run, &perf, &["`translate`", "`perf`", "perf,translate"]);
    refused(&unknown, &run, &["unknown.json", "not known"]);
}
