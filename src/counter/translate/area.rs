//! The layout of a thread's area, which its GS base points to: what translated code saves and
//! counts. All offsets are displacements from GS.

/// Bytes from one thread's area to the next. Only what is touched becomes memory.
pub const STRIDE: u64 = 16 << 20;

/// Registers that a sequence borrows, while it borrows them.
pub const RAX: u32 = 0x00;
pub const RCX: u32 = 0x08;
pub const RDX: u32 = 0x10;
pub const R11: u32 = 0x18;
/// rflags' arithmetic part, as lahf and seto give it.
pub const FLAGS: u32 = 0x20;
/// Where an indirect branch wants to go.
pub const TARGET: u32 = 0x28;
/// What the trap to the tracer is about: the number of an `Exit`.
pub const EXIT: u32 = 0x30;
/// Address of the address space's table of indirect targets.
pub const SHARED_TABLE: u32 = 0x38;
/// rflags with the arithmetic part that `FLAGS` holds: SF, ZF, AF, PF and CF in the second byte, OF in the first.
pub const fn flags(rflags: u64, saved: u64) -> u64 {
    const ARITHMETIC: u64 = 0x8D5;
    const BY_LAHF: u64 = 0xD5;
    const OF: u32 = 11;
    rflags & !ARITHMETIC | saved >> 8 & BY_LAHF | (saved & 1) << OF
}

/// A second value that a sequence needs to keep.
pub const SCRATCH: u32 = 0x40;

/// Active lanes of a mask byte: tables of 256 bytes for 1, 2, 4 and 8 lanes.
pub const POPULATION: u32 = 0x800;

/// Not zero for the system calls that the tracer wants to see, by the low 16 bits of their number.
pub const TRACED_CALLS: u32 = 0x1000;

/// The thread's own table of indirect targets, by the low 16 bits of the address: negated
/// addresses, then where their translations begin.
pub const KEYS: u32 = 0x2_0000;
pub const LANDINGS: u32 = 0xB_0000;

/// Counters of 8 bytes, one or more a block.
pub const COUNTERS: u32 = 0x20_0000;
pub const MOST_COUNTERS: u32 = (STRIDE as u32 - COUNTERS) / 8;

/// The displacement of a counter.
pub const fn counter(slot: u32) -> u32 {
    COUNTERS + 8 * slot
}

/// The table for masks over `lanes` lanes, of at most 8 to a mask byte.
pub const fn population(lanes: u16) -> u32 {
    let row = match lanes {
        1 => 0,
        2 => 1,
        4 => 2,
        _ => 3,
    };
    POPULATION + 256 * row
}

/// What the tables of `POPULATION` hold.
pub fn population_tables() -> Vec<u8> {
    let table = |lanes: u32| (0..=255u8).map(move |mask| (mask & (u8::MAX >> (8 - lanes))).count_ones() as u8);
    [1, 2, 4, 8].into_iter().flat_map(table).collect()
}

/// Index of an address into `LANDINGS`; see `sequences::lookup` for the one address that wraps.
pub const fn landing_index(address: u64) -> u64 {
    (address.wrapping_sub(1) & 0xFFFF) + 1
}

pub const fn key_index(address: u64) -> u64 {
    address & 0xFFFF
}
