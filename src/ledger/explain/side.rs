//! What a user names on either side of `explain`: a count, or a number.

use std::fmt;

use super::Description;
use crate::convention::{CountName, Subject};
use crate::ledger::Figure;
use crate::units::{Count, Per, Unit, Written};
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
        // 2nd and 6nd are names all the same.
        if let Ok(count) = CountName::parse(text) {
            return Ok(Side::Count(count));
        }
        if text.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
            let Written { value, unit, per, .. } = Written::read(text)?;
            if per == Some(Per::Parameters) {
                return Err(Error::input(format!("{text}: parameters, not FLOPs or MACs"))
                    .remedy("identify says whose number of parameters it is"));
            }
            Ok(Side::Number { value, unit: unit.unwrap_or(Unit::Flop) })
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
                        "{count}: {} has no figure for {} of {}: it cannot run that, or was never run on such a tower",
                        count.convention.name,
                        part(count),
                        subject.spec.name
                    ))
                    .remedy("ask for another tower (:image, :text or :total) or count; estimate lists those there are")
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
