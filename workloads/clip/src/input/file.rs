//! PNG and JPEG files.

use std::path::Path;

use flopledger::{Error, Result};
use image::imageops::FilterType;

/// Channel by channel: the file scaled so that it covers the size, cut out around its centre.
pub fn planes(path: &Path, (channels, height, width): (usize, usize, usize)) -> Result<Vec<u8>> {
    let bad = |reason: String| Error::input(format!("--image {}: {reason}", path.display()));
    if channels != 3 {
        return Err(bad(format!("this model wants {channels} channels, an image has 3"))
            .remedy("leave --image out for a synthetic image"));
    }
    let size = |size: usize| u32::try_from(size).map_err(|_| bad(format!("cannot be scaled to {size} pixels")));
    let (high, wide) = (size(height)?, size(width)?);
    let image = image::open(path).map_err(|e| bad(e.to_string()).remedy("give the path of a PNG or JPEG file"))?;
    let image = image.resize_to_fill(wide, high, FilterType::CatmullRom).to_rgb8();
    Ok((0..channels).flat_map(|channel| image.pixels().map(move |pixel| pixel.0[channel])).collect())
}
