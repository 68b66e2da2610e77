//! Numbers as people write them: `116512260096`, `116.5 G`, `0.117T`, `41.09 GFLOPs`, `14.04e9`,
//! `17.5B`, `4.4 GMACs/img`, `151.3M params`.

use super::{Count, Unit};
use crate::{Error, Result};

/// A count as it was written, and so with the rounding it was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub value: Count,
    /// Half a unit in the last place that was written: 50,000,000 for `116.5 G`. 0 where every
    /// digit is there.
    pub rounding: Count,
    pub unit: Option<Unit>,
    /// Of what it is a count, where that is said.
    pub per: Option<Per>,
}

/// What a count is said to be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    Image,
    Text,
    /// It is a number of parameters.
    Parameters,
}

/// Far above any count there is, and low enough to add and double freely.
const LARGEST: Count = 1 << 120;

impl Written {
    /// Digits, perhaps an exponent, perhaps a prefix (k, M, G, T, P, E, or B for billions), perhaps a
    /// unit (FLOPs, MACs) and what it is of (/img, per text). None where that is no whole number, or
    /// none there could be a count of.
    pub fn parse(text: &str) -> Option<Written> {
        Written::read(text).ok()
    }

    /// The same, or an error that says what to write.
    pub fn read(text: &str) -> Result<Written> {
        let joined: String = text.chars().filter(|c| !c.is_whitespace() && *c != '_').collect();
        let end = joined.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',')).unwrap_or(joined.len());
        let (digits, rest) = joined.split_at(end);
        let written = suffixes(rest).and_then(|suffix| Some((suffix, value(&digits.replace(',', ""), suffix.power)?)));
        let Some((suffix, (value, rounding))) = written else {
            return Err(Error::input(format!("{text}: not a whole number of FLOPs or MACs")).remedy(
                "write digits, perhaps a prefix (k, M, G, T, P, E, or B for billions) and a unit: \
                 116512260096, '116.5 G', 116.5Gmac, 0.395Tflop, 14.04e9, '4.4 GMACs/img'",
            ));
        };
        if !groups_digits(digits, suffix.power) {
            let plain = digits.replace(',', "");
            let decimal = digits.replacen(',', ".", 1);
            return Err(Error::input(format!("{text}: is the comma a decimal comma, or does it group digits?"))
                .remedy(format!("write {decimal}{rest} for the one, {plain}{rest} for the other")));
        }
        Ok(Written { value, rounding, unit: suffix.unit, per: suffix.per })
    }

    /// May this count have been written so?
    pub fn admits(&self, count: Count) -> bool {
        self.value.abs_diff(count) <= self.rounding
    }

    /// Are there at least so many significant digits, all but the last one's rounding?
    pub fn as_fine_as(&self, parts: Count) -> bool {
        2 * self.rounding * parts <= self.value
    }
}

/// The value of digits times a power of ten, and half a unit in the last place.
fn value(digits: &str, power: usize) -> Option<(Count, Count)> {
    let (whole, mut fraction) = digits.split_once('.').unwrap_or((digits, ""));
    while fraction.len() > power {
        fraction = fraction.strip_suffix('0')?;
    }
    let last_place = Count::checked_pow(10, u32::try_from(power - fraction.len()).ok()?)?;
    let value = format!("{whole}{fraction}").parse::<Count>().ok()?.checked_mul(last_place)?;
    (value <= LARGEST).then_some((value, last_place / 2))
}

/// Do the commas, if any, stand between groups of three digits, and can they mean nothing else? One
/// comma before three digits and a prefix may be either.
fn groups_digits(digits: &str, power: usize) -> bool {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let rest: Vec<&str> = groups.collect();
    let grouped =
        rest.iter().all(|group| group.len() == 3) && (1..=3).contains(&first.len()) && !first.starts_with('0');
    let either = rest.len() == 1 && power > 0 && !digits.contains('.');
    !fraction.contains(',') && (rest.is_empty() || (grouped && !either))
}

/// What stands behind the digits.
#[derive(Clone, Copy)]
struct Suffix {
    /// Of ten.
    power: usize,
    unit: Option<Unit>,
    per: Option<Per>,
}

fn suffixes(text: &str) -> Option<Suffix> {
    let (exponent, rest) = exponent(text)?;
    let (rest, per) = per(rest)?;
    let (prefix, rest) = prefix(rest);
    let (unit, per) = unit(&rest.to_lowercase(), per)?;
    Some(Suffix { power: usize::try_from(exponent.checked_add(prefix)?).ok()?, unit, per })
}

/// What a count is of, at its end, and what stands before that.
fn per(text: &str) -> Option<(&str, Option<Per>)> {
    let Some((before, of)) = text.split_once('/').or_else(|| text.split_once("per")) else {
        return Some((text, None));
    };
    match of.to_lowercase().trim_end_matches('s') {
        "img" | "image" | "frame" => Some((before, Some(Per::Image))),
        "text" | "caption" => Some((before, Some(Per::Text))),
        "sample" | "example" | "pair" => Some((before, None)),
        _ => None,
    }
}

/// A power of ten behind an `e`, and what follows it. An `E` without digits is the prefix exa.
fn exponent(text: &str) -> Option<(u32, &str)> {
    let Some(rest) = text.strip_prefix(['e', 'E']) else { return Some((0, text)) };
    let rest = rest.strip_prefix('+').unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    if end == 0 { Some((0, text)) } else { Some((rest[..end].parse().ok()?, &rest[end..])) }
}

