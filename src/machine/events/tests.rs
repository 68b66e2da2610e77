//! The tables against rules of their own. Names and umasks are read here as Intel and AMD document them, never
//! through the weights and precisions that the table gives.

use std::collections::BTreeSet;

use super::*;
use crate::machine::cpu;

fn core(cpu: &str) -> &'static CoreType {
    cores(cpu)[0]
}

fn cores(cpu: &str) -> Vec<&'static CoreType> {
    CpuEvents::of(&cpu.parse().expect("a CPU")).unwrap_or_else(|| panic!("{cpu} is not in the table")).cores
}

/// The configurations of each pass, and how many of the passes are main ones.
fn passes(cpu: &str, counters: u32) -> (Vec<Vec<u64>>, usize) {
    let plan = core(cpu).plan(counters);
    assert_eq!(plan.never, Vec::<&FpEvent>::new(), "{cpu}");
    (plan.passes.iter().map(|pass| pass.events().map(|event| event.config).collect()).collect(), plan.main)
}

#[test]
fn cpus_are_found_by_their_identity() {
    let name = |cpu: &str| CpuEvents::of(&cpu.parse().expect("a CPU")).map(|events| events.name());
    let expected = [
        ("GenuineIntel-6-8F", "Sapphire Rapids"),
        ("GenuineIntel-6-8F-8", "Sapphire Rapids"),
        ("GenuineIntel-6-55-4", "Skylake server"),
        ("GenuineIntel-6-55-7", "Cascade Lake"),
        ("GenuineIntel-6-55-A", "Cooper Lake"),
        ("GenuineIntel-6-3C", "Haswell"),
        ("AuthenticAMD-23-01", "Zen 1"),
        ("AuthenticAMD-23-71", "Zen 2"),
        ("AuthenticAMD-25-01", "Zen 3"),
        ("AuthenticAMD-25-11", "Zen 4"),
        ("AuthenticAMD-26-02", "Zen 5"),
        ("AuthenticAMD-26-50", "Zen 6"),
        ("GenuineIntel-6-C6", "Arrow Lake P-core (Lion Cove) + Arrow Lake E-core (Skymont)"),
        ("GenuineIntel-6-BD", "Lunar Lake P-core (Lion Cove) + Lunar Lake E-core (Skymont)"),
        ("GenuineIntel-6-E5", "Panther Lake P-core (Cougar Cove) + Panther Lake E-core (Darkmont)"),
        ("GenuineIntel-6-DD", "Clearwater Forest (Darkmont)"),
        ("GenuineIntel-6-D7", "Bartlett Lake (Raptor Cove)"),
        ("GenuineIntel-19-01", "Diamond Rapids (Panther Cove)"),
        ("0x410fd830", "Neoverse V3AE"),
        ("0xc00fac40", "AmpereOne, AmpereOneX"),
        ("0x500f0000", "Ampere eMAG"),
        ("0x410fd400", "Neoverse V1"),
        ("MIDR 0x00000000460f0010", "Fujitsu A64FX"),
    ];
    for (cpu, expected) in expected {
        assert_eq!(name(cpu).as_deref(), Some(expected), "{cpu}");
    }
    // Its stepping decides between three.
    assert_eq!(name("GenuineIntel-6-55"), None);
    assert_eq!(name("GenuineIntel-6-01"), None);
    assert_eq!(name("0x410fd0b0"), None);
}

#[test]
fn the_table_is_whole() {
    // 59 core types of the collection; Cascade Lake and Cooper Lake, one there, are told apart by BF16.
    // And five that others' tables name, without an event.
    assert_eq!(all().len(), 60 + 5);
    for core in all() {
        assert_eq!(core.quality == Quality::None, core.groups.is_empty(), "{}", core.name);
        assert_eq!(core.quality == Quality::None, core.reason.is_some(), "{}", core.name);
        assert!(core.groups.is_empty() || core.counters.is_some(), "{}", core.name);
        assert!(!core.source.is_empty(), "{}", core.name);
        for event in core.groups.iter().flat_map(|group| &group.events) {
            assert!(!event.source.is_empty(), "{}", event.name);
        }
    }
}

