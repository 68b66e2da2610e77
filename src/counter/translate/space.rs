//! An address space and its translations: shared by threads and by vfork's children, copied by fork.

use std::rc::Rc;

use iced_x86::{Instruction, InstructionInfoFactory};
use libc::user_regs_struct;
use rustc_hash::{FxHashMap, FxHashSet};

use super::areas::{Area, Areas};
use super::blocks::BlockId;
use super::cache::{Cache, Untranslatable, World};
use super::code_map::{CodeMap, PAGE, page_of};
use super::decode::{Code64, Decoded, Stability};
use super::emitted::{Boundary, Counting, Fix, INSIDE, LEFT, Lanes};
use super::placement;
use super::probe::Residency;
use super::sequences::Sequences;
use super::shared::Refusal;
use super::syscalls;
use super::work::{Use, Work};
use super::zone::{self, Zone};
use crate::counter::CountAt;
use crate::counter::maps::{FileId, Maps};
use crate::counter::ptrace::{Remote, Stopped, Traced};
use crate::counter::sites::LONGEST;

pub struct Space {
    pub zones: Vec<Zone>,
    pub areas: Areas,
    pub cache: Cache,
    pub code: CodeMap,
    pub pages: Pages,
    pub residency: Residency,
    /// Files of which the program has made shared mappings, through which code may change that is mapped elsewhere.
    pub shared_files: FxHashSet<FileId>,
    /// Dead blocks at which the translations are given up, unless a little later.
    pub flush_at: usize,
    /// A thread did not stop for that.
    pub unflushable: bool,
}

/// What comes of preparing a stopped thread for translation, and the thread back.
pub type Outcome<T> = Traced<(Stopped, Result<T, String>)>;

/// A place in a translation.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    pub block: BlockId,
    pub offset: u16,
    /// The last boundary at or before it.
    pub boundary: Boundary,
}

impl Spot {
    pub fn is_boundary(&self) -> bool {
        self.boundary.offset == self.offset
    }

    pub fn is_in_check(&self) -> bool {
        matches!(self.boundary.fix, Fix::InCheck { .. })
    }

    /// Whether the lanes of the instruction there have been counted, if they are.
    fn has_counted_lanes(&self) -> bool {
        self.is_boundary() && !self.is_in_check()
    }
}

impl Space {
    /// Where a place in memory is in the translations; None in what is not a block's.
    pub fn spot(&self, place: u64) -> Option<Spot> {
        let id = self.cache.at_place(place)?;
        let block = self.cache.block(id);
        let offset = (place - block.at) as u16;
        if let Some(fix) = block.check.and_then(|check| check.at(offset)) {
            return Some(Spot { block: id, offset, boundary: Boundary { offset, index: 0, fix } });
        }
        let boundaries = self.cache.blocks().boundaries(block);
        let behind = boundaries.partition_point(|b| b.offset <= offset);
        let boundary = match behind.checked_sub(1) {
            Some(at) => boundaries[at],
            None => Boundary { offset: u16::MAX, index: 0, fix: Fix::None },
        };
        Some(Spot { block: id, offset, boundary })
    }

    pub fn is_translation(&self, address: u64) -> bool {
        self.zones.iter().any(|zone| zone.memory.holds(address))
    }

    /// A thread leaves a block where it stands: corrects what has been counted. `lanes`: those of the
    /// instruction that it stands before, if it is masked.
    pub fn leave(&self, spot: Spot, registers: &user_regs_struct, area: &Area, work: &mut Work, lanes: u64) {
        let (blocks, block) = (self.cache.blocks(), self.cache.block(spot.block));
        let executed = spot.boundary.index;
        match block.counting {
            Counting::Counter { slot, done } if spot.offset >= done => {
                if executed < block.instructions {
                    area.add(slot, u64::MAX);
                    work.left_block(blocks, spot.block, executed);
                }
            }
            Counting::Counter { .. } => work.left_block(blocks, spot.block, executed),
            Counting::Loop { slot, induction, .. } => {
                if area.counter(slot + INSIDE) != 0 {
                    let mut value = *register(&mut registers.clone(), induction.register);
                    if induction.at < usize::from(executed) {
                        value = value.wrapping_sub(induction.step as u64);
                    }
                    area.add(slot + LEFT, value);
                    area.store(super::area::counter(slot + INSIDE), 0);
                    work.left_block(blocks, spot.block, executed);
                }
            }
        }
        if spot.has_counted_lanes()
            && let Some(counted) = blocks.lanes(block).iter().find(|lanes| lanes.index == executed)
        {
            area.add(counted.slot, lanes.wrapping_neg());
        }
    }

