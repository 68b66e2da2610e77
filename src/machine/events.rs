//! The floating-point events of each microarchitecture, as data.
//!
//! Sources: Intel's event tables (github.com/intel/perfmon) and Linux's tools/perf/pmu-events for
//! FP_ARITH_INST_RETIRED; AMD's from libpfm4 and Linux. `FLOPs a count` is that of the event's
//! documented width; an FMA counts twice in Intel's, as two operations a lane in AMD's. The events of one
//! PMU here never overlap, so that their sum is the FLOPs.

use std::ops::RangeInclusive;

use super::Cpu;
use crate::isa::Precision;

/// One event of a PMU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FpEvent {
    pub name: &'static str,
    pub config: u64,
    pub flops_per_count: u64,
    /// None where it counts more than one.
    pub precision: Option<Precision>,
}

/// The events of one kind of core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pmu {
    /// Its name in /sys/bus/event_source/devices.
    pub name: &'static str,
    /// Empty where the cores have none, and their work goes uncounted.
    pub events: &'static [FpEvent],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Microarchitecture {
    pub name: &'static str,
    vendor: &'static str,
    family: u32,
    models: &'static [RangeInclusive<u32>],
    pub pmus: &'static [Pmu],
    /// What its events do not see.
    pub caveats: &'static [&'static str],
}

impl Microarchitecture {
    pub fn of(cpu: &Cpu) -> Option<&'static Microarchitecture> {
        TABLE.iter().find(|row| {
            row.vendor == cpu.vendor
                && row.family == cpu.family
                && row.models.iter().any(|models| models.contains(&cpu.model))
        })
    }
}

const fn event(name: &'static str, config: u64, flops_per_count: u64, precision: Option<Precision>) -> FpEvent {
    FpEvent { name, config, flops_per_count, precision }
}

const SINGLE: Option<Precision> = Some(Precision::Fp32);
const DOUBLE: Option<Precision> = Some(Precision::Fp64);

const SCALAR_DOUBLE: FpEvent = event("FP_ARITH_INST_RETIRED.SCALAR_DOUBLE", 0x01c7, 1, DOUBLE);
const SCALAR_SINGLE: FpEvent = event("FP_ARITH_INST_RETIRED.SCALAR_SINGLE", 0x02c7, 1, SINGLE);
const DOUBLE_128: FpEvent = event("FP_ARITH_INST_RETIRED.128B_PACKED_DOUBLE", 0x04c7, 2, DOUBLE);
const SINGLE_128: FpEvent = event("FP_ARITH_INST_RETIRED.128B_PACKED_SINGLE", 0x08c7, 4, SINGLE);
const DOUBLE_256: FpEvent = event("FP_ARITH_INST_RETIRED.256B_PACKED_DOUBLE", 0x10c7, 4, DOUBLE);
const SINGLE_256: FpEvent = event("FP_ARITH_INST_RETIRED.256B_PACKED_SINGLE", 0x20c7, 8, SINGLE);
const DOUBLE_512: FpEvent = event("FP_ARITH_INST_RETIRED.512B_PACKED_DOUBLE", 0x40c7, 8, DOUBLE);
const SINGLE_512: FpEvent = event("FP_ARITH_INST_RETIRED.512B_PACKED_SINGLE", 0x80c7, 16, SINGLE);
/// Several widths of equal weight in one event, for CPUs with four counters.
const SCALAR: FpEvent = event("FP_ARITH_INST_RETIRED.SCALAR", 0x03c7, 1, None);
const FLOPS_4: FpEvent = event("FP_ARITH_INST_RETIRED.4_FLOPS", 0x18c7, 4, None);
/// Some published tables give it 4_FLOPS' mask on Skylake-SP; by its description it is this.
const FLOPS_8: FpEvent = event("FP_ARITH_INST_RETIRED.8_FLOPS", 0x60c7, 8, None);

/// Four counters.
const AVX2_FEW: &[FpEvent] = &[SCALAR, DOUBLE_128, FLOPS_4, SINGLE_256];
/// Four counters with hyper-threading, which these five have to share; eight without.
const AVX512_FEW: &[FpEvent] = &[SCALAR, DOUBLE_128, FLOPS_4, FLOPS_8, SINGLE_512];
/// Eight counters.
const AVX2: &[FpEvent] = &[SCALAR_DOUBLE, SCALAR_SINGLE, DOUBLE_128, SINGLE_128, DOUBLE_256, SINGLE_256];
const AVX512: &[FpEvent] =
    &[SCALAR_DOUBLE, SCALAR_SINGLE, DOUBLE_128, SINGLE_128, DOUBLE_256, SINGLE_256, DOUBLE_512, SINGLE_512];
