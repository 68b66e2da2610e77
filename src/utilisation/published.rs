//! What has been reached, where and by which techniques, and whether the figures agree.

use serde::{Deserialize, Serialize};

use super::device::{Device, Precision, devices};
use crate::{Error, Result};

const TABLE: &str = include_str!("published.csv");

/// A row as the table has it; empty where nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub model: String,
    pub task: String,
    pub hardware: String,
    /// Its name in the table of devices.
    pub device: String,
    pub n_devices: String,
    pub precision: String,
    pub mfu_percent: String,
    pub hfu_percent: String,
    /// `published`, or `derived` from a published throughput.
    pub how: String,
    pub achieved_tflops_per_device: String,
    pub peak_tflops: String,
    pub techniques: String,
    pub derivation: String,
    pub source: String,
    pub status: String,
}

/// Is MFU x peak what was achieved?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Agrees,
    Disagrees,
    /// A figure is missing.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Published {
    #[serde(flatten)]
    pub row: Row,
    pub verdict: Verdict,
    /// The check in words.
    pub check: String,
}

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub model: Option<String>,
    pub hardware: Option<String>,
    pub task: Option<&'static str>,
}

/// The rows, highest MFU first, each checked.
pub fn published(filter: &Filter) -> Result<Vec<Published>> {
    let devices = devices()?;
    let contains = |text: &str, part: &Option<String>| {
        part.as_ref().is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
    };
    let mut chosen = Vec::new();
    for row in rows()? {
        let hardware = format!("{} {}", row.hardware, row.device);
        let wanted = contains(&row.model, &filter.model)
            && contains(&hardware, &filter.hardware)
            && filter.task.is_none_or(|task| task == row.task);
        if wanted {
            let (verdict, check) = check(&row, &devices);
            chosen.push(Published { row, verdict, check });
        }
    }
    let mfu = |published: &Published| published.row.mfu_percent.parse().unwrap_or(0.0);
    chosen.sort_by(|a, b| f64::total_cmp(&mfu(b), &mfu(a)));
    Ok(chosen)
}

fn rows() -> Result<Vec<Row>> {
    let rows = csv::Reader::from_reader(TABLE.as_bytes()).into_deserialize().collect::<csv::Result<Vec<Row>>>();
    rows.map_err(|error| Error::failed(format!("published.csv: {error}")))
}

/// A decimal figure with the half of its last place: what it may have been before rounding.
struct Figure {
    value: f64,
    place: f64,
}

impl Figure {
    fn of(text: &str) -> Option<Figure> {
        let value = text.parse().ok()?;
        let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        Some(Figure { value, place: 10f64.powi(-i32::try_from(decimals).ok()?) })
    }
}

fn check(row: &Row, devices: &[Device]) -> (Verdict, String) {
    if let (Some(mfu), Some(hfu)) = (Figure::of(&row.mfu_percent), Figure::of(&row.hfu_percent))
        && hfu.value < mfu.value
    {
        return (Verdict::Disagrees, "HFU is below MFU: the hardware did less than the model needs".into());
    }
    let (peak, whose) = match Figure::of(&row.peak_tflops) {
        Some(peak) => (peak.value, "its own"),
        None => match known_peak(row, devices) {
            Some(peak) => (peak, "the device table's"),
            None => return (Verdict::Unknown, "no peak is known for it".into()),
        },
    };
    let (share, name) = match (Figure::of(&row.mfu_percent), Figure::of(&row.hfu_percent)) {
        (Some(mfu), _) => (mfu, "MFU"),
        (None, Some(hfu)) => (hfu, "HFU"),
        (None, None) => return (Verdict::Unknown, "neither MFU nor HFU is given".into()),
    };
    let Some(achieved) = Figure::of(&row.achieved_tflops_per_device) else {
        let implied = share.value * peak / 100.0;
        return (
            Verdict::Unknown,
            format!("no rate is given; {name} {} % of {peak} TFLOP/s would be {implied:.1}", share.value),
        );
    };
    // Rates are printed rounded, or cut: what was cut may be up to one place more.
    let lowest = 100.0 * (achieved.value - achieved.place / 2.0) / peak - share.place / 2.0;
    let highest = 100.0 * (achieved.value + achieved.place) / peak + share.place / 2.0;
    const ROUNDING: f64 = 1e-9;
    let found = format!("{} / {peak} TFLOP/s ({whose} peak) = {:.1} %", achieved.value, 100.0 * achieved.value / peak);
    if (lowest - ROUNDING..=highest + ROUNDING).contains(&share.value) {
        (Verdict::Agrees, found)
    } else {
        (Verdict::Disagrees, format!("{found}, but {name} is given as {} %", share.value))
    }
}

fn known_peak(row: &Row, devices: &[Device]) -> Option<f64> {
    let device = devices.iter().find(|device| device.name == row.device)?;
    device.figure(precision(&row.precision)?)?.parse().ok()
}

