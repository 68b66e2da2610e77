//! The ledger between two counts, printed.

use std::io::{self, Write};

use super::ledger::{LedgerWriter, write_ledger};
use super::ledger_bars;
use super::text::{Align, Table};
use super::{Report, write_json};
use crate::ledger::explain::{Explanation, Proportion};
use crate::ledger::{Entry, Figure};
use crate::units::{Amount, Unit, grouped};

pub struct Explained<'a>(pub &'a Explanation);

impl Report for Explained<'_> {
    fn table(&self, out: &mut dyn Write, _unit: Unit) -> io::Result<()> {
        self.text(out, &|ledger, out| write_ledger(ledger, out))
    }

    fn drawn(&self, out: &mut dyn Write, _unit: Unit, columns: usize) -> io::Result<()> {
        self.text(out, &|ledger, out| ledger_bars::draw(ledger, out, columns))
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self.0, out)
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        let ledger = &self.0.ledger;
        out.write_record(["model", "from", "to", "record", "cause", "what", "amount", "unit", "text"])?;
        let mut row = |record: &str, cause: &str, what: &str, amount: String, unit: &str, text: &str| {
            let fields = [&self.0.model, &ledger.from, &ledger.to];
            let fields = fields.into_iter().map(String::as_str);
            out.write_record(fields.chain([record, cause, what, amount.as_str(), unit, text]))
        };
        let Figure { name, value, unit } = &ledger.opening;
        row("opening", "", name, value.to_string(), unit.slug(), "")?;
        for Entry { cause, flops, text, evidence, .. } in &ledger.entries {
            row("entry", cause, "", flops.to_string(), "", text)?;
            for part in evidence {
                row("evidence", cause, &part.what, part.flops.to_string(), "", "")?;
            }
        }
        let Figure { name, value, unit } = &ledger.closing;
        row("closing", "", name, value.to_string(), unit.slug(), "")?;
        row("residual", "", "", ledger.residual.to_string(), "", "")
    }
}

impl Explained<'_> {
    fn text(&self, out: &mut dyn Write, ledger: &LedgerWriter) -> io::Result<()> {
        let Explained(explanation) = self;
        writeln!(out, "{}: from {} to {}\n", explanation.model, explanation.from.name, explanation.to.name)?;
        let mut who = Table::new(&[("count", Align::Left), ("tower", Align::Left), ("how it counts", Align::Left)]);
        for side in [&explanation.from, &explanation.to] {
            who.row([side.name.as_str(), side.tower.unwrap_or("-"), side.description]);
        }
        who.write(out)?;
        writeln!(out)?;
        ledger(&explanation.ledger, out)?;
        writeln!(out)?;
        match &explanation.proportion {
            Some(table) => proportion(table, explanation, out),
            None => Ok(()),
        }
    }
}

fn proportion(proportion: &Proportion, explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    let Proportion { tower, tokens, width, layers, .. } = proportion;
    writeln!(out, "Why do they differ and yet stay in proportion?\n")?;
    writeln!(out, "Each is mostly one product, tokens x width^2 x layers ({tower}: {tokens} x {width}^2 x {layers}),")?;
    writeln!(out, "times a coefficient of its own:\n")?;
    let mut table = Table::new(&[
        ("count", Align::Left),
        ("coefficient", Align::Right),
        ("printed", Align::Right),
        ("unit", Align::Left),
        ("made up by it", Align::Right),
        ("over the true count", Align::Right),
        ("coefficient over the true one", Align::Right),
    ]);
    for row in &proportion.rows {
        table.row([
            row.name.clone(),
            short(row.coefficient),
            grouped(row.value as Amount),
            row.unit.to_string(),
            format!("{:.1} %", 100.0 * row.share),
            format!("{:.4}", row.ratio),
            format!("{:.4}", row.coefficient_ratio),
        ]);
    }
    table.write(out)?;
    match explained_formula(proportion) {
        "" => {}
        formula => writeln!(out, "\n{}", formula.trim_start())?,
    }
    let ledger = &explanation.ledger;
    if let Some(ratio) = proportion.ratio {
        let (counts, coefficients) = (ratio.of_counts, ratio.of_coefficients);
        writeln!(
            out,
            "\n{} / {} is {counts:.4} in counts and {coefficients:.4} in coefficients: \
             {:.4} of what these alone would give.",
            ledger.from, ledger.to, ratio.nearness
        )?;
    }
    writeln!(
        out,
        "The coefficients come from the MLP ratio, here {}, not from the size: models that share it share these proportions.",
        short(proportion.mlp_ratio)
    )
}

/// What the formula script is, where it has a row.
pub fn explained_formula(proportion: &Proportion) -> &'static str {
    match proportion.rows.iter().any(|row| row.name.starts_with("seed-formula")) {
        true => " seed-formula is a widely copied formula script (4hs^2 + 8h(hr)s a layer).",
        false => "",
    }
}

/// At most two decimals, none that say nothing.
pub fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}
