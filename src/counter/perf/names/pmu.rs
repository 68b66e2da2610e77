//! What sysfs tells of the PMUs: their types, CPUs, formats and named events.

use std::fs;
use std::path::PathBuf;

use crate::{Error, Result};

const PMUS: &str = "/sys/bus/event_source/devices";

/// A PMU by its name in sysfs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pmu {
    pub name: String,
    /// What perf_event_open knows it by.
    pub kind: u32,
}

impl Pmu {
    /// All that the kernel shows, by name.
    pub fn all() -> Vec<Pmu> {
        let entries = fs::read_dir(PMUS).into_iter().flatten().flatten();
        let mut pmus: Vec<Pmu> =
            entries.filter_map(|entry| Pmu::named(&entry.file_name().into_string().ok()?)).collect();
        pmus.sort_by(|a, b| a.name.cmp(&b.name));
        pmus
    }

    pub fn named(name: &str) -> Option<Pmu> {
        if name.contains(['/', '.']) {
            return None;
        }
        let pmu = Pmu { name: name.to_owned(), kind: 0 };
        let kind = pmu.read("type")?.parse().ok()?;
        Some(Pmu { kind, ..pmu })
    }

    /// The cores' own: `cpu`, or one for each kind of core of a hybrid CPU.
    pub fn cores() -> Vec<Pmu> {
        let hybrid = ["cpu_core", "cpu_atom", "cpu_lowpower"];
        match Pmu::named("cpu") {
            Some(cpu) => vec![cpu],
            None => hybrid.iter().filter_map(|name| Pmu::named(name)).collect(),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        [PMUS, &self.name, name].iter().collect()
    }

    fn read(&self, name: &str) -> Option<String> {
        Some(fs::read_to_string(self.file(name)).ok()?.trim().to_owned())
    }

    /// The terms of an event that it names, e.g. `event=0xc4,umask=0x20`.
    pub fn event(&self, name: &str) -> Option<String> {
        (!name.contains('/')).then(|| self.read(&format!("events/{name}")))?
    }

    /// Names of events, without the `.scale` and `.unit` that some have.
    pub fn events(&self) -> Vec<String> {
        self.names_in("events").into_iter().filter(|name| !name.contains('.')).collect()
    }

    /// Names of the fields of an event.
    pub fn fields(&self) -> Vec<String> {
        self.names_in("format")
    }

    fn names_in(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.file(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// Where a field's bits go.
    pub fn field(&self, name: &str) -> Result<Option<Field>> {
        if name.contains('/') {
            return Ok(None);
        }
        let Some(text) = self.read(&format!("format/{name}")) else { return Ok(None) };
        let unknown =
            || Error::failed(format!("{}: not understood: {text}", self.file(&format!("format/{name}")).display()));
        text.parse().map(Some).map_err(|()| unknown())
    }

    /// The CPUs that it counts on; all that are online where it does not say.
    fn cpus(&self) -> Option<Vec<usize>> {
        list(&self.read("cpus").filter(|text| !text.is_empty())?)
    }
}

/// The online CPUs that a PMU type counts on.
pub fn cpus_of(kind: u32) -> Vec<usize> {
    let pmu = Pmu::all().into_iter().find(|pmu| pmu.kind == kind);
    pmu.and_then(|pmu| pmu.cpus()).unwrap_or_else(online)
}

/// The CPUs that are online.
pub fn online() -> Vec<usize> {
    let text = fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    list(text.trim()).unwrap_or_else(|| {
        // Without sysfs, they are numbered.
        (0..std::thread::available_parallelism().map_or(1, usize::from)).collect()
    })
}

/// Ascending numbers from a list like `0-3,8`; None if it is none.
pub fn list(text: &str) -> Option<Vec<usize>> {
    const MOST: usize = 1 << 16;
    let mut numbers = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if first > last || last >= MOST {
            return None;
        }
        numbers.extend(first..=last);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Some(numbers)
}

/// Where the bits of a field go: `config:0-7,32-35` has its lowest eight in bits 0 to 7 and the next
/// four in bits 32 to 35.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// 0 for `config`, 1 for `config1`, 2 for `config2`.
    word: usize,
    /// First and last bit of each part, lowest first.
    parts: Vec<(u32, u32)>,
}

impl std::str::FromStr for Field {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Field, ()> {
        let (word, bits) = text.split_once(':').ok_or(())?;
        let word = match word {
            "config" => 0,
            "config1" => 1,
            "config2" => 2,
            _ => return Err(()),
        };
        let part = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.parse().map_err(drop)?, last.parse().map_err(drop)?);
            (first <= last && last < 64).then_some((first, last)).ok_or(())
        };
        Ok(Field { word, parts: bits.split(',').map(part).collect::<std::result::Result<_, ()>>()? })
    }
}

impl Field {
    fn width(&self) -> u32 {
        self.parts.iter().map(|(first, last)| last - first + 1).sum::<u32>().min(64)
    }

    /// The largest value that fits.
    pub fn largest(&self) -> u64 {
        u64::MAX >> (64 - self.width())
    }

    /// Puts a value, which must fit, into the words of an event.
    pub fn put(&self, value: u64, words: &mut [u64; 3]) {
        let mut left = u128::from(value);
        for &(first, last) in &self.parts {
            let mask = (1u128 << (last - first + 1)) - 1;
            let word = &mut words[self.word];
            *word &= !((mask << first) as u64);
            *word |= ((left & mask) << first) as u64;
            left >>= last - first + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(format: &str, value: u64) -> [u64; 3] {
        let mut words = [0; 3];
        format.parse::<Field>().expect("a field").put(value, &mut words);
        words
    }

    #[test]
    fn fields_may_be_split() {
        assert_eq!(put("config:0-7,32-35", 0x1c7), [0x1_0000_00c7, 0, 0]);
        assert_eq!(put("config:8-15,40-47", 0xabcd), [0xab00_0000_cd00, 0, 0]);
        assert_eq!(put("config1:0-63", u64::MAX), [0, u64::MAX, 0]);
        assert_eq!(put("config2:23", 1), [0, 0, 1 << 23]);
        assert_eq!("config:0-7,32-35".parse::<Field>().map(|field| field.largest()), Ok(0xfff));
    }

    #[test]
    fn what_is_no_field_is_refused() {
        for text in ["config", "config3:0-7", "config:7-0", "config:0-64", "config:", "config:a"] {
            assert_eq!(text.parse::<Field>(), Err(()), "{text}");
        }
    }

    #[test]
    fn lists_of_cpus() {
        assert_eq!(list("0-2,8"), Some(vec![0, 1, 2, 8]));
        assert_eq!(list("3,1,1"), Some(vec![1, 3]));
        assert_eq!((list(""), list("2-1"), list("0-99999999")), (None, None, None));
    }
}
