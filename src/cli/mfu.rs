//! `flopledger mfu`: utilisation of a device, or what others have reached.

use clap::Args as Arguments;
use num_rational::BigRational;

use super::Output;
use super::html_args::HtmlArgs;
use super::model_args::ModelArgs;
use crate::report::{Devices, Format, PublishedList, Sink, Standard};
use crate::utilisation::decimal;
use crate::utilisation::device::{self, Precision};
use crate::utilisation::mfu::{Measured, Peak, utilisation};
use crate::utilisation::published::{Filter, published};
use crate::utilisation::work::{Recompute, Setting, Task, Towers};
use crate::{Error, Result};

/// MFU and HFU of a CLIP from its throughput, every step shown; or what others have reached
#[derive(Arguments, Debug)]
#[command(after_help = "Example: flopledger mfu --preset ViT-g-14 --task train --samples-per-second 559 \
    --device 'A100 SXM4 80GB' --devices 8 --precision bf16 --image-tokens 264 --text-tokens 80")]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Throughput of all devices together; a sample is an image and a text
    #[arg(long, value_name = "N", value_parser = decimal::positive, required_unless_present_any = ["published", "list_devices"])]
    samples_per_second: Option<BigRational>,
    /// Training or inference
    #[arg(long, value_enum, required_unless_present_any = ["published", "list_devices"])]
    task: Option<Task>,
    /// The accelerator, by its name in --list-devices or words of it
    #[arg(long, value_name = "NAME", required_unless_present_any = ["published", "list_devices", "peak_tflops"])]
    device: Option<String>,
    /// Its dense peak, instead of the table's
    #[arg(long, value_name = "TFLOP/S", value_parser = decimal::positive)]
    peak_tflops: Option<BigRational>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    devices: u64,
    /// The precision of the matrix products
    #[arg(long, value_enum, required_unless_present_any = ["published", "list_devices"])]
    precision: Option<Precision>,
    /// Which towers run
    #[arg(long, value_enum, default_value = "both")]
    towers: Towers,
    /// What the backward pass recomputes
    #[arg(long, value_enum, default_value = "none")]
    recompute: Recompute,
    /// Image tokens that run, with padding
    #[arg(long, value_name = "N")]
    image_tokens: Option<u64>,
    /// Text tokens that run, with padding
    #[arg(long, value_name = "N")]
    text_tokens: Option<u64>,
    /// The global batch, to count the contrastive logits in HFU
    #[arg(long, value_name = "N")]
    logits_batch: Option<u64>,
    /// List what has been reached, where and how; --model, --device and --task choose among it
    #[arg(long, conflicts_with_all = ["list_devices", "samples_per_second"])]
    published: bool,
    /// With --published: only models with this in their name
    #[arg(long = "model", value_name = "TEXT", requires = "published")]
    named: Option<String>,
    /// List the devices with their peaks and traps
    #[arg(long)]
    list_devices: bool,
    /// The same as --format json
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    html: HtmlArgs,
    #[command(flatten)]
    output: Output,
}

pub fn run(mut args: Args) -> Result<u8> {
    if args.json {
        args.output.format = Format::Json;
    }
    let sink = args.output.open(Standard::Stdout)?;
    if args.list_devices {
        sink.print(&Devices { schema: "flopledger.devices/1", devices: device::devices()? })?;
    } else if args.published {
        list(args, sink)?;
    } else {
        measure(args, sink)?;
    }
    Ok(0)
}

fn list(args: Args, sink: Sink) -> Result<()> {
    let task = args.task.map(|task| match task {
        Task::Train => "train",
        Task::Infer => "infer",
    });
    let rows = published(&Filter { model: args.named, hardware: args.device, task })?;
    if rows.is_empty() {
        return Err(Error::input("--published: no row matches").remedy("leave out --model, --device or --task"));
    }
    sink.print(&PublishedList { schema: "flopledger.published/1", rows })
}

fn measure(args: Args, sink: Sink) -> Result<()> {
    let missing = |option: &str| Error::input(format!("mfu: {option} is missing"));
    let precision = args.precision.ok_or_else(|| missing("--precision"))?;
    let device = match (&args.device, &args.peak_tflops) {
        // A peak of one's own needs no entry in the table.
        (_, Some(_)) | (None, None) => None,
        (Some(name), None) => Some(device::find(name, precision)?),
    };
    let tflops = match (args.peak_tflops, &device) {
        (Some(given), _) => given,
        (None, Some(device)) => device.peak(precision)?,
        (None, None) => return Err(missing("--device")),
    };
    let setting = Setting {
        task: args.task.ok_or_else(|| missing("--task"))?,
        towers: args.towers,
        recompute: args.recompute,
        image_tokens: args.image_tokens,
        text_tokens: args.text_tokens,
        logits_batch: args.logits_batch,
    };
    let samples_per_second = args.samples_per_second.ok_or_else(|| missing("--samples-per-second"))?;
    let measured = Measured { samples_per_second, devices: args.devices, precision };
    let spec = args.model.load()?;
    let page = args.html.open()?;
    let utilisation = utilisation(&spec, &setting, &measured, &Peak { device, tflops })?;
    sink.print(&utilisation)?;
    page.write(&utilisation)
}