/// A prefix's power of ten, and what follows it.
fn prefix(text: &str) -> (u32, &str) {
    for (word, power) in [("billion", 9), ("million", 6), ("trillion", 12)] {
        if let Some(rest) = text.strip_prefix(word) {
            return (power, rest);
        }
    }
    let lower = text.to_lowercase();
    // These begin with a letter that is also a prefix.
    if ["mac", "madd", "mult", "param"].iter().any(|unit| lower.starts_with(unit)) {
        return (0, text);
    }
    let power = match lower.chars().next() {
        Some('k') => 3,
        Some('m') => 6,
        Some('g' | 'b') => 9,
        Some('t') => 12,
        Some('p') => 15,
        Some('e') => 18,
        _ => return (0, text),
    };
    (power, &text[1..])
}

fn unit(text: &str, per: Option<Per>) -> Option<(Option<Unit>, Option<Per>)> {
    match text.trim_end_matches('s') {
        "" => Some((None, per)),
        "flop" => Some((Some(Unit::Flop), per)),
        "mac" | "madd" | "multadd" | "mult-add" => Some((Some(Unit::Mac), per)),
        "param" | "parameter" if per.is_none() => Some((None, Some(Per::Parameters))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Count, Count, Option<Unit>)> {
        Written::parse(text).map(|written| (written.value, written.rounding, written.unit))
    }

    #[test]
    fn numbers_have_prefixes_and_units() {
        assert_eq!(read("395219472384"), Some((395_219_472_384, 0, None)));
        assert_eq!(read("116512260096mac"), Some((116_512_260_096, 0, Some(Unit::Mac))));
        assert_eq!(read("116,512,260,096 MACs"), Some((116_512_260_096, 0, Some(Unit::Mac))));
        assert_eq!(read("3Mmac"), Some((3_000_000, 500_000, Some(Unit::Mac))));
        assert_eq!(read("12k"), Some((12_000, 500, None)));
        assert_eq!(read("7E"), Some((7_000_000_000_000_000_000, 500_000_000_000_000_000, None)));
    }

    #[test]
    fn the_last_digit_says_how_a_number_was_rounded() {
        assert_eq!(read("0.117T"), Some((117_000_000_000, 500_000_000, None)));
        assert_eq!(read("116.5 G"), Some((116_500_000_000, 50_000_000, None)));
        assert_eq!(read("41.090 GFLOPs"), Some((41_090_000_000, 500_000, Some(Unit::Flop))));
        assert_eq!(read("14.04e9"), Some((14_040_000_000, 5_000_000, None)));
        assert_eq!(read("1.404e+10 MACs"), Some((14_040_000_000, 5_000_000, Some(Unit::Mac))));
        assert_eq!(read("116.512260096G"), Some((116_512_260_096, 0, None)));
        assert_eq!(read("7.0"), Some((7, 0, None)));
    }

    #[test]
    fn what_is_no_count_is_refused() {
        let long = "99999999999999999999999999999999999E";
        for text in ["1.5", "1.2345k", "7 apples", "1.2.3G", "9e99", "", ".", "G", "-3", "1ee9", "3 G FLOP/s", long] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn commas_group_digits_or_are_asked_about() {
        assert_eq!(read("151,277,313"), Some((151_277_313, 0, None)));
        assert_eq!(read("17,580"), Some((17_580, 0, None)));
        assert_eq!(read("1,234.5 G"), Some((1_234_500_000_000, 50_000_000, None)));
        for text in ["17,5", "17,5 GFLOPs", "17,580 G", "0,117T", "1.234,5 G", "1234,567", "17,5e9", ",5G", "1,,000"] {
            let error = Written::read(text).unwrap_err().to_string();
            assert!(error.contains("comma") && error.contains("remedy"), "{text}: {error}");
        }
    }

    #[test]
    fn units_as_papers_have_them() {
        let per = |text: &str| Written::parse(text).map(|written| (written.value, written.unit, written.per));
        let flop = Some(Unit::Flop);
        let mac = Some(Unit::Mac);
        assert_eq!(per("17.5B"), Some((17_500_000_000, None, None)));
        assert_eq!(per("17.5 BFLOPs"), Some((17_500_000_000, flop, None)));
        assert_eq!(per("17.58 GFLOPS"), Some((17_580_000_000, flop, None)));
        assert_eq!(per("4.4 GMACs/img"), Some((4_400_000_000, mac, Some(Per::Image))));
        assert_eq!(per("4.4 G MACs per image"), Some((4_400_000_000, mac, Some(Per::Image))));
        assert_eq!(per("3 MMACs/text"), Some((3_000_000, mac, Some(Per::Text))));
        assert_eq!(per("2.98 GFLOPs/sample"), Some((2_980_000_000, flop, None)));
        assert_eq!(per("569 MAdds"), Some((569, mac, None)));
        assert_eq!(per("569 M Mult-Adds"), Some((569_000_000, mac, None)));
        assert_eq!(per("17.5 billion"), Some((17_500_000_000, None, None)));
        assert_eq!(per("151.3M params"), Some((151_300_000, None, Some(Per::Parameters))));
        assert_eq!(per("427.6M"), Some((427_600_000, None, None)));
        for text in ["3 GFLOP/s", "3 GFLOPs/second", "3 Gbit", "3 images"] {
            assert_eq!(per(text), None, "{text}");
        }
    }

    #[test]
    fn halves_belong_to_both_neighbours() {
        let written = Written::parse("0.117T").unwrap();
        assert!(written.admits(116_500_000_000) && written.admits(117_500_000_000));
        assert!(!written.admits(116_499_999_999) && !written.admits(117_500_000_001));
    }
}
