//! MFU and HFU, with every step of their arithmetic.

use num_rational::BigRational;
use num_traits::ToPrimitive;
use serde::Serialize;

use super::decimal::{rational, to_f64};
use super::device::{Device, Precision};
use super::work::{Setting, Task, Towers, Work};
use crate::convention::Recompute;
use crate::model::ClipSpec;
use crate::units::{Amount, Count, grouped};
use crate::{Error, Result};

/// What a rate is divided by.
#[derive(Debug, Clone)]
pub struct Peak {
    /// None where the user gave the figure.
    pub device: Option<Device>,
    pub tflops: BigRational,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Measured {
    pub samples_per_second: BigRational,
    pub devices: u64,
    pub precision: Precision,
}

/// One line of the arithmetic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    pub what: String,
    pub arithmetic: String,
    pub value: String,
}

#[derive(Debug, Serialize)]
pub struct Utilisation {
    pub schema: &'static str,
    pub model: String,
    pub task: Task,
    pub towers: Towers,
    pub recompute: Recompute,
    pub precision: Precision,
    pub device: Option<Device>,
    pub devices: u64,
    pub samples_per_second: f64,
    pub flops_per_sample: Work,
    pub model_flop_per_s_per_device: f64,
    pub executed_flop_per_s_per_device: f64,
    pub peak_flop_per_s: f64,
    /// Shares, not per cent.
    pub mfu: f64,
    pub hfu: f64,
    pub steps: Vec<Step>,
    /// What to know about these figures.
    pub notes: Vec<String>,
}

pub fn utilisation(spec: &ClipSpec, setting: &Setting, measured: &Measured, peak: &Peak) -> Result<Utilisation> {
    let work = Work::of(spec, setting)?;
    let rates = Rates::of(&work, measured, peak);
    if rates.mfu > rational(1) || rates.hfu > rational(1) {
        return Err(too_much(spec, setting, measured, peak, &rates));
    }
    Ok(Utilisation {
        schema: "flopledger.mfu/1",
        model: spec.name.clone(),
        task: setting.task,
        towers: setting.towers,
        recompute: setting.recompute,
        precision: measured.precision,
        device: peak.device.clone(),
        devices: measured.devices,
        samples_per_second: to_f64(&measured.samples_per_second),
        flops_per_sample: work,
        model_flop_per_s_per_device: to_f64(&rates.model),
        executed_flop_per_s_per_device: to_f64(&rates.executed),
        peak_flop_per_s: to_f64(&rates.peak),
        mfu: to_f64(&rates.mfu),
        hfu: to_f64(&rates.hfu),
        steps: steps(setting, measured, peak, &work, &rates),
        notes: notes(&work, peak),
    })
}

/// Exact, in FLOP/s of one device.
struct Rates {
    samples: BigRational,
    model: BigRational,
    executed: BigRational,
    peak: BigRational,
    mfu: BigRational,
    hfu: BigRational,
}

impl Rates {
    fn of(work: &Work, measured: &Measured, peak: &Peak) -> Rates {
        const TERA: u64 = 1_000_000_000_000;
        let samples = &measured.samples_per_second / rational(measured.devices);
        let (model, executed) = (&samples * rational(work.model), &samples * rational(work.executed));
        let peak = &peak.tflops * rational(TERA);
        let (mfu, hfu) = (&model / &peak, &executed / &peak);
        Rates { samples, model, executed, peak, mfu, hfu }
    }
}

