//! The ledger between two counts as a page.

use super::page::{Block, Card, Page, Section, Tone, number, text};
use super::{Pictured, waterfall};
use crate::ledger::Figure;
use crate::ledger::explain::{Proportion, Row};
use crate::report::Explained;
use crate::report::explain::{explained_formula, short};
use crate::units::{Amount, Count, grouped};

impl Pictured for Explained<'_> {
    fn page(&self) -> Page {
        let Explained(explanation) = self;
        let ledger = &explanation.ledger;
        let figure = |figure: &Figure, source: &str| {
            Card::new(&figure.name, grouped(figure.value as Amount), figure.unit.plural(), source)
        };
        let tone = if ledger.residual == 0 { Tone::Good } else { Tone::Bad };
        let unexplained = grouped(ledger.residual.unsigned_abs() as Amount);
        let (from, to) = (&explanation.from, &explanation.to);
        let count = |side: &crate::ledger::explain::Description| match side.tower {
            Some(tower) => format!("{} (tower: {tower}): {}", side.name, side.description),
            None => format!("{}: {}", side.name, side.description),
        };
        Page {
            subcommand: "explain",
            title: format!("{} → {}", from.name, to.name),
            subtitle: format!("why two counts of {} differ", explanation.model),
            cards: vec![
                figure(&ledger.opening, from.description),
                figure(&ledger.closing, to.description),
                Card::new("Unexplained", unexplained, "FLOPs", "the ledger's residual").tone(tone),
            ],
            notes: Vec::new(),
            sections: [waterfall::ledger(ledger)]
                .into_iter()
                .chain(explanation.proportion.as_ref().map(proportion))
                .collect(),
            method: vec![("model", explanation.model.clone()), ("from", count(from)), ("to", count(to))],
        }
    }
}

fn proportion(proportion: &Proportion) -> Section {
    let Proportion { tower, tokens, width, layers, .. } = proportion;
    let row = |row: &Row| {
        vec![
            row.name.clone(),
            short(row.coefficient),
            grouped(row.value as Amount),
            row.unit.to_string(),
            format!("{:.1} %", 100.0 * row.share),
            format!("{:.4}", row.ratio),
            format!("{:.4}", row.coefficient_ratio),
        ]
    };
    let product = Count::from(*tokens) * Count::from(*width) * Count::from(*width) * Count::from(*layers);
    Section {
        title: "Why they differ and yet stay in proportion".into(),
        lead: format!(
            "Each is mostly one product, tokens x width² x layers ({tower}: {tokens} x {width}² x {layers} = {}), times a coefficient of its own.",
            grouped(product as Amount)
        ),
        legend: Vec::new(),
        blocks: vec![Block::Table {
            title: String::new(),
            folded: false,
            columns: vec![
                text("count"),
                number("coefficient"),
                number("printed"),
                text("unit"),
                number("made up by it"),
                number("over the true count"),
                number("coefficient over the true one"),
            ],
            rows: proportion.rows.iter().map(row).collect(),
        }],
        source: format!(
            "Coefficients follow from the MLP ratio, here {}, and from what each tool counts.{}",
            short(proportion.mlp_ratio),
            explained_formula(proportion)
        ),
    }
}
