//! Random blocks: what they leave in registers, flags, vector state and memory, and the signals that
//! they raise, are the same natively and translated. FLOPLEDGER_FUZZ_SEEDS: how many more seeds
//! `make test-all` tries.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use iced_x86::code_asm::CodeAssembler;
use iced_x86::{Code, IcedError};
use serde_json::Value;

#[path = "fuzz/branches.rs"]
mod branches;
#[path = "fuzz/instructions.rs"]
mod instructions;
#[path = "fuzz/program.rs"]
mod program;
#[path = "fuzz/random.rs"]
mod random;

use instructions::{Form, forms};
use program::{FAULT_AT, Program, RECORD, STACK_AT};
use random::Random;

/// What a result says where the program branched to an address that cannot be one.
const NO_ADDRESS: &str = "a branch to an address that is none was counted, and its signal tells that address";

/// Where in its blocks the translator counts them, which is to change nothing.
const COUNT_AT: [&str; 3] = ["cheapest", "first", "last"];

/// Candidates that are looked at for forms, and variants of a form at most.
const TRIES: usize = 3_000_000;

/// None if chance made a program that does not end.
fn natively(program: &Path) -> Option<Output> {
    const TIMED_OUT: i32 = 124;
    let output = Command::new("timeout").arg("20").arg(program).output().expect("the program starts");
    (output.status.code() != Some(TIMED_OUT)).then_some(output)
}

/// Without address space randomisation, so that the stack is where it was.
fn counted(program: &Path, counter: &[&str]) -> (Output, Value) {
    let result = program.with_extension("json");
    let command = Command::new("setarch")
        .args(["x86_64", "-R", "timeout", "--foreground", "240", env!("CARGO_BIN_EXE_flopledger")])
        .args(["run", "--mnemonics", "--format", "json", "--counter"])
        .args(counter)
        .arg("-o")
        .arg(&result)
        .arg("--")
        .arg(program)
        .output()
        .expect("flopledger starts");
    let text = std::fs::read(&result).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&command.stderr)));
    (command, serde_json::from_slice(&text).expect("JSON"))
}

fn put(a: &mut CodeAssembler, bytes: &[u8]) -> Result<(), IcedError> {
    bytes.chunks(8).try_for_each(|part| a.db(part))
}

fn named(form: &Form) -> String {
    format!("{:?} {:02x?}", form.0, form.1)
}

fn word(record: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(record[at..at + 8].try_into().expect("8 bytes"))
}

/// The signal that a block raised, or 0.
fn signal(record: &[u8]) -> u64 {
    word(record, 0)
}

/// Makes two records of a block equal in what is not promised: of a branch to an address that is none, whether it was
/// executed, which the result tells.
fn forgive(ours: &mut [u8], theirs: &[u8], reasons: &[&str]) {
    if ours.len() != RECORD || signal(theirs) == 0 {
        return;
    }
    let told = format!("{NO_ADDRESS} ({:#x})", word(ours, FAULT_AT));
    let mut take = |at: usize| ours[at..at + 8].copy_from_slice(&theirs[at..at + 8]);
    if signal(theirs) == libc::SIGSEGV as u64 && reasons.contains(&told.as_str()) {
        take(FAULT_AT);
        take(STACK_AT);
    }
}

/// Runs a program of as many blocks as `what` describes, natively and translated, with its blocks
/// counted in one place and another. Returns the native records, if all are the same and the counts
/// too; None where it does not end.
fn same(program: Program, what: &dyn Fn(usize) -> String, blocks: usize) -> Option<Vec<Vec<u8>>> {
    let mut folder = tempfile::tempdir().expect("a temporary folder");
    // A program that fails stays to be looked at.
    folder.disable_cleanup(true);
    let path = folder.path().join("program");
    program.write(&path).expect("it can be assembled");
    let native = natively(&path)?;
    assert_eq!(native.stdout.len(), blocks * RECORD, "{:?}: {}", native.status, what(native.stdout.len() / RECORD));
    let results = COUNT_AT.map(|place| {
        let (translated, result) = counted(&path, &["translate", "--count-at", place]);
        if let Err(difference) = compare(&translated, &result, &native) {
            let described = difference.block.map_or(String::new(), what);
            panic!("{path:?} counted at {place}: {}: {described}", difference.text);
        }
        result
    });
    for (place, result) in COUNT_AT.iter().zip(&results) {
        assert!(result["mnemonics"] == results[0]["mnemonics"], "{path:?} counted at {place}");
        assert_eq!(result["classes"], results[0]["classes"], "{path:?} counted at {place}");
    }
    folder.disable_cleanup(false);
    Some(native.stdout.chunks(RECORD).map(<[u8]>::to_vec).collect())
}

struct Difference {
    block: Option<usize>,
    text: String,
}

