//! The CPU's identity. From /proc/cpuinfo, not from the CPUID instruction: the kernel's view is what
//! its perf tables go by.

use std::fmt;
use std::fs;
use std::str::FromStr;

use crate::{Error, Result};

/// The vendor of CPUs that Arm's Main ID Register names.
pub const ARM: &str = "MIDR";

/// A CPU model. x86: vendor, family and model, the latter in hexadecimal, written `GenuineIntel-6-8F`. Arm: the
/// vendor is [`ARM`], family and model are implementer and part of the Main ID Register, written with variant
/// and revision 0, as perf does: `MIDR 0x00000000410fd400`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpu {
    pub vendor: String,
    pub family: u32,
    pub model: u32,
    /// Where it is known.
    pub stepping: Option<u32>,
}

impl Cpu {
    /// With the stepping, where it is known.
    pub fn full_name(&self) -> String {
        match self.stepping {
            Some(stepping) => format!("{self}-{stepping:X}"),
            None => self.to_string(),
        }
    }

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

/// The first CPU that /proc/cpuinfo names; None where it tells too little.
pub fn parse_cpuinfo(text: &str) -> Option<Cpu> {
    let field = |name: &str| {
        let mut fields = text.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
    };
    let hexadecimal = |name: &str| u32::from_str_radix(field(name)?.strip_prefix("0x")?, 16).ok();
    if let (Some(implementer), Some(part)) = (hexadecimal("CPU implementer"), hexadecimal("CPU part")) {
        return Some(Cpu { vendor: ARM.to_owned(), family: implementer, model: part, stepping: None });
    }
    Some(Cpu {
        vendor: field("vendor_id")?.to_owned(),
        family: field("cpu family")?.parse().ok()?,
        model: field("model")?.parse().ok()?,
        stepping: field("stepping").and_then(|stepping| stepping.parse().ok()),
    })
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.vendor == ARM {
            return write!(f, "{ARM} {:#018x}", self.family << 24 | 0xf << 16 | self.model << 4);
        }
        write!(f, "{}-{}-{:02X}", self.vendor, self.family, self.model)
    }
}

impl FromStr for Cpu {
    type Err = String;

    /// As perf writes it: `GenuineIntel-6-55-4`, the stepping optional; `0x00000000410fd400`, whether or not with
    /// the word MIDR before it.
    fn from_str(text: &str) -> std::result::Result<Cpu, String> {
        if let Some(register) = text.strip_prefix(ARM).unwrap_or(text).trim_start().strip_prefix("0x") {
            let value = u64::from_str_radix(register, 16).map_err(|_| format!("{text:?} is no MIDR"))?;
            let value = u32::try_from(value).map_err(|_| format!("{text:?}: a MIDR has 32 bits"))?;
            let (family, model) = (value >> 24, value >> 4 & 0xfff);
            return Ok(Cpu { vendor: ARM.to_owned(), family, model, stepping: None });
        }
        let parts: Vec<&str> = text.split('-').collect();
        let parsed = match parts[..] {
            [vendor, family, model] => (vendor, family, model, None),
            [vendor, family, model, stepping] => (vendor, family, model, Some(stepping)),
            _ => return Err("want VENDOR-FAMILY-MODEL, e.g. GenuineIntel-6-8F, or Arm's MIDR, e.g. 0x410fd400".into()),
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
    fn reads_cpuinfo_of_arm() {
        let text = "processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x1\nCPU part\t: 0xd40\nCPU revision\t: 1\n";
        assert_eq!(parse_cpuinfo(text).map(|cpu| cpu.to_string()).as_deref(), Some("MIDR 0x00000000410fd400"));
        // Variant 1 and revision 1, which name no other events.
        assert_eq!("0x411fd401".parse(), Ok(parse_cpuinfo(text).expect("complete")));
        assert!("0x1410fd400".parse::<Cpu>().is_err() && "0x41zz".parse::<Cpu>().is_err());
    }

    #[test]
    fn names_round_trip() {
        for name in ["GenuineIntel-6-8F", "AuthenticAMD-26-02", "MIDR 0x00000000410fd0c0"] {
            assert_eq!(name.parse::<Cpu>().map(|cpu| cpu.to_string()), Ok(name.to_owned()));
        }
        assert_eq!("GenuineIntel-6-55-4".parse::<Cpu>().map(|cpu| cpu.stepping), Ok(Some(4)));
        assert!("GenuineIntel".parse::<Cpu>().is_err());
        assert!("GenuineIntel-six-8F".parse::<Cpu>().is_err());
    }
}