fn steps(setting: &Setting, measured: &Measured, peak: &Peak, work: &Work, rates: &Rates) -> Vec<Step> {
    let step = |what: &str, arithmetic: String, value: String| Step { what: what.into(), arithmetic, value };
    let flops = |count: Count| format!("{} FLOPs", number(count));
    let device = peak.device.as_ref().map_or("the figure given", |device| device.name.as_str());
    let passes = match setting.task {
        Task::Train => "forward 1, backward 2",
        Task::Infer => "forward only",
    };
    let towers = match setting.towers {
        Towers::Both => format!("image {} + text {}", number(work.forward_image), number(work.forward_text)),
        Towers::Image => "image tower".into(),
        Towers::Text => "text tower".into(),
    };
    let mut steps = vec![
        step("forward pass of one sample", towers, flops(work.forward)),
        step("model FLOPs of one sample", format!("x {} ({passes})", work.factor), flops(work.model)),
        step(
            "samples of one device",
            format!("{} samples/s / {}", exact(&measured.samples_per_second), measured.devices),
            format!("{} samples/s", exact(&rates.samples)),
        ),
        step(
            "model FLOP/s of one device",
            format!("{} x {}", exact(&rates.samples), number(work.model)),
            format!("{} TFLOP/s", tera(&rates.model)),
        ),
        step(
            "dense peak",
            format!("{device}, {}", measured.precision.name()),
            format!("{} TFLOP/s", exact(&peak.tflops)),
        ),
        step("MFU", format!("{} / {}", tera(&rates.model), exact(&peak.tflops)), percent(&rates.mfu)),
    ];
    if work.padding > 0 {
        let (image, text) = (work.tokens_image, work.tokens_text);
        let what = format!(
            "x {}; image {} tokens for {}, text {} for {}",
            work.factor, image.run, image.model, text.run, text.model
        );
        steps.push(step("padding tokens", what, format!("+ {}", flops(work.padding))));
    }
    if let Some(batch) = setting.logits_batch {
        let what = format!("x {}; an image against {batch} texts, a text against {batch} images", work.factor);
        steps.push(step("contrastive logits", what, format!("+ {}", flops(work.logits))));
    }
    match setting.recompute {
        Recompute::None => {}
        Recompute::Attention => steps.push(step(
            "recomputation",
            "attention products once more".into(),
            format!("+ {}", flops(work.recomputation)),
        )),
        Recompute::Full => steps.push(step(
            "recomputation",
            "the forward pass once more: 4 x instead of 3 x".into(),
            format!("+ {}", flops(work.recomputation)),
        )),
    }
    steps.push(step("executed FLOPs of one sample", "model and what is above".into(), flops(work.executed)));
    steps.push(step(
        "executed FLOP/s of one device",
        format!("{} x {}", exact(&rates.samples), number(work.executed)),
        format!("{} TFLOP/s", tera(&rates.executed)),
    ));
    steps.push(step("HFU", format!("{} / {}", tera(&rates.executed), exact(&peak.tflops)), percent(&rates.hfu)));
    steps
}

fn notes(work: &Work, peak: &Peak) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(device) = &peak.device {
        if !device.trap.is_empty() {
            notes.push(format!("{}: {}", device.name, device.trap));
        }
        notes.push(format!("peak from: {} (checked: {})", device.source, device.checked));
    }
    if work.pixel_gradient > 0 {
        notes.push(format!(
            "the factor 3 has in it {} FLOPs for the gradient of the pixels, which nobody computes ({} of the model's)",
            number(work.pixel_gradient),
            percent(&BigRational::new(work.pixel_gradient.into(), work.model.into())),
        ));
    }
    notes.push("element-wise work (norms, softmax, activations) and the optimizer are in neither".into());
    notes
}

/// More than the device can do: what it would be under each likely mistake.
fn too_much(spec: &ClipSpec, setting: &Setting, measured: &Measured, peak: &Peak, rates: &Rates) -> Error {
    let (name, share) = if rates.mfu > rational(1) { ("MFU", &rates.mfu) } else { ("HFU", &rates.hfu) };
    let rate = if name == "MFU" { &rates.model } else { &rates.executed };
    let mut causes = Vec::new();
    let others = || Precision::ALL.into_iter().filter(|precision| *precision != measured.precision);
    if let Some(device) = &peak.device {
        let mut better = Vec::new();
        for precision in others() {
            if let Ok(tflops) = device.peak(precision)
                && tflops > peak.tflops
            {
                let share = share * &peak.tflops / &tflops;
                better.push(format!("{} at {}", percent(&share), precision.name()));
            }
        }
        if !better.is_empty() {
            causes.push(format!("the precision: {}", better.join(", ")));
        }
    }
    let needed = (share * rational(measured.devices)).ceil().to_integer();
    causes.push(format!("the number of devices: {} reach this throughput only if there are {needed} or more", "they"));
    if setting.task == Task::Train {
        causes.push(format!("inference, not training: {} with --task infer", percent(&(&rates.mfu / rational(3)))));
    }
    if setting.towers == Towers::Both {
        for towers in [Towers::Image, Towers::Text] {
            let only = Setting { towers, logits_batch: None, ..*setting };
            if let Ok(work) = Work::of(spec, &only) {
                let word = if towers == Towers::Image { "image" } else { "text" };
                let rates = Rates::of(&work, measured, peak);
                causes.push(format!("one tower: {} with --towers {word}", percent(&rates.mfu)));
            }
        }
    }
    causes.push("the throughput: tokens or micro-steps instead of samples; one sample is an image and a text".into());
    let device = peak.device.as_ref().map_or("the device", |device| device.name.as_str());
    let mut message = format!(
        "{name} {}: {} TFLOP/s from each device, and {device} does at most {} at {}; what may be wrong:",
        percent(share),
        tera(rate),
        exact(&peak.tflops),
        measured.precision.name(),
    );
    for cause in &causes {
        message += &format!("\n    - {cause}");
    }
    if let Some(trap) = peak.device.as_ref().map(|device| &device.trap).filter(|trap| !trap.is_empty()) {
        message += &format!("\n    - the peak: {trap}");
    }
    Error::input(message).remedy("correct what applies; --peak-tflops sets a peak of your own")
}