    /// The program's registers at a boundary.
    pub fn program_state(&self, spot: Spot, registers: &mut user_regs_struct, area: &Area) {
        let block = self.cache.block(spot.block);
        let before = usize::from(spot.boundary.index);
        let instructions = self.cache.blocks().instructions(block);
        let length: usize = instructions.take(before).map(|instruction: Instruction| instruction.len()).sum();
        registers.rip = block.start + length as u64;
        match spot.boundary.fix {
            Fix::None => {}
            Fix::Rcx => registers.rcx = area.load(super::area::RCX),
            Fix::AfterSyscall => registers.rcx = registers.rip,
            Fix::InCheck { rax, flags } => {
                if rax {
                    registers.rax = area.load(super::area::RAX);
                }
                if flags {
                    registers.eflags = super::area::flags(registers.eflags, area.load(super::area::FLAGS));
                }
            }
        }
    }
}

/// A general register by iced's numbering.
pub fn register(r: &mut user_regs_struct, number: usize) -> &mut u64 {
    match number & 15 {
        0 => &mut r.rax,
        1 => &mut r.rcx,
        2 => &mut r.rdx,
        3 => &mut r.rbx,
        4 => &mut r.rsp,
        5 => &mut r.rbp,
        6 => &mut r.rsi,
        7 => &mut r.rdi,
        8 => &mut r.r8,
        9 => &mut r.r9,
        10 => &mut r.r10,
        11 => &mut r.r11,
        12 => &mut r.r12,
        13 => &mut r.r13,
        14 => &mut r.r14,
        _ => &mut r.r15,
    }
}

/// What translating takes besides the space itself.
pub struct Tools {
    pub sequences: Sequences,
    pub count_at: CountAt,
    pub factory: InstructionInfoFactory,
}

/// As `Describe`, with the thread whose memory the block is in.
pub type DescribeIn<'a> = dyn FnMut(&Stopped, &Decoded, &[Lanes]) -> Vec<Use> + 'a;

/// Why there is no translation.
pub enum Missing {
    NoCode,
    /// A byte of it, at this address, is not there yet.
    NotThere(u64),
    /// The cache is full.
    Full,
    /// What the kernel refused.
    Failed(String),
}

