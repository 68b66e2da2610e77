//! Prints a reconciliation: the counts, the chain of ledgers between them, and kind by kind.

use std::io::{self, Write};

use super::ledger::{self, LedgerWriter, write_ledger};
use super::ledger_bars;
use super::text::{Align, Table};
use super::{Report, write_json};
use crate::ledger::reconcile::Reconciliation;
use crate::units::{Amount, Count, Unit, grouped, scaled};

impl Report for Reconciliation {
    fn table(&self, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
        self.text(out, unit, &|ledger, out| write_ledger(ledger, out))
    }

    fn drawn(&self, out: &mut dyn Write, unit: Unit, columns: usize) -> io::Result<()> {
        self.text(out, unit, &|ledger, out| ledger_bars::draw(ledger, out, columns))
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        out.write_record(ledger::CSV_COLUMNS)?;
        self.ledgers.iter().try_for_each(|ledger| ledger::write_csv(ledger, out))
    }
}

impl Reconciliation {
    fn text(&self, out: &mut dyn Write, unit: Unit, write: &LedgerWriter) -> io::Result<()> {
        writeln!(
            out,
            "{}, batch {}, on {}, counter {} ({})",
            self.model,
            self.batch,
            self.workload,
            self.counter,
            if self.exact { "exact" } else { "not exact" }
        )?;
        for reason in &self.reasons {
            writeln!(out, "  note: {reason}")?;
        }
        writeln!(out)?;
        self.summary(out, unit)?;
        for ledger in &self.ledgers {
            writeln!(out)?;
            writeln!(out, "{} -> {}\n", ledger.from, ledger.to)?;
            write(ledger, out)?;
        }
        writeln!(out)?;
        self.by_kind(out, unit)?;
        match &self.timed {
            Some(timed) => super::timed::write(timed, out),
            None => Ok(()),
        }
    }

    fn summary(&self, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
        let mut table = Table::new(&[("count", Align::Left), (unit.plural(), Align::Right), ("", Align::Left)]);
        let mut row = |name: &str, flops: Option<Count>, note: &str| {
            let text = flops.map_or("not counted".into(), |f| grouped((f / unit.flops()) as Amount));
            table.row([name, &text, note]);
        };
        let counts = &self.counts;
        row("analytic", Some(counts.analytic), "2 x MACs of the configuration's products");
        row("operators", Some(counts.operators), "2 x MACs of the products that the workload ran");
        row("instructions", Some(counts.instructions.into()), "FLOPs that the processor executed");
        row(
            "pmu_visible",
            Some(counts.pmu_visible.into()),
            &format!("what the events of {} would show", self.pmu_model),
        );
        row("pmu", counts.pmu.map(Into::into), "what this machine's events showed");
        table.write(out)
    }

    fn by_kind(&self, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
        let amount = |flops: Count| grouped((flops / unit.flops()) as Amount);
        let headings = ["analytic", "operators", "predicted", "executed", "residual"].map(|name| (name, Align::Right));
        let kind = format!("kind ({})", unit.plural());
        let columns: Vec<_> = std::iter::once((kind.as_str(), Align::Left)).chain(headings).collect();
        let mut table = Table::new(&columns);
        for row in &self.kinds {
            let residual = grouped(row.residual / unit.flops() as Amount);
            let counts = [row.analytic, row.operators, row.predicted, row.executed].map(amount);
            table.row(std::iter::once(row.kind.to_string()).chain(counts).chain([residual]));
        }
        table.write(out)?;
        writeln!(
            out,
            "\nmeasured, not predicted: {}FLOPs of what lies between operators and instructions",
            pad(self.measured)
        )
    }
}

fn pad(flops: Count) -> String {
    let text = scaled(flops as Amount);
    if text.contains(' ') { text } else { format!("{text} ") }
}
