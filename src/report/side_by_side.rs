//! Prints two runs of a command, and the ledger between their counts.

use std::io::{self, Write};

use super::ledger::{self, write_ledger};
use super::{Report, write_json};
use crate::ledger::side_by_side::SideBySide;
use crate::units::Unit;

impl Report for SideBySide {
    fn table(&self, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
        self.perf.table(out, unit)?;
        writeln!(out)?;
        self.instructions.table(out, unit)?;
        if let Some(ledger) = &self.ledger {
            writeln!(out, "\n{} -> {}\n", ledger.from, ledger.to)?;
            write_ledger(ledger, out)?;
        }
        for reason in &self.reasons {
            writeln!(out, "note: {reason}")?;
        }
        Ok(())
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    /// The ledger.
    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        out.write_record(ledger::CSV_COLUMNS)?;
        self.ledger.iter().try_for_each(|ledger| ledger::write_csv(ledger, out))
    }
}