/// The precision whose peak a row is held against.
fn precision(text: &str) -> Option<Precision> {
    let text = text.to_lowercase();
    if text.contains("bf16 peak") {
        return Some(Precision::Bf16);
    }
    let named =
        [("fp8", Precision::Fp8), ("bf16", Precision::Bf16), ("fp16", Precision::Fp16), ("fp32", Precision::Fp32)];
    named.into_iter().find(|(name, _)| text.contains(name)).map(|(_, precision)| precision)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_complete() {
        let devices = devices().unwrap();
        let rows = rows().unwrap();
        assert_eq!(rows.len(), 393);
        for row in rows {
            assert!(!row.source.is_empty() && !row.status.is_empty() && matches!(row.task.as_str(), "train" | "infer"));
            let known = row.device.is_empty() || devices.iter().any(|device| device.name == row.device);
            assert!(known, "{}: {}", row.model, row.device);
            assert!(row.how == "published" || !row.derivation.is_empty(), "{}: derived from nothing", row.model);
        }
    }

    #[test]
    fn figures_that_do_not_agree_are_found() {
        let all = published(&Filter::default()).unwrap();
        let wrong: Vec<(&str, &str)> = all
            .iter()
            .filter(|p| p.verdict == Verdict::Disagrees)
            .map(|p| (p.row.model.as_str(), p.row.mfu_percent.as_str()))
            .collect();
        // Two rows of MaxText's README: 328 and 249 TFLOP/s of 459.
        assert_eq!(wrong, [("MaxText 32B", "67.8"), ("MaxText 1024B", "64.0")]);
        assert_eq!(all.iter().filter(|p| p.verdict == Verdict::Unknown).count(), 14);
    }

    #[test]
    fn a_wrong_figure_is_caught() {
        let devices = devices().unwrap();
        let mut row = rows().unwrap().swap_remove(0);
        assert_eq!(check(&row, &devices).0, Verdict::Agrees);
        row.mfu_percent = "39.2".into();
        assert_eq!(check(&row, &devices).0, Verdict::Disagrees);
        row.mfu_percent = "39.0".into();
        row.hfu_percent = "38.0".into();
        assert!(check(&row, &devices).1.contains("HFU is below MFU"));
    }

    /// `N img/s x G GFLOP = A TFLOP/s`, or GFLOP/s.
    #[test]
    fn image_rates_come_out() {
        let mut done = 0;
        for row in rows().unwrap().iter().filter(|row| row.derivation.contains("img/s x")) {
            let words: Vec<&str> = row.derivation.split_whitespace().collect();
            let ["img/s", "x", forward, "GFLOP", "=", achieved, unit, ..] = words[1..] else { panic!("{words:?}") };
            let scale = if unit == "TFLOP/s" { 1000.0 } else { 1.0 };
            let [images, forward, achieved] = [words[0], forward, achieved].map(|word| word.parse::<f64>().unwrap());
            let found = images * forward / scale;
            assert!(
                (found - achieved).abs() <= 0.51 * if scale > 1.0 { 0.1 } else { 1.0 } + 1e-3 * achieved,
                "{words:?}"
            );
            done += 1;
        }
        assert_eq!(done, 166);
    }

    /// The forward passes that the derivations start from are those of `estimate`.
    #[test]
    fn forward_passes_are_ours() {
        use crate::convention::estimate;
        let mut done = 0;
        for row in rows().unwrap().iter().filter(|row| row.derivation.contains("GFLOP fwd")) {
            let name = row.model.split_whitespace().find(|word| word.starts_with("ViT-"));
            let Some(Ok(spec)) = name.map(crate::model::preset) else { continue };
            let flops = estimate(&spec).flops;
            let flops = if row.model.ends_with("image tower") { flops.image.unwrap() } else { flops.total };
            let ours = format!("x {:.2} GFLOP fwd", flops as f64 / 1e9);
            assert!(row.derivation.contains(&ours), "{}: {} is not {ours}", row.model, row.derivation);
            done += 1;
        }
        assert!(done >= 40, "{done}");
    }

    /// `N samples/s / D = S/s/device x F x G GFLOP fwd = A TFLOP/s`: A must come out.
    #[test]
    fn derivations_come_out() {
        let mut done = 0;
        for row in rows().unwrap().iter().filter(|row| row.derivation.contains("GFLOP fwd")) {
            let words: Vec<&str> = row.derivation.split_whitespace().collect();
            let before = |unit: &str| -> f64 {
                let at = words.iter().position(|word| word.starts_with(unit)).expect(unit);
                words[at - 1].parse().expect(unit)
            };
            let (samples, forward, achieved) = (before("samples/s"), before("GFLOP"), before("TFLOP/s"));
            let factor = if row.task == "train" { 3.0 } else { 1.0 };
            let devices: f64 = row.n_devices.parse().unwrap();
            let found = samples / devices * factor * forward / 1000.0;
            assert!((found - achieved).abs() <= 0.051 + 2e-4 * achieved, "{}: {found} for {achieved}", row.derivation);
            assert_eq!(row.achieved_tflops_per_device.parse::<f64>().unwrap(), achieved);
            done += 1;
        }
        assert!(done > 50, "{done}");
    }
}
