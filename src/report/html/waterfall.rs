//! Ledgers as waterfalls.

use super::page::{Block, Row, Section};
use super::svg::Strip;
use crate::ledger::{Basis, Entry, Figure, Ledger};
use crate::report::ledger::{signed, verdict};
use crate::report::waterfall::{Axis, Shape, Span, spans};
use crate::units::{Amount, grouped};

/// Per cent, so that nothing is too small to be seen.
const LEAST: f64 = 0.3;
/// Evidence that is shown; the JSON has all of it.
const EVIDENCE: usize = 40;

/// One ledger, cause by cause.
pub fn ledger(ledger: &Ledger) -> Section {
    let spans = spans(ledger);
    let axis = Axis::of(&spans);
    let mut rows = vec![figure(&ledger.opening)];
    rows.extend(ledger.entries.iter().map(entry));
    rows.push(residual(ledger.residual));
    rows.push(figure(&ledger.closing));
    let measured = ledger.entries.iter().any(|entry| entry.basis == Basis::Measured);
    for ((row, span), place) in rows.iter_mut().zip(&spans).zip(0..) {
        row.svg = bar(&axis, *span, row, place == 0, place + 1 == spans.len());
    }
    let causes = match ledger.entries.len() {
        0 => "no cause is needed".to_owned(),
        1 => "one cause".to_owned(),
        number => format!("{number} causes"),
    };
    let mut legend = vec![("total", "a count".into()), ("rise", "adds".into()), ("fall", "takes away".into())];
    if measured {
        legend.push(("measured", "hatched: measured, not predicted".into()));
    }
    Section {
        title: format!("{} → {}", ledger.from, ledger.to),
        lead: format!("{causes}, and a residual of {}: {}.", grouped(ledger.residual), verdict(ledger.residual)),
        legend,
        blocks: vec![Block::Rows { rows, axis: axis_note(&axis) }],
        source: "Amounts are exact, in the unit that the figures are printed in. Predicted ones come from shapes and \
                 the kernels' constants; measured ones from instructions counted. The residual is computed, never given."
            .into(),
    }
}

/// All figures of a chain, with what lies between two of them as one step.
pub fn chain(ledgers: &[Ledger]) -> Option<Section> {
    let first = ledgers.first()?;
    let mut rows = vec![figure(&first.opening)];
    let mut spans = vec![Span::total(first.opening.value as f64)];
    let mut last = &first.opening;
    for ledger in ledgers {
        // Several chains may lead to the same count.
        if ledger.opening != *last {
            rows.push(figure(&ledger.opening));
            spans.push(Span::total(ledger.opening.value as f64));
        }
        let (opening, closing) = (ledger.opening.value as Amount, ledger.closing.value as Amount);
        let change = closing - opening;
        rows.push(Row {
            class: class(change),
            label: match ledger.entries.as_slice() {
                [] => "the same".to_owned(),
                [only] => only.text.clone(),
                [.., _] => largest(&ledger.entries),
            },
            value: signed(change),
            note: format!("residual {}", grouped(ledger.residual)),
            ..Row::default()
        });
        spans.push(Span::change(opening, change));
        rows.push(figure(&ledger.closing));
        spans.push(Span::total(closing as f64));
        last = &ledger.closing;
    }
    let axis = Axis { low: 0.0, ..Axis::of(&spans) };
    for ((row, span), place) in rows.iter_mut().zip(&spans).zip(0..) {
        row.svg = bar(&axis, *span, row, place == 0, place + 1 == spans.len());
    }
    Some(Section {
        title: "The chain".into(),
        lead: "From figure to figure. Each step is taken apart below, cause by cause.".into(),
        legend: vec![("total", "a count".into()), ("rise", "adds".into()), ("fall", "takes away".into())],
        blocks: vec![Block::Rows { rows, axis: String::new() }],
        source: "Each figure in the unit that whoever counted it prints: a MAC is 2 FLOPs.".into(),
    })
}

fn largest(entries: &[Entry]) -> String {
    let most = entries.iter().max_by_key(|entry| entry.flops.unsigned_abs());
    let text = most.map_or("", |entry| entry.text.as_str());
    format!("{} causes, foremost: {text}", entries.len())
}

fn class(amount: Amount) -> &'static str {
    if amount < 0 { "fall" } else { "rise" }
}

fn figure(figure: &Figure) -> Row {
    Row {
        class: "total",
        label: figure.name.clone(),
        value: grouped(figure.value as Amount),
        unit: figure.unit.to_string(),
        ..Row::default()
    }
}

fn entry(entry: &Entry) -> Row {
    let shown = entry.evidence.iter().take(EVIDENCE);
    Row {
        class: class(entry.flops),
        label: entry.text.clone(),
        tag: match entry.basis {
            Basis::Predicted => "predicted",
            Basis::Measured => "measured",
        },
        value: signed(entry.flops),
        evidence: shown.map(|part| (part.what.clone(), signed(part.flops))).collect(),
        more: entry.evidence.len().saturating_sub(EVIDENCE),
        ..Row::default()
    }
}

fn residual(residual: Amount) -> Row {
    let class = if residual == 0 { "settled" } else { "residual" };
    Row { class, label: "residual".into(), value: signed(residual), note: verdict(residual).into(), ..Row::default() }
}

/// A bar with the lines that lead to its neighbours.
fn bar(axis: &Axis, span: Span, row: &Row, first: bool, last: bool) -> String {
    let mut strip = Strip::new(&format!("{}: {} {}", row.label, row.value, row.unit));
    let at = |value: f64| axis.place(value, 100.0);
    let total = span.shape == Shape::Total;
    let (from, to) = (at(span.from), at(span.to));
    if !first {
        strip.lead(if total { to } else { from }, true);
    }
    if !last {
        strip.lead(to, false);
    }
    let width = (to - from).abs().max(LEAST);
    // What is too small to be seen may not stand out of the strip.
    let left = from.min(to).min(100.0 - width);
    let size = if total { [-11.0, 22.0] } else { [-8.0, 16.0] };
    strip.bar([left, left + width], size, row.class, &format!("{} {}", row.value, row.unit));
    if row.tag == "measured" {
        strip.bar([left, left + width], size, "hatch", "measured, not predicted");
    }
    if total && axis.is_cut() {
        strip.cut();
    }
    strip.markup()
}

fn axis_note(axis: &Axis) -> String {
    if axis.is_cut() {
        format!("The bars begin at {}, not at 0, so that small causes can be seen.", grouped(axis.low as Amount))
    } else {
        String::new()
    }
}
