//! Which function of which object an address belongs to.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use nix::unistd::Pid;
use object::elf::FileHeader64;
use object::read::elf::FileHeader;
use object::read::{ReadCache, ReadRef};
use object::{Endianness, Object, ObjectSection, ObjectSegment, ObjectSymbol, SymbolFlags, SymbolKind};

use super::maps::{FileId, Mapping};

/// The object of code that was written at run time.
pub const JIT: &str = "[jit]";
/// The symbol where an object's tables have none.
pub const UNKNOWN: &str = "[unknown]";

/// One function, as results name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Function {
    /// File name of the object, `[vdso]` or `[jit]`.
    pub object: String,
    /// Demangled.
    pub symbol: String,
}

/// The symbol tables of the objects met so far, read once each.
#[derive(Default)]
pub struct Symbols {
    objects: HashMap<(String, FileId), Option<Table>>,
}

impl Symbols {
    /// The function at `address`, which lies in `mapping` of process `pid`. `read` reads that
    /// process's memory.
    pub fn function(
        &mut self,
        pid: Pid,
        mapping: Option<&Mapping>,
        address: u64,
        read: impl FnOnce(u64, &mut [u8]) -> usize,
    ) -> Function {
        let Some(mapping) = mapping else { return nameless(JIT) };
        if mapping.name == "[vdso]" {
            let table =
                self.objects.entry((mapping.name.clone(), FileId::default())).or_insert_with(|| vdso(mapping, read));
            return named("[vdso]", table.as_ref(), address - mapping.start);
        }
        if !mapping.name.starts_with('/') || is_memory(&mapping.name) {
            return nameless(JIT);
        }
        let path = mapping.name.strip_suffix(" (deleted)").unwrap_or(&mapping.name);
        let key = (path.to_owned(), mapping.file);
        let table = self.objects.entry(key).or_insert_with(|| table_of_file(pid, path));
        let object = Path::new(path).file_name().map_or(path.into(), |name| name.to_string_lossy());
        named(&object, table.as_ref(), mapping.offset + (address - mapping.start))
    }
}

/// Names that the kernel gives to shared memory without a file.
fn is_memory(name: &str) -> bool {
    ["/memfd:", "/dev/zero", "/SYSV", "/dev/shm/"].iter().any(|prefix| name.starts_with(prefix))
}

fn nameless(object: &str) -> Function {
    Function { object: object.into(), symbol: UNKNOWN.into() }
}

fn named(object: &str, table: Option<&Table>, offset: u64) -> Function {
    let symbol = table.and_then(|table| table.at(offset)).map_or_else(|| UNKNOWN.into(), demangle);
    Function { object: object.into(), symbol }
}

fn table_of_file(pid: Pid, path: &str) -> Option<Table> {
    // The file may be visible only from the process's own mount namespace or root.
    let file = File::open(path).or_else(|_| File::open(format!("/proc/{pid}/root{path}"))).ok()?;
    let image = image(&file)?;
    Table::read(image.as_slice())
}

/// A file of which only the parts that tell its symbols have been read; zeros stand for the rest,
/// which is most of it. Many names are read faster from memory than one by one.
fn image(file: &File) -> Option<Vec<u8>> {
    const HEADER: usize = size_of::<FileHeader64<Endianness>>();
    let length = file.metadata().ok()?.len();
    // What has never been written takes no memory.
    let mut image = vec![0; usize::try_from(length).ok()?];
    let mut read = |start: u64, size: u64| {
        let (start, end) = (usize::try_from(start).ok()?, usize::try_from(start.checked_add(size)?).ok()?);
        file.read_exact_at(image.get_mut(start..end)?, start as u64).ok()
    };
    read(0, HEADER as u64)?;
    let (segments, sections) = {
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).ok()?;
        let header = FileHeader64::<Endianness>::parse(header.as_slice()).ok()?;
        let e = header.endian().ok()?;
        let table = |start, entry: u16, count: u16| (start, u64::from(entry) * u64::from(count));
        (
            table(header.e_phoff(e), header.e_phentsize(e), header.e_phnum(e)),
            table(header.e_shoff(e), header.e_shentsize(e), header.e_shnum(e)),
        )
    };
    read(segments.0, segments.1)?;
    read(sections.0, sections.1)?;
    let cache = ReadCache::new(file);
    let object = object::File::parse(&cache).ok()?;
    let told = [".symtab", ".strtab", ".dynsym", ".dynstr", ".shstrtab", ".dynamic", ".symtab_shndx"];
    for section in object.sections().filter(|section| section.name().is_ok_and(|name| told.contains(&name))) {
        let (start, size) = section.file_range()?;
        read(start, size)?;
    }
    Some(image)
}

fn vdso(mapping: &Mapping, read: impl FnOnce(u64, &mut [u8]) -> usize) -> Option<Table> {
    const LARGEST: u64 = 1 << 20;
    let mut image = vec![0; (mapping.end - mapping.start).min(LARGEST) as usize];
    let length = read(mapping.start, &mut image);
    Table::read(image.get(..length)?)
}

