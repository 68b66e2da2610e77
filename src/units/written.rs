//! Numbers as people write them: `116512260096`, `116.5 G`, `0.117T`, `41.09 GFLOPs`, `14.04e9`.

use super::{Count, Unit};

/// A count as it was written, and so with the rounding it was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub value: Count,
    /// Half a unit in the last place that was written: 50,000,000 for `116.5 G`. 0 where every
    /// digit is there.
    pub rounding: Count,
    pub unit: Option<Unit>,
}

/// Far above any count there is, and low enough to add and double freely.
const LARGEST: Count = 1 << 120;

impl Written {
    /// Digits, perhaps an exponent, perhaps a prefix (k, M, G, T, P, E), perhaps a unit (FLOPs,
    /// MACs). None where that is no whole number, or none there could be a count of.
    pub fn parse(text: &str) -> Option<Written> {
        let text: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | '_')).collect();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        let (exponent, rest) = exponent(rest)?;
        let (prefix, unit) = suffix(rest)?;
        let power = usize::try_from(exponent.checked_add(prefix)?).ok()?;
        let (whole, mut fraction) = digits.split_once('.').unwrap_or((digits, ""));
        while fraction.len() > power {
            fraction = fraction.strip_suffix('0')?;
        }
        let places = u32::try_from(power - fraction.len()).ok()?;
        let last_place = Count::checked_pow(10, places)?;
        let value = format!("{whole}{fraction}").parse::<Count>().ok()?.checked_mul(last_place)?;
        (value <= LARGEST).then_some(Written { value, rounding: last_place / 2, unit })
    }

    /// May this count have been written so?
    pub fn admits(&self, count: Count) -> bool {
        self.value.abs_diff(count) <= self.rounding
    }
}

/// A power of ten behind an `e`, and what follows it. An `E` without digits is the prefix exa.
fn exponent(text: &str) -> Option<(u32, &str)> {
    let Some(rest) = text.strip_prefix(['e', 'E']) else { return Some((0, text)) };
    let rest = rest.strip_prefix('+').unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    if end == 0 { Some((0, text)) } else { Some((rest[..end].parse().ok()?, &rest[end..])) }
}

/// A prefix's power of ten and a unit.
fn suffix(text: &str) -> Option<(u32, Option<Unit>)> {
    let (prefix, unit) = match text.chars().next() {
        None => return Some((0, None)),
        Some(first) => match "kMGTPE".find(first.to_ascii_uppercase()).or("kMGTPE".find(first)) {
            // `mac` begins with a letter that is also a prefix.
            Some(place) if !text.to_lowercase().starts_with("mac") => (3 * (place as u32 + 1), &text[1..]),
            _ => (0, text),
        },
    };
    match unit.to_lowercase().as_str() {
        "" => Some((prefix, None)),
        "flop" | "flops" => Some((prefix, Some(Unit::Flop))),
        "mac" | "macs" => Some((prefix, Some(Unit::Mac))),
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
    fn halves_belong_to_both_neighbours() {
        let written = Written::parse("0.117T").unwrap();
        assert!(written.admits(116_500_000_000) && written.admits(117_500_000_000));
        assert!(!written.admits(116_499_999_999) && !written.admits(117_500_000_001));
    }
}