/// Every CPU that one could write: one core type a PMU, and several only where there are several PMUs.
#[test]
fn no_cpu_is_in_two_rows() {
    let families: BTreeSet<(&str, u32)> =
        all().iter().map(|core| (core.identity.vendor.as_str(), core.identity.family)).collect();
    let mut found = BTreeSet::new();
    for (vendor, family) in families {
        let models = if vendor == cpu::ARM { 0x1000 } else { 0x100 };
        for model in 0..models {
            for stepping in 0..=0xf {
                let cpu = Cpu { vendor: vendor.to_owned(), family, model, stepping: Some(stepping) };
                let Some(events) = CpuEvents::of(&cpu) else { continue };
                found.extend(events.cores.iter().map(|core| core.name.as_str()));
                let pmus: BTreeSet<&str> = events.cores.iter().map(|core| core.pmu.as_str()).collect();
                assert_eq!(pmus.len(), events.cores.len(), "{cpu}: {}", events.name());
                let hybrid = pmus.iter().all(|pmu| pmu.starts_with("cpu_"));
                assert!(pmus.len() == 1 || hybrid, "{cpu}: {pmus:?}");
            }
        }
    }
    assert_eq!(found.len(), all().len());
}

/// What an event counts, as sets that are disjoint by the vendor's documentation: one name a kind of operation.
fn counted(core: &CoreType, event: &FpEvent) -> BTreeSet<String> {
    let (code, umask) = (event.config & 0xff, event.config >> 8 & 0xff);
    let bits = || (0..8).filter(|bit| umask >> bit & 1 == 1).map(|bit| format!("{code:#x} bit {bit}")).collect();
    match (core.identity.vendor.as_str(), code) {
        // Bits 7:5 are a number, 0 for all types; bits 3:0 are the operations.
        ("AuthenticAMD", 0x03) if core.identity.family == 26 => {
            let types = if umask >> 5 == 0 { 1..8 } else { umask >> 5..(umask >> 5) + 1 };
            let operations = |kind| {
                (0..4).filter(move |bit| umask >> bit & 1 == 1).map(move |bit| format!("type {kind} operation {bit}"))
            };
            types.flat_map(operations).collect()
        }
        // Bit 6 says that operations are counted, not uops.
        ("AuthenticAMD", 0x03) if core.identity.family == 16 => {
            assert_eq!(umask >> 6 & 1, 1, "{}", event.name);
            (0..6).filter(|bit| umask >> bit & 1 == 1).map(|bit| format!("bit {bit}")).collect()
        }
        // FIXED and SCALE are apart; 0x80C0 and 0x80C1 sum up the precisions of 0x80C2 to 0x80C7.
        (cpu::ARM, _) => {
            let kind = if event.config & 1 == 1 { "fixed" } else { "scale" };
            let precisions = match event.config >> 1 & 3 {
                0 => vec!["half", "single", "double"],
                precision => vec![["half", "single", "double"][precision as usize - 1]],
            };
            precisions.into_iter().map(|precision| format!("{kind} {precision}")).collect()
        }
        _ => bits(),
    }
}

/// Whatever the number of counters, and across the passes too: the sum of all events is the FLOPs.
#[test]
fn events_that_are_opened_do_not_overlap() {
    for core in all() {
        for counters in 1..=12 {
            let plan = core.plan(counters);
            let mut seen = BTreeSet::new();
            for event in plan.passes.iter().flat_map(Pass::events).chain(plan.never.iter().copied()) {
                for kind in counted(core, event) {
                    assert!(
                        seen.insert(kind.clone()),
                        "{} on {counters}: {} counts {kind} again",
                        core.name,
                        event.name
                    );
                }
            }
            // And nothing is left out, except types that only the total tells: all that any group counts.
            let every: BTreeSet<String> =
                core.groups.iter().flat_map(|group| &group.events).flat_map(|event| counted(core, event)).collect();
            let spare = |kind: &String| kind.starts_with("type ");
            assert!(every.difference(&seen).all(spare), "{} on {counters}", core.name);
        }
    }
}

