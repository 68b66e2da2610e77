//! What changed between two results, as a page.

use super::page::{Block, Card, Page, Section, Tone, text};
use super::{Pictured, waterfall};
use crate::ledger::diff::Difference;
use crate::report::ledger::{signed, verdict};
use crate::units::{Amount, Count, grouped};

impl Pictured for Difference {
    fn page(&self) -> Page {
        let ledgers = || self.breakdowns.iter().map(|breakdown| &breakdown.ledger);
        let mut sections = vec![self.circumstances()];
        sections.extend(self.breakdowns.iter().map(|breakdown| Section {
            title: format!("By {}", breakdown.by),
            lead: format!(
                "What changed, taken apart by {}; residual {}: {}.",
                breakdown.by,
                grouped(breakdown.ledger.residual),
                verdict(breakdown.ledger.residual)
            ),
            ..waterfall::ledger(&breakdown.ledger)
        }));
        let mut cards = Vec::new();
        if let Some(ledger) = ledgers().next() {
            let (from, to) = (ledger.opening.value as Amount, ledger.closing.value as Amount);
            cards.push(Card::new("First", grouped(from), "FLOPs", &self.from));
            cards.push(Card::new("Second", grouped(to), "FLOPs", &self.to));
            cards.push(Card::new("Difference", signed(to - from), "FLOPs", "second - first"));
        }
        let residual: Count = ledgers().map(|ledger| ledger.residual.unsigned_abs()).max().unwrap_or(0);
        let tone = if residual == 0 { Tone::Good } else { Tone::Bad };
        let source = "the largest residual of the ledgers below";
        cards.push(Card::new("Unexplained", grouped(residual as Amount), "FLOPs", source).tone(tone));
        Page {
            subcommand: "diff",
            title: format!("{} → {}", self.from, self.to),
            subtitle: "what changed between two results, and why".into(),
            cards,
            notes: Vec::new(),
            sections,
            method: vec![("first", self.from.clone()), ("second", self.to.clone()), ("both of", self.of.into())],
        }
    }
}

impl Difference {
    fn circumstances(&self) -> Section {
        let rows = self.changes.iter().map(|change| vec![change.what.clone(), change.from.clone(), change.to.clone()]);
        let same = self.changes.is_empty();
        Section {
            title: "What is not the same".into(),
            lead: if same { "Both were made alike.".into() } else { String::new() },
            legend: Vec::new(),
            blocks: if same {
                Vec::new()
            } else {
                vec![Block::Table {
                    title: String::new(),
                    folded: false,
                    columns: vec![text("what"), text("first"), text("second")],
                    rows: rows.collect(),
                }]
            },
            source: "As each result tells it.".into(),
        }
    }
}
