//! Prints what changed between two results.

use std::io::{self, Write};

use super::ledger::{self, LedgerWriter, write_ledger};
use super::ledger_bars;
use super::text::{Align, Table};
use super::{Report, write_json};
use crate::ledger::diff::Difference;
use crate::units::Unit;

impl Report for Difference {
    fn table(&self, out: &mut dyn Write, _unit: Unit) -> io::Result<()> {
        self.text(out, &|ledger, out| write_ledger(ledger, out))
    }

    fn drawn(&self, out: &mut dyn Write, _unit: Unit, columns: usize) -> io::Result<()> {
        self.text(out, &|ledger, out| ledger_bars::draw(ledger, out, columns))
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        out.write_record(ledger::CSV_COLUMNS)?;
        self.breakdowns.iter().try_for_each(|breakdown| ledger::write_csv(&breakdown.ledger, out))
    }
}

impl Difference {
    fn text(&self, out: &mut dyn Write, write: &LedgerWriter) -> io::Result<()> {
        writeln!(out, "{} -> {}\n", self.from, self.to)?;
        if self.changes.is_empty() {
            writeln!(out, "both were made alike")?;
        } else {
            let columns = [("what is not the same", Align::Left), ("first", Align::Left), ("second", Align::Left)];
            let mut table = Table::new(&columns);
            for change in &self.changes {
                table.row([&change.what, &change.from, &change.to].map(String::clone));
            }
            table.write(out)?;
        }
        for breakdown in &self.breakdowns {
            writeln!(out, "\nby {}\n", breakdown.by)?;
            write(&breakdown.ledger, out)?;
        }
        Ok(())
    }
}
