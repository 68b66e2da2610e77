//! Prints the rates of a timed command.

use std::io::{self, Write};

use crate::counter::timed::{Span, Timed};

/// A few lines below a result.
pub fn write(timed: &Timed, out: &mut dyn Write) -> io::Result<()> {
    let timing = &timed.timing;
    writeln!(
        out,
        "\ntimed without counting: {:.4} s, the median of {} runs ({:.4} to {:.4} s, a spread of {:.1} %)",
        timing.median_s,
        timing.runs_s.len(),
        timing.min_s,
        timing.max_s,
        100.0 * timing.spread
    )?;
    let mut rate = |name: &str, span: Option<Span>, share: Option<f64>, utilisation: &str| {
        let Some(span) = span else { return Ok(()) };
        let giga = |rate: f64| rate / 1e9;
        let Span { median, low, high } = span;
        write!(out, "{name}: {:.3} GFLOP/s ({:.3} to {:.3})", giga(median), giga(low), giga(high))?;
        match share {
            Some(share) => writeln!(out, ", {utilisation} {:.2} %", 100.0 * share),
            None => writeln!(out),
        }
    };
    rate("of the model's FLOPs", timed.model_flop_per_s, timed.mfu, "MFU")?;
    rate("of those executed", timed.executed_flop_per_s, timed.hfu, "HFU")?;
    if let Some(peak) = &timed.peak {
        writeln!(out, "of a peak of {:.3} GFLOP/s ({})", peak.flop_per_s / 1e9, peak.from)?;
    }
    match timed.doubt() {
        Some(doubt) => writeln!(out, "note: {doubt}"),
        None => Ok(()),
    }
}
