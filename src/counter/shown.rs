//! What another CPU's floating-point events would show of an execution that was counted instruction by
//! instruction: any machine is a reference for any PMU.
//!
//! What a lane counts is said once, in `isa`'s table (`Class::pmu`); which event counts it, in the table of
//! events. So the events' counts times their weights add up to `pmu_flops`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{ClassCount, Classes};
use crate::isa::{Class, Kind, Precision};
use crate::machine::events::{CountRule, EventGroup, FlopsPerCount, FpEvent, config};
use crate::machine::{CoreType, Cpu, CpuEvents};
use crate::{Error, Result};

/// The events of a CPU with what they would show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub cpu: String,
    pub microarchitecture: String,
    pub events: Vec<ShownEvent>,
    /// What the counts do not say, and what of this execution no event counts.
    pub caveats: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownEvent {
    /// With its PMU, as `cpu_core/NAME/`, where the CPU has several: as if all of it had run on those cores.
    pub name: String,
    pub config: String,
    pub flops_per_count: u64,
    /// None where an instruction was executed of which the vendor does not say what it counts.
    pub count: Option<u64>,
    /// `count` times `flops_per_count`.
    pub flops: Option<u64>,
}

/// A CPU of whose events it can be told what they show.
pub struct Reference {
    cpu: Cpu,
    events: CpuEvents,
}

impl Reference {
    /// Refuses, with the reason, a CPU that the table does not know, that has no event, or whose vendor does not
    /// say what its events count.
    pub fn of(cpu: &Cpu) -> Result<Reference> {
        let events = CpuEvents::named(cpu)?;
        let unknown = |why: &str| {
            Error::input(format!("what the events of {cpu} ({}) would show cannot be told: {why}", events.name()))
                .remedy("name an Intel CPU of Broadwell or later, e.g. GenuineIntel-6-8F")
        };
        if let Some(reason) = events.refusal() {
            return Err(unknown(reason));
        }
        match events.cores.iter().flat_map(|core| &core.groups).find_map(|group| untold(group.rule)) {
            Some(why) => Err(unknown(why)),
            None => Ok(Reference { cpu: cpu.clone(), events }),
        }
    }

    /// Do all its events of single and double precision count instructions by their width?
    pub fn counts_by_width(&self) -> bool {
        let rules = self.events.cores.iter().flat_map(|core| &core.groups).map(|group| group.rule);
        rules.into_iter().all(|rule| matches!(rule, CountRule::Width | CountRule::Bf16Products))
    }

    /// As a run under `perf` names it.
    fn name(&self, core: &CoreType, event: &FpEvent) -> String {
        match self.events.cores.len() {
            1 => event.name.clone(),
            _ => format!("{}/{}/", core.pmu, event.name),
        }
    }

    /// The FLOPs of a count of the event of that name, and those that the event would show of these executions,
    /// None where it is not documented. None for a name that the CPU has no event of, and on hybrids, where it
    /// depends on the cores that the work ran on.
    pub fn expects(&self, name: &str, classes: &Classes) -> Option<(u64, Option<u64>)> {
        let [core] = self.events.cores.as_slice() else { return None };
        let events = core.groups.iter().flat_map(|group| group.events.iter().map(move |event| (*group, event)));
        let (group, event) = events.into_iter().find(|(_, event)| event.name == name)?;
        let FlopsPerCount::Fixed(weight) = event.flops_per_count else { return None };
        let add =
            |flops: Option<u64>, (class, count): (&Class, &ClassCount)| match adds(group, event, weight, class, *count)
            {
                Adds::Nothing => flops,
                Adds::Flops(more) => flops.map(|flops| flops + more),
                Adds::Unknown => None,
            };
        Some((weight, classes.iter().filter(|(_, count)| count.executions > 0).fold(Some(0), add)))
    }

    /// What the events would show of these executions.
    pub fn shows(&self, classes: &Classes) -> Shown {
        let executed: Vec<(&Class, ClassCount)> =
            classes.iter().filter(|(_, count)| count.executions > 0).map(|(class, count)| (class, *count)).collect();
        let mut seen = BTreeSet::new();
        let mut silent = BTreeSet::new();
        let mut events = Vec::new();
        for core in &self.events.cores {
            for (group, event) in apart(core) {
                let name = self.name(core, event);
                let FlopsPerCount::Fixed(weight) = event.flops_per_count else { continue };
                let mut flops = Some(0u64);
                for (class, count) in &executed {
                    match adds(group, event, weight, class, *count) {
                        Adds::Nothing => continue,
                        Adds::Flops(more) => flops = flops.map(|flops| flops + more),
                        Adds::Unknown => {
                            flops = None;
                            silent.insert(format!(
                                "it is not documented what {} counts of {}",
                                name,
                                class.mnemonic_name()
                            ));
                        }
                    }
                    seen.insert(**class);
                }
                let count = flops.map(|flops| flops / weight);
                events.push(ShownEvent { name, config: config(event), flops_per_count: weight, count, flops });
            }
        }
        let caveats = self.events.caveats().into_iter().map(str::to_owned);
        let caveats = caveats.chain(silent).chain(unseen(&executed, &seen)).collect();
        Shown { cpu: self.cpu.full_name(), microarchitecture: self.events.name(), events, caveats }
    }
}