/// Demangles Rust and C++ names; others stay as they are.
fn demangle(name: &str) -> String {
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        // The alternate form leaves out the hash.
        return format!("{rust:#}");
    }
    let cpp = name.starts_with("_Z").then(|| cpp_demangle::Symbol::new(name).ok()).flatten();
    cpp.and_then(|symbol| symbol.demangle().ok()).unwrap_or_else(|| name.to_owned())
}

#[derive(Debug)]
struct Symbol {
    address: u64,
    size: u64,
    name: String,
}

/// The functions of one ELF file.
#[derive(Debug)]
struct Table {
    /// Where parts of the file are loaded: (file offset, length in the file, address).
    segments: Vec<(u64, u64, u64)>,
    /// In order of address, one an address.
    symbols: Vec<Symbol>,
}

impl Table {
    fn read(image: &[u8]) -> Option<Table> {
        let file = object::File::parse(image).ok()?;
        let segments = file.segments().map(|s| (s.file_range().0, s.file_range().1, s.address())).collect();
        let mut symbols = functions(&file);
        // Best name of an address first: sized before unsized, then the shortest, then by alphabet.
        symbols.sort_by(|a, b| {
            let rank = |s: &Symbol| (s.address, s.size == 0, s.name.len());
            rank(a).cmp(&rank(b)).then_with(|| a.name.cmp(&b.name))
        });
        symbols.dedup_by_key(|symbol| symbol.address);
        Some(Table { segments, symbols })
    }

    /// The name of the function at an offset into the file.
    fn at(&self, offset: u64) -> Option<&str> {
        let (start, _, base) = self
            .segments
            .iter()
            .find(|(start, length, _)| offset.checked_sub(*start).is_some_and(|into| into < *length))?;
        let address = base + (offset - start);
        let next = self.symbols.partition_point(|symbol| symbol.address <= address);
        let symbol = self.symbols[..next].last()?;
        // Symbols of hand-written assembly have no size: they reach to the next one.
        (symbol.size == 0 || address - symbol.address < symbol.size).then_some(symbol.name.as_str())
    }
}

fn functions<'d, R: ReadRef<'d>>(file: &object::File<'d, R>) -> Vec<Symbol> {
    let in_code = |symbol: &object::Symbol<'d, '_, R>| match symbol.kind() {
        SymbolKind::Text => symbol.is_definition(),
        // Labels of assembly without a type.
        SymbolKind::Unknown | SymbolKind::Label => {
            let section = symbol.section_index().and_then(|index| file.section_by_index(index).ok());
            section.is_some_and(|section| section.kind() == object::SectionKind::Text)
        }
        _ => false,
    };
    let indirect = |symbol: &object::Symbol<'d, '_, R>| match symbol.flags() {
        // A resolver, not the function that it chooses, but the code at the address all the same.
        SymbolFlags::Elf { st_info, .. } => st_info.st_type() == object::elf::STT_GNU_IFUNC,
        _ => false,
    };
    file.symbols()
        .chain(file.dynamic_symbols())
        .filter(|symbol| in_code(symbol) || indirect(symbol))
        .filter_map(|symbol| {
            let name = symbol.name().ok().filter(|name| !name.is_empty())?;
            Some(Symbol { address: symbol.address(), size: symbol.size(), name: name.to_owned() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_demangled() {
        assert_eq!(demangle("_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
        assert_eq!(demangle("_ZN3foo3barEi"), "foo::bar(int)");
        assert_eq!(demangle("sgemm_kernel"), "sgemm_kernel");
    }

    fn table() -> Table {
        let symbol = |address, size, name: &str| Symbol { address, size, name: name.into() };
        Table {
            segments: vec![(0, 0x1000, 0x40_0000), (0x1000, 0x800, 0x40_3000)],
            symbols: vec![symbol(0x40_3010, 0x10, "f"), symbol(0x40_3030, 0, "asm"), symbol(0x40_3100, 4, "g")],
        }
    }

    #[test]
    fn an_offset_leads_to_its_function() {
        let table = table();
        assert_eq!(table.at(0x1010), Some("f"));
        assert_eq!(table.at(0x101f), Some("f"));
        assert_eq!(table.at(0x1020), None);
        assert_eq!(table.at(0x10ff), Some("asm"));
        assert_eq!(table.at(0x1100), Some("g"));
        assert_eq!(table.at(0x1800), None);
    }

    #[test]
    fn code_without_a_file_is_jit() {
        let mapping = |name: &str| Mapping { end: 4096, name: name.into(), ..Mapping::default() };
        let pid = Pid::from_raw(1);
        let object = |m: &Mapping| Symbols::default().function(pid, Some(m), 16, |_, _| 0).object;
        assert_eq!(object(&mapping("")), JIT);
        assert_eq!(object(&mapping("[heap]")), JIT);
        assert_eq!(object(&mapping("/memfd:code (deleted)")), JIT);
        assert_eq!(object(&mapping("/nowhere/libx.so (deleted)")), "libx.so");
    }
}
