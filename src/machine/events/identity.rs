//! Which CPUs a row of the table is about.

use std::ops::RangeInclusive;

use crate::machine::Cpu;

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
