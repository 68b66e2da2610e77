//! Where in a program's address space there is room for translations of code at some address.

use crate::counter::maps::Maps;

/// What a 32-bit displacement reaches, less some for what code refers to beyond itself.
const REACH: u64 = (1 << 31) - (96 << 20);
/// As far away as can be, so that the program's own mappings and heap have room to grow.
const PREFERRED: u64 = 0x5800_0000;
/// Below, programs that place others themselves (valgrind) want room; and the address behind the highest.
const LOWEST: u64 = 0x2000_0000;
const HIGHEST: u64 = 0x7FFF_FFFF_F000;
/// A stack grows down without asking.
const STACK_ROOM: u64 = 64 << 20;
const STEP: u64 = 16 << 20;

/// A free range of `length` bytes as near to `near` as there is, for code that refers to what is far away itself.
pub fn find_nearest(maps: &Maps, near: u64, length: u64) -> Option<u64> {
    let near = near & !0xFFFF;
    let distances = (1..=PREFERRED / STEP).map(|n| n * STEP);
    let candidates = distances.flat_map(|distance| [near.checked_sub(distance), near.checked_add(distance)]);
    candidates.flatten().find(|at| fits(maps, near, *at, length))
}

/// A free range of `length` bytes within reach of `near`.
pub fn find(maps: &Maps, near: u64, length: u64) -> Option<u64> {
    let near = near & !0xFFFF;
    let below = (0..).map(|n| near.checked_sub(PREFERRED - n * STEP)).take((PREFERRED / STEP) as usize);
    let above = (0..).map(|n| near.checked_add(PREFERRED - n * STEP)).take((PREFERRED / STEP) as usize);
    below.chain(above).flatten().find(|at| fits(maps, near, *at, length))
}

fn fits(maps: &Maps, near: u64, at: u64, length: u64) -> bool {
    let Some(end) = at.checked_add(length) else { return false };
    let within = at >= LOWEST && end <= HIGHEST && near.abs_diff(at) < REACH && near.abs_diff(end) < REACH;
    within
        && maps.iter().all(|mapping| {
            let room = if mapping.name == "[stack]" { STACK_ROOM } else { 0 };
            end <= mapping.start.saturating_sub(room) || at >= mapping.end
        })
}