/// Why it cannot be told what events of a rule show.
fn untold(rule: CountRule) -> Option<&'static str> {
    match rule {
        CountRule::Width | CountRule::Bf16Products | CountRule::Operations => None,
        CountRule::Replayed => Some("they count at issue and again at each replay, which depends on the caches"),
        CountRule::Unstated => Some(
            "AMD does not say whether masked lanes, minima, maxima, comparisons and approximations count as operations",
        ),
        CountRule::NotX86 => Some("it does not execute x86 instructions"),
    }
}

/// The events that count one precision each.
fn apart(core: &CoreType) -> impl Iterator<Item = (&'static EventGroup, &'static FpEvent)> {
    let groups = core.groups.iter().copied().filter(|group| group.tells_apart());
    groups.flat_map(|group| group.events.iter().map(move |event| (group, event)))
}

/// What executions of a class add to an event.
enum Adds {
    /// They are not its business.
    Nothing,
    Flops(u64),
    Unknown,
}

fn adds(group: &EventGroup, event: &FpEvent, weight: u64, class: &Class, count: ClassCount) -> Adds {
    let covered = event.precision.map_or_else(|| group.covers.contains(&class.precision), |p| p == class.precision);
    if !covered || class.kind == Kind::Tile {
        return Adds::Nothing;
    }
    match group.rule {
        CountRule::Width => match (elements(class) == Some(weight), count.pmu_flops(class)) {
            (false, _) => Adds::Nothing,
            // A count is a whole one: the weight is the number of lanes.
            (true, Some(flops)) if flops % weight == 0 => Adds::Flops(flops),
            (true, _) => Adds::Unknown,
        },
        CountRule::Bf16Products => {
            let full = class.flops.count(1, class.lanes.into());
            match class.kind == Kind::Dot && full == weight {
                true => Adds::Flops(count.executions * weight),
                false => Adds::Nothing,
            }
        }
        CountRule::Operations => match (class.kind, count.pmu_flops(class)) {
            (Kind::Add | Kind::Mul | Kind::Div | Kind::Sqrt | Kind::Fma, Some(flops)) => Adds::Flops(flops),
            (_, Some(0)) => Adds::Nothing,
            _ => Adds::Unknown,
        },
        CountRule::Replayed | CountRule::Unstated | CountRule::NotX86 => Adds::Unknown,
    }
}

/// Elements of the vector: those of a complex number are two. None for x87 and BF16, which have no event by width.
fn elements(class: &Class) -> Option<u64> {
    let bits = match class.precision {
        Precision::Fp16 => 16,
        Precision::Fp32 => 32,
        Precision::Fp64 => 64,
        Precision::Bf16 | Precision::X87 => return None,
    };
    Some(u64::from(class.width) / bits)
}

