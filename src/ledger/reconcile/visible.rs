//! What was executed against what floating-point events would show of it.

use std::collections::BTreeMap;

use crate::counter::{ClassCount, Classes};
use crate::isa::{Class, Kind, Precision};
use crate::ledger::{Basis, Entry, Evidence};
use crate::units::Amount;

/// Why an event shows another count than the FLOPs that were executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    MaskedLanes,
    MinMax,
    DotProduct,
    X87,
    Bf16,
    OtherPrecision,
    Undocumented,
}

impl Cause {
    /// The cause's slug and plain words.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Cause::MaskedLanes => {
                ("masked-lanes", "lanes that a mask switched off: events count the full width of the vector")
            }
            Cause::MinMax => ("min-max", "min and max: events count them, they are no floating-point operations here"),
            Cause::DotProduct => ("dot-product", "dpps and dppd: events count 2 a lane, they do 7 FLOPs in 4 lanes"),
            Cause::X87 => ("x87-not-seen", "x87 arithmetic: no event counts its operations"),
            Cause::Bf16 => ("bf16-not-seen", "bf16 products (vdpbf16ps, AMX): no event counts them"),
            Cause::OtherPrecision => ("not-seen", "arithmetic that no event counts"),
            Cause::Undocumented => ("undocumented", "instructions of which no document says what the events count"),
        }
    }

    fn of(class: &Class) -> Cause {
        match (class.pmu, class.kind, class.precision) {
            (None, ..) => Cause::Undocumented,
            (_, Kind::MinMax, _) => Cause::MinMax,
            (_, Kind::Dot, Precision::Fp32 | Precision::Fp64) => Cause::DotProduct,
            (_, _, Precision::X87) => Cause::X87,
            (_, _, Precision::Bf16) => Cause::Bf16,
            (Some(pmu), ..) if pmu == class.flops => Cause::MaskedLanes,
            _ => Cause::OtherPrecision,
        }
    }
}

/// FLOPs that the events would show; what is undocumented adds nothing.
pub fn pmu_flops(classes: &Classes) -> u64 {
    classes.iter().filter_map(|(class, count)| count.pmu_flops(class)).sum()
}

/// One entry a cause, with the instruction classes as evidence, most first.
pub fn entries(classes: &Classes) -> Vec<Entry> {
    let mut causes: BTreeMap<Cause, Vec<Evidence>> = BTreeMap::new();
    for (class, count) in classes {
        let shown = Amount::from(count.pmu_flops(class).unwrap_or(0));
        let flops = shown - Amount::from(count.flops(class));
        if flops != 0 {
            causes.entry(Cause::of(class)).or_default().push(Evidence { what: describe(class, count), flops });
        }
    }
    let entry = |(cause, mut evidence): (Cause, Vec<Evidence>)| {
        evidence.sort_by_key(|e| std::cmp::Reverse(e.flops.unsigned_abs()));
        let (slug, text) = cause.words();
        Entry {
            cause: slug.into(),
            flops: evidence.iter().map(|e| e.flops).sum(),
            basis: Basis::Measured,
            text: text.into(),
            evidence,
        }
    };
    causes.into_iter().map(entry).collect()
}

/// Half precision, where its events were not opened beside the others.
pub fn half_not_opened(classes: &Classes) -> Option<Entry> {
    let half = classes.iter().filter(|(class, _)| class.precision == Precision::Fp16);
    let shown = half.filter_map(|(class, count)| Some((class, count, count.pmu_flops(class).filter(|n| *n > 0)?)));
    let evidence: Vec<Evidence> = shown
        .map(|(class, count, flops)| Evidence { what: describe(class, count), flops: -Amount::from(flops) })
        .collect();
    (!evidence.is_empty()).then(|| Entry {
        cause: "fp16-not-opened".into(),
        flops: evidence.iter().map(|e| e.flops).sum(),
        basis: Basis::Measured,
        text: "half precision: its events take counters of their own, and were not opened".into(),
        evidence,
    })
}

/// `vfmadd231ps of 256 bits`
pub fn name(class: &Class) -> String {
    format!("{} of {} bits", class.mnemonic_name(), class.width)
}

fn describe(class: &Class, count: &ClassCount) -> String {
    let lanes = if class.masked { format!(", {} active lanes", count.lanes) } else { String::new() };
    format!("{}, executed {} times{lanes}", name(class), count.executions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Weight;
    use iced_x86::Mnemonic;

    fn class(mnemonic: Mnemonic, kind: Kind, masked: bool, flops: Weight, pmu: Option<Weight>) -> Class {
        Class { mnemonic, precision: Precision::Fp32, width: 512, kind, lanes: 16, masked, flops, pmu }
    }

    #[test]
    fn every_difference_has_its_cause() {
        let fma = Some(Weight::PerLane(2));
        let one = Some(Weight::PerLane(1));
        let classes = Classes::from([
            (
                class(Mnemonic::Vfmadd231ps, Kind::Fma, true, Weight::PerLane(2), fma),
                ClassCount { executions: 10, lanes: 40 },
            ),
            (
                class(Mnemonic::Vaddps, Kind::Add, false, Weight::PerLane(1), one),
                ClassCount { executions: 3, lanes: 48 },
            ),
            (class(Mnemonic::Vmaxps, Kind::MinMax, false, Weight::ZERO, one), ClassCount { executions: 1, lanes: 16 }),
            (
                class(Mnemonic::Vfmulcph, Kind::Complex, false, Weight::PerLane(6), None),
                ClassCount { executions: 1, lanes: 16 },
            ),
        ]);
        // fma: 320 shown for 80 done; add: 48 for 48; max: 16 for 0; complex: nothing for 96.
        assert_eq!(pmu_flops(&classes), 320 + 48 + 16);
        let entries = entries(&classes);
        let amounts: Vec<(&str, Amount)> = entries.iter().map(|e| (e.cause.as_str(), e.flops)).collect();
        assert_eq!(amounts, [("masked-lanes", 240), ("min-max", 16), ("undocumented", -96)]);
    }
}
