//! Exact integer counts, their units, and how they are written and printed.

mod written;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use written::{Per, Written};

/// A count of operations. 128 bits, so that no product of dimensions that `model` admits
/// can overflow.
pub type Count = u128;

/// A signed difference of counts: what a ledger entry moves.
pub type Amount = i128;

/// What one unit of a count stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// One floating-point operation.
    Flop,
    /// One multiply and one add: 2 FLOPs.
    Mac,
}

impl Unit {
    /// FLOPs in one unit.
    pub const fn flops(self) -> Count {
        match self {
            Unit::Flop => 1,
            Unit::Mac => 2,
        }
    }

    /// As in JSON and CSV.
    pub const fn slug(self) -> &'static str {
        match self {
            Unit::Flop => "flop",
            Unit::Mac => "mac",
        }
    }

    pub const fn plural(self) -> &'static str {
        match self {
            Unit::Flop => "FLOPs",
            Unit::Mac => "MACs",
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.plural())
    }
}

/// `395219472384` as `395,219,472,384`.
pub fn grouped(value: Amount) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    if value < 0 {
        out.push('-');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `395219472384` as `395.2 G`: four significant digits and an SI prefix.
pub fn scaled(value: Amount) -> String {
    const PREFIXES: [&str; 9] = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"];
    let mut scaled = value as f64;
    let mut prefix = 0;
    while scaled.abs() >= 999.95 && prefix + 1 < PREFIXES.len() {
        scaled /= 1000.0;
        prefix += 1;
    }
    if prefix == 0 {
        return value.to_string();
    }
    let decimals = if scaled.abs() < 9.9995 {
        3
    } else if scaled.abs() < 99.995 {
        2
    } else {
        1
    };
    format!("{scaled:.decimals$} {}", PREFIXES[prefix])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_in_threes() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(-1234), "-1,234");
        assert_eq!(grouped(395_219_472_384), "395,219,472,384");
        assert_eq!(grouped(999), "999");
    }

    #[test]
    fn prefixes_keep_four_digits() {
        assert_eq!(scaled(999), "999");
        assert_eq!(scaled(1_234), "1.234 k");
        assert_eq!(scaled(395_219_472_384), "395.2 G");
        assert_eq!(scaled(999_999), "1.000 M");
        assert_eq!(scaled(-12_345_678), "-12.35 M");
    }
}
