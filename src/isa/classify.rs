//! From the table to the class of an instruction.

use std::sync::{LazyLock, OnceLock};

use iced_x86::{Code, EncodingKind, Instruction, Mnemonic, OpCodeInfo, OpCodeOperandKind, Register};
use rustc_hash::FxHashMap;

use super::table::{Counts, Form, Row, SUFFIXES, Span, TABLE, Work};
use super::{Class, Classified, Kind, Weight};

/// A tile register: 16 rows of 64 bytes.
const TILE_BITS: u16 = 8192;

/// The class of an instruction; None where it is not floating-point.
pub fn classify(instruction: &Instruction) -> Option<Classified> {
    static ENTRIES: LazyLock<Vec<Option<Entry>>> = LazyLock::new(entries);
    // Each once it is met: what iced tells of encodings takes it a millisecond to make up.
    static CLASSES: LazyLock<Vec<OnceLock<Option<Class>>>> =
        LazyLock::new(|| Code::values().map(|_| OnceLock::new()).collect());
    let code = instruction.code();
    let entry = ENTRIES[code.mnemonic() as usize].as_ref()?;
    let class = (*CLASSES[code as usize].get_or_init(|| class_of(code, entry)))?;
    let mask = Some(instruction.op_mask()).filter(|&register| register != Register::None);
    Some(Classified { class: Class { masked: mask.is_some(), ..class }, mask })
}

/// One mnemonic's part of a row.
#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: Kind,
    counts: Counts,
    form: Form,
}

/// The table, its names resolved, by mnemonic.
fn entries() -> Vec<Option<Entry>> {
    let by_name: FxHashMap<String, Entry> = TABLE.iter().flat_map(names).collect();
    Mnemonic::values().map(|mnemonic| by_name.get(&super::mnemonic_name(mnemonic)).copied()).collect()
}

/// Every name that a row can stand for; not all of a family's exist.
fn names(row: &Row) -> Vec<(String, Entry)> {
    let entry = |form| Entry { kind: row.kind, counts: row.counts, form };
    let mut names = Vec::new();
    for name in row.names.split_ascii_whitespace() {
        for v in ["", "v"] {
            match row.form {
                Some(form) => names.push((format!("{v}{name}"), entry(form))),
                None => names.extend(SUFFIXES.map(|(suffix, form)| (format!("{v}{name}{suffix}"), entry(form)))),
            }
        }
    }
    names
}

fn class_of(code: Code, entry: &Entry) -> Option<Class> {
    if !counts_here(code) {
        return None;
    }
    let Form { precision, lane, span } = entry.form;
    let (width, lanes) = match span {
        Span::Register => with_lanes(widest_register(code.op_code()), lane),
        Span::Bits(bits) => with_lanes(bits, lane),
        Span::HalfOfIndex => with_lanes(index_register(code.op_code()) / 2, lane),
        Span::Tile => (TILE_BITS, 0),
    };
    let flops = match entry.counts.flops {
        Work::PerLane(n) => Weight::PerLane(n),
        // At most 512 bits and 7 FLOPs to 128 of them: 28.
        Work::Per128Bits(n) => Weight::PerInstruction(n * (width / 128) as u8),
    };
    Some(Class {
        mnemonic: code.mnemonic(),
        precision,
        width,
        kind: entry.kind,
        lanes,
        masked: false,
        flops,
        pmu: entry.counts.pmu,
    })
}

/// False for encodings that share a floating-point mnemonic without being of its family.
fn counts_here(code: Code) -> bool {
    let string = matches!(code, Code::Movsd_m32_m32 | Code::Cmpsd_m32_m32);
    let knights_corner = code.encoding() == EncodingKind::MVEX;
    !string && !knights_corner
}

fn with_lanes(width: u16, lane: u16) -> (u16, u16) {
    (width, width / lane)
}

fn widest_register(encoding: &OpCodeInfo) -> u16 {
    encoding.op_kinds().iter().map(|&kind| register_bits(kind)).max().unwrap_or(0)
}

fn index_register(encoding: &OpCodeInfo) -> u16 {
    encoding.op_kinds().iter().map(|&kind| index_bits(kind)).max().unwrap_or(0)
}

fn register_bits(kind: OpCodeOperandKind) -> u16 {
    use OpCodeOperandKind::*;
    match kind {
        mm_or_mem | mm_reg | mm_rm => 64,
        xmm_or_mem | xmm_reg | xmm_rm | xmm_vvvv | xmmp3_vvvv | xmm_is4 | xmm_is5 => 128,
        ymm_or_mem | ymm_reg | ymm_rm | ymm_vvvv | ymm_is4 | ymm_is5 => 256,
        zmm_or_mem | zmm_reg | zmm_rm | zmm_vvvv | zmmp3_vvvv => 512,
        _ => 0,
    }
}

fn index_bits(kind: OpCodeOperandKind) -> u16 {
    use OpCodeOperandKind::*;
    match kind {
        mem_vsib64x => 128,
        mem_vsib64y => 256,
        mem_vsib64z => 512,
        _ => 0,
    }
}
