//! The one place that bounds dimensions, so that no count can overflow and no nonsense gets through.

use super::json::Keys;
use super::spec::Size;
use crate::{Error, Result};

/// A dimension of a model. Its limit is far above any model there is, and low enough that the
/// largest product, `tokens^2 * width * layers` with `tokens = image^2 + 1`, stays below 2^110.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    Image,
    Patch,
    Channels,
    Width,
    Layers,
    Heads,
    MlpWidth,
    Vocab,
    Context,
}

impl Dimension {
    pub const fn max(self) -> u64 {
        match self {
            Dimension::Image | Dimension::Patch => 1 << 16,
            Dimension::Channels => 1 << 10,
            Dimension::Layers => 1 << 14,
            Dimension::Width | Dimension::Heads => 1 << 20,
            Dimension::MlpWidth | Dimension::Context => 1 << 24,
            Dimension::Vocab => 1 << 32,
        }
    }

    pub fn admits(self, number: u64) -> bool {
        (1..=self.max()).contains(&number)
    }
}

/// The width of an MLP from its ratio, truncated as `int(width * ratio)` does.
pub fn mlp_width(keys: &Keys, width: u64, ratio: f64) -> Result<u64> {
    let product = width as f64 * ratio;
    if product >= 1.0 && product <= Dimension::MlpWidth.max() as f64 {
        return Ok(product as u64);
    }
    let max = Dimension::MlpWidth.max();
    Err(keys
        .bad("mlp_ratio", format!("{ratio:?} times width {width} is no MLP width"))
        .remedy(format!("give a ratio that makes the MLP 1 to {max} wide; 4 is usual")))
}

/// Refuses heads that do not divide the width.
pub fn heads_divide(keys: &Keys, (width_key, width): (&str, u64), (heads_key, heads): (&str, u64)) -> Result<()> {
    if width % heads == 0 {
        return Ok(());
    }
    Err(keys
        .bad(heads_key, format!("{heads} heads do not divide the width {width} ({width_key})"))
        .remedy("every head is equally wide: give a divisor of the width"))
}

/// Refuses an image smaller than a patch.
pub fn at_least_one_patch(keys: &Keys, image: Size, patch: Size) -> Result<()> {
    for (image, patch) in [(image.height, patch.height), (image.width, patch.width)] {
        if image < patch {
            return Err(keys
                .bad("image_size", format!("{image} is less than patch_size {patch}"))
                .remedy(format!("give a multiple of {patch}, e.g. {}", 16 * patch)));
        }
    }
    Ok(())
}

/// Refuses an image of which a network's strides leave nothing.
pub fn at_least(keys: &Keys, image: Size, stride: u64) -> Result<()> {
    if image.height >= stride && image.width >= stride {
        return Ok(());
    }
    let Size { height, width } = image;
    Err(keys
        .bad("image_size", format!("{height} x {width} is less than one position of {stride} x {stride} pixels"))
        .remedy(format!("give a multiple of {stride}, e.g. 224")))
}

/// A whole number within a dimension's limit.
pub fn whole(value: &serde_json::Value, dimension: Dimension) -> Result<u64> {
    let number = value.as_u64().filter(|number| dimension.admits(*number));
    number.ok_or_else(|| impossible(super::json::shown(value), dimension))
}

pub fn impossible(value: impl std::fmt::Display, dimension: Dimension) -> Error {
    Error::input(format!("{value} is not possible here"))
        .remedy(format!("give a whole number from 1 to {}", dimension.max()))
}
