//! Whose number it is, printed.

use std::io::{self, Write};

use super::ledger::write_ledger;
use super::text::{Align, Table};
use super::{Report, write_json};
use crate::ledger::identify::{Identification, Match, Nearest};
use crate::units::{Amount, Unit, grouped};

impl Report for Identification {
    fn table(&self, out: &mut dyn Write, _unit: Unit) -> io::Result<()> {
        let rounding = match self.rounding {
            0 => "exactly".to_string(),
            rounding => format!("give or take {}", grouped(rounding as Amount)),
        };
        let models = match self.models.as_slice() {
            [only] => only.clone(),
            models => format!("{} presets", models.len()),
        };
        let yielding = match self.matches.len() {
            0 => "no count yields it".to_string(),
            1 => "1 count yields it".to_string(),
            several => format!("{several} counts yield it"),
        };
        writeln!(out, "{}, {rounding}, in {models}: {yielding}\n", grouped(self.number as Amount))?;
        if !self.matches.is_empty() {
            write_matches(self.matches.iter(), out)?;
        }
        match &self.nearest {
            Some(nearest) => write_nearest(nearest, out),
            None => Ok(()),
        }
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        let columns = ["record", "model", "convention", "setting", "tower", "unit", "reading", "batch", "value"];
        out.write_record(columns.into_iter().chain(["relative_error", "reason"]))?;
        let matches = self.matches.iter().map(|found| ("match", found));
        for (record, found) in matches.chain(self.nearest.iter().map(|nearest| ("nearest", &nearest.found))) {
            let Match { model, convention, setting, tower, unit, reading, reason, .. } = found;
            let (batch, value) = (found.batch.to_string(), found.value.to_string());
            let fields =
                [record, model, convention, setting.unwrap_or(""), tower, unit.slug(), reading.slug(), &batch, &value];
            out.write_record(fields.into_iter().chain([found.relative_error.to_string().as_str(), reason]))?;
        }
        Ok(())
    }
}

fn write_matches<'a>(matches: impl Iterator<Item = &'a Match>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&[
        ("model", Align::Left),
        ("count", Align::Left),
        ("batch", Align::Right),
        ("value", Align::Right),
        ("unit", Align::Left),
        ("off by", Align::Right),
        ("why", Align::Left),
    ]);
    for found in matches {
        let setting = found.setting.map(|setting| format!("@{setting}")).unwrap_or_default();
        table.row([
            found.model.clone(),
            format!("{}{setting}:{}", found.convention, found.tower),
            found.batch.to_string(),
            grouped(found.value as Amount),
            found.unit.to_string(),
            format!("{:+.3} %", 100.0 * found.relative_error),
            found.reason.clone(),
        ]);
    }
    table.write(out)
}

fn write_nearest(nearest: &Nearest, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "the nearest one:\n")?;
    write_matches([&nearest.found].into_iter(), out)?;
    writeln!(out, "\nfrom the true count to the nearest:\n")?;
    write_ledger(&nearest.ledger, out)?;
    writeln!(out, "\nof the number no cause explains {}", grouped(nearest.unexplained))
}