#[test]
fn passes_fit_their_counters() {
    for core in all() {
        for counters in 0..=12 {
            let plan = core.plan(counters);
            assert!(plan.passes.iter().all(|pass| pass.counters() <= counters), "{} on {counters}", core.name);
            assert!(plan.main <= plan.passes.len());
            assert_eq!(plan.fits(), plan.main == usize::from(!core.groups.is_empty()) && plan.never.is_empty());
            let main = plan.main().iter().flat_map(Pass::events).count();
            assert!(core.groups.is_empty() || main > 0 || !plan.never.is_empty(), "{} on {counters}", core.name);
        }
    }
}

/// Elements of an operand by the width and format in the event's name, as Intel writes it.
fn elements(name: &str) -> Option<Vec<u64>> {
    let part = name.split('.').nth(1)?;
    let width = |text: &str| text.split(['B', '_']).next().and_then(|bits| bits.parse::<u64>().ok());
    let packed = |element: u64| width(part).map(|bits| bits / element);
    Some(match part {
        "SCALAR" => vec![1, 1],
        "4_FLOPS" => vec![128 / 32, 256 / 64],
        "8_FLOPS" => vec![256 / 32, 512 / 64],
        // A real and an imaginary part.
        "COMPLEX_SCALAR_HALF" => vec![2],
        "SSE_PACKED_DOUBLE" => vec![128 / 64],
        "SSE_PACKED_SINGLE" => vec![128 / 32],
        "PACKED_DOUBLE" if name.starts_with("SIMD_FP_256") => vec![256 / 64],
        "PACKED_SINGLE" if name.starts_with("SIMD_FP_256") => vec![256 / 32],
        scalar if scalar.contains("SCALAR_") => vec![1],
        // Two products and two sums to each pair of elements.
        bf16 if bf16.ends_with("PACKED_BF16") => vec![packed(32)? * 4],
        double if double.ends_with("PACKED_DOUBLE") => vec![packed(64)?],
        single if single.ends_with("PACKED_SINGLE") => vec![packed(32)?],
        half if half.ends_with("PACKED_HALF") => vec![packed(16)?],
        _ => return None,
    })
}

#[test]
fn weights_follow_from_the_width_in_the_name() {
    let mut checked = BTreeSet::new();
    for event in all().iter().flat_map(|core| &core.groups).flat_map(|group| &group.events) {
        let FlopsPerCount::Fixed(weight) = event.flops_per_count else {
            assert!(event.name.contains("_SCALE_OPS"), "{}", event.name);
            continue;
        };
        let direct = ["FP_FLOPS_RETIRED", "fp_ret", "retired_sse_ops", "FIXED_OPS"];
        if direct.iter().any(|counter| event.name.contains(counter)) {
            assert_eq!(weight, 1, "{} counts FLOPs", event.name);
            continue;
        }
        let elements = elements(&event.name).unwrap_or_else(|| panic!("{}: of what width?", event.name));
        assert!(elements.iter().all(|elements| *elements == weight), "{}: {weight}", event.name);
        checked.insert(event.name.as_str());
    }
    assert_eq!(checked.len(), 6 + 2 * 11 - 1 + 3 + 5, "{checked:?}");
}

