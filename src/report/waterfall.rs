//! The geometry of a waterfall: a bar for each figure, and for each cause one that leads on from where the last
//! ended. Drawn on pages and in terminals.

use crate::ledger::Ledger;
use crate::units::Amount;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An opening or closing figure.
    Total,
    Rise,
    Fall,
}

/// What a bar covers. It begins where the bar before ended, unless it is a total.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    pub shape: Shape,
    pub from: f64,
    pub to: f64,
}

impl Span {
    pub fn total(value: f64) -> Span {
        Span { shape: Shape::Total, from: 0.0, to: value }
    }

    pub fn change(from: Amount, by: Amount) -> Span {
        let shape = if by < 0 { Shape::Fall } else { Shape::Rise };
        Span { shape, from: from as f64, to: (from + by) as f64 }
    }
}

/// Opening, entries, residual and closing, in this order.
pub fn spans(ledger: &Ledger) -> Vec<Span> {
    let mut at = ledger.opening.value as Amount;
    let mut spans = vec![Span::total(at as f64)];
    for amount in ledger.entries.iter().map(|entry| entry.flops).chain([ledger.residual]) {
        spans.push(Span::change(at, amount));
        at += amount;
    }
    spans.push(Span::total(ledger.closing.value as f64));
    spans
}

/// The part of the numbers that is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    pub low: f64,
    pub high: f64,
}

impl Axis {
    /// From 0; but where all changes together would be a sliver, from shortly below them.
    pub fn of(spans: &[Span]) -> Axis {
        const SLIVER: f64 = 0.3;
        const MARGIN: f64 = 0.25;
        let ends = || spans.iter().map(|span| span.to);
        let (least, most) = (ends().fold(f64::INFINITY, f64::min), ends().fold(0.0, f64::max));
        let range = most - least;
        let cut = least - MARGIN * range;
        let low = if range > 0.0 && range < SLIVER * most && cut > 0.0 { cut } else { least.min(0.0) };
        Axis { low, high: if most > low { most } else { low + 1.0 } }
    }

    pub fn is_cut(&self) -> bool {
        self.low > 0.0
    }

    /// Where on an axis of this length.
    pub fn place(&self, value: f64, length: f64) -> f64 {
        (value - self.low).max(0.0) / (self.high - self.low) * length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Basis, Entry, Figure};
    use crate::units::Unit;

    fn ledger(opening: u128, amounts: &[Amount], closing: u128) -> Ledger {
        let figure = |value| Figure { name: "count".into(), value, unit: Unit::Flop };
        let entry = |&flops: &Amount| Entry {
            cause: "cause".into(),
            flops,
            basis: Basis::Predicted,
            text: "a cause".into(),
            evidence: Vec::new(),
        };
        Ledger::close(figure(opening), amounts.iter().map(entry).collect(), figure(closing))
    }

    #[test]
    fn each_bar_begins_where_the_last_ended() {
        let spans = spans(&ledger(100, &[40, -90], 57));
        let seen: Vec<_> = spans.iter().map(|span| (span.shape, span.from, span.to)).collect();
        assert_eq!(
            seen,
            [
                (Shape::Total, 0.0, 100.0),
                (Shape::Rise, 100.0, 140.0),
                (Shape::Fall, 140.0, 50.0),
                (Shape::Rise, 50.0, 57.0),
                (Shape::Total, 0.0, 57.0)
            ]
        );
        assert_eq!(Axis::of(&spans), Axis { low: 0.0, high: 140.0 });
    }

    #[test]
    fn the_axis_is_cut_where_changes_are_small() {
        let axis = Axis::of(&spans(&ledger(1000, &[100], 1100)));
        assert_eq!((axis, axis.is_cut()), (Axis { low: 975.0, high: 1100.0 }, true));
        assert_eq!((axis.place(1100.0, 10.0), axis.place(0.0, 10.0)), (10.0, 0.0));
        // Nothing at all still has an axis.
        assert_eq!(Axis::of(&spans(&ledger(0, &[], 0))), Axis { low: 0.0, high: 1.0 });
        assert!(!Axis::of(&spans(&ledger(7, &[], 7))).is_cut());
    }
}
