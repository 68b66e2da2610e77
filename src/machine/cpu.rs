//! The CPU's identity. From /proc/cpuinfo, not from the CPUID instruction: the kernel's view is what
//! its perf tables go by.

use std::fmt;
use std::fs;
use std::str::FromStr;

use crate::{Error, Result};

/// A CPU model, written `GenuineIntel-6-8F`: vendor, family, model in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpu {
    pub vendor: String,
    pub family: u32,
    pub model: u32,
    /// Where it is known.
    pub stepping: Option<u32>,
}

impl Cpu {
    /// This machine's.
    pub fn this() -> Result<Cpu> {
        const FILE: &str = "/proc/cpuinfo";
        let text = fs::read_to_string(FILE).map_err(|e| Error::failed(format!("{FILE}: {e}")))?;
        parse_cpuinfo(&text).ok_or_else(|| {
            Error::failed(format!("{FILE}: does not tell vendor, family and model of the CPU"))
                .remedy("name the CPU with --cpu, e.g. --cpu GenuineIntel-6-8F")
        })
    }
}

fn parse_cpuinfo(text: &str) -> Option<Cpu> {
    let field = |name: &str| {
        let mut fields = text.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
    };
    Some(Cpu {
        vendor: field("vendor_id")?.to_owned(),
        family: field("cpu family")?.parse().ok()?,
        model: field("model")?.parse().ok()?,
        stepping: field("stepping").and_then(|stepping| stepping.parse().ok()),
    })
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:02X}", self.vendor, self.family, self.model)
    }
}

impl FromStr for Cpu {
    type Err = String;

    /// As perf writes it: `GenuineIntel-6-55-4`, the stepping optional.
    fn from_str(text: &str) -> std::result::Result<Cpu, String> {
        let parts: Vec<&str> = text.split('-').collect();
        let parsed = match parts[..] {
            [vendor, family, model] => (vendor, family, model, None),
            [vendor, family, model, stepping] => (vendor, family, model, Some(stepping)),
            _ => return Err("want VENDOR-FAMILY-MODEL, e.g. GenuineIntel-6-8F".into()),
        };
        let (vendor, family, model, stepping) = parsed;
        let hexadecimal = |name: &str, text: &str| {
            u32::from_str_radix(text, 16).map_err(|_| format!("{name} {text:?} is not a hexadecimal number"))
        };
        Ok(Cpu {
            vendor: vendor.to_owned(),
            family: family.parse().map_err(|_| format!("family {family:?} is not a number"))?,
            model: hexadecimal("model", model)?,
            stepping: stepping.map(|text| hexadecimal("stepping", text)).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cpuinfo() {
        let text = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: x\nstepping\t: 1\n";
        let cpu = parse_cpuinfo(text).expect("complete");
        assert_eq!((cpu.to_string().as_str(), cpu.stepping), ("AuthenticAMD-25-11", Some(1)));
        assert_eq!(parse_cpuinfo("processor : 0\n"), None);
    }

    #[test]
    fn names_round_trip() {
        for name in ["GenuineIntel-6-8F", "AuthenticAMD-26-02"] {
            assert_eq!(name.parse::<Cpu>().map(|cpu| cpu.to_string()), Ok(name.to_owned()));
        }
        assert_eq!("GenuineIntel-6-55-4".parse::<Cpu>().map(|cpu| cpu.stepping), Ok(Some(4)));
        assert!("GenuineIntel".parse::<Cpu>().is_err());
        assert!("GenuineIntel-six-8F".parse::<Cpu>().is_err());
    }
}
