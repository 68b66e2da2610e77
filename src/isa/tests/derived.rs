//! Classes against what iced-x86 says in other places: the operands in the instruction's text, the
//! type and number of the elements that a memory operand holds.

use iced_x86::{Code, MemorySize, Mnemonic};

use super::super::{Class, Kind, Precision, Weight};
use super::class;

fn classes() -> impl Iterator<Item = (Code, Class)> {
    Code::values().filter_map(|code| Some((code, class(code)?)))
}

fn name(class: &Class) -> String {
    format!("{:?}", class.mnemonic).to_ascii_lowercase()
}

/// A scalar by its name, without regard to the table.
fn is_scalar(name: &str) -> bool {
    let packed = ["vbroadcastss", "vbroadcastsd"];
    ["ss", "sd", "sh"].iter().any(|suffix| name.ends_with(suffix)) && !packed.contains(&name)
}

fn bits(precision: Precision) -> u16 {
    match precision {
        Precision::Fp16 | Precision::Bf16 => 16,
        Precision::Fp32 => 32,
        Precision::Fp64 => 64,
        Precision::X87 => 80,
    }
}

fn float_element(memory: MemorySize) -> Option<Precision> {
    match memory.element_type() {
        MemorySize::Float16 => Some(Precision::Fp16),
        MemorySize::BFloat16 => Some(Precision::Bf16),
        MemorySize::Float32 => Some(Precision::Fp32),
        MemorySize::Float64 => Some(Precision::Fp64),
        _ => None,
    }
}

#[test]
fn vector_width_is_that_of_the_widest_register_in_the_text() {
    for (code, class) in classes() {
        let name = name(&class);
        let partial = ["extract", "movl", "movh", "qps"].iter().any(|part| name.contains(part));
        if class.kind == Kind::Tile || class.precision == Precision::X87 || class.lanes == 1 || partial {
            continue;
        }
        let text = code.op_code().instruction_string();
        let (_, operands) = text.split_once(' ').unwrap();
        let expected = [("zmm", 512), ("ymm", 256), ("xmm", 128), ("mm", 64)]
            .into_iter()
            .find_map(|(register, bits)| operands.contains(register).then_some(bits));
        // These leave the upper half of the XMM register alone, or do not read it.
        let expected = match class.mnemonic {
            Mnemonic::Cvtpi2ps | Mnemonic::Cvtps2pi | Mnemonic::Cvttps2pi => Some(64),
            _ => expected,
        };
        assert_eq!(Some(class.width), expected, "{code:?}");
    }
}

#[test]
fn lanes_are_the_width_in_elements() {
    for (code, class) in classes() {
        let element = bits(class.precision);
        match class.kind {
            Kind::Tile => assert_eq!((class.width, class.lanes), (8192, 0), "{code:?}"),
            // The pair of a complex number; two products to a 32-bit sum.
            Kind::Complex => assert_eq!(class.width, class.lanes * 2 * element, "{code:?}"),
            Kind::Dot if class.precision == Precision::Bf16 => {
                assert_eq!(class.width, class.lanes * 32, "{code:?}");
            }
            // From or to elements as wide or wider.
            Kind::Convert => {
                assert_eq!(class.width % class.lanes, 0, "{code:?}");
                assert!([1, 2, 4].contains(&(class.width / class.lanes / element)), "{code:?}");
            }
            _ => assert_eq!(class.width, class.lanes * element, "{code:?}"),
        }
        assert!(class.lanes <= 32, "{code:?}");
    }
}

#[test]
fn scalars_are_scalars() {
    for (code, class) in classes() {
        let name = name(&class);
        let block = ["movlpd", "movhpd"].iter().any(|part| name.contains(part));
        let other = class.precision == Precision::X87
            || name.contains("cvt") && (name.ends_with("si") || name.contains("ss2") || name.contains("sd2"))
            || name.contains("cvtsh2")
            || name.contains("cvttsh2")
            || name.ends_with("extractps")
            || ["pfrcp", "pfrsqrt"].contains(&name.as_str());
        if !block {
            assert_eq!(class.lanes == 1, is_scalar(&name) || other, "{code:?}");
        }
    }
}

