//! The workload: its embeddings are right, and it executes what the ledger predicts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use flopledger::ledger::elementwise::{self, Functions};
use flopledger::ledger::gemm::{Call, Cause, Kernel};
use serde_json::Value;

#[path = "common/clip.rs"]
mod clip;

use clip::{embeddings, run};

const GEMMS: [&str; 3] = ["matrixmultiply", "gemm", "reference"];

/// Every part that `tiny` does not have: products of more than two blocks of k and shapes that
/// nothing divides, quick_gelu, average pooling, layer scale.
const UNEVEN: &str = r#"{"embed_dim":20,"quick_gelu":true,
    "vision_cfg":{"image_size":24,"layers":1,"width":40,"head_width":20,"mlp_ratio":14.0,"patch_size":6,
                  "ls_init_value":0.1,"pool_type":"avg"},
    "text_cfg":{"context_length":5,"vocab_size":64,"width":24,"heads":2,"layers":1,"mlp_ratio":3.0,"ls_init_value":0.1}}"#;

/// Norms after the branches, and the other approximation of GELU.
const POST_NORM: &str = r#"{"embed_dim":20,
    "vision_cfg":{"image_size":24,"layers":2,"width":40,"head_width":20,"mlp_ratio":2.5,"patch_size":8,
                  "eva_model_name":"eva-clip-tiny","drop_path_rate":0,"postnorm":true,"qkv_bias":true,"xattn":true},
    "text_cfg":{"context_length":5,"vocab_size":64,"width":24,"heads":2,"layers":1,"mlp_ratio":2.0}}"#;

const TANH: &str = r#"{"embed_dim":20,
    "vision_cfg":{"image_size":24,"layers":1,"width":40,"head_width":20,"mlp_ratio":2.5,"patch_size":8,
                  "act_kwargs":{"approximate":"tanh"}},
    "text_cfg":{"context_length":5,"vocab_size":64,"width":24,"heads":2,"layers":1,"mlp_ratio":2.0,
                "act_kwargs":{"approximate":"tanh"}}}"#;

/// A folder with a file of that text.
fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The first embedding of each tower agrees to `tolerance` of the largest element.
fn assert_close(a: &Value, b: &Value, tolerance: f64, what: &str) {
    for tower in ["image", "text"] {
        let (a, b) = (numbers(&a[tower][0]), numbers(&b[tower][0]));
        assert_eq!(a.len(), b.len(), "{what}: {tower}");
        let largest = b.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() <= tolerance * largest, "{what}: {tower}: {a} for {b}");
        }
    }
}

#[test]
fn the_matrix_products_agree() {
    for config in [None, Some(UNEVEN)] {
        let config = config.map(|text| file("config.json", text));
        let model = config.as_ref().map_or(["--preset", "tiny"], |(_, path)| ["--config", path.to_str().unwrap()]);
        let [first, others @ ..] = GEMMS.map(|gemm| embeddings(&[&model[..], &["--gemm", gemm]].concat()));
        for (other, gemm) in others.iter().zip(&GEMMS[1..]) {
            assert_close(other, &first, 1e-4, gemm);
        }
    }
}

#[test]
fn threads_and_batches_change_nothing() {
    let one = embeddings(&[]);
    let many = embeddings(&["--threads", "3", "--batch", "2"]);
    assert_close(&many, &one, 1e-5, "threads");
    assert_eq!(many["image"][0], many["image"][1]);
    assert_eq!(many["text"][0], many["text"][1]);
    assert_eq!(many["similarity"].as_array().unwrap().len(), 2);
}

#[test]
fn seeds_and_inputs_change_the_embeddings() {
    let one = embeddings(&[]);
    assert_eq!(one, embeddings(&["--seed=0"]));
    assert_ne!(one["image"], embeddings(&["--seed", "1"])["image"]);
    let other = embeddings(&["--tokens", "62,5,63"]);
    assert_eq!(one["image"], other["image"]);
    assert_ne!(one["text"], other["text"]);
    let text = embeddings(&["--towers", "text"]);
    assert_eq!((&text["text"], &text["image"]), (&one["text"], &serde_json::json!([])));
}

#[test]
fn weights_come_back_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("weights.safetensors");
    let weights = weights.to_str().unwrap();
    let random = embeddings(&["--seed", "3", "--dump-weights", weights]);
    let loaded = embeddings(&["--seed", "3", "--weights", weights]);
    assert_eq!(random, loaded);
}

