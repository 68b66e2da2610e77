//! What the program may execute. Its pages are executable only in its own eyes: the kernel is told
//! otherwise, so that nothing but translations runs.

use std::collections::BTreeMap;

use crate::counter::maps::Maps;

pub const PAGE: u64 = 4096;

pub fn page_of(address: u64) -> u64 {
    address & !(PAGE - 1)
}

/// How a range of executable memory may change under us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    end: u64,
    /// The program may write to it, by its own protection of it.
    pub writable: bool,
    /// Shared with other mappings through which it may be written unseen.
    pub shared: bool,
    /// The rest of its protection, in PROT_* bits.
    pub protection: i32,
    /// Never backed by a file: likely to hold code that comes and goes.
    pub anonymous: bool,
}

/// Ranges that the program takes to be executable, by their start.
#[derive(Debug, Clone, Default)]
pub struct CodeMap {
    ranges: BTreeMap<u64, Code>,
}

impl CodeMap {
    /// Of a process whose protection nobody has changed yet.
    pub fn of(maps: &Maps) -> CodeMap {
        let mut map = CodeMap::default();
        for mapping in maps.iter().filter(|m| m.executable && m.name != "[vsyscall]") {
            let protection = i32::from(mapping.readable) * libc::PROT_READ
                + i32::from(mapping.writable) * libc::PROT_WRITE
                + libc::PROT_EXEC;
            map.set(mapping.start, mapping.end, protection, mapping.shared, mapping.inode == 0);
        }
        map
    }

    pub fn iter(&self) -> impl Iterator<Item = (u64, u64, Code)> {
        self.ranges.iter().map(|(start, code)| (*start, code.end, *code))
    }

    pub fn at(&self, address: u64) -> Option<Code> {
        let (_, code) = self.ranges.range(..=address).next_back()?;
        (address < code.end).then_some(*code)
    }

    /// The program has mapped or protected a range.
    pub fn set(&mut self, start: u64, end: u64, protection: i32, shared: bool, anonymous: bool) {
        self.clear(start, end);
        if protection & libc::PROT_EXEC != 0 && start < end {
            let writable = protection & libc::PROT_WRITE != 0;
            self.ranges.insert(start, Code { end, writable, shared, protection, anonymous });
        }
    }

    /// Nothing is executable there any more.
    pub fn clear(&mut self, start: u64, end: u64) {
        self.split(start);
        self.split(end);
        let gone: Vec<u64> = self.ranges.range(start..end.max(start)).map(|(start, _)| *start).collect();
        for start in gone {
            self.ranges.remove(&start);
        }
    }

    fn split(&mut self, address: u64) {
        let Some((start, code)) = self.ranges.range(..address).next_back() else { return };
        if code.end <= address {
            return;
        }
        let (start, code) = (*start, *code);
        self.ranges.insert(start, Code { end: address, ..code });
        self.ranges.insert(address, code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RX: i32 = libc::PROT_READ | libc::PROT_EXEC;

    #[test]
    fn a_range_is_split_where_a_part_of_it_changes() {
        let mut map = CodeMap::default();
        map.set(0x1000, 0x9000, RX, false, false);
        map.set(0x3000, 0x5000, RX | libc::PROT_WRITE, false, true);
        map.set(0x6000, 0x7000, libc::PROT_READ, false, false);
        let ranges: Vec<_> = map.iter().map(|(start, end, code)| (start, end, code.writable)).collect();
        let expected =
            [(0x1000, 0x3000, false), (0x3000, 0x5000, true), (0x5000, 0x6000, false), (0x7000, 0x9000, false)];
        assert_eq!(ranges, expected);
        assert_eq!(map.at(0x4FFF).map(|c| c.writable), Some(true));
        assert_eq!(map.at(0x6000), None);
        map.clear(0, u64::MAX);
        assert_eq!(map.iter().count(), 0);
    }
}