impl Space {
    /// Makes the translation of an address, and what that needs: a zone within reach. `changed`: a translation
    /// found that its code has changed.
    pub fn translate(
        &mut self,
        mut stopped: Stopped,
        tools: &mut Tools,
        address: u64,
        changed: bool,
        uses: &mut DescribeIn,
    ) -> Traced<(Stopped, Result<BlockId, Missing>)> {
        if let Some(known) = self.cache.find(address).filter(|_| !changed) {
            return Ok((stopped, Ok(known)));
        }
        if self.code.at(address).is_none()
            && let Some(mapping) = Maps::of(stopped.tid()).find(address)
        {
            self.code.grow(mapping.start..mapping.end);
        }
        if self.code.at(address).is_none() {
            // Where no zone may be within reach either: the vsyscall page, addresses that are none.
            return Ok((stopped, Err(Missing::NoCode)));
        }
        if !self.is_there(&stopped, address) {
            return Ok((stopped, Err(Missing::NotThere(address))));
        }
        let mut zones_added = 0;
        loop {
            let mut reader = Reader {
                stopped: &stopped,
                code: &self.code,
                pages: &mut self.pages,
                residency: &mut self.residency,
                now: FxHashMap::default(),
            };
            let mut world = World {
                sequences: &tools.sequences,
                count_at: tools.count_at,
                factory: &mut tools.factory,
                code: &mut reader,
                traced: &|number| syscalls::TRACED.contains(&(number as usize)),
                uses: &mut |block, lanes| uses(&stopped, block, lanes),
            };
            let made = match changed {
                false => self.cache.translate(&mut self.zones, &mut world, address),
                true => self.cache.translate_changed(&mut self.zones, &mut world, address),
            };
            match made {
                Ok(id) => {
                    for id in self.cache.take_returnable() {
                        let landing = self.cache.landing(&mut self.zones, &tools.sequences, id);
                        self.areas.learn(self.cache.block(id).start, landing);
                    }
                    return Ok((stopped, Ok(id)));
                }
                Err(Untranslatable::NoCode) => {
                    // Perhaps its end is not there yet.
                    let end = address.saturating_add(LONGEST as u64 - 1);
                    let missing = match page_of(end) != page_of(address) && !self.is_there(&stopped, end) {
                        true => Missing::NotThere(end),
                        false => Missing::NoCode,
                    };
                    return Ok((stopped, Err(missing)));
                }
                Err(Untranslatable::Full) => return Ok((stopped, Err(Missing::Full))),
                // Not even the nearest zone was of use: something it refers to is further away.
                Err(Untranslatable::NoZone) if zones_added > 1 => {
                    let why = format!("what the code at {address:#x} refers to is out of reach of any translation");
                    return Ok((stopped, Err(Missing::Failed(why))));
                }
                Err(Untranslatable::NoZone) => {
                    let find = if zones_added == 0 { placement::find } else { placement::find_nearest };
                    zones_added += 1;
                    let zone;
                    (stopped, zone) = self.add_zone(stopped, &tools.sequences, address, find)?;
                    if let Err(why) = zone {
                        return Ok((stopped, Err(Missing::Failed(why))));
                    }
                }
            }
        }
    }

    /// Code of a file has been mapped. What is mapped later may fill all that is within 2 GiB of it: its translations
    /// get their room while there is some.
    pub fn keep_in_reach(&mut self, stopped: Stopped, sequences: &Sequences, code: u64) -> Traced<Stopped> {
        let Some((start, end)) = Maps::of(stopped.tid()).object(code) else { return Ok(stopped) };
        if self.zones.iter().any(|zone| zone.reaches_all(start, end) && zone.has_room()) {
            return Ok(stopped);
        }
        // That there is none is told once code there is executed.
        let (stopped, _) = self.add_zone(stopped, sequences, end, placement::find)?;
        Ok(stopped)
    }

    /// Whether the tracer may read what the program executes at an address without having to wait for somebody else.
    fn is_there(&mut self, stopped: &Stopped, address: u64) -> bool {
        let slow = self.code.at(address).is_some_and(|code| code.anonymous || code.shared);
        !slow || self.residency.is_there(stopped.tid(), page_of(address))
    }

    /// Gives all translations up, with what they have counted; `areas`: those of living threads.
    pub fn empty(&mut self, areas: &[Area]) {
        self.cache = Cache::default();
        self.zones.iter_mut().for_each(Zone::empty);
        self.areas.empty(areas);
        self.flush_at = 0;
    }

    /// A file has been mapped at an address, for others to see what is written to it, or as code. Marks code that may
    /// change through a shared mapping of the same file, and returns the ranges of what was not marked before.
    pub fn find_aliases(&mut self, maps: &Maps, address: u64) -> Vec<(u64, u64)> {
        /// Memory files: whoever has a descriptor may have mapped them before.
        const IN_MEMORY: [&str; 2] = ["/memfd:", "/dev/shm/"];
        let Some(mapped) = maps.find(address).filter(|mapping| !mapping.file.is_none()) else { return Vec::new() };
        if mapped.shared || IN_MEMORY.iter().any(|start| mapped.name.starts_with(start)) {
            self.shared_files.insert(mapped.file);
        }
        if !self.shared_files.contains(&mapped.file) {
            return Vec::new();
        }
        let aliases = maps.iter().filter(|mapping| mapping.file == mapped.file);
        let code = aliases.filter(|alias| self.code.at(alias.start).is_some_and(|code| !code.shared));
        let found: Vec<(u64, u64)> = code.map(|alias| (alias.start, alias.end)).collect();
        for (start, end) in &found {
            self.code.share(*start..*end);
        }
        found
    }

