//! PyTorch and ONNX Runtime, where FLOPLEDGER_PYTHON names an interpreter that has them: `make test-frameworks`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

#[path = "common/python.rs"]
mod python;

use python::Python;

const TORCH: [&str; 2] = ["torch", "transformers"];

/// MACs of both towers, as open_clip's profile has them.
const MODELS: [(&str, u64); 2] = [("ViT-B-32", 7_388_581_888), ("ViT-L-14-336", 197_609_736_192)];

/// ViT-B-32 in open_clip's dialect.
const OPEN_CLIP: &str = r#"{"embed_dim": 512, "quick_gelu": true,
    "vision_cfg": {"image_size": 224, "layers": 12, "width": 768, "patch_size": 32},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12}}"#;

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn preset(name: &str) -> PathBuf {
    source("src/model/presets").join(format!("{name}.json"))
}

fn flopledger(args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_flopledger")).args(args).args(["--format", "json"]).output();
    let output = output.expect("flopledger starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Runs a program of `workloads`; what it printed.
fn workload(python: &Python, program: &str, args: &[&str], trace: &Path) -> String {
    let output = Command::new(&python.program)
        .arg(source("workloads").join(program))
        .args(args)
        .envs([("FLOPLEDGER_TRACE", trace.as_os_str()), ("PYTHONDONTWRITEBYTECODE", "1".as_ref())])
        .output()
        .expect("python starts");
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn macs(operators: &Value) -> u64 {
    operators["operators"].as_array().expect("operators").iter().map(|o| o["macs"].as_u64().unwrap()).sum()
}

/// Every product of the file is counted, and nothing was left out.
fn assert_macs(file: &Path, expected: u64, what: &str) {
    let read = flopledger(&["operators", file.to_str().unwrap()]);
    assert_eq!(read["unsupported"], Value::Array(Vec::new()), "{what}");
    assert_eq!(read["lost"], Value::Null, "{what}");
    assert_eq!(macs(&read), expected, "{what}");
}

fn analytic(name: &str) -> u64 {
    flopledger(&["estimate", "--preset", name])["flops"]["total"].as_u64().unwrap()
}

#[test]
fn pytorchs_operators_are_the_analytic_count() {
    let Some(python) = python::with(&TORCH) else { return };
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    for (name, macs) in MODELS {
        assert_eq!(analytic(name), 2 * macs);
        workload(&python, "clip_torch.py", &[preset(name).to_str().unwrap()], &trace);
        assert_macs(&trace, macs, name);
    }
    workload(&python, "clip_torch.py", &[preset("ViT-B-32").to_str().unwrap(), "--attention", "eager"], &trace);
    assert_macs(&trace, MODELS[0].1, "eager");
}

#[test]
fn open_clips_operators_are_the_analytic_count_however_attention_is_run() {
    let Some(python) = python::with(&["torch", "open_clip"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (trace, config) = (folder.path().join("trace"), folder.path().join("config.json"));
    std::fs::write(&config, OPEN_CLIP).unwrap();
    for attention in ["sdpa", "eager", "fastpath"] {
        workload(&python, "clip_torch.py", &[config.to_str().unwrap(), "--attention", attention], &trace);
        assert_macs(&trace, MODELS[0].1, attention);
    }
}

#[test]
fn onnxs_operators_are_the_analytic_count() {
    let Some(python) = python::with(&["torch", "transformers", "onnx"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (trace, file) = (folder.path().join("trace"), folder.path().join("model.onnx"));
    for (name, macs) in MODELS {
        let args = [preset(name).to_str().unwrap(), "--no-weights", "--no-run", "--export", file.to_str().unwrap()]
            .map(str::to_owned);
        workload(&python, "clip_onnx.py", &args.each_ref().map(String::as_str), &trace);
        assert_macs(&file, macs, name);
    }
}

#[test]
fn onnx_runtime_runs_the_model_that_was_counted() {
    let Some(python) = python::with(&["torch", "open_clip", "onnx", "onnxruntime"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (trace, file) = (folder.path().join("trace"), folder.path().join("model.onnx"));
    let printed = workload(
        &python,
        "clip_onnx.py",
        &[preset("tiny").to_str().unwrap(), "--export", file.to_str().unwrap()],
        &trace,
    );
    assert_eq!(printed, "image_embedding 1 32\ntext_embedding 1 32\n");
    assert_macs(&file, 741_312, "tiny");
}

/// One step of training by hand: 640 and 320 forward, both gradients of the second layer, the weight's of the
/// first. The modules name the places, and a transform is listed.
#[test]
fn any_script_is_traced() {
    let Some(python) = python::with(&["torch"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let script = source("tests/frameworks/script.py");
    let printed = workload(&python, "torch_trace.py", &[script.to_str().unwrap(), "an", "argument"], &trace);
    assert_eq!(printed, "done an argument\n");
    let read = flopledger(&["operators", trace.to_str().unwrap()]);
    assert_eq!(macs(&read), 640 + 320 + 2 * 320 + 640);
    let at = |path: &str| read["operators"].as_array().unwrap().iter().find(|o| o["path"] == path).cloned();
    assert_eq!(at("Sequential/0").unwrap()["macs"], 640);
    assert_eq!(at("Sequential/2").unwrap()["macs"], 320);
    assert_eq!(read["unsupported"].as_array().unwrap().len(), 1);
    assert_eq!(read["unsupported"][0]["name"], "_fft_r2c");
}

fn ledger<'a>(result: &'a Value, from: &str, to: &str) -> &'a Value {
    let ledgers = result["ledgers"].as_array().expect("ledgers");
    ledgers.iter().find(|l| l["from"] == from && l["to"] == to).unwrap_or_else(|| panic!("no ledger {from} -> {to}"))
}

/// The whole chain on torch's fast path, which torch's own counter does not see: by hand, 12 layers of
/// 50 x 768 x 2304, 2 x 50 x 50 x 768 and 50 x 768 x 768 MACs.
#[test]
fn the_chain_of_pytorch_closes_and_names_what_torch_does_not_see() {
    let Some(python) = python::with(&["torch", "open_clip"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (folder.path().join("config.json"), folder.path().join("result.json"));
    std::fs::write(&config, OPEN_CLIP).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_flopledger"))
        .args(["reconcile", "--workload", "torch", "--threads", "2", "--format", "json"])
        .args(["--workload-arg=--attention=fastpath", "--workload-arg=--flop-counter", "-o"])
        .args([&out, &config])
        .env("FLOPLEDGER_PYTHON", &python.program)
        .output()
        .expect("flopledger starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let result: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    assert_eq!(result["exact"], true, "{}", result["reasons"]);

    let model = ledger(&result, "analytic", "operators");
    assert_eq!(model["opening"]["value"], 2 * MODELS[0].1);
    assert_eq!(model["closing"]["value"], 2 * MODELS[0].1);
    assert_eq!((&model["entries"], &model["residual"]), (&Value::Array(Vec::new()), &0.into()));

    let unseen = ledger(&result, "FlopCounterMode", "operators");
    let layer = 50 * 768 * 2304 + 2 * 50 * 50 * 768 + 50 * 768 * 768;
    let entries = unseen["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{unseen:#}");
    assert_eq!(entries[0]["flops"], 2 * 12 * layer);
    assert_eq!(entries[0]["text"], "operator _native_multi_head_attention not seen by FlopCounterMode");
    assert_eq!(unseen["residual"], 0);

    // Its kernels' constants are not known: all is measured, and adds up.
    let execution = ledger(&result, "operators", "instructions");
    let entries = execution["entries"].as_array().unwrap();
    assert!(entries.iter().all(|entry| entry["basis"] == "measured"), "{execution:#}");
    let sum: i64 = entries.iter().map(|entry| entry["flops"].as_i64().unwrap()).sum();
    let value = |figure: &str| execution[figure]["value"].as_i64().unwrap();
    assert_eq!(value("opening") + sum + execution["residual"].as_i64().unwrap(), value("closing"));
    // Every operator's region was met: none of what the products execute is left in the residual.
    assert!(!result["reasons"].to_string().contains("its surplus is in the residual"), "{}", result["reasons"]);
}
