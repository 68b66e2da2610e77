//! What the towers see: an image file or a synthetic image, and token ids.

use flopledger::model::spec::{TextTower, Vit};
use flopledger::{Error, Result};

use crate::args::Args;
use crate::weights::mix;

#[cfg(feature = "image")]
mod file;
#[cfg(not(feature = "image"))]
#[path = "no_file.rs"]
mod file;

/// CLIP's own normalisation; models with other than 3 channels take the first.
const MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
const DEVIATION: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// batch x channels x height x width, all of the batch alike.
pub fn pixels(tower: &Vit, args: &Args) -> Result<Vec<f32>> {
    let [channels, height, width] = [tower.channels, tower.image.height, tower.image.width].map(|n| n as usize);
    let planes: Vec<u8> = match &args.image {
        Some(path) => file::planes(path, (channels, height, width))?,
        None => (0..(channels * height * width) as u32).map(|place| mix(args.seed ^ place << 1) as u8).collect(),
    };
    let mut pixels = Vec::with_capacity(args.batch * planes.len());
    for (channel, plane) in planes.chunks(height * width).enumerate() {
        let place = if channels == MEAN.len() { channel } else { 0 };
        let (scale, shift) = (1.0 / (255.0 * DEVIATION[place]), MEAN[place] / DEVIATION[place]);
        pixels.extend(plane.iter().map(|&value| f32::from(value) * scale - shift));
    }
    Ok(pixels.repeat(args.batch))
}

/// A full-length text: the ids given, padded with 0, or synthetic ones.
pub fn tokens(tower: &TextTower, given: Option<&[u32]>) -> Result<Vec<u32>> {
    let context = tower.context as usize;
    let Some(given) = given else {
        return Ok(synthetic(tower.vocab, tower.context));
    };
    if given.len() > context {
        return Err(Error::input(format!("--tokens: {} ids, but a text of this model has {context}", given.len()))
            .remedy("leave out ids, or take a model with a longer context"));
    }
    if let Some(id) = given.iter().find(|&&id| u64::from(id) >= tower.vocab) {
        return Err(Error::input(format!("--tokens: {id} is no id of a vocabulary of {}", tower.vocab))
            .remedy("give the ids that this model's own tokenizer yields"));
    }
    let mut ids = given.to_vec();
    ids.resize(context, 0);
    Ok(ids)
}

/// CLIP's start (the last id but one), some words, and its end (the last id) in the last place.
fn synthetic(vocab: u64, context: u64) -> Vec<u32> {
    let (start, end) = (vocab.saturating_sub(2), vocab - 1);
    let word = |place: u64| (7 * place + 1) % start.max(1);
    let id = |place| match place {
        _ if place + 1 == context => end,
        0 => start,
        _ => word(place),
    };
    (0..context).map(|place| id(place) as u32).collect()
}
