//! The list of conventions, printed.

use std::io::{self, Write};

use super::{Report, write_json};
use crate::convention::{Listed, Listing};
use crate::units::Unit;

impl Report for Listing {
    fn table(&self, out: &mut dyn Write, _unit: Unit) -> io::Result<()> {
        for (place, listed) in self.conventions.iter().enumerate() {
            if place > 0 {
                writeln!(out)?;
            }
            block(listed, out)?;
        }
        Ok(())
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        let columns =
            ["name", "setting", "unit", "default_tower", "counted", "not_counted", "description", "documented"];
        out.write_record(columns)?;
        for listed in &self.conventions {
            let (counted, not_counted) = coverage(listed);
            let setting = listed.setting.unwrap_or("");
            let fields = [listed.name, setting, listed.unit.slug(), listed.default_tower, &counted.join("; ")];
            let rest = [not_counted.as_str(), listed.description, listed.documented];
            out.write_record(fields.into_iter().chain(rest))?;
        }
        Ok(())
    }
}

fn block(listed: &Listed, out: &mut dyn Write) -> io::Result<()> {
    let setting = listed.setting.map(|setting| format!("@{setting}")).unwrap_or_default();
    let tower = match listed.default_tower {
        "total" => "both towers",
        tower => tower,
    };
    writeln!(out, "{}{setting}  ({}; {tower} unless another is named)", listed.name, listed.unit)?;
    writeln!(out, "    {}", listed.description)?;
    let (counted, not_counted) = coverage(listed);
    for line in counted {
        writeln!(out, "    counts {line}")?;
    }
    if !not_counted.is_empty() {
        writeln!(out, "    leaves out {not_counted}")?;
    }
    writeln!(out, "    documented: {}", listed.documented)
}

/// A line for each weight, and what has none.
fn coverage(listed: &Listed) -> (Vec<String>, String) {
    let Some(coverage) = &listed.coverage else { return (Vec::new(), String::new()) };
    let lines = coverage.counted.iter().map(|weighed| format!("{}: {}", weighed.weight, weighed.terms.join(", ")));
    (lines.collect(), coverage.not_counted.join(", "))
}