/// The same weights and inputs in numpy, in double precision.
#[test]
#[cfg_attr(not(has = "python3"), ignore = "skipped: no python3")]
fn numpy_agrees() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/workloads/clip/reference.py");
    let tiny = include_str!("../src/model/presets/tiny.json");
    for (name, config) in [("tiny", tiny), ("uneven", UNEVEN), ("post-norm", POST_NORM), ("tanh", TANH)] {
        let (folder, config) = file("config.json", config);
        let weights = folder.path().join("weights.safetensors");
        let inputs = ["--seed", "5", "--tokens", "62,3,9,63"];
        let (config, weights) = (config.to_str().unwrap(), weights.to_str().unwrap());
        let ours = embeddings(&[&inputs[..], &["--config", config, "--dump-weights", weights]].concat());
        let python = std::env::var_os("PYTHON").unwrap_or("python3".into());
        let Ok(output) = Command::new(&python).args([script, config, weights]).args(inputs).output() else {
            eprintln!("skipped: no {}", python.display());
            return;
        };
        if output.status.code() == Some(77) {
            eprintln!("skipped: {} has no numpy", python.display());
            return;
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let theirs: Value = serde_json::from_slice(&output.stdout).unwrap();
        let theirs = serde_json::json!({ "image": [theirs["image"]], "text": [theirs["text"]] });
        assert_close(&ours, &theirs, 1e-5, name);
    }
}

/// One operator of a trace.
struct Operator {
    name: String,
    path: String,
    shapes: Vec<Vec<u64>>,
    calls: Vec<Call>,
}

/// A run of the workload under `run --counter translate`.
struct Counted {
    kernel: Kernel,
    functions: Functions,
    operators: Vec<Operator>,
    run: Value,
}

fn count(args: &[&str]) -> Counted {
    let folder = tempfile::tempdir().unwrap();
    let (trace, result) = (folder.path().join("trace"), folder.path().join("result"));
    let status = Command::new(env!("CARGO_BIN_EXE_flopledger"))
        .args(["run", "--counter", "translate", "--format", "json", "-o", result.to_str().unwrap(), "--"])
        .arg(clip::workload())
        .args(args)
        .env("FLOPLEDGER_TRACE", &trace)
        .status()
        .unwrap();
    assert!(status.success(), "{args:?}");
    let lines = std::fs::read_to_string(trace).unwrap();
    let mut lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let header = lines.next().unwrap();
    assert_eq!(header["schema"], "flopledger.trace/1");
    let operators = lines.map(|line| Operator {
        name: line["name"].as_str().unwrap().into(),
        path: line["path"].as_str().unwrap().into(),
        shapes: serde_json::from_value(line["shapes"].clone()).unwrap(),
        calls: line.get("gemm").map_or(Vec::new(), |calls| serde_json::from_value(calls.clone()).unwrap()),
    });
    Counted {
        kernel: serde_json::from_value(header["gemm"].clone()).unwrap(),
        functions: serde_json::from_value(header["elementwise"].clone()).unwrap(),
        operators: operators.collect(),
        run: serde_json::from_slice(&std::fs::read(result).unwrap()).unwrap(),
    }
}

impl Counted {
    /// Compares every operator's region with its prediction; FLOPs by cause, of all products.
    fn check(&self) -> BTreeMap<&'static str, i128> {
        assert_eq!(self.run["exact"], true, "{}", self.run["reasons"]);
        let regions = self.run["regions"].as_array().unwrap();
        let mut causes = BTreeMap::new();
        for operator in &self.operators {
            let path = &operator.path;
            let region = regions.iter().find(|region| region["path"] == path.as_str());
            let measured = region.unwrap_or_else(|| panic!("no region {path}"))["flops"].as_u64().unwrap();
            let predicted = if operator.calls.is_empty() {
                let work = elementwise::work(&operator.name, &operator.shapes, &self.functions);
                work.unwrap_or_else(|| panic!("{path}: no formula for {}", operator.name)).total() as i128
            } else {
                let predictions = operator.calls.iter().map(|call| {
                    let prediction = self.kernel.predict(call);
                    prediction.unwrap_or_else(|| panic!("{path}: no prediction for {call:?}"))
                });
                predictions
                    .map(|prediction| {
                        for cause in Cause::ALL {
                            *causes.entry(cause.slug()).or_default() += prediction.of(cause);
                        }
                        prediction.total()
                    })
                    .sum()
            };
            assert_eq!(i128::from(measured), predicted, "{path}: {} {:?}", operator.name, operator.calls);
        }
        causes
    }
}