/// FP_ARITH's umask bits, from 0 on: scalar double, scalar single, and so on up to 512-bit single.
#[test]
fn umasks_say_what_the_names_say() {
    let bits = [
        ("SCALAR_DOUBLE", 1, "fp64"),
        ("SCALAR_SINGLE", 1, "fp32"),
        ("128B_PACKED_DOUBLE", 2, "fp64"),
        ("128B_PACKED_SINGLE", 4, "fp32"),
        ("256B_PACKED_DOUBLE", 4, "fp64"),
        ("256B_PACKED_SINGLE", 8, "fp32"),
        ("512B_PACKED_DOUBLE", 8, "fp64"),
        ("512B_PACKED_SINGLE", 16, "fp32"),
    ];
    for event in all().iter().flat_map(|core| &core.groups).flat_map(|group| &group.events) {
        if !event.name.starts_with("FP_ARITH_") || event.config & 0xff != 0xc7 {
            continue;
        }
        let set: Vec<_> = (0..8).filter(|bit| event.config >> (8 + bit) & 1 == 1).map(|bit| bits[bit]).collect();
        for (name, weight, precision) in &set {
            assert_eq!(event.flops_per_count, FlopsPerCount::Fixed(*weight), "{}", event.name);
            let alone = set.len() == 1;
            let said = event.precision.map(|p| format!("{p:?}").to_lowercase());
            assert_eq!(said.as_deref(), alone.then_some(*precision), "{}", event.name);
            assert!(!alone || event.name.ends_with(name), "{}", event.name);
        }
        assert!(set.len() == 1 || set.len() == 2, "{}", event.name);
    }
}

#[test]
fn precision_by_precision_where_it_fits_else_the_total() {
    let double = [0x1c7, 0x4c7, 0x10c7, 0x40c7];
    let single = [0x2c7, 0x8c7, 0x20c7, 0x80c7];
    let both: Vec<u64> = double.into_iter().chain(single).collect();
    let half = vec![0x1cf, 0x2cf, 0x4cf, 0x8cf, 0x10cf];
    let total = vec![0x3c7, 0x4c7, 0x18c7, 0x60c7, 0x80c7];
    // Eight counters hold both; half precision takes a pass of its own.
    assert_eq!(passes("GenuineIntel-6-8F", 8), (vec![both.clone(), half.clone()], 1));
    // Fewer hold the total; on thirteen, all of it is one pass.
    assert_eq!(passes("GenuineIntel-6-8F", 7), (vec![total.clone(), half.clone()], 1));
    assert_eq!(passes("GenuineIntel-6-8F", 13), (vec![both.iter().copied().chain(half).collect()], 1));
    // Skylake-SP: four counters hold neither, eight hold both.
    assert_eq!(passes("GenuineIntel-6-55-4", 4), (vec![double.to_vec(), single.to_vec()], 2));
    assert_eq!(passes("GenuineIntel-6-55-4", 5), (vec![total], 1));
    assert_eq!(passes("GenuineIntel-6-55-4", 8), (vec![both.clone()], 1));
    let bf16 = vec![0x20cf, 0x40cf, 0x80cf];
    assert_eq!(passes("GenuineIntel-6-55-B", 8), (vec![both, bf16.clone()], 1));
    assert_eq!(passes("GenuineIntel-6-55-B", 4), (vec![double.to_vec(), single.to_vec(), bf16], 2));
    // A group larger than the counters is cut.
    assert_eq!(passes("GenuineIntel-6-4E", 4), (vec![vec![0x3c7, 0x4c7, 0x18c7, 0x20c7]], 1));
    assert_eq!(
        passes("GenuineIntel-6-4E", 2),
        (vec![vec![0x1c7, 0x4c7], vec![0x10c7], vec![0x2c7, 0x8c7], vec![0x20c7]], 4)
    );
}

#[test]
fn amds_events_take_pairs() {
    // Single and double are two events of a pair each; x87 takes one counter.
    assert_eq!(passes("AuthenticAMD-23-01", 6), (vec![vec![0xf003, 0xf03, 0x702]], 1));
    assert_eq!(passes("AuthenticAMD-25-11", 6), (vec![vec![0xf03, 0x1003, 0x702]], 1));
    assert_eq!(passes("AuthenticAMD-25-11", 5), (vec![vec![0xf03, 0x1003, 0x702]], 1));
    assert_eq!(passes("AuthenticAMD-25-11", 4), (vec![vec![0xf03, 0x1003], vec![0x702]], 1));
    // Zen 5's types take ten counters one by one: the total, which has all of them.
    assert_eq!(passes("AuthenticAMD-26-02", 6), (vec![vec![0xf03, 0x702]], 1));
    let zen5 = core("AuthenticAMD-26-02").plan(1);
    assert!(!zen5.fits() && zen5.never.iter().all(|event| event.counters == 2) && !zen5.never.is_empty());
    assert_eq!(passes("AuthenticAMD-21-02", 1), (vec![vec![0xff03]], 1));
}