/// E-cores from Crestmont on count FLOPs directly.
const E_CORE: &[FpEvent] =
    &[event("FP_FLOPS_RETIRED.FP64", 0x01c8, 1, DOUBLE), event("FP_FLOPS_RETIRED.FP32", 0x02c8, 1, SINGLE)];

const ZEN_1: &[FpEvent] =
    &[event("fp_ret_sse_avx_ops.sp_all", 0x0f03, 1, SINGLE), event("fp_ret_sse_avx_ops.dp_all", 0xf003, 1, DOUBLE)];
const ZEN_2: &[FpEvent] = &[event("fp_ret_sse_avx_ops.all", 0x0f03, 1, None)];
const ZEN_4: &[FpEvent] = &[
    event("fp_ret_sse_avx_ops.all", 0x0f03, 1, None),
    event("fp_ret_sse_avx_ops.bfloat_mac_flops", 0x1003, 1, Some(Precision::Bf16)),
];

const CPU_AVX2_FEW: &[Pmu] = &[Pmu { name: "cpu", events: AVX2_FEW }];
const CPU_AVX512_FEW: &[Pmu] = &[Pmu { name: "cpu", events: AVX512_FEW }];
const CPU_AVX512: &[Pmu] = &[Pmu { name: "cpu", events: AVX512 }];
const CPU_E_CORE: &[Pmu] = &[Pmu { name: "cpu", events: E_CORE }];
const CORE_AND_GRACEMONT: &[Pmu] = &[Pmu { name: "cpu_core", events: AVX2 }, Pmu { name: "cpu_atom", events: &[] }];
const CORE_AND_ATOM: &[Pmu] = &[Pmu { name: "cpu_core", events: AVX2 }, Pmu { name: "cpu_atom", events: E_CORE }];

const MASKS: &str = "full vector width is counted, whatever the AVX-512 mask";
const NO_FP16: &str = "half precision (event 0xCF), BF16 and AMX are not counted";
const GRACEMONT: &str = "the E-cores (Gracemont) have no floating-point events: what runs there is not counted";
const NO_SPLIT: &str = "single and double precision are not told apart";

const INTEL: &str = "GenuineIntel";
const AMD: &str = "AuthenticAMD";

const fn row(
    (name, vendor, family): (&'static str, &'static str, u32),
    models: &'static [RangeInclusive<u32>],
    pmus: &'static [Pmu],
    caveats: &'static [&'static str],
) -> Microarchitecture {
    Microarchitecture { name, vendor, family, models, pmus, caveats }
}

