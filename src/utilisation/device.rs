//! Accelerators and their dense peaks, as data.

use std::collections::HashSet;

use num_rational::BigRational;
use serde::{Deserialize, Serialize};

use super::decimal;
use crate::nearest::nearest;
use crate::{Error, Result};

/// Peaks in TFLOP/s without sparsity, at the accumulation that frameworks use.
const TABLE: &str = include_str!("devices.csv");

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    Fp64,
    /// fp64 in the matrix units
    Fp64Matrix,
    Fp32,
    Tf32,
    Fp16,
    Bf16,
    Fp8,
    Int8,
    Fp4,
}

impl Precision {
    pub const ALL: [Precision; 9] = [
        Precision::Fp64,
        Precision::Fp64Matrix,
        Precision::Fp32,
        Precision::Tf32,
        Precision::Fp16,
        Precision::Bf16,
        Precision::Fp8,
        Precision::Int8,
        Precision::Fp4,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Precision::Fp64 => "fp64",
            Precision::Fp64Matrix => "fp64-matrix",
            Precision::Fp32 => "fp32",
            Precision::Tf32 => "tf32",
            Precision::Fp16 => "fp16",
            Precision::Bf16 => "bf16",
            Precision::Fp8 => "fp8",
            Precision::Int8 => "int8",
            Precision::Fp4 => "fp4",
        }
    }
}

/// One row of the table; figures as the table writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    #[serde(rename = "device")]
    pub name: String,
    pub vendor: String,
    fp64: String,
    fp64_matrix: String,
    fp32: String,
    tf32: String,
    fp16: String,
    bf16: String,
    fp8: String,
    int8: String,
    fp4: String,
    pub mem_gb: String,
    pub bw_gbps: String,
    /// What is said of it that is not its dense peak.
    #[serde(rename = "marketing_number_and_trap")]
    pub trap: String,
    pub source: String,
    /// `yes`, or how little is known.
    pub checked: String,
}

impl Device {
    /// As the table has it.
    pub fn figure(&self, precision: Precision) -> Option<&str> {
        let figure = match precision {
            Precision::Fp64 => &self.fp64,
            Precision::Fp64Matrix => &self.fp64_matrix,
            Precision::Fp32 => &self.fp32,
            Precision::Tf32 => &self.tf32,
            Precision::Fp16 => &self.fp16,
            Precision::Bf16 => &self.bf16,
            Precision::Fp8 => &self.fp8,
            Precision::Int8 => &self.int8,
            Precision::Fp4 => &self.fp4,
        };
        (!figure.is_empty()).then_some(figure)
    }

    /// Dense TFLOP/s; an error names what the device has.
    pub fn peak(&self, precision: Precision) -> Result<BigRational> {
        let figure = self.figure(precision).ok_or_else(|| {
            let offered: Vec<String> =
                Precision::ALL.iter().filter_map(|p| Some(format!("{} {}", p.name(), self.figure(*p)?))).collect();
            Error::input(format!("--precision {}: no such peak is known of {}", precision.name(), self.name))
                .remedy(format!("it has, in TFLOP/s: {}; or give one with --peak-tflops", offered.join(", ")))
        })?;
        decimal::parse(figure).map_err(|error| Error::failed(format!("devices.csv: {}: {error}", self.name)))
    }
}

pub fn devices() -> Result<Vec<Device>> {
    let rows = csv::Reader::from_reader(TABLE.as_bytes()).into_deserialize().collect::<csv::Result<Vec<Device>>>();
    rows.map_err(|error| Error::failed(format!("devices.csv: {error}")))
}

