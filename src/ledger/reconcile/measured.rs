//! What operators executed beyond their products where nobody knows their kernels' constants: measured,
//! region by region and instruction class by instruction class, and called that.

use std::collections::BTreeMap;

use super::execution::entry;
use super::paths::term_path;
use super::visible::name;
use crate::counter::{RegionTally, Tally};
use crate::isa;
use crate::ledger::{Basis, Entry};
use crate::model::terms::Kind;
use crate::operators::Operator;
use crate::units::Amount;

/// Why more or less was executed than the operators' products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    ProductFma,
    ProductOther,
    Attention,
    Elements(Kind),
}

impl Cause {
    fn slug(self) -> String {
        match self {
            Cause::ProductFma => "product-fma".into(),
            Cause::ProductOther => "product-other".into(),
            Cause::Attention => "attention-other".into(),
            Cause::Elements(kind) => kind.name().replace('_', "-"),
        }
    }

    fn text(self) -> String {
        match self {
            Cause::ProductFma => "products: fused multiply-adds beyond 2 FLOPs a MAC".into(),
            Cause::ProductOther => "products: arithmetic that is no multiply-add".into(),
            Cause::Attention => "fused attention: its softmax, and all else beyond its products".into(),
            Cause::Elements(kind) => format!("operators without products: {}", kind.name().replace('_', " ")),
        }
    }
}

/// All operators of one region.
struct Place {
    kind: Kind,
    macs: Amount,
}

/// One entry a cause, and the paths whose operators ran in no region of their own: their surplus stays in
/// the residual.
pub fn entries(operators: &[Operator], tally: &Tally) -> (Vec<Entry>, Vec<String>) {
    let mut places: BTreeMap<&str, Place> = BTreeMap::new();
    for operator in operators {
        let place = places.entry(&operator.path).or_insert(Place { kind: operator.kind, macs: 0 });
        if place.kind == Kind::Move || operator.macs > 0 {
            place.kind = operator.kind;
        }
        place.macs += operator.macs as Amount;
    }
    let mut causes: BTreeMap<Cause, BTreeMap<String, Amount>> = BTreeMap::new();
    for region in &tally.regions {
        if let Some(place) = places.remove(region.path.as_str()) {
            surplus(region, &place, &mut causes);
        }
    }
    let lost = places.into_iter().filter(|(_, place)| place.macs > 0);
    let entries = causes.into_iter().map(|(cause, evidence)| Entry {
        text: cause.text(),
        cause: cause.slug(),
        ..entry("", "", Basis::Measured, evidence)
    });
    (entries.collect(), lost.map(|(path, _)| path.to_owned()).collect())
}

fn surplus(region: &RegionTally, place: &Place, causes: &mut BTreeMap<Cause, BTreeMap<String, Amount>>) {
    let term = term_path(&region.path);
    let mut note = |cause, what: String, flops| *causes.entry(cause).or_default().entry(what).or_default() += flops;
    for (class, count) in &region.classes {
        let cause = match (place.kind, class.kind) {
            (Kind::Attention, _) => Cause::Attention,
            (_, isa::Kind::Fma) if place.macs > 0 => Cause::ProductFma,
            _ if place.macs > 0 => Cause::ProductOther,
            (kind, _) => Cause::Elements(kind),
        };
        // What multiply-adds do beyond the products is told, not what they do.
        let what = match class.kind {
            isa::Kind::Fma if place.macs > 0 => term.clone(),
            _ => format!("{} in {term}", name(class)),
        };
        note(cause, what, Amount::from(count.flops(class)));
    }
    match place.kind {
        _ if place.macs == 0 => {}
        Kind::Attention => note(Cause::Attention, term, -2 * place.macs),
        _ => note(Cause::ProductFma, term, -2 * place.macs),
    }
}