#[test]
fn e_cores_and_arm_are_told_apart_where_their_events_allow() {
    assert_eq!(passes("GenuineIntel-6-AF", 8), (vec![vec![0x1c8, 0x2c8]], 1));
    assert_eq!(passes("GenuineIntel-6-AF", 1), (vec![vec![0x3c8]], 1));
    assert_eq!(passes("0x410fd400", 6), (vec![vec![0x80c1, 0x80c0]], 1));
    assert_eq!(passes("0x460f0010", 8), (vec![vec![0x80c7, 0x80c6, 0x80c5, 0x80c4, 0x80c3, 0x80c2]], 1));
    assert_eq!(passes("0x460f0010", 5), (vec![vec![0x80c1, 0x80c0]], 1));
}

#[test]
fn counters_depend_on_smt_and_the_watchdog() {
    let usable = |cpu: &str| {
        let counters = core(cpu).counters.expect("known");
        [(true, false), (false, false), (true, true), (false, true)].map(|(smt, dog)| counters.usable(smt, dog))
    };
    // Intel's watchdog has a fixed counter.
    assert_eq!(usable("GenuineIntel-6-55-4"), [4, 8, 4, 8]);
    assert_eq!(usable("GenuineIntel-6-8F"), [8, 8, 8, 8]);
    // Broadwell's events count on 0 to 3 only.
    assert_eq!(usable("GenuineIntel-6-4F"), [4, 4, 4, 4]);
    assert_eq!(usable("AuthenticAMD-25-11"), [6, 6, 5, 5]);
    assert_eq!(usable("AuthenticAMD-21-02"), [1, 1, 1, 1]);
}

#[test]
fn cpus_without_events_say_why() {
    let refusal = |cpu: &str| CpuEvents::of(&cpu.parse().expect("a CPU")).expect("in the table").refusal();
    for cpu in [
        "GenuineIntel-6-3C",
        "GenuineIntel-6-BE",
        "GenuineIntel-6-57",
        "0x410fd0c0",
        "HygonGenuine-24-0",
        "GenuineIntel-6-D7",
        "GenuineIntel-19-1",
        "0x410fd830",
        "0xc00fac30",
        "0x500f0000",
        "0x611f0240",
    ] {
        assert!(refusal(cpu).is_some_and(|reason| reason.len() > 20), "{cpu}");
        assert_eq!(core(cpu).plan(8), Plan::default(), "{cpu}");
    }
    // The P-cores of a hybrid have events; that its E-cores have none is the first caveat.
    assert_eq!(refusal("GenuineIntel-6-97"), None);
    let hybrid = CpuEvents { cores: cores("GenuineIntel-6-97") };
    assert!(hybrid.caveats()[0].contains("Gracemont"), "{:?}", hybrid.caveats());
}

#[test]
fn vector_lengths_weigh_sve() {
    let scale = FlopsPerCount::VectorGranules;
    // Graviton3 has 256 bits, A64FX 512, Grace 128.
    assert_eq!([128, 256, 512].map(|bits| scale.flops(10, Some(bits))), [Some(10), Some(20), Some(40)]);
    assert_eq!((scale.flops(10, None), scale.flops(10, Some(100))), (None, None));
    assert_eq!(FlopsPerCount::Fixed(16).flops(3, None), Some(48));
    assert_eq!(FlopsPerCount::Fixed(16).flops(u64::MAX / 2, None), None);
}
