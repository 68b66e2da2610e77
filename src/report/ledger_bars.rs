//! A ledger as a waterfall of characters, for terminals.

use std::io::{self, Write};

use super::ledger::{cause, places, signed, verdict, write_ledger};
use super::waterfall::{Axis, Shape, Span, spans};
use crate::ledger::{Figure, Ledger};
use crate::units::{Amount, grouped};

/// Narrower terminals get the plain table.
const LEAST_COLUMNS: usize = 60;
/// What the bars leave for words at the least.
const LEAST_WORDS: usize = 24;
const WIDEST_BARS: usize = 48;

/// Amount, bar and words in so many columns; long words go on below.
pub fn draw(ledger: &Ledger, out: &mut dyn Write, columns: usize) -> io::Result<()> {
    let lines = lines(ledger);
    let amount = lines.iter().map(|(amount, _)| amount.chars().count()).max().unwrap_or(0);
    let bars = (columns.saturating_sub(amount + 4) / 3).min(WIDEST_BARS);
    let words = columns.saturating_sub(amount + bars + 4);
    if columns < LEAST_COLUMNS || words < LEAST_WORDS {
        return write_ledger(ledger, out);
    }
    let spans = spans(ledger);
    let axis = Axis::of(&spans);
    for ((text, said), span) in lines.iter().zip(&spans) {
        let bar = bar(&axis, *span, bars);
        let mut wrapped = wrapped(said, words).into_iter();
        let first = wrapped.next().unwrap_or_default();
        writeln!(out, "{}", format!("{text:>amount$}  {bar:<bars$}  {first}").trim_end())?;
        for more in wrapped {
            writeln!(out, "{:1$}{more}", "", amount + bars + 4)?;
        }
    }
    if axis.is_cut() {
        writeln!(out, "{:1$}≈ the bars begin at {2}, not at 0", "", amount + 2, grouped(axis.low as Amount))?;
    }
    Ok(())
}

/// Amount and words of each bar.
fn lines(ledger: &Ledger) -> Vec<(String, String)> {
    let figure = |figure: &Figure| (grouped(figure.value as Amount), format!("{} ({})", figure.unit, figure.name));
    let mut lines = vec![figure(&ledger.opening)];
    lines.extend(ledger.entries.iter().map(|entry| {
        let places = places(entry);
        let at = if places.is_empty() { String::new() } else { format!(" [{places}]") };
        (signed(entry.flops), format!("{}{at}", cause(entry)))
    }));
    lines.push((grouped(ledger.residual), format!("residual: {}", verdict(ledger.residual))));
    lines.push(figure(&ledger.closing));
    lines
}

/// At least one cell for what is not 0.
fn bar(axis: &Axis, span: Span, cells: usize) -> String {
    let at = |value: f64| axis.place(value, cells as f64).round() as usize;
    let (low, high) = (at(span.from.min(span.to)), at(span.from.max(span.to)));
    let low = low.min(cells.saturating_sub(1));
    let width = if span.from == span.to { 0 } else { high.saturating_sub(low).max(1) };
    let cell = match span.shape {
        Shape::Total => "█",
        Shape::Rise => "▓",
        Shape::Fall => "░",
    };
    let bar = format!("{:low$}{}", "", cell.repeat(width));
    match bar.strip_prefix(cell) {
        Some(rest) if axis.is_cut() && span.shape == Shape::Total => format!("≈{rest}"),
        _ => bar,
    }
}

/// Lines of at most so many characters, broken between words where that is possible.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let (has, more) = (line.chars().count(), word.chars().count());
        if has > 0 && has + 1 + more > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        while line.chars().count() > columns {
            let rest = line.split_off(line.char_indices().nth(columns).map_or(line.len(), |(at, _)| at));
            lines.push(std::mem::replace(&mut line, rest));
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Basis, Entry, Evidence};
    use crate::units::Unit;

    fn ledger() -> Ledger {
        let figure = |name: &str, value| Figure { name: name.into(), value, unit: Unit::Flop };
        let entry = |flops, text: &str| Entry {
            cause: "cause".into(),
            flops,
            basis: Basis::Predicted,
            text: text.into(),
            evidence: vec![Evidence { what: "image.proj".into(), flops }],
        };
        let entries = vec![entry(600, "twice as many words as there is room for"), entry(-200, "less")];
        Ledger::close(figure("a", 400), entries, figure("b", 800))
    }

    #[test]
    fn bars_lead_on_and_words_are_wrapped() {
        let mut out = Vec::new();
        draw(&ledger(), &mut out, 60).expect("written");
        let text = String::from_utf8(out).expect("text");
        let expected = [
            " 400  ███████            FLOPs (a)",
            "+600         ▓▓▓▓▓▓▓▓▓▓  twice as many words as there is",
            "                         room for [image.proj]",
            "-200                ░░░  less [image.proj]",
            "   0                     residual: nothing is left",
            "                         unexplained",
            " 800  ██████████████     FLOPs (b)",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected, "\n{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 60));
    }

    #[test]
    fn narrow_terminals_get_the_plain_table() {
        let (mut narrow, mut plain) = (Vec::new(), Vec::new());
        draw(&ledger(), &mut narrow, 40).expect("written");
        write_ledger(&ledger(), &mut plain).expect("written");
        assert_eq!(narrow, plain);
    }

    #[test]
    fn long_words_are_broken() {
        assert_eq!(wrapped("ab cdefgh i", 4), ["ab", "cdef", "gh i"]);
        assert_eq!(wrapped("", 4), [""]);
    }
}
