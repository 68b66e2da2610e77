//! Decimal numbers as people write them, exactly.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Pow, ToPrimitive};

/// `559`, `69.88`, `1.28e10`.
pub fn parse(text: &str) -> Result<BigRational, String> {
    let wrong = || format!("{text:?} is not a decimal number, such as 559 or 69.875");
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| wrong())?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    // A larger one is no throughput, and would take for ever.
    const LARGEST: i32 = 100;
    let places = exponent.checked_sub(i32::try_from(fraction.len()).map_err(|_| wrong())?).ok_or_else(wrong)?;
    if places.abs() > LARGEST {
        return Err(wrong());
    }
    let power = BigRational::from(BigInt::from(10).pow(places.unsigned_abs()));
    let value = BigRational::from(digits.parse::<BigInt>().map_err(|_| wrong())?);
    Ok(if places < 0 { value / power } else { value * power })
}

/// More than nothing: for throughputs and peaks.
pub fn positive(text: &str) -> Result<BigRational, String> {
    let value = parse(text)?;
    if value == BigRational::from(BigInt::from(0)) { Err("want more than 0".into()) } else { Ok(value) }
}

pub fn rational(value: impl Into<BigInt>) -> BigRational {
    BigRational::from(value.into())
}

/// The nearest double, for printing.
pub fn to_f64(value: &BigRational) -> f64 {
    value.to_f64().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(parse("69.875"), Ok(BigRational::new(559.into(), 8.into())));
        assert_eq!(parse("1.28e3"), Ok(rational(1280)));
        assert_eq!(parse("5e-1"), Ok(BigRational::new(1.into(), 2.into())));
        assert_eq!(parse(".5"), parse("0.5"));
        for wrong in ["", ".", "-1", "12x", "1,000", "1e999", "1e", "nan"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(positive("0.0").is_err());
    }
}
