//! AVX-512 mask registers and the AMX tile configuration of a stopped thread.

use std::arch::x86_64::__cpuid_count;

use super::{Stopped, Traced};
use crate::isa::TileConfig;

/// Where this CPU keeps the parts of its extended state. Offsets are those of the standard XSAVE
/// layout, which ptrace uses whatever layout the kernel saves in.
pub struct Xstate {
    masks: Option<usize>,
    tile_config: Option<usize>,
    buffer: Vec<u8>,
}

/// Eight mask registers of 8 bytes.
const MASKS_BYTES: usize = 64;

impl Xstate {
    pub fn of_this_cpu() -> Xstate {
        Xstate { masks: component(5), tile_config: component(17), buffer: Vec::new() }
    }

    /// The value of mask register `number`; None where the CPU has none.
    pub fn mask(&mut self, thread: &Stopped, number: usize) -> Traced<Option<u64>> {
        let Some(start) = self.masks else { return Ok(None) };
        let state = self.read(thread, start + MASKS_BYTES)?;
        let bytes = start.checked_add(8 * number).and_then(|at| state.get(at..at + 8));
        Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes))
    }

    pub fn tile_config(&mut self, thread: &Stopped) -> Traced<Option<TileConfig>> {
        let Some(start) = self.tile_config else { return Ok(None) };
        let state = self.read(thread, start + TileConfig::BYTES)?;
        let bytes = state.get(start..start + TileConfig::BYTES);
        Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map(TileConfig::parse))
    }

    fn read(&mut self, thread: &Stopped, length: usize) -> Traced<&[u8]> {
        self.buffer.resize(length, 0);
        let filled = thread.extended_state(&mut self.buffer)?;
        Ok(&self.buffer[..filled])
    }
}

/// The offset of a component of the extended state, from CPUID leaf 0xD.
fn component(number: u32) -> Option<usize> {
    const LEAF: u32 = 0xD;
    if __cpuid_count(0, 0).eax < LEAF {
        return None;
    }
    let leaf = __cpuid_count(LEAF, number);
    (leaf.eax > 0).then_some(leaf.ebx as usize)
}
