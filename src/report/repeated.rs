//! Prints the figures of several runs.

use std::io::{self, Write};

use super::text::{Align, Table};
use crate::counter::repeat::Repeated;

pub fn write(repeated: &Repeated, out: &mut dyn Write) -> io::Result<()> {
    let runs = format!("of {} runs", repeated.runs);
    let mut table = Table::new(&[
        ("mean", Align::Right),
        ("standard deviation", Align::Right),
        ("spread", Align::Right),
        (&runs, Align::Left),
    ]);
    for figure in &repeated.figures {
        let number = |value: Option<f64>| value.map_or_else(|| "not known".into(), decimal);
        let spread = figure.spread_percent.map_or_else(String::new, |spread| format!("{spread:.2} %"));
        let deviation =
            if figure.mean.is_some() { figure.deviation.map_or_else(String::new, decimal) } else { String::new() };
        table.row([number(figure.mean), deviation, spread, figure.name.clone()]);
    }
    writeln!(out)?;
    table.write(out)
}

/// Counts to a tenth, seconds to a microsecond.
fn decimal(value: f64) -> String {
    match value.abs() < 1000.0 && value.fract() != 0.0 {
        true => format!("{value:.6}"),
        false => format!("{value:.1}"),
    }
}
