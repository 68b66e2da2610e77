//! What is mapped where in a process.

use std::fs;

use nix::unistd::Pid;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    pub start: u64,
    /// The first address behind it.
    pub end: u64,
    pub readable: bool,
    pub writable: bool,
    pub executable: bool,
    /// Writes to it go elsewhere too.
    pub shared: bool,
    /// Bytes into the file.
    pub offset: u64,
    pub file: FileId,
    /// A path, `[vdso]` and the like, or empty.
    pub name: String,
}

/// Tells files apart: a device, by its two numbers, and an inode; zeros where no file is mapped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FileId {
    pub device: (u32, u32),
    pub inode: u64,
}

impl FileId {
    pub fn is_none(self) -> bool {
        self.inode == 0
    }
}

/// The mappings of one process, in order of address.
#[derive(Debug, Clone, Default)]
pub struct Maps {
    mappings: Vec<Mapping>,
}

impl Maps {
    /// Empty if the process is gone.
    pub fn of(pid: Pid) -> Maps {
        // Names may hold any byte but are used as paths only where they are UTF-8.
        let text = fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
        Maps::parse(&String::from_utf8_lossy(&text))
    }

    fn parse(text: &str) -> Maps {
        Maps { mappings: text.lines().filter_map(mapping).collect() }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Mapping> {
        self.mappings.iter()
    }

    pub fn find(&self, address: u64) -> Option<&Mapping> {
        let next = self.mappings.partition_point(|m| m.start <= address);
        self.mappings[..next].last().filter(|m| address < m.end)
    }

    /// From the first to the last address of the file that is mapped at an address, gaps left aside: an object with
    /// its data.
    pub fn object(&self, address: u64) -> Option<(u64, u64)> {
        let file = self.find(address).map(|m| m.file).filter(|file| !file.is_none())?;
        let mut parts = self.mappings.iter().filter(|m| m.file == file);
        let start = parts.next()?.start;
        Some((start, parts.next_back().map_or(self.find(address)?.end, |m| m.end)))
    }
}

/// `7f1c2e5b8000-7f1c2e5da000 r-xp 00026000 fe:01 1234    /usr/lib/libc.so.6`
fn mapping(line: &str) -> Option<Mapping> {
    let mut rest = line;
    let mut field = || {
        let (field, tail) = rest.trim_start().split_once(' ').unwrap_or((rest.trim_start(), ""));
        rest = tail;
        field
    };
    let (start, end) = field().split_once('-')?;
    let permissions = field().as_bytes();
    let permission = |at: usize, letter| permissions.get(at) == Some(&letter);
    let offset = field();
    let (major, minor) = field().split_once(':')?;
    let device = (u32::from_str_radix(major, 16).ok()?, u32::from_str_radix(minor, 16).ok()?);
    let inode = field();
    Some(Mapping {
        start: u64::from_str_radix(start, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        readable: permission(0, b'r'),
        writable: permission(1, b'w'),
        executable: permission(2, b'x'),
        shared: permission(3, b's'),
        offset: u64::from_str_radix(offset, 16).ok()?,
        file: FileId { device, inode: inode.parse().ok()? },
        name: rest.trim_start().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
00400000-00401000 r-xp 00001000 fe:01 77         /tmp/my program
00500000-00502000 rwxp 00000000 00:00 0 
7ffd1000-7ffd3000 r-xp 00000000 00:00 0          [vdso]
";

    #[test]
    fn finds_what_holds_an_address() {
        let maps = Maps::parse(TEXT);
        let name = |address| maps.find(address).map(|m| m.name.as_str());
        assert_eq!(name(0x400000), Some("/tmp/my program"));
        assert_eq!(name(0x400fff), Some("/tmp/my program"));
        assert_eq!(name(0x401000), None);
        assert_eq!(name(0x501fff), Some(""));
        assert_eq!(name(0x7ffd1234), Some("[vdso]"));
        assert_eq!(name(0), None);
        assert_eq!(maps.find(0x500000).map(|m| (m.writable, m.executable, m.shared)), Some((true, true, false)));
        assert_eq!((maps.object(0x400800), maps.object(0x500000)), (Some((0x400000, 0x401000)), None));
        assert_eq!(maps.find(0x400000).map(|m| (m.offset, m.file.inode)), Some((0x1000, 77)));
    }
}
