//! Every instruction code that iced-x86 knows: floating-point and with a class, or neither.
//! What is floating-point is judged here from iced's own tables (CPUID feature, type of the memory
//! operand) and the instruction's text, never from ours.

use std::collections::HashMap;

use iced_x86::{Code, EncodingKind, Mnemonic};

use super::super::table::{SUFFIXES, TABLE};
use super::class;

#[test]
fn every_floating_point_code_has_a_class_and_no_other() {
    let mut wrong = Vec::new();
    let mut floating_point = 0;
    for code in Code::values() {
        let (expected, got) = (is_floating_point(code), class(code).is_some());
        floating_point += usize::from(expected);
        if expected != got {
            wrong.push(format!("{code:?}: floating-point {expected}, class {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(floating_point > 1500, "the judgement itself has gone blind: {floating_point}");
}

fn is_floating_point(code: Code) -> bool {
    let features: Vec<String> = code.cpuid_features().iter().map(|f| format!("{f:?}")).collect();
    let has = |part: &str| features.iter().any(|f| f.contains(part));
    let text = code.op_code().instruction_string();
    let name = text.split(' ').next().unwrap_or("");
    if code.op_code().encoding() == EncodingKind::MVEX || has("AVX512PF") || name == "UNDOC" {
        return false;
    }
    if has("FPU") {
        return !X87_CONTROL.contains(&name);
    }
    let by_memory = format!("{:?}", code.op_code().memory_size()).contains("Float");
    let vector = ["SSE", "AVX", "FMA", "F16C", "XOP", "AMX"].iter().any(|part| has(part)) && !has("AMX_INT8");
    by_memory || (vector && typed_by_name(name)) || name.starts_with("PI2F")
}

/// Names end in packed or scalar and single, double or half; integer SIMD begins with P.
fn typed_by_name(name: &str) -> bool {
    let stem = name.strip_prefix('V').unwrap_or(name);
    let formats = ["PS", "PD", "PH", "SS", "SD", "SH"];
    stem.starts_with("CVT") || (!stem.starts_with('P') && formats.iter().any(|f| stem.ends_with(f)))
}

/// Instructions of the x87 that handle its state, but no number.
const X87_CONTROL: [&str; 35] = [
    "FLDCW",
    "FNSTCW",
    "FSTCW",
    "FNSTSW",
    "FSTSW",
    "FNINIT",
    "FINIT",
    "FNCLEX",
    "FCLEX",
    "FNENI",
    "FENI",
    "FNDISI",
    "FDISI",
    "FNSETPM",
    "FSETPM",
    "FRSTPM",
    "FLDENV",
    "FNSTENV",
    "FSTENV",
    "FNSAVE",
    "FSAVE",
    "FRSTOR",
    "FNOP",
    "FFREE",
    "FFREEP",
    "FINCSTP",
    "FDECSTP",
    "FSTDW",
    "FNSTDW",
    "FSTSG",
    "FNSTSG",
    "FXSAVE",
    "FXSAVE64",
    "FXRSTOR",
    "FXRSTOR64",
];

/// A name that no instruction bears would be a slip of the pen, and one in two rows an ambiguity.
#[test]
fn every_name_in_the_table_is_an_instruction_of_one_row() {
    let known: HashMap<String, Mnemonic> =
        Mnemonic::values().map(|m| (format!("{m:?}").to_ascii_lowercase(), m)).collect();
    let mut row_of: HashMap<Mnemonic, usize> = HashMap::new();
    for (index, row) in TABLE.iter().enumerate() {
        for name in row.names.split_ascii_whitespace() {
            let suffixes = if row.form.is_some() { vec![""] } else { SUFFIXES.map(|(suffix, _)| suffix).to_vec() };
            let named: Vec<Mnemonic> = suffixes
                .iter()
                .flat_map(|suffix| [format!("{name}{suffix}"), format!("v{name}{suffix}")])
                .filter_map(|full| known.get(&full).copied())
                .collect();
            assert!(!named.is_empty(), "{name} is no instruction");
            for mnemonic in named {
                let former = row_of.insert(mnemonic, index);
                assert_eq!(former, None, "{mnemonic:?} is named twice");
            }
        }
    }
}
