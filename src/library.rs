//! flopledger as a library: the questions of the command line, as functions.
//!
//! ```
//! let vit = flopledger::estimate("tests/configs/open_clip/ViT-L-14.json")?;
//! assert_eq!(vit.flops.total, 175_325_220_864);
//! assert_eq!(vit.parameters.total, 427_616_513);
//! # Ok::<(), flopledger::Error>(())
//! ```

use std::path::Path;

use crate::convention::{self, Estimate, Subject};
use crate::ledger::explain::{Explanation, Side};
use crate::ledger::identify::{Identification, Query};
use crate::model::terms::flops;
use crate::model::{self, ClipSpec, Wanted};
use crate::nearest::nearest;
use crate::units::{Count, Written};
use crate::{Error, Result};

/// The analytic counts of a model from its configuration file, for one image and one full-length
/// text: true FLOPs and parameters per tower, every operation, and what every tool would print.
///
/// # Errors
///
/// Names the file, the key, its value and the remedy where the file cannot be read, is no CLIP
/// configuration, or has an impossible value.
///
/// ```
/// let clip = flopledger::estimate("tests/configs/open_clip/ViT-B-32.json")?;
/// let thop = clip.conventions.iter().find(|count| count.name == "thop").unwrap();
/// assert_eq!(clip.flops.image, Some(8_817_623_040));
/// assert_eq!(thop.image, Some(2_946_760_704)); // MACs; attention runs as functions, unseen
///
/// let error = flopledger::estimate("Cargo.toml").unwrap_err();
/// assert!(error.to_string().contains("Cargo.toml: not JSON"));
/// # Ok::<(), flopledger::Error>(())
/// ```
pub fn estimate(path: impl AsRef<Path>) -> Result<Estimate> {
    model::load(path.as_ref()).map(|spec| convention::estimate(&spec))
}

/// A model by its configuration file or, where no such file is, by a preset's name.
///
/// ```
/// assert_eq!(flopledger::model("ViT-B/32")?.embed_dim, 512);
/// assert!(flopledger::model("ViT-Z-99").unwrap_err().to_string().contains("ViT-Z-99"));
/// # Ok::<(), flopledger::Error>(())
/// ```
pub fn model(file_or_preset: impl AsRef<Path>) -> Result<ClipSpec> {
    model_as(file_or_preset, &Wanted::default())
}

/// The same with another image size or text length, or with the dimensions of towers that the
/// file only names.
///
/// ```
/// use flopledger::model::{Wanted, spec::Size};
///
/// let wanted = Wanted { image_size: Some(Size::square(336)), ..Wanted::default() };
/// assert_eq!(flopledger::model_as("ViT-L-14", &wanted)?.vit().unwrap().patches(), 576);
/// # Ok::<(), flopledger::Error>(())
/// ```
pub fn model_as(file_or_preset: impl AsRef<Path>, wanted: &Wanted) -> Result<ClipSpec> {
    let path = file_or_preset.as_ref();
    if path.exists() {
        return model::load_as(path, wanted);
    }
    let name = path.to_string_lossy();
    match model::known(&name) {
        Some(preset) => model::preset_as(preset, wanted),
        None => {
            Err(Error::input(format!("{name}: no such file, and no such preset{}", nearest(&name, model::names())))
                .remedy(format!(
                    "give the path of a configuration file, or one of {}",
                    model::names().collect::<Vec<_>>().join(", ")
                )))
        }
    }
}

/// True FLOPs of a model, 2 for each multiply-accumulate, for one image and one full-length text.
///
/// ```
/// let spec = flopledger::model("ViT-L-14-336")?;
/// assert_eq!(flopledger::total_flops(&spec), 395_219_472_384);
/// # Ok::<(), flopledger::Error>(())
/// ```
pub fn total_flops(spec: &ClipSpec) -> Count {
    flops(&model::terms(spec))
}

/// Whose number is this? Every count of the models, and of every preset where none is given, that
/// yields the number as it is written: `116512260096`, `116.5 G`, `0.117T`, `41.09 GFLOPs`.
///
/// ```
/// let spec = flopledger::model("ViT-L-14-336")?;
/// let found = flopledger::identify("116.512260096 G", &[spec])?;
/// assert_eq!((found.matches[0].convention, found.matches[0].tower), ("thop", "image"));
/// # Ok::<(), flopledger::Error>(())
/// ```
pub fn identify(number: &str, models: &[ClipSpec]) -> Result<Identification> {
    identify_as(number, &Query::default(), models)
}

/// The same of a number of which more is known: that it is of a batch, of frames, of one tower, or the
/// total of so many samples.
///
/// ```
/// use flopledger::ledger::identify::Query;
///
/// let spec = flopledger::model("ViT-B-16")?;
/// let video = Query { frames: Some(16), ..Query::default() };
/// let found = flopledger::identify_as("281 GFLOPs", &video, &[spec])?;
/// assert!(found.matches.iter().any(|found| (found.convention, found.tower) == ("timm", "image")));
/// # Ok::<(), flopledger::Error>(())
/// ```
pub fn identify_as(number: &str, query: &Query, models: &[ClipSpec]) -> Result<Identification> {
    let written = Written::read(number)?;
    if !models.is_empty() {
        return crate::ledger::identify::identify(written, query, models);
    }
    let presets: Vec<ClipSpec> = model::names().map(model::preset).collect::<Result<_>>()?;
    crate::ledger::identify::identify(written, query, &presets)
}

/// The ledger from one count of a model to another, cause by cause. A side is a convention,
/// `name[@setting][:tower]`, or a number with its unit.
///
/// ```
/// let spec = flopledger::model("ViT-L-14-336")?;
/// let why = flopledger::explain("thop", "analytic", &spec)?;
/// assert_eq!(why.ledger.opening.value, 116_512_260_096);
/// assert_eq!(why.ledger.closing.value, 395_219_472_384);
/// assert_eq!(why.ledger.residual, 0);
/// # Ok::<(), flopledger::Error>(())
/// ```
pub fn explain(from: &str, to: &str, spec: &ClipSpec) -> Result<Explanation> {
    crate::ledger::explain::explain(spec, &Side::parse(from)?, &Side::parse(to)?)
}

/// The part of [`total_flops`] that each tower has: image, text, multimodal.
///
/// ```
/// let spec = flopledger::model("ViT-B-32")?;
/// assert_eq!(flopledger::flops_by_tower(&spec), [8_817_623_040, 5_959_540_736, 0]);
/// # Ok::<(), flopledger::Error>(())
/// ```
pub fn flops_by_tower(spec: &ClipSpec) -> [Count; 3] {
    let subject = Subject::new(spec);
    model::terms::Tower::ALL.map(|tower| flops(subject.tower_terms().iter().filter(|term| term.tower == Some(tower))))
}
