//! Counts side by side as bars.

use super::page::Row;
use super::svg::Strip;
use crate::units::{Amount, Count, grouped};

/// Per cent, so that nothing is too small to be seen.
const LEAST: f64 = 0.2;

/// Bars of one row: the class of its colour, its name and its count.
pub type Series<'a> = [(&'static str, &'a str, Count)];

/// The largest count is as long as the row.
pub struct Bars {
    most: f64,
    pub rows: Vec<Row>,
}

impl Bars {
    pub fn up_to(most: Count) -> Bars {
        Bars { most: most.max(1) as f64, rows: Vec::new() }
    }

    /// The last bar's count is the row's number.
    pub fn row(&mut self, label: String, unit: &str, note: String, series: &Series) {
        let height = if series.len() == 1 { 18.0 } else { 8.0 };
        let top = -height * series.len() as f64 / 2.0;
        let mut strip = Strip::new(&format!("{label}, {unit}"));
        for ((class, name, count), place) in series.iter().zip(0..) {
            let length = *count as f64 / self.most * 100.0;
            let length = if *count > 0 { length.max(LEAST) } else { 0.0 };
            let title = format!("{name}: {} {unit}", grouped(*count as Amount));
            strip.bar([0.0, length], [top + height * f64::from(place), height - 1.0], class, &title);
        }
        self.rows.push(Row {
            class: if series.len() == 1 { "bar" } else { "bars" },
            label,
            note,
            value: series.last().map_or_else(String::new, |(_, _, count)| grouped(*count as Amount)),
            unit: unit.to_owned(),
            svg: strip.markup(),
            ..Row::default()
        });
    }
}

/// `12.3 %`; shares that would be rounded to 0 say that they are not.
pub fn percent(part: Count, of: Count) -> String {
    match 100.0 * part as f64 / of.max(1) as f64 {
        share if part > 0 && share < 0.1 => "< 0.1 %".into(),
        share => format!("{share:.1} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        assert_eq!(
            (percent(1, 3), percent(0, 3), percent(1, 100_000)),
            ("33.3 %".into(), "0.0 %".into(), "< 0.1 %".into())
        );
        assert_eq!(percent(0, 0), "0.0 %");
    }

    #[test]
    fn the_longest_bar_fills_the_row() {
        let mut bars = Bars::up_to(200);
        bars.row("a".into(), "FLOPs", String::new(), &[("x", "one", 200), ("y", "two", 50)]);
        assert!(bars.rows[0].svg.contains("width=\"100%\"") && bars.rows[0].svg.contains("width=\"25%\""));
        assert_eq!(bars.rows[0].value, "50");
    }
}
