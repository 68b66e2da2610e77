//! A reconciliation as a page.

use super::page::{Block, Card, Page, Section, Tone, number, text};
use super::{Pictured, instructions, operators, roofline, timed, waterfall};
use crate::ledger::reconcile::{KindCount, Reconciliation};
use crate::shell;
use crate::units::{Amount, Count, grouped, scaled};

impl Pictured for Reconciliation {
    fn page(&self) -> Page {
        let mut sections: Vec<Section> = Vec::new();
        sections.extend(waterfall::chain(&self.ledgers));
        sections.extend(self.ledgers.iter().map(waterfall::ledger));
        sections.extend(operators::section(&self.operators));
        sections.push(kinds(&self.kinds));
        sections.extend(self.roofline.as_ref().map(roofline::section));
        sections.extend(instructions::by_width(&self.classes));
        sections.extend(instructions::functions(&self.functions));
        let mut cards = self.cards();
        cards.extend(self.timed.iter().flat_map(timed::cards));
        Page {
            subcommand: "reconcile",
            title: self.model.clone(),
            subtitle: format!("batch {}, on {}: counted three ways, and reconciled", self.batch, self.workload),
            cards,
            notes: self.reasons.clone(),
            sections,
            method: self.method(),
        }
    }
}

impl Reconciliation {
    fn cards(&self) -> Vec<Card> {
        let counts = &self.counts;
        let flops =
            |label: &str, flops: Count, source: String| Card::new(label, grouped(flops as Amount), "FLOPs", source);
        let mut cards = vec![
            flops("The model", counts.analytic, "analytic: 2 x MACs of the configuration's products".into()),
            flops("Operators", counts.operators, "2 x MACs of the products that the workload ran".into()),
            flops("Executed", counts.instructions.into(), format!("instructions, counted by {}", self.counter)),
            flops(
                "Events would show",
                counts.pmu_visible.into(),
                format!("computed for the events of {}", self.pmu_model),
            ),
        ];
        if let Some(shown) = counts.pmu {
            cards.push(flops(
                "Events showed",
                shown.into(),
                "this machine's hardware events, in a run of their own".into(),
            ));
        }
        let residual: Count = self.ledgers.iter().map(|ledger| ledger.residual.unsigned_abs()).sum();
        let source = format!("residuals of all {} ledgers together", self.ledgers.len());
        let tone = if residual == 0 { Tone::Good } else { Tone::Bad };
        cards.push(flops("Unexplained", residual, source).tone(tone));
        cards
    }

    fn method(&self) -> Vec<(&'static str, String)> {
        let exact = if self.exact { "exact: every instruction was counted" } else { "not exact; the notes say why" };
        let mut method = vec![
            ("CPU", self.machine.cpu.clone().unwrap_or_else(|| "not known".into())),
            ("workload", self.workload.clone()),
            ("command", shell::command(&self.command)),
            ("counter", format!("{}: {}", self.counter, self.counter_reason)),
            ("exactness", exact.into()),
            ("events computed for", self.pmu_model.clone()),
            (
                "measured, not predicted",
                format!("{} FLOPs between operators and instructions", scaled(self.measured as Amount)),
            ),
            ("time of the counted run", format!("{:.3} s, counting included", self.time.wall_s)),
        ];
        if self.roofline.is_none() {
            method.push((
                "roofline",
                "add --time-runs 3 --peak measured; the trace has to tell the bytes of an element".into(),
            ));
        }
        method
    }
}

fn kinds(kinds: &[KindCount]) -> Section {
    let cells = |row: &KindCount| {
        let counts = [row.analytic, row.operators, row.predicted, row.executed].map(|flops| grouped(flops as Amount));
        [row.kind.to_owned()].into_iter().chain(counts).chain([grouped(row.residual)]).collect()
    };
    Section {
        title: "Kind by kind".into(),
        lead: String::new(),
        legend: Vec::new(),
        blocks: vec![Block::Table {
            title: String::new(),
            folded: false,
            columns: vec![
                text("kind"),
                number("analytic"),
                number("operators"),
                number("predicted"),
                number("executed"),
                number("residual"),
            ],
            rows: kinds.iter().map(cells).collect(),
        }],
        source: "In FLOPs. Predicted: from shapes and the kernels' constants; residual: executed - predicted.".into(),
    }
}
