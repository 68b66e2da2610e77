//! What translating took.

use super::space::Space;
use crate::counter::Effort;
use crate::counter::wait::own_cpu_seconds;

/// Adds up while a command runs.
#[derive(Debug, Default)]
pub struct Meter {
    blocks: u64,
    traps: u64,
    /// Of the translations of all living processes.
    bytes: u64,
    most_bytes: u64,
}

impl Meter {
    pub fn trapped(&mut self) {
        self.traps += 1;
    }

    /// A space has grown from what it was.
    pub fn grew(&mut self, before: Size, space: &Space) {
        let now = Size::of(space);
        self.blocks += now.blocks - before.blocks;
        self.holds(now.bytes - before.bytes);
    }

    /// A forked process has its own copy.
    pub fn copied(&mut self, space: &Space) {
        self.holds(Size::of(space).bytes);
    }

    pub fn dropped(&mut self, space: &Space) {
        self.bytes -= Size::of(space).bytes;
    }

    fn holds(&mut self, more: u64) {
        self.bytes += more;
        self.most_bytes = self.most_bytes.max(self.bytes);
    }

    pub fn effort(&self) -> Effort {
        Effort { blocks: self.blocks, cache_bytes: self.most_bytes, traps: self.traps, cpu_s: own_cpu_seconds() }
    }
}

/// Of a space's translations.
#[derive(Debug, Clone, Copy, Default)]
pub struct Size {
    blocks: u64,
    bytes: u64,
}

impl Size {
    pub fn of(space: &Space) -> Size {
        Size { blocks: space.cache.blocks().len() as u64, bytes: space.zones.iter().map(super::zone::Zone::used).sum() }
    }
}
