//! Two runs of one command, and the ledger between their counts, as a page.

use super::page::Page;
use super::{Pictured, run, waterfall};
use crate::ledger::side_by_side::SideBySide;

impl Pictured for SideBySide {
    fn page(&self) -> Page {
        let counted = self.instructions.page();
        let mut cards = run::cards(&self.perf);
        cards.extend(counted.cards);
        let mut sections: Vec<_> = self.ledger.iter().map(waterfall::ledger).collect();
        sections.extend(counted.sections);
        let notes = [&self.reasons, &self.perf.reasons, &self.instructions.reasons];
        Page {
            subtitle: "counted by hardware events, then instruction by instruction".into(),
            cards,
            notes: notes.into_iter().flatten().cloned().collect(),
            sections,
            ..counted
        }
    }
}
