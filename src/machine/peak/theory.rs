//! What a core can do in a cycle, by its microarchitecture.

use serde::Deserialize;

use super::kernels::Kernel;
use crate::isa::Precision;
use crate::machine::Cpu;
use crate::{Error, Result};

/// Models are hexadecimal numbers and ranges of them.
const TABLE: &str = include_str!("cpus.csv");

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Row {
    vendor: String,
    family: u32,
    models: String,
    pub name: String,
    /// Units that multiply and add.
    pipes: u64,
    pipe_bits: u64,
    /// 2 with FMA.
    flops_per_lane: u64,
    /// FLOPs a cycle of a core, with vdpbf16ps at full width.
    bf16_per_cycle: Option<u64>,
    /// With AVX512_FP16 at full width.
    fp16_per_cycle: Option<u64>,
    /// With tiles, in bf16 (and fp16 where there is AMX-FP16).
    amx_per_cycle: Option<u64>,
    pub evidence: String,
    pub note: String,
}

/// The row for a CPU, and what is odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theory {
    pub row: Row,
    pub doubt: Option<String>,
}

impl Row {
    /// FLOPs a cycle of one core running a kernel; None where it is not known.
    pub fn flops_per_cycle(&self, kernel: &Kernel) -> Option<u64> {
        let Some(width) = kernel.width.map(u64::from) else { return self.amx_per_cycle };
        let lane = match kernel.precision {
            Precision::Fp64 => 64,
            Precision::Fp32 => 32,
            Precision::Bf16 => return at_width(self.bf16_per_cycle?, width, self.pipe_bits),
            Precision::Fp16 => return at_width(self.fp16_per_cycle?, width, self.pipe_bits),
            Precision::X87 => return None,
        };
        // A wider instruction takes a pipe twice, or two pipes at once.
        Some(self.pipes * (width.min(self.pipe_bits) / lane) * self.flops_per_lane)
    }

    fn covers(&self, cpu: &Cpu) -> bool {
        let number = |text: &str| u32::from_str_radix(text, 16).ok();
        self.vendor == cpu.vendor
            && self.family == cpu.family
            && self.models.split(' ').any(|models| match models.split_once('-') {
                Some((first, last)) => {
                    number(first).zip(number(last)).is_some_and(|(first, last)| (first..=last).contains(&cpu.model))
                }
                None => number(models) == Some(cpu.model),
            })
    }
}

/// In proportion to the part of the pipes that an instruction fills.
fn at_width(full: u64, width: u64, pipe_bits: u64) -> Option<u64> {
    Some(full * width.min(pipe_bits) / pipe_bits)
}

fn rows() -> Result<Vec<Row>> {
    let rows = csv::Reader::from_reader(TABLE.as_bytes()).into_deserialize().collect::<csv::Result<Vec<Row>>>();
    rows.map_err(|error| Error::failed(format!("cpus.csv: {error}")))
}

/// What is known of a CPU. `tiles`: it has AMX, whatever its model number says.
pub fn of(cpu: &Cpu, tiles: bool) -> Result<Option<Theory>> {
    let rows = rows()?;
    let by_number = rows.iter().find(|row| row.covers(cpu));
    if tiles && by_number.is_none_or(|row| row.amx_per_cycle.is_none()) && cpu.vendor == "GenuineIntel" {
        // The first microarchitecture with AMX; those after it have the same pipes.
        let first = rows.iter().find(|row| row.amx_per_cycle.is_some()).cloned();
        return Ok(first.map(|row| Theory {
            doubt: Some(format!(
                "the model number {cpu} has no AMX, and this CPU has: a hypervisor changed the number, and it is taken for {}",
                row.name
            )),
            row,
        }));
    }
    Ok(by_number.cloned().map(|row| Theory { row, doubt: None }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::peak::kernels;

    fn of_cpu(cpu: &str, tiles: bool) -> Option<Theory> {
        of(&cpu.parse().expect("a CPU"), tiles).expect("readable")
    }

    /// FLOPs a cycle in fp32 and fp64 at this width.
    fn vector(cpu: &str, width: u32) -> [u64; 2] {
        let row = of_cpu(cpu, false).expect(cpu).row;
        [Precision::Fp32, Precision::Fp64].map(|precision| {
            let kernel = kernels::for_tests(precision, Some(width));
            row.flops_per_cycle(&kernel).expect("known")
        })
    }

    #[test]
    fn published_peaks() {
        // Those of the evidence column.
        assert_eq!(vector("GenuineIntel-6-3A", 256), [16, 8]);
        assert_eq!(vector("GenuineIntel-6-3F", 256), [32, 16]);
        assert_eq!(vector("GenuineIntel-6-55", 512), [64, 32]);
        assert_eq!(vector("GenuineIntel-6-A7", 512), [32, 16]);
        assert_eq!(vector("GenuineIntel-6-8F", 512), [64, 32]);
        assert_eq!(vector("AuthenticAMD-23-01", 256), [16, 8]);
        assert_eq!(vector("AuthenticAMD-23-31", 256), [32, 16]);
        assert_eq!(vector("AuthenticAMD-25-11", 512), [32, 16]);
        assert_eq!(vector("AuthenticAMD-26-02", 512), [64, 32]);
        // Narrower instructions fill less of the pipes.
        assert_eq!(vector("GenuineIntel-6-8F", 256), [32, 16]);
        assert_eq!(vector("GenuineIntel-6-8F", 128), [16, 8]);
        assert_eq!(of_cpu("GenuineIntel-6-17", false), None);
    }

    #[test]
    fn sixteen_bits() {
        let row = of_cpu("GenuineIntel-6-8F", true).expect("known").row;
        let flops = |precision, width| row.flops_per_cycle(&kernels::for_tests(precision, width));
        assert_eq!(flops(Precision::Bf16, Some(512)), Some(32));
        assert_eq!(flops(Precision::Bf16, Some(256)), Some(16));
        assert_eq!(flops(Precision::Fp16, Some(512)), Some(128));
        assert_eq!(flops(Precision::Bf16, None), Some(1024));
        let zen = of_cpu("AuthenticAMD-25-11", false).expect("known").row;
        assert_eq!(zen.flops_per_cycle(&kernels::for_tests(Precision::Bf16, Some(512))), Some(64));
        assert_eq!(zen.flops_per_cycle(&kernels::for_tests(Precision::Fp16, Some(512))), None);
    }

    #[test]
    fn a_masked_model_number_is_found_out() {
        let masked = of_cpu("GenuineIntel-6-A7", true).expect("known");
        assert!(masked.row.name.starts_with("Sapphire Rapids") && masked.doubt.is_some());
        assert_eq!(of_cpu("GenuineIntel-6-8F", true).and_then(|theory| theory.doubt), None);
    }

    #[test]
    fn no_cpu_is_in_two_rows() {
        let rows = rows().expect("readable");
        for (vendor, family) in [("GenuineIntel", 6), ("AuthenticAMD", 23), ("AuthenticAMD", 25), ("AuthenticAMD", 26)]
        {
            for model in 0..=0xff {
                let cpu = Cpu { vendor: vendor.into(), family, model, stepping: None };
                let names: Vec<&str> =
                    rows.iter().filter(|row| row.covers(&cpu)).map(|row| row.name.as_str()).collect();
                assert!(names.len() < 2, "{cpu}: {names:?}");
            }
        }
    }
}