/// Arithmetic reads from memory as many elements as it works on.
#[test]
fn lanes_and_precision_are_those_of_the_memory_operand() {
    let mut seen = 0;
    for (code, class) in classes() {
        let name = name(&class);
        let memory = code.op_code().memory_size();
        let Some(element) = float_element(memory) else { continue };
        // One number written twice; four steps with one scalar each; pairs.
        let apart = name.starts_with("pfr") || name.starts_with("v4") || class.precision == Precision::X87;
        if apart || matches!(class.kind, Kind::Move | Kind::Convert | Kind::Complex) {
            continue;
        }
        assert_eq!(class.precision, element, "{code:?}");
        assert_eq!(usize::from(class.lanes), memory.element_count(), "{code:?}");
        seen += 1;
    }
    assert!(seen > 700, "{seen}");
}

/// Conversions read from memory, or write to it, as many numbers as they convert.
#[test]
fn conversions_have_the_lanes_of_their_memory_operand() {
    for (code, class) in classes() {
        let (name, memory) = (name(&class), code.op_code().memory_size());
        if class.kind != Kind::Convert || class.precision == Precision::X87 {
            continue;
        }
        let elements = memory.element_count() as u16;
        let expected = match name.as_str() {
            "vcvtne2ps2bf16" => 2 * elements,
            // Every other element.
            "pi2fw" | "vcvtneeph2ps" | "vcvtneoph2ps" | "vcvtneebf162ps" | "vcvtneobf162ps" => elements / 2,
            "vbcstnesh2ps" | "vbcstnebf162ps" => class.width / 32,
            _ => elements,
        };
        assert_eq!(class.lanes, expected, "{code:?}");
        if let Some(element) = float_element(memory) {
            assert!(bits(class.precision) <= bits(element), "{code:?}");
        }
    }
}

/// The rules of the design by the words that make up the names.
#[test]
fn flops_follow_from_the_name() {
    let rules: [(&str, u8); 22] = [
        ("fmaddc", 8),
        ("fcmadd", 8),
        ("fmulc", 6),
        ("fcmul", 6),
        ("dpbf16", 4),
        ("v4f", 8),
        ("fmadd", 2),
        ("fmsub", 2),
        ("fnmadd", 2),
        ("fnmsub", 2),
        ("addsub", 1),
        ("hadd", 1),
        ("hsub", 1),
        ("add", 1),
        ("sub", 1),
        ("mul", 1),
        ("div", 1),
        ("rsqrt", 1),
        ("sqrt", 1),
        ("rcp", 1),
        ("exp2", 1),
        ("acc", 1),
    ];
    for (code, class) in classes() {
        let name = name(&class);
        if matches!(class.kind, Kind::Transcendental | Kind::Tile) || name.contains("dpp") || name == "pfrsqit1" {
            continue;
        }
        let flops = rules.iter().find(|(part, _)| name.contains(part)).map_or(0, |&(_, flops)| flops);
        assert_eq!(class.flops, Weight::PerLane(flops), "{code:?}");
    }
}

#[test]
fn the_pmu_counts_what_intel_says() {
    for (code, class) in classes() {
        let mmx = class.width == 64 && class.lanes == 2 || format!("{code:?}").starts_with("D3NOW");
        let invisible = class.precision == Precision::X87 || class.precision == Precision::Bf16 || mmx;
        let expected = match class.kind {
            Kind::Tile | Kind::Compare | Kind::Convert | Kind::Move | Kind::Transcendental => Some(0),
            Kind::Bits => {
                let silent = ["reduce", "scalef", "getexp", "getmant", "range", "fixupimm"];
                if silent.iter().any(|part| name(&class).contains(part)) { None } else { Some(0) }
            }
            Kind::Complex => None,
            _ if invisible => Some(0),
            Kind::MinMax => Some(1),
            Kind::Dot => Some(2),
            Kind::Fma if name(&class).starts_with("v4") => Some(8),
            Kind::Fma => Some(2),
            Kind::Add | Kind::Mul | Kind::Div | Kind::Sqrt | Kind::Approximation | Kind::Horizontal => Some(1),
        };
        assert_eq!(class.pmu, expected.map(Weight::PerLane), "{code:?}");
    }
}
