//! Which CPUs a row of the table is about.

use std::fmt;
use std::ops::RangeInclusive;

use crate::machine::{Cpu, cpu};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub vendor: String,
    pub family: u32,
    pub models: Vec<RangeInclusive<u32>>,
    /// Empty where all of them are meant; a CPU whose stepping is not known is then meant too.
    pub steppings: Vec<RangeInclusive<u32>>,
}

impl Identity {
    pub fn covers(&self, cpu: &Cpu) -> bool {
        let within = |ranges: &[RangeInclusive<u32>], number: u32| ranges.iter().any(|range| range.contains(&number));
        let stepping = || cpu.stepping.is_some_and(|stepping| within(&self.steppings, stepping));
        self.vendor == cpu.vendor
            && self.family == cpu.family
            && within(&self.models, cpu.model)
            && (self.steppings.is_empty() || stepping())
    }

    /// The first and the last CPU of each range, as `--cpu` takes them.
    pub fn ends(&self) -> Vec<String> {
        let models = self.models.iter().flat_map(|range| [*range.start(), *range.end()]);
        let cpu = |model| Cpu { vendor: self.vendor.clone(), family: self.family, model, stepping: None }.to_string();
        let steppings = self.steppings.iter().flat_map(|range| [*range.start(), *range.end()]);
        let steppings: Vec<String> = steppings.map(|stepping| format!("-{stepping:X}")).collect();
        let mut ends: Vec<String> = match steppings.as_slice() {
            [] => models.map(cpu).collect(),
            steppings => models.flat_map(|m| steppings.iter().map(move |s| format!("{}{s}", cpu(m)))).collect(),
        };
        ends.dedup();
        ends
    }
}

/// Hexadecimal numbers and ranges of them: `0-F 20-2F 40`. None where it is written otherwise.
pub fn ranges(text: &str) -> Option<Vec<RangeInclusive<u32>>> {
    let number = |text: &str| u32::from_str_radix(text, 16).ok();
    let range = |text: &str| match text.split_once('-') {
        Some((first, last)) => Some(number(first)?..=number(last)?),
        None => number(text).map(|only| only..=only),
    };
    text.split_whitespace().map(range).collect()
}

/// As in the table: `GenuineIntel-6-55-(0-4)`, ranges in parentheses.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = |range: &RangeInclusive<u32>| match (range.start(), range.end()) {
            (first, last) if first == last => format!("{first:02X}"),
            (first, last) => format!("{first:02X}-{last:02X}"),
        };
        let list = |ranges: &[RangeInclusive<u32>]| match ranges {
            [only] if only.start() == only.end() => range(only),
            several => format!("({})", several.iter().map(range).collect::<Vec<_>>().join(" ")),
        };
        if self.vendor == cpu::ARM {
            return match self.ends().as_slice() {
                [only] => f.write_str(only),
                _ => write!(f, "{} implementer {:02X} part {}", cpu::ARM, self.family, list(&self.models)),
            };
        }
        write!(f, "{}-{}-{}", self.vendor, self.family, list(&self.models))?;
        if self.steppings.is_empty() { Ok(()) } else { write!(f, "-{}", list(&self.steppings)) }
    }
}