static TABLE: &[Microarchitecture] = &[
    row(("Skylake", INTEL, 6), &[0x4e..=0x4e, 0x5e..=0x5e, 0x8e..=0x8e, 0x9e..=0x9e, 0xa5..=0xa6], CPU_AVX2_FEW, &[]),
    row(("Skylake-SP, Cascade Lake, Cooper Lake", INTEL, 6), &[0x55..=0x55], CPU_AVX512_FEW, &[MASKS]),
    row(
        ("Ice Lake, Tiger Lake, Rocket Lake", INTEL, 6),
        &[0x6a..=0x6a, 0x6c..=0x6c, 0x7d..=0x7e, 0x8c..=0x8d, 0xa7..=0xa7],
        CPU_AVX512,
        &[MASKS],
    ),
    row(
        ("Sapphire Rapids, Emerald Rapids, Granite Rapids", INTEL, 6),
        &[0x8f..=0x8f, 0xcf..=0xcf, 0xad..=0xae],
        CPU_AVX512,
        &[MASKS, NO_FP16],
    ),
    row(
        ("Alder Lake, Raptor Lake", INTEL, 6),
        &[0x97..=0x97, 0x9a..=0x9a, 0xb7..=0xb7, 0xba..=0xba, 0xbf..=0xbf],
        CORE_AND_GRACEMONT,
        &[GRACEMONT],
    ),
    row(
        ("Meteor Lake, Arrow Lake, Lunar Lake, Panther Lake", INTEL, 6),
        &[0xaa..=0xaa, 0xac..=0xac, 0xb5..=0xb5, 0xc5..=0xc6, 0xbd..=0xbd, 0xcc..=0xcc, 0xd5..=0xd5, 0xe5..=0xe5],
        CORE_AND_ATOM,
        &[],
    ),
    row(
        ("Sierra Forest, Grand Ridge, Clearwater Forest", INTEL, 6),
        &[0xaf..=0xaf, 0xb6..=0xb6, 0xdd..=0xdd],
        CPU_E_CORE,
        &[],
    ),
    row(("Zen 1", AMD, 23), &[0x00..=0x2f], &[Pmu { name: "cpu", events: ZEN_1 }], &[]),
    row(("Zen 2", AMD, 23), &[0x30..=0xff], &[Pmu { name: "cpu", events: ZEN_2 }], &[NO_SPLIT]),
    row(
        ("Zen 3", AMD, 25),
        &[0x00..=0x0f, 0x20..=0x2f, 0x40..=0x5f],
        &[Pmu { name: "cpu", events: ZEN_2 }],
        &[NO_SPLIT],
    ),
    row(("Zen 4", AMD, 25), &[0x10..=0x1f, 0x60..=0xff], &[Pmu { name: "cpu", events: ZEN_4 }], &[NO_SPLIT]),
    row(("Zen 5", AMD, 26), &[0x00..=0x4f, 0x60..=0x7f], &[Pmu { name: "cpu", events: ZEN_2 }], &[NO_SPLIT]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn named(cpu: &str) -> Option<&'static str> {
        Microarchitecture::of(&cpu.parse().expect("a CPU")).map(|row| row.name)
    }

    #[test]
    fn cpus_are_found_by_their_identity() {
        assert_eq!(named("GenuineIntel-6-8F"), Some("Sapphire Rapids, Emerald Rapids, Granite Rapids"));
        assert_eq!(named("GenuineIntel-6-55-4"), Some("Skylake-SP, Cascade Lake, Cooper Lake"));
        assert_eq!(named("AuthenticAMD-23-01"), Some("Zen 1"));
        assert_eq!(named("AuthenticAMD-23-71"), Some("Zen 2"));
        assert_eq!(named("AuthenticAMD-25-01"), Some("Zen 3"));
        assert_eq!(named("AuthenticAMD-25-11"), Some("Zen 4"));
        assert_eq!(named("AuthenticAMD-26-02"), Some("Zen 5"));
        // Haswell has no usable event, and Zen 6's are not Zen 5's.
        assert_eq!(named("GenuineIntel-6-3C"), None);
        assert_eq!(named("AuthenticAMD-26-50"), None);
    }

    #[test]
    fn no_cpu_is_in_two_rows() {
        for (at, row) in TABLE.iter().enumerate() {
            let others = TABLE[at + 1..].iter().filter(|o| (o.vendor, o.family) == (row.vendor, row.family));
            for models in others.flat_map(|other| other.models) {
                let clash = row.models.iter().any(|m| m.start() <= models.end() && models.start() <= m.end());
                assert!(!clash, "{} claims {models:x?}", row.name);
            }
        }
    }

    /// Umasks of FP_ARITH and FP_FLOPS name disjoint sets of instructions bit by bit.
    #[test]
    fn events_of_one_pmu_do_not_overlap() {
        for pmu in TABLE.iter().flat_map(|row| row.pmus) {
            for (at, event) in pmu.events.iter().enumerate() {
                for other in &pmu.events[at + 1..] {
                    let same_code = event.config & 0xff == other.config & 0xff;
                    assert!(!same_code || (event.config & other.config) >> 8 == 0, "{} and {}", event.name, other.name);
                }
            }
        }
    }

    /// The weight is the number of elements of every width whose bit is set in the umask.
    #[test]
    fn weights_follow_from_the_width() {
        let elements = [1, 1, 2, 4, 4, 8, 8, 16];
        let arithmetic = TABLE.iter().flat_map(|row| row.pmus).flat_map(|pmu| pmu.events);
        for event in arithmetic.filter(|event| event.config & 0xff == 0xc7) {
            for (bit, elements) in elements.iter().enumerate() {
                if event.config >> (8 + bit) & 1 == 1 {
                    assert_eq!(event.flops_per_count, *elements, "{}", event.name);
                }
            }
        }
    }
}
