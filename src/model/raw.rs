//! What a program that reads a file's keys literally finds there.

use num_bigint::BigInt;
use num_rational::BigRational;
use serde_json::Value;

use super::json::Keys;
use super::limits::{self, Dimension};
use super::spec::RawKeys;

impl RawKeys {
    /// Takes what is a possible value; the dialect has refused impossible ones of its own keys.
    pub(super) fn read(text: Keys, vision: Keys) -> RawKeys {
        let first = |keys: [&str; 2], dimension: Dimension| {
            keys.iter().find_map(|key| limits::whole(text.peek(key)?, dimension).ok())
        };
        RawKeys {
            image_named: vision.peek("timm_model_name").is_some(),
            text_named: text.peek("hf_model_name").is_some(),
            text_depth: first(["num_hidden_layers", "num_layers"], Dimension::Layers),
            text_length: first(["context_length", "max_position_embeddings"], Dimension::Context),
            mlp_ratio: vision.peek("mlp_ratio").filter(|ratio| possible(ratio)).and_then(|r| decimal(&r.to_string())),
        }
    }
}

fn possible(ratio: &Value) -> bool {
    ratio.as_f64().is_some_and(|ratio| ratio > 0.0 && ratio <= Dimension::MlpWidth.max() as f64)
}

/// The exact value of a decimal number such as `8.571428571428571` or `1e-5`.
fn decimal(text: &str) -> Option<BigRational> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().ok()?;
    let power = exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?;
    let scale = BigRational::from_integer(BigInt::from(10).pow(power.unsigned_abs()));
    let digits = BigRational::from_integer(digits);
    Some(if power < 0 { digits / scale } else { digits * scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let ratio = |n: i64, d: i64| Some(BigRational::new(n.into(), d.into()));
        assert_eq!(decimal("4"), ratio(4, 1));
        assert_eq!(decimal("4.3637"), ratio(43637, 10000));
        assert_eq!(decimal("2.5e-3"), ratio(1, 400));
        assert_eq!(decimal("1e2"), ratio(100, 1));
        assert_eq!(decimal("four"), None);
    }
}
