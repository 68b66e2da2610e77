//! What the program may execute. Its pages are executable only in its own eyes: the kernel is told
//! otherwise, so that nothing but translations runs.

use std::arch::x86_64::__cpuid_count;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use crate::counter::maps::{FileId, Maps};

pub const PAGE: u64 = 4096;

pub fn page_of(address: u64) -> u64 {
    address & !(PAGE - 1)
}

/// The protection that the kernel is told of a page that the program protects so: no instruction is fetched from it.
pub fn hidden(protection: i32) -> i32 {
    let rest = protection & !libc::PROT_EXEC;
    // mprotect(2): what is executable is readable too, unless the CPU has protection keys.
    match rest == libc::PROT_NONE && protection & libc::PROT_EXEC != 0 && !*EXECUTE_ONLY {
        true => libc::PROT_READ,
        false => rest,
    }
}

/// Whether the kernel uses protection keys (CPUID leaf 7, OSPKE), by which it makes memory executable only.
static EXECUTE_ONLY: LazyLock<bool> = LazyLock::new(|| {
    const LEAF: u32 = 7;
    const OSPKE: u32 = 1 << 4;
    __cpuid_count(0, 0).eax >= LEAF && __cpuid_count(LEAF, 0).ecx & OSPKE != 0
});

/// What kind of memory a range is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// It may be written through other mappings, unseen.
    pub shared: bool,
    /// Never backed by a file: likely to hold code that comes and goes.
    pub anonymous: bool,
    /// It becomes larger downwards when the program gets there.
    pub grows: bool,
    /// A file's, and the program could write to it at some time: its pages may become the file's again (madvise).
    pub rewritten: bool,
}

impl Memory {
    /// What is not known was never mapped by a call: the heap, the stack.
    pub const PRIVATE: Memory = Memory { shared: false, anonymous: true, grows: false, rewritten: false };
}

/// How a range of executable memory may change under us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The program may write to it, by its own protection of it.
    pub writable: bool,
    pub shared: bool,
    pub anonymous: bool,
    /// As the program has set it, in PROT_* bits.
    pub protection: i32,
}

#[derive(Debug, Clone, Copy)]
struct Part {
    end: u64,
    memory: Memory,
    protection: i32,
}

/// The ranges that a program has mapped, by their start, and which of them it takes to be executable.
#[derive(Debug, Clone, Default)]
pub struct CodeMap {
    parts: BTreeMap<u64, Part>,
}

impl CodeMap {
    /// Of a process whose protection nobody has changed yet.
    pub fn of(maps: &Maps) -> CodeMap {
        let mut map = CodeMap::default();
        for mapping in maps.iter().filter(|m| m.name != "[vsyscall]") {
            let protection = i32::from(mapping.readable) * libc::PROT_READ
                + i32::from(mapping.writable) * libc::PROT_WRITE
                + i32::from(mapping.executable) * libc::PROT_EXEC;
            let memory = Memory {
                shared: mapping.shared,
                anonymous: mapping.file == FileId::default(),
                grows: mapping.name == "[stack]",
                rewritten: false,
            };
            map.map(mapping.start..mapping.end, protection, memory);
        }
        map
    }