#[test]
fn matrixmultiply_executes_what_is_predicted() {
    let (_folder, config) = file("config.json", UNEVEN);
    let causes = count(&["--config", config.to_str().unwrap(), "--towers", "image"]).check();
    for cause in ["tile-padding", "alpha-beta-scaling", "k-block-accumulation", "edge-write-back"] {
        assert!(causes[cause] > 0, "{cause} was not put to the test: {causes:?}");
    }
}

#[test]
fn gemm_executes_what_is_predicted() {
    let (_folder, config) = file("config.json", UNEVEN);
    let causes = count(&["--config", config.to_str().unwrap(), "--gemm", "gemm"]).check();
    for cause in ["tile-padding", "alpha-beta-scaling", "k-block-accumulation", "dot-reduction"] {
        assert!(causes[cause] > 0, "{cause} was not put to the test: {causes:?}");
    }
    assert!(causes["first-product"] < 0);
}

/// The reference is the slowest: where it keeps below 3 million instructions, all do.
#[test]
fn plain_loops_execute_the_convention_and_tiny_stays_small() {
    let counted = count(&["--gemm", "reference"]);
    assert!(counted.check().values().all(|&flops| flops == 0));
    assert!(counted.run["instructions"]["total"].as_u64().unwrap() < 3_000_000, "{}", counted.run["instructions"]);
}

#[test]
fn other_norms_activations_and_threads_execute_what_is_predicted() {
    let (_folder, post_norm) = file("config.json", POST_NORM);
    let counted = count(&["--config", post_norm.to_str().unwrap(), "--towers", "image", "--threads", "2"]);
    counted.check();
    assert!(counted.run["threads"].as_u64().unwrap() > 2);
    assert!(counted.operators.iter().any(|operator| operator.calls.iter().any(|call| call.m == 5)), "rows are shared");
    let (_folder, tanh) = file("config.json", TANH);
    count(&["--config", tanh.to_str().unwrap(), "--towers", "text", "--batch", "2"]).check();
}

/// Ends with code 2, and says every one of the words.
fn assert_refused(args: &[&str], words: &[&str]) {
    let output = run(args);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
    for word in words.iter().chain(&["remedy: "]) {
        assert!(message.contains(word), "{args:?}: no `{word}` in: {message}");
    }
}

#[test]
fn bad_input_is_refused_with_a_remedy() {
    assert_refused(&["--gem", "x"], &["--gem", "--help"]);
    assert_refused(&["--gemm", "blas"], &["blas", "matrixmultiply, gemm or reference"]);
    assert_refused(&["--threads", "0"], &["--threads 0", "1 to"]);
    assert_refused(&["--batch"], &["--batch", "missing"]);
    assert_refused(&["--towers", "left"], &["left", "image, text or both"]);
    assert_refused(&["--tokens", "1,x"], &["--tokens x"]);
    assert_refused(&["--tokens", "1,64"], &["64", "vocabulary of 64"]);
    assert_refused(&["--tokens", "1,2,3,4,5,6,7,8"], &["8 ids", "has 7"]);
    assert_refused(&["--preset", "tinny"], &["tinny"]);
    assert_refused(&["-o", "/nowhere/out.json"], &["/nowhere/out.json", "cannot write"]);
    assert_refused(&["--dump-weights", "/nowhere/w"], &["/nowhere/w", "cannot write"]);
    assert_refused(&["--image", "/nowhere.png"], &["/nowhere.png"]);
    assert_refused(&["--weights", "/nowhere.safetensors"], &["/nowhere.safetensors", "cannot read"]);
    let (_folder, text) = file("weights.safetensors", "these are no weights");
    assert_refused(&["--weights", text.to_str().unwrap()], &["weights.safetensors", "not a safetensors file"]);
}

#[test]
fn weights_of_another_model_are_refused_by_tensor_and_shape() {
    let (folder, config) = file("config.json", TANH);
    let weights = folder.path().join("weights.safetensors");
    let (config, weights) = (config.to_str().unwrap(), weights.to_str().unwrap());
    embeddings(&["--config", config, "--dump-weights", weights]);
    assert_refused(&["--weights", weights], &["visual.conv1.weight", "[40, 3, 8, 8]", "[48, 3, 8, 8]"]);
    assert_refused(&["--weights", weights, "--towers", "text"], &["token_embedding.weight", "[64, 24]", "[64, 48]"]);
    embeddings(&["--towers", "text", "--dump-weights", weights]);
    assert_refused(&["--weights", weights], &["no tensor visual.conv1.weight", "[48, 3, 8, 8]"]);
}