/// Arithmetic that no event counts, by precision and width.
fn unseen(executed: &[(&Class, ClassCount)], seen: &BTreeSet<Class>) -> Vec<String> {
    let mut left: BTreeMap<(Precision, u16), u64> = BTreeMap::new();
    for (class, count) in executed {
        let works = count.flops(class) > 0 || count.pmu_flops(class) != Some(0);
        if works && !seen.contains(*class) {
            *left.entry((class.precision, class.width)).or_default() += count.executions;
        }
    }
    let line = |((precision, width), executions): (&(Precision, u16), &u64)| {
        let precision = format!("{precision:?}").to_lowercase();
        format!("no event counts its {precision} arithmetic of {width} bits, executed {executions} times")
    };
    left.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::visible;
    use super::*;
    use crate::isa::classify;
    use iced_x86::{Code, Instruction};

    /// Every instruction form that iced-x86 knows, a different number of times each.
    fn everything() -> Classes {
        let mut classes = Classes::new();
        for (number, code) in Code::values().enumerate() {
            let mut instruction = Instruction::default();
            instruction.set_code(code);
            let Some(classified) = classify(&instruction) else { continue };
            let executions = 1 + number as u64 % 97;
            let lanes = executions * u64::from(classified.class.lanes);
            *classes.entry(classified.class).or_default() += ClassCount { executions, lanes };
        }
        classes
    }

    fn shows(cpu: &str, classes: &Classes) -> Shown {
        Reference::of(&cpu.parse().expect("a CPU")).unwrap_or_else(|error| panic!("{error}")).shows(classes)
    }

    #[test]
    fn counts_times_weights_are_the_pmu_flops() {
        let mut classes = everything();
        classes.retain(|class, _| class.pmu.is_some());
        let expected = visible(&classes);
        let shown = shows("GenuineIntel-6-8F", &classes);
        let sum = |part: &str| -> Option<u64> {
            let events = shown.events.iter().filter(|event| event.name.contains(part));
            events.map(|event| Some(event.count? * event.flops_per_count)).sum()
        };
        assert!(expected.total.is_some_and(|total| total > 100_000));
        assert_eq!(sum(""), expected.total);
        assert_eq!((sum("_SINGLE"), sum("_DOUBLE"), sum("_HALF")), (expected.fp32, expected.fp64, expected.fp16));
        assert!(shown.events.iter().all(|event| event.count.map(|n| n * event.flops_per_count) == event.flops));
    }

    #[test]
    fn what_is_not_documented_is_not_known() {
        let shown = shows("GenuineIntel-6-8F", &everything());
        let known =
            |name: &str| shown.events.iter().find(|event| event.name.ends_with(name)).map(|e| e.count.is_some());
        // fmulcsh and fmulcph; reduce, scalef and the like.
        assert_eq!(known("COMPLEX_SCALAR_HALF"), Some(false));
        assert_eq!(known(".512B_PACKED_HALF"), Some(false));
        assert_eq!(known(".512B_PACKED_SINGLE"), Some(false));
        assert!(shown.caveats.iter().any(|caveat| caveat.contains("of vfmulcsh")), "{:?}", shown.caveats);
        assert!(shown.caveats.iter().any(|caveat| caveat.contains("x87 arithmetic of 80 bits")), "{:?}", shown.caveats);
    }

    /// Once an instruction, 16, 32 and 64 FLOPs, and on Cooper Lake alone.
    #[test]
    fn coopers_lakes_bf16_events() {
        let mut classes = Classes::new();
        let forms = [
            (Code::EVEX_Vdpbf16ps_xmm_k1z_xmm_xmmm128b32, 3),
            (Code::EVEX_Vdpbf16ps_ymm_k1z_ymm_ymmm256b32, 5),
            (Code::EVEX_Vdpbf16ps_zmm_k1z_zmm_zmmm512b32, 7),
        ];
        for (code, executions) in forms {
            let mut instruction = Instruction::default();
            instruction.set_code(code);
            let class = classify(&instruction).expect("floating-point").class;
            // Whatever the mask: fewer lanes change no count.
            classes.insert(class, ClassCount { executions, lanes: 1 });
        }
        let counts = |cpu: &str| -> Vec<(Option<u64>, Option<u64>)> {
            let events = shows(cpu, &classes).events.into_iter().filter(|event| event.name.ends_with("BF16"));
            events.map(|event| (event.count, event.flops)).collect()
        };
        assert_eq!(counts("GenuineIntel-6-55-B"), [(3, 48), (5, 160), (7, 448)].map(|(n, f)| (Some(n), Some(f))));
        assert_eq!(counts("GenuineIntel-6-55-7"), []);
        let shown = shows("GenuineIntel-6-8F", &classes);
        assert!(shown.events.iter().all(|event| event.count == Some(0)), "{shown:?}");
        assert!(shown.caveats.iter().any(|c| c.contains("bf16 arithmetic of 512 bits, executed 7 times")), "{shown:?}");
    }

    #[test]
    fn cpus_of_which_it_is_not_told_are_refused() {
        let refused = |cpu: &str| Reference::of(&cpu.parse().expect("a CPU")).err().expect(cpu);
        for (cpu, why) in [
            ("AuthenticAMD-25-11", "AMD does not say"),
            ("GenuineIntel-6-3C", "AVX_INSTS"),
            ("GenuineIntel-6-2A", "replay"),
            ("0x410fd400", "x86"),
            ("GenuineIntel-6-01", "not in the table"),
        ] {
            let error = refused(cpu);
            assert!(error.to_string().contains(why), "{cpu}: {error}");
            assert_eq!(error.exit_code(), 2);
        }
    }
}