    /// The executable ranges.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64, Code)> {
        self.parts.iter().filter_map(|(start, part)| Some((*start, part.end, code(part)?)))
    }

    pub fn at(&self, address: u64) -> Option<Code> {
        code(self.part(address)?)
    }

    fn part(&self, address: u64) -> Option<&Part> {
        let (_, part) = self.parts.range(..=address).next_back()?;
        (address < part.end).then_some(part)
    }

    /// Where what was mapped at an address ends.
    pub fn end_of(&self, address: u64) -> u64 {
        self.part(address).map_or(address, |part| part.end)
    }

    /// The kind of memory at an address.
    pub fn memory(&self, address: u64) -> Memory {
        self.part(address).map_or(Memory::PRIVATE, |part| part.memory)
    }

    /// The program has mapped a range.
    pub fn map(&mut self, range: Range<u64>, protection: i32, memory: Memory) {
        self.clear(range.start, range.end);
        if range.start < range.end {
            self.parts.insert(range.start, Part { end: range.end, memory, protection });
        }
    }

    /// The program has changed the protection of a range.
    pub fn protect(&mut self, range: Range<u64>, protection: i32) {
        self.split(range.start);
        self.split(range.end);
        let mut known = range.start;
        let mut gaps = Vec::new();
        for (start, part) in self.parts.range_mut(range.start..range.end.max(range.start)) {
            let writable = (part.protection | protection) & libc::PROT_WRITE != 0;
            part.memory.rewritten |= writable && !part.memory.anonymous;
            part.protection = protection;
            gaps.push(known..*start);
            known = part.end;
        }
        gaps.push(known..range.end);
        for gap in gaps.into_iter().filter(|gap| gap.start < gap.end) {
            self.parts.insert(gap.start, Part { end: gap.end, memory: Memory::PRIVATE, protection });
        }
    }

    /// The kernel has a mapping that holds an address where nothing is known: code that can grow may have done so.
    pub fn grow(&mut self, mapping: Range<u64>) {
        let grown = self.parts.range(mapping.clone()).next().map(|(start, part)| (*start, *part));
        if let Some((start, part)) = grown.filter(|(_, part)| part.memory.grows) {
            self.map(mapping.start..start, part.protection, part.memory);
        }
    }

    /// A range turns out to be shared.
    pub fn share(&mut self, range: Range<u64>) {
        self.split(range.start);
        self.split(range.end);
        for (_, part) in self.parts.range_mut(range.start..range.end.max(range.start)) {
            part.memory.shared = true;
        }
    }

    /// Nothing is there any more.
    pub fn clear(&mut self, start: u64, end: u64) {
        self.split(start);
        self.split(end);
        let gone: Vec<u64> = self.parts.range(start..end.max(start)).map(|(start, _)| *start).collect();
        for start in gone {
            self.parts.remove(&start);
        }
    }

    fn split(&mut self, address: u64) {
        let Some((start, part)) = self.parts.range(..address).next_back() else { return };
        if part.end <= address {
            return;
        }
        let (start, part) = (*start, *part);
        self.parts.insert(start, Part { end: address, ..part });
        self.parts.insert(address, part);
    }
}

fn code(part: &Part) -> Option<Code> {
    let Part { memory: Memory { shared, anonymous, rewritten, .. }, protection, .. } = *part;
    let shared = shared || rewritten;
    let writable = protection & libc::PROT_WRITE != 0;
    (protection & libc::PROT_EXEC != 0).then_some(Code { writable, shared, anonymous, protection })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RX: i32 = libc::PROT_READ | libc::PROT_EXEC;
    const FILE: Memory = Memory { anonymous: false, ..Memory::PRIVATE };

    #[test]
    fn a_range_is_split_where_a_part_of_it_changes() {
        let mut map = CodeMap::default();
        map.map(0x1000..0x9000, RX, FILE);
        map.map(0x3000..0x5000, RX | libc::PROT_WRITE, Memory::PRIVATE);
        map.map(0x6000..0x7000, libc::PROT_READ, FILE);
        let ranges: Vec<_> = map.iter().map(|(start, end, code)| (start, end, code.writable)).collect();
        let expected =
            [(0x1000, 0x3000, false), (0x3000, 0x5000, true), (0x5000, 0x6000, false), (0x7000, 0x9000, false)];
        assert_eq!(ranges, expected);
        assert_eq!(map.at(0x4FFF).map(|c| c.writable), Some(true));
        assert_eq!(map.at(0x6000), None);
        map.clear(0, u64::MAX);
        assert_eq!(map.iter().count(), 0);
    }

    /// What memory is shared stays so, whatever its protection is meanwhile.
    #[test]
    fn protection_changes_and_the_kind_of_memory_stays() {
        let mut map = CodeMap::default();
        map.map(0x2000..0x4000, libc::PROT_READ | libc::PROT_WRITE, Memory { shared: true, ..FILE });
        assert_eq!(map.at(0x2000), None);
        map.protect(0x1000..0x3000, RX);
        assert_eq!(map.at(0x1000).map(|c| (c.shared, c.anonymous)), Some((false, true)));
        assert_eq!(map.at(0x2FFF).map(|c| (c.shared, c.anonymous)), Some((true, false)));
        assert_eq!(map.at(0x3000), None);
    }
}
