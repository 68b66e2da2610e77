//! The command line, read by hand: the whole of `tiny` runs in less than a parser library starts.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use flopledger::{Error, Result};

use crate::output::print;

const HELP: &str = "\
CLIP inference on the CPU: the workload that flopledger counts

Usage: flopledger-clip [OPTIONS]

  --preset NAME       a built-in model [default: tiny]
  --config FILE       a model's configuration instead
  --gemm NAME         matrixmultiply, gemm or reference [default: matrixmultiply]
  --threads N         threads for matrix products [default: 1]
  --batch N           images and texts, all alike [default: 1]
  --towers WHICH      image, text or both [default: both]
  --weights FILE      a safetensors file with open_clip's or HuggingFace's names [default: random]
  --seed N            of random weights and of the synthetic image [default: 0]
  --dump-weights FILE write the weights as safetensors with open_clip's names
  --image FILE        a PNG or JPEG file (with the cargo feature `image`) [default: synthetic]
  --tokens N,N,...    token ids, padded with 0 [default: a full-length text]
  -o, --output FILE   write the embeddings as JSON
  -h, --help          print this

Set FLOPLEDGER_TRACE=FILE for a trace of the operators.
";

pub enum Model {
    Preset(String),
    Config(PathBuf),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Towers {
    Image,
    Text,
    Both,
}

impl Towers {
    pub fn image(self) -> bool {
        self != Towers::Text
    }

    pub fn text(self) -> bool {
        self != Towers::Image
    }
}

pub struct Args {
    pub model: Model,
    pub gemm: String,
    pub threads: usize,
    pub batch: usize,
    pub towers: Towers,
    pub weights: Option<PathBuf>,
    pub seed: u32,
    pub dump_weights: Option<PathBuf>,
    pub image: Option<PathBuf>,
    pub tokens: Option<Vec<u32>>,
    pub output: Option<PathBuf>,
}

impl Default for Args {
    fn default() -> Self {
        Args {
            model: Model::Preset("tiny".into()),
            gemm: "matrixmultiply".into(),
            threads: 1,
            batch: 1,
            towers: Towers::Both,
            weights: None,
            seed: 0,
            dump_weights: None,
            image: None,
            tokens: None,
            output: None,
        }
    }
}

/// More is a slip of the finger.
const MOST_THREADS: usize = 1024;
const MOST_BATCH: usize = 4096;

impl Args {
    /// None where help was asked for, and printed.
    pub fn parse(args: impl Iterator<Item = OsString>) -> Result<Option<Self>> {
        let mut parsed = Args::default();
        let mut args = args;
        while let Some(arg) = args.next() {
            let (flag, inline) = split(&arg)?;
            if flag == "--help" || flag == "-h" {
                print(HELP)?;
                return Ok(None);
            }
            let mut value =
                || inline.clone().or_else(|| args.next()).ok_or_else(|| usage(format!("{flag}: its value is missing")));
            match flag {
                "--preset" => parsed.model = Model::Preset(text(flag, value()?)?),
                "--config" => parsed.model = Model::Config(value()?.into()),
                "--gemm" => parsed.gemm = text(flag, value()?)?,
                "--threads" => parsed.threads = number(flag, value()?, 1..=MOST_THREADS)?,
                "--batch" => parsed.batch = number(flag, value()?, 1..=MOST_BATCH)?,
                "--towers" => parsed.towers = towers(&text(flag, value()?)?)?,
                "--weights" => parsed.weights = Some(value()?.into()),
                "--seed" => parsed.seed = number(flag, value()?, 0..=u32::MAX)?,
                "--dump-weights" => parsed.dump_weights = Some(value()?.into()),
                "--image" => parsed.image = Some(value()?.into()),
                "--tokens" => parsed.tokens = Some(tokens(flag, &text(flag, value()?)?)?),
                "-o" | "--output" => parsed.output = Some(value()?.into()),
                _ => return Err(usage(format!("{flag}: no such option"))),
            }
        }
        Ok(Some(parsed))
    }
}

/// `--flag=value` into its two parts.
fn split(arg: &OsStr) -> Result<(&str, Option<OsString>)> {
    let arg = arg.to_str().ok_or_else(|| usage(format!("{}: not UTF-8", arg.display())))?;
    match arg.split_once('=') {
        Some((flag, value)) if flag.starts_with("--") => Ok((flag, Some(value.into()))),
        _ => Ok((arg, None)),
    }
}

fn text(flag: &str, value: OsString) -> Result<String> {
    value.into_string().map_err(|value| usage(format!("{flag} {}: not UTF-8", value.display())))
}

fn number<T>(flag: &str, value: OsString, range: std::ops::RangeInclusive<T>) -> Result<T>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let value = text(flag, value)?;
    value
        .parse()
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| usage(format!("{flag} {value}: not a whole number from {} to {}", range.start(), range.end())))
}

fn tokens(flag: &str, list: &str) -> Result<Vec<u32>> {
    list.split(',').map(|id| number(flag, id.trim().into(), 0..=u32::MAX)).collect()
}

fn towers(name: &str) -> Result<Towers> {
    match name {
        "image" => Ok(Towers::Image),
        "text" => Ok(Towers::Text),
        "both" => Ok(Towers::Both),
        _ => Err(usage(format!("--towers {name}: not image, text or both"))),
    }
}

fn usage(message: String) -> Error {
    Error::input(message).remedy("flopledger-clip --help lists the options")
}
