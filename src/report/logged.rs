//! Prints the result of a run, then the operators of its libraries' logs.

use std::io::{self, Write};

use super::{Report, write_json};
use crate::ledger::logged::Logged;
use crate::units::Unit;

impl Report for Logged {
    fn table(&self, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
        self.run.table(out, unit)?;
        writeln!(out, "\noperators, as oneDNN and MKL logged them\n")?;
        if self.operators.operators.is_empty() && self.operators.unsupported.is_empty() {
            return writeln!(out, "none: the command did not use these libraries, or they print nothing");
        }
        self.operators.table(out, unit)
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    /// The rows of the run, then an operator a row.
    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        self.run.csv(out)?;
        for operator in &self.operators.operators {
            let name = format!("{}:{}", operator.path, operator.name);
            let flops = (2 * operator.macs).to_string();
            out.write_record(["operator", &name, "", "", "", &operator.calls.to_string(), "", &flops])?;
        }
        Ok(())
    }
}