fn compare(translated: &Output, result: &Value, native: &Output) -> Result<(), Difference> {
    let reasons: Vec<&str> = result["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut stdout = translated.stdout.clone();
    for (n, (ours, theirs)) in stdout.chunks_mut(RECORD).zip(native.stdout.chunks(RECORD)).enumerate() {
        forgive(ours, theirs, &reasons);
        let differs: Vec<usize> = (0..theirs.len()).filter(|at| ours.get(*at) != Some(&theirs[*at])).collect();
        if !differs.is_empty() {
            let values: Vec<_> = differs.iter().map(|at| (at, ours.get(*at), theirs[*at])).take(16).collect();
            let text = format!("differs at {values:x?}, signals {} and {}", signal(ours), signal(theirs));
            return Err(Difference { block: Some(n), text });
        }
    }
    let whole = stdout.len() == native.stdout.len() && translated.status.code() == native.status.code();
    let told = reasons.iter().all(|reason| reason.starts_with(NO_ADDRESS)) && result["exact"] == reasons.is_empty();
    let text = || format!("{} bytes, {:?}, {reasons:?}", stdout.len(), translated.status);
    (whole && told).then_some(()).ok_or_else(|| Difference { block: None, text: text() })
}

/// Every form alone in a block. Returns those that this CPU executes, some by raising no signal.
fn every_form(seed: u64) -> BTreeMap<u32, Vec<Form>> {
    let mut random = Random::new(seed);
    let all: Vec<Form> = forms(&mut random, TRIES, 2).into_values().flatten().collect();
    let mut program = Program::new(seed).expect("it can be assembled");
    for form in &all {
        program.block(|a, _| put(a, &form.1)).expect("it can be assembled");
    }
    let records = same(program, &|n| all.get(n).map_or("the end".into(), named), all.len()).expect("an end");
    let mut executed: BTreeMap<u32, Vec<Form>> = BTreeMap::new();
    for (form, _) in all.iter().zip(&records).filter(|(_, record)| signal(record) == 0) {
        executed.entry(form.0 as u32).or_default().push(form.clone());
    }
    let codes: BTreeSet<Code> = all.iter().map(|form| form.0).collect();
    eprintln!(
        "seed {seed}: {} forms of instructions, {} of them executed without a signal",
        codes.len(),
        executed.len()
    );
    assert!(codes.len() > 2000 && executed.len() > 500);
    executed
}

/// Blocks of several instructions with branches, loops, calls and jump tables between them.
fn mixtures(seed: u64, executed: &BTreeMap<u32, Vec<Form>>, blocks: usize) -> Program {
    // Repeated string instructions have a count that is no accident, in `branches`.
    let repeats = |form: &Form| form.0.op_code().can_use_rep_prefix() || form.0.op_code().can_use_repne_prefix();
    let all: Vec<&Vec<Form>> = executed.values().filter(|forms| !repeats(&forms[0])).collect();
    let mut program = Program::new(seed).expect("it can be assembled");
    for _ in 0..blocks {
        let mut fill = |a: &mut CodeAssembler, random: &mut Random| {
            let variants = *random.choose(&all);
            put(a, &random.choose(variants).1)
        };
        program.block(|a, random| branches::mixture(a, random, &mut fill)).expect("it can be assembled");
    }
    program
}

fn seeds() -> u64 {
    std::env::var("FLOPLEDGER_FUZZ_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(5)
}

#[test]
fn forms_and_mixtures_of_them_do_what_they_natively_do() {
    let executed = every_form(1);
    let records = same(mixtures(1, &executed, 300), &|n| format!("mixture {n} of seed 1"), 300);
    assert!(records.is_some(), "the program does not end");
}

#[test]
#[ignore = "slow"]
fn more_seeds() {
    for seed in 2..2 + seeds() {
        let executed = every_form(seed);
        if same(mixtures(seed, &executed, 1000), &|n| format!("mixture {n} of seed {seed}"), 1000).is_none() {
            eprintln!("seed {seed}: natively, the program does not end");
        }
    }
}

/// Every instruction, by name, as often as the stepper counts it, wherever in the blocks the
/// translator counts them.
#[test]
fn counts_are_those_of_single_steps() {
    let executed = every_form(7);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("program");
    mixtures(7, &executed, 60).write(&path).expect("it can be assembled");
    let (theirs, stepped) = counted(&path, &["step"]);
    for place in COUNT_AT {
        let (ours, translated) = counted(&path, &["translate", "--count-at", place]);
        assert!(ours.stdout == theirs.stdout, "{place}: {:?}, {:?}", translated["exit"], stepped["exit"]);
        for key in ["mnemonics", "classes", "instructions", "flops", "exact"] {
            assert_eq!(translated[key], stepped[key], "{place}: {key}");
        }
    }
}