    fn add_zone(
        &mut self,
        stopped: Stopped,
        sequences: &Sequences,
        near: u64,
        find: fn(&Maps, u64, u64) -> Option<u64>,
    ) -> Outcome<()> {
        let maps = Maps::of(stopped.tid());
        let (Some(at), Some(first)) = (find(&maps, near, zone::LENGTH), self.zones.first()) else {
            return Ok((stopped, Err(format!("no room for translations within 2 GiB of {near:#x}"))));
        };
        // The header of a zone ends in zeros.
        let remote = Remote::enter(stopped, first.syscall())?;
        let (remote, zone) = Zone::new(remote, first.syscall() + 8, at, sequences)?;
        let stopped = remote.leave()?;
        Ok((stopped, zone.map(|zone| self.zones.push(zone)).map_err(refused)))
    }
}

pub fn refused((call, errno): Refusal) -> String {
    format!("the kernel refused {call} to the program: {}", errno.desc())
}

/// Pages of code as they were read, which cannot have changed since.
#[derive(Debug, Default)]
pub struct Pages {
    known: FxHashMap<u64, Rc<[u8]>>,
}

impl Pages {
    /// 16 MiB: a program works on some part of its code at a time.
    const MOST: usize = 4096;

    fn keep(&mut self, page: u64, bytes: Rc<[u8]>) {
        if self.known.len() >= Pages::MOST {
            self.known.clear();
        }
        self.known.insert(page, bytes);
    }

    /// The program may have changed a range.
    pub fn forget(&mut self, start: u64, end: u64) {
        let pages = page_of(start)..end;
        match (end.saturating_sub(start) / PAGE) as usize <= self.known.len() {
            true => pages.step_by(PAGE as usize).for_each(|page| drop(self.known.remove(&page))),
            false => self.known.retain(|page, _| !pages.contains(page)),
        }
    }
}

/// Reads what may be executed, page by page.
struct Reader<'a> {
    stopped: &'a Stopped,
    code: &'a CodeMap,
    pages: &'a mut Pages,
    residency: &'a mut Residency,
    /// Pages that may change at any time, as they were when they were first read for this translation.
    now: FxHashMap<u64, Rc<[u8]>>,
}

impl Reader<'_> {
    fn page(&mut self, page: u64) -> Option<Rc<[u8]>> {
        let code = self.code.at(page)?;
        let supplied = code.anonymous || code.shared;
        // What is not a file's may be written by ways that nobody tells us of (/proc/self/mem).
        let stable = !(code.writable || code.shared || code.anonymous);
        let known = if stable { &self.pages.known } else { &self.now };
        if let Some(known) = known.get(&page) {
            return Some(known.clone());
        }
        if supplied && !self.residency.is_there(self.stopped.tid(), page) {
            return None;
        }
        let mut bytes = [0; PAGE as usize];
        if self.stopped.read(page, &mut bytes) != bytes.len() {
            return None;
        }
        let bytes: Rc<[u8]> = Rc::from(bytes);
        match stable {
            true => self.pages.keep(page, bytes.clone()),
            false => drop(self.now.insert(page, bytes.clone())),
        }
        Some(bytes)
    }
}

impl Code64 for Reader<'_> {
    fn stability(&self, address: u64) -> Stability {
        match self.code.at(address) {
            Some(code) if code.writable || code.shared => Stability::Writable,
            Some(code) if code.anonymous => Stability::Replaceable,
            _ => Stability::Fixed,
        }
    }

    fn pointer(&mut self, address: u64) -> Option<u64> {
        let there =
            !self.code.memory(address).anonymous || self.residency.is_there(self.stopped.tid(), page_of(address));
        there.then(|| self.stopped.read_u64(address))?
    }

    fn fetch(&mut self, address: u64, buffer: &mut [u8]) -> usize {
        let mut done = 0;
        while done < buffer.len() {
            let at = address.wrapping_add(done as u64);
            let Some(page) = self.page(page_of(at)) else { break };
            let bytes = &page[(at - page_of(at)) as usize..];
            let length = bytes.len().min(buffer.len() - done);
            buffer[done..done + length].copy_from_slice(&bytes[..length]);
            done += length;
        }
        done
    }
}