fn number(count: Count) -> String {
    grouped(count as Amount)
}

/// All digits where they are few, else six significant ones.
fn exact(value: &BigRational) -> String {
    const PLACES: u64 = 1_000_000;
    if (value * rational(PLACES)).is_integer() {
        let double = to_f64(value);
        let text = format!("{double:.6}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let double = value.to_f64().unwrap_or(f64::NAN);
    let whole = double.abs().log10().floor().max(0.0) as usize + 1;
    format!("{double:.places$}", places = 6usize.saturating_sub(whole))
}

fn tera(rate: &BigRational) -> String {
    const READABLE: f64 = 1e9;
    match to_f64(rate) / 1e12 {
        large if large > READABLE => format!("{large:.2e}"),
        value => format!("{value:.2}"),
    }
}

fn percent(share: &BigRational) -> String {
    const READABLE: f64 = 1e6;
    match 100.0 * to_f64(share) {
        large if large > READABLE => format!("{large:.2e} %"),
        value => format!("{value:.2} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::preset;
    use crate::utilisation::decimal::parse;
    use crate::utilisation::device::find;

    fn of(setting: &Setting, samples: &str, devices: u64, device: &str, precision: Precision) -> Result<Utilisation> {
        let device = find(device, precision)?;
        let peak = Peak { tflops: device.peak(precision)?, device: Some(device) };
        let measured = Measured { samples_per_second: parse(samples).unwrap(), devices, precision };
        utilisation(&preset("ViT-g-14").unwrap(), setting, &measured, &peak)
    }

    const NEMO: Setting = Setting {
        task: Task::Train,
        towers: Towers::Both,
        recompute: Recompute::None,
        image_tokens: Some(264),
        text_tokens: Some(80),
        logits_batch: None,
    };

    #[test]
    fn the_published_derivation_of_nemo() {
        // 559 samples/s / 8 x 3 x 581.15 GFLOP = 121.8 TFLOP/s / 312 = 39.0 %, HFU 40.2 %.
        let nemo = of(&NEMO, "559", 8, "A100 SXM4 80GB", Precision::Bf16).unwrap();
        assert_eq!(format!("{:.1} {:.1}", 100.0 * nemo.mfu, 100.0 * nemo.hfu), "39.0 40.2");
        // 69.875 x 1,743,463,305,216 by hand.
        assert_eq!(nemo.model_flop_per_s_per_device, 121_824_498_451_968.0);
        let step = |what: &str| nemo.steps.iter().find(|step| step.what == what).unwrap();
        assert_eq!(step("model FLOPs of one sample").value, "1,743,463,305,216 FLOPs");
        assert_eq!(step("samples of one device").value, "69.875 samples/s");
        assert_eq!(step("MFU").value, "39.05 %");
    }

    #[test]
    fn more_than_the_peak_explains_itself() {
        let error = of(&NEMO, "559", 2, "A100", Precision::Bf16).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.exit_code(), 2);
        // 4 x 39.05 %; at int8's peak half of it; 4 devices do it in 78 %; a third without training.
        for part in ["MFU 156.19 %", "78.09 % at int8", "only if there are 4 or more", "52.06 % with --task infer"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let tight = of(&Setting { recompute: Recompute::Full, ..NEMO }, "559", 4, "A100", Precision::Bf16);
        assert!(tight.unwrap_err().to_string().starts_with("HFU 107."));
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(exact(&parse("989.4").unwrap()), "989.4");
        assert_eq!(exact(&parse("559").unwrap()), "559");
        assert_eq!(exact(&(parse("1000").unwrap() / rational(3))), "333.333");
    }
}