/// The device that a name means: all its words are in the device's. Where several do, they must not
/// differ at this precision.
pub fn find(name: &str, precision: Precision) -> Result<Device> {
    let devices = devices()?;
    if let Some(exact) = devices.iter().find(|device| device.name.eq_ignore_ascii_case(name.trim())) {
        return Ok(exact.clone());
    }
    let wanted = words(name);
    let matching: Vec<&Device> =
        devices.iter().filter(|device| !wanted.is_empty() && wanted.is_subset(&words(&device.name))).collect();
    let [first, others @ ..] = matching.as_slice() else {
        return Err(Error::input(format!(
            "--device {name}: there is no such device in the table{}",
            similar(name, &devices)
        ))
        .remedy("see `flopledger mfu --list-devices`, or give its dense peak with --peak-tflops"));
    };
    if others.iter().all(|other| other.figure(precision) == first.figure(precision)) {
        return Ok((*first).clone());
    }
    let figures: Vec<String> = matching
        .iter()
        .map(|device| format!("\"{}\" ({})", device.name, device.figure(precision).unwrap_or("unknown")))
        .collect();
    Err(Error::input(format!(
        "--device {name}: several devices are called so, and their {} peaks differ",
        precision.name()
    ))
    .remedy(format!("name one of, with its TFLOP/s: {}", figures.join(", "))))
}

/// "; nearest: ..." by the whole names, or by the first word of each, under which devices are known.
fn similar(name: &str, devices: &[Device]) -> String {
    let whole = nearest(name, devices.iter().map(|device| device.name.as_str()));
    if !whole.is_empty() {
        return whole;
    }
    let first = |device: &Device| device.name.split([' ', '-']).next().unwrap_or_default().to_owned();
    let mut families: Vec<String> = devices.iter().map(first).collect();
    families.dedup();
    nearest(name.split([' ', '-']).next().unwrap_or_default(), families.iter().map(String::as_str))
}

fn words(name: &str) -> HashSet<String> {
    let lower = name.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_a_number_and_every_row_has_a_source() {
        let devices = devices().unwrap();
        assert_eq!(devices.len(), 56);
        for device in &devices {
            assert!(!device.source.is_empty() && !device.checked.is_empty(), "{}", device.name);
            let known: Vec<Precision> = Precision::ALL.into_iter().filter(|p| device.figure(*p).is_some()).collect();
            assert!(!known.is_empty(), "{}", device.name);
            for precision in known {
                device.peak(precision).unwrap_or_else(|error| panic!("{error}"));
            }
            // Dense figures fall with width; sparse ones would be out of line.
            let figure = |p: Precision| device.figure(p).map(|f| f.parse::<f64>().unwrap());
            if let (Some(bf16), Some(fp8)) = (figure(Precision::Bf16), figure(Precision::Fp8)) {
                assert!((1.0..=2.03).contains(&(fp8 / bf16)), "{}: fp8 {fp8} for bf16 {bf16}", device.name);
            }
        }
    }

    #[test]
    fn names_are_found_by_their_words() {
        let found = |name: &str, precision| find(name, precision).map(|device| device.name).map_err(|e| e.to_string());
        assert_eq!(found("a100", Precision::Bf16).as_deref(), Ok("A100 SXM4 40GB"));
        assert_eq!(found("h100 pcie", Precision::Bf16).as_deref(), Ok("H100 PCIe 80GB"));
        // H20 is not H200, and L40 not L40S.
        assert_eq!(found("H20", Precision::Bf16).as_deref(), Ok("H20 96GB"));
        assert_eq!(found("L40", Precision::Bf16).as_deref(), Ok("L40"));
        // Different peaks under one name.
        let h100 = found("H100", Precision::Bf16).unwrap_err();
        assert!(h100.contains("H100 SXM5 80GB\" (989.4)") && h100.contains("H100 PCIe 80GB\" (756)"), "{h100}");
        let halves = found("MI250X", Precision::Bf16).unwrap_err();
        assert!(halves.contains("191.5") && halves.contains("383"), "{halves}");
    }

    #[test]
    fn unknown_names_and_precisions_say_what_there_is() {
        let unknown = find("A10O SXM4 80GB", Precision::Bf16).unwrap_err().to_string();
        assert!(unknown.contains("nearest: A100 SXM4 80GB"), "{unknown}");
        let short = find("h1000", Precision::Bf16).unwrap_err().to_string();
        assert!(short.contains("nearest: H100"), "{short}");
        let volta = find("V100S PCIe", Precision::Bf16).unwrap();
        let error = volta.peak(Precision::Bf16).unwrap_err().to_string();
        assert!(error.contains("fp16 130"), "{error}");
    }
}
