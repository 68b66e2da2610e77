//! Prints ledgers, alone or in a chain.

use std::io::{self, Write};

use super::text::{Align, Table};
use crate::ledger::{Basis, Entry, Figure, Ledger};
use crate::units::{Amount, grouped};

pub const CSV_COLUMNS: [&str; 9] = ["from", "to", "row", "cause", "amount", "unit", "basis", "text", "evidence"];

/// Writes a ledger: as a plain table, or with bars.
pub type LedgerWriter<'a> = dyn Fn(&Ledger, &mut dyn Write) -> io::Result<()> + 'a;

pub fn write_ledger(ledger: &Ledger, out: &mut dyn Write) -> io::Result<()> {
    let columns = [("", Align::Left), ("amount", Align::Right), ("", Align::Left), ("where", Align::Left)];
    let mut table = Table::new(&columns);
    let figure = |what: &str, figure: &Figure| {
        [what.into(), grouped(figure.value as Amount), format!("{} ({})", figure.unit, figure.name), String::new()]
    };
    table.row(figure("opening", &ledger.opening));
    for entry in &ledger.entries {
        table.row([String::new(), signed(entry.flops), cause(entry), places(entry)]);
    }
    table.row(figure("closing", &ledger.closing));
    table.row(["residual".into(), grouped(ledger.residual), verdict(ledger.residual).into(), String::new()]);
    table.write(out)
}

/// A row each for opening, entries, their evidence, closing and residual.
pub fn write_csv(ledger: &Ledger, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
    let (from, to) = (ledger.from.as_str(), ledger.to.as_str());
    let mut figure = |row: &str, amount: Amount, unit: &str| {
        out.write_record([from, to, row, "", &amount.to_string(), unit, "", "", ""])
    };
    figure("opening", ledger.opening.value as Amount, ledger.opening.unit.slug())?;
    figure("closing", ledger.closing.value as Amount, ledger.closing.unit.slug())?;
    figure("residual", ledger.residual, "")?;
    for entry in &ledger.entries {
        let basis = basis(entry.basis);
        let amount = entry.flops.to_string();
        out.write_record([from, to, "entry", &entry.cause, &amount, "", basis, &entry.text, ""])?;
        for part in &entry.evidence {
            let amount = part.flops.to_string();
            out.write_record([from, to, "evidence", &entry.cause, &amount, "", basis, "", &part.what])?;
        }
    }
    Ok(())
}

fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Predicted => "predicted",
        Basis::Measured => "measured",
    }
}

/// A cause in plain words. That an amount was measured and not predicted is said.
pub fn cause(entry: &Entry) -> String {
    match entry.basis {
        Basis::Predicted => entry.text.clone(),
        Basis::Measured => format!("{} [measured]", entry.text),
    }
}

pub fn verdict(residual: Amount) -> &'static str {
    match residual {
        0 => "nothing is left unexplained",
        _ => "no cause explains this",
    }
}

/// What an entry rests on; a long list by its first and its length.
pub fn places(entry: &Entry) -> String {
    match entry.evidence.as_slice() {
        [] => String::new(),
        [only] => only.what.clone(),
        [first, second] => format!("{}, {}", first.what, second.what),
        [first, rest @ ..] => format!("{} and {} more", first.what, rest.len()),
    }
}

pub fn signed(amount: Amount) -> String {
    if amount > 0 { format!("+{}", grouped(amount)) } else { grouped(amount) }
}
