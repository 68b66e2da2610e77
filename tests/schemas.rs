//! The schemas in `schemas/` say what the subcommands print, no more and no less.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas")
}

/// Of `flopledger.NAME/1`.
fn schema(name: &str) -> Value {
    let file = folder().join(name).with_extension("json");
    let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// What a subcommand writes as JSON. Paths that begin with `@` are in this folder.
fn result(folder: &Path, line: &str) -> Value {
    let file = folder.join("result.json");
    let (options, command) = line.split_once(" -- ").map_or((line, ""), |(options, command)| (options, command));
    let word = |word: &str| match word.strip_prefix('@') {
        Some(name) => folder.join(name).to_str().expect("text").to_owned(),
        None => word.replace('_', " "),
    };
    let mut words = options.split(' ');
    let mut run = Command::new(env!("CARGO_BIN_EXE_flopledger"));
    run.arg(words.next().expect("a subcommand")).args(["--format", "json", "-o"]).arg(&file).args(words.map(word));
    if !command.is_empty() {
        run.arg("--").args(command.split(' '));
    }
    let output = run.output().expect("flopledger starts");
    let text = fs::read_to_string(&file).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{line}: {e}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn assert_described(value: &Value, what: &str) {
    let name = value["schema"].as_str().unwrap_or_else(|| panic!("{what}: no schema"));
    let name = name.strip_prefix("flopledger.").and_then(|name| name.strip_suffix("/1")).expect(name);
    let validator = jsonschema::validator_for(&schema(name)).expect("a schema");
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}");
}

const RESULTS: [&str; 30] = [
    "estimate --preset tiny",
    "estimate --preset EVA02-E-14",
    "estimate --preset tiny --batch 2 --backward --recompute full --logits local --elementwise",
    "estimate tests/configs/huggingface/clipseg-rd16.json",
    "estimate tests/configs/huggingface/clip-text.json",
    "explain thop analytic",
    "explain flop-counter analytic tests/configs/huggingface/align-defaults.json",
    "explain 116.5Gmac analytic",
    "identify 116512260096mac",
    "identify 12345",
    "conventions",
    "run --counter translate --mnemonics --verbose --as GenuineIntel-6-55-4 -- true",
    "run --counter translate --time-runs 1 --peak measured -- true",
    "run --counter translate --repeat 2 -- true",
    "run --counter step -- true",
    "run --counter events --per-thread --per-process -- true",
    "run --counter events -C 0 -- true",
    "run --counter events -e cycles,task-clock -- true",
    "reconcile --preset tiny --time-runs 1 --peak measured",
    "reconcile --preset tiny --gemm gemm",
    "reconcile --preset tiny --time-runs 1 --peak 1",
    "events --cpu GenuineIntel-6-8F",
    "events --cpu AuthenticAMD-25-11",
    "events --cpu MIDR_0x00000000410fd400",
    "doctor",
    "peak --seconds 0.01",
    "mfu --preset ViT-g-14 --task train --samples-per-second 559 --devices 8 --precision bf16 --device A100_SXM4_80GB",
    "mfu --preset ViT-g-14 --task train --samples-per-second 9 --precision bf16 --peak-tflops 312 --logits-batch 1024",
    "mfu --list-devices",
    "mfu --published",
];

#[test]
fn results_are_as_their_schemas_say() {
    let folder = tempfile::tempdir().expect("a folder");
    for line in RESULTS {
        assert_described(&result(folder.path(), line), line);
    }
}

/// Of results, and of a trace.
#[test]
fn what_is_made_of_files_is_as_its_schema_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let save = |name: &str, value: &Value| fs::write(folder.path().join(name), value.to_string()).expect("writable");
    let header = r#"{"schema":"flopledger.trace/1","workload":"clip"}"#;
    let known = r#"{"name":"linear","path":"a","shapes":[[2,3],[4,3]],"gemm":[{"m":2,"n":4,"k":3,"count":1}]}"#;
    let unknown = r#"{"name":"fft","path":"a","shapes":[[8]]}"#;
    fs::write(folder.path().join("trace"), [header, known, unknown, "{\"na"].join("\n")).expect("writable");
    save("tiny.json", &result(folder.path(), "estimate --preset tiny"));
    save("large.json", &result(folder.path(), "estimate --preset ViT-B-32"));
    save("a.json", &result(folder.path(), "run --counter translate -- true"));
    save("b.json", &result(folder.path(), "run --counter translate -- ls"));
    for line in ["operators @trace", "diff @tiny.json @large.json", "diff @a.json @b.json", "merge @a.json @b.json"] {
        assert_described(&result(folder.path(), line), line);
    }
}

/// Two runs of one command, on a machine with a PMU that a fake shows, are put together from the parts.
#[test]
fn two_runs_side_by_side_have_the_parts_of_one() {
    let (both, one, explained) = (schema("run-both"), schema("run"), schema("explain"));
    let run = &both["$defs"]["RunResult"];
    for part in ["properties", "required", "additionalProperties"] {
        assert_eq!(run[part], one[part], "{part}");
    }
    assert_eq!(both["$defs"]["Ledger"], explained["$defs"]["Ledger"]);
}

/// Every schema string in the source has its file, and every file its string.
#[test]
fn no_schema_is_missing_or_left_over() {
    fn strings(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                strings(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("text");
                let names = text.split("\"flopledger.").skip(1).filter_map(|rest| rest.split_once("/1\""));
                found.extend(names.map(|(name, _)| name.to_owned()));
            }
        }
    }
    let mut named = Vec::new();
    strings(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut named);
    // What a workload writes, and a cache of our own: no subcommand prints these.
    named.retain(|name| !["trace", "calibration"].contains(&name.as_str()));
    named.sort();
    named.dedup();
    let mut files: Vec<String> = fs::read_dir(folder())
        .expect("readable")
        .map(|entry| entry.expect("readable").path().file_stem().expect("named").to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert_eq!(files, named);
}

/// A field that a schema does not name is an error, at any depth; so is one that it names and that is missing.
#[test]
fn schemas_are_strict() {
    let folder = tempfile::tempdir().expect("a folder");
    let value = result(folder.path(), "run --counter translate -- true");
    let validator = jsonschema::validator_for(&schema("run")).expect("a schema");
    assert!(validator.is_valid(&value));
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut changed = value.clone();
        change(&mut changed);
        assert!(!validator.is_valid(&changed), "{changed:#}");
    };
    refused(&|value| value["new"] = true.into());
    refused(&|value| value["flops"]["new"] = true.into());
    refused(&|value| value["classes"][0]["new"] = true.into());
    refused(&|value| value["flops"]["total"] = 0.5.into());
    refused(&|value| value["classes"][0]["precision"] = "fp48".into());
    refused(&|value| drop(value.as_object_mut().expect("an object").shift_remove("exit")));
}
