//! What a user names on either side of `explain`: a count, or a number.

use std::fmt;

use super::Description;
use crate::convention::{CountName, Subject};
use crate::ledger::Figure;
use crate::units::{Count, Unit};
use crate::{Error, Result};

#[derive(Debug, Clone, Copy)]
pub enum Side {
    Count(CountName),
    Number { value: Count, unit: Unit },
}

impl Side {
    /// A count's name, or a number with an SI prefix and a unit: `thop`, `116.5Gmac`, `0.395T`.
    /// A number without a unit is FLOPs.
    pub fn parse(text: &str) -> Result<Side> {
        if text.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
            number(text).ok_or_else(|| {
                Error::input(format!("{text}: not a whole number of FLOPs or MACs"))
                    .remedy("write digits, a prefix (k, M, G, T, P, E) and a unit: 395219472384, 116.5Gmac, 0.395Tflop")
            })
        } else {
            CountName::parse(text).map(Side::Count)
        }
    }

    /// The same count, where it is the true one, in this unit.
    pub fn in_unit(self, unit: Unit) -> Side {
        match self {
            Side::Count(count) => Side::Count(count.in_unit(unit)),
            number => number,
        }
    }

    pub(super) fn count(&self) -> Option<CountName> {
        match self {
            Side::Count(count) => Some(*count),
            Side::Number { .. } => None,
        }
    }

    pub fn figure(&self, subject: &Subject) -> Result<Figure> {
        let (value, unit) = match self {
            Side::Number { value, unit } => (*value, *unit),
            Side::Count(count) => {
                let value = count.convention.count(subject, count.scope).ok_or_else(|| {
                    Error::input(format!(
                        "{count}: {} cannot run {} of {}",
                        count.convention.name,
                        part(count),
                        subject.spec.name
                    ))
                    .remedy("ask for another tower: :image, :text or :total")
                })?;
                (value, count.convention.unit)
            }
        };
        Ok(Figure { name: self.to_string(), value, unit })
    }

    pub(super) fn description(&self) -> Description {
        match self {
            Side::Number { .. } => Description {
                name: self.to_string(),
                setting: None,
                tower: None,
                description: "a number: of its making only the unit is known",
            },
            Side::Count(count) => Description {
                name: self.to_string(),
                setting: count.convention.setting,
                tower: Some(count.scope.name()),
                description: count.convention.description,
            },
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Side::Count(count) => count.fmt(f),
            Side::Number { .. } => f.write_str("the number"),
        }
    }
}

fn part(count: &CountName) -> &'static str {
    match count.scope.name() {
        "total" => "both towers",
        tower => tower,
    }
}

/// Far above any count there is, and low enough to add and double freely.
const LARGEST: Count = 1 << 120;

fn number(text: &str) -> Option<Side> {
    let text: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | '_')).collect();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let (power, unit) = suffix(rest)?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let zeros = usize::try_from(power).ok()?.checked_sub(fraction.len())?;
    let value: Count = format!("{whole}{fraction}{}", "0".repeat(zeros)).parse().ok()?;
    (value <= LARGEST).then_some(Side::Number { value, unit })
}

/// A prefix's power of ten and a unit.
fn suffix(text: &str) -> Option<(u32, Unit)> {
    let (prefix, unit) = match text.chars().next() {
        None => return Some((0, Unit::Flop)),
        Some(first) => match "kMGTPE".find(first.to_ascii_uppercase()).or("kMGTPE".find(first)) {
            // `mac` begins with a letter that is also a prefix.
            Some(place) if !text.to_lowercase().starts_with("mac") => (3 * (place as u32 + 1), &text[1..]),
            _ => (0, text),
        },
    };
    match unit.to_lowercase().as_str() {
        "" | "flop" | "flops" => Some((prefix, Unit::Flop)),
        "mac" | "macs" => Some((prefix, Unit::Mac)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Count, Unit)> {
        match number(text)? {
            Side::Number { value, unit } => Some((value, unit)),
            Side::Count(_) => None,
        }
    }

    #[test]
    fn numbers_have_prefixes_and_units() {
        assert_eq!(read("395219472384"), Some((395_219_472_384, Unit::Flop)));
        assert_eq!(read("116512260096mac"), Some((116_512_260_096, Unit::Mac)));
        assert_eq!(read("116,512,260,096 MACs"), Some((116_512_260_096, Unit::Mac)));
        assert_eq!(read("0.117T"), Some((117_000_000_000, Unit::Flop)));
        assert_eq!(read("116.5GMACs"), Some((116_500_000_000, Unit::Mac)));
        assert_eq!(read("3Mmac"), Some((3_000_000, Unit::Mac)));
        assert_eq!(read("12k"), Some((12_000, Unit::Flop)));
    }

    #[test]
    fn what_is_no_count_is_refused() {
        for text in ["1.5", "1.2345k", "7 apples", "1.2.3G", "9e99", "99999999999999999999999999999999999E"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
