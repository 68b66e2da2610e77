//! What translating took.

use std::collections::HashMap;

use super::space::Space;
use super::thread::SpaceId;
use super::zone::Zone;
use crate::counter::Effort;
use crate::counter::wait::own_cpu_seconds;

/// Adds up while a command runs.
#[derive(Debug, Default)]
pub struct Meter {
    blocks: u64,
    traps: u64,
    /// Of the living address spaces, as they were last seen: translations grow in more places than this is told of.
    living: HashMap<SpaceId, Size>,
    most_bytes: u64,
}

impl Meter {
    pub fn trapped(&mut self) {
        self.traps += 1;
    }

    /// An address space is new. A forked process has its own copy of what is not its own work.
    pub fn began(&mut self, id: SpaceId, space: &Space) {
        self.living.insert(id, Size::of(space));
        self.note_most();
    }

    /// A space has grown, perhaps.
    pub fn saw(&mut self, id: SpaceId, space: &Space) {
        let now = Size::of(space);
        let before = self.living.insert(id, now).unwrap_or_default();
        self.blocks += now.blocks - before.blocks;
        if now.bytes > before.bytes {
            self.note_most();
        }
    }

    pub fn ended(&mut self, id: SpaceId, space: &Space) {
        self.saw(id, space);
        self.living.remove(&id);
    }

    fn note_most(&mut self) {
        let bytes = self.living.values().map(|size| size.bytes).sum();
        self.most_bytes = self.most_bytes.max(bytes);
    }

    pub fn effort(&self) -> Effort {
        Effort { blocks: self.blocks, cache_bytes: self.most_bytes, traps: self.traps, cpu_s: own_cpu_seconds() }
    }
}

/// Of a space's translations.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    blocks: u64,
    bytes: u64,
}

impl Size {
    fn of(space: &Space) -> Size {
        Size { blocks: space.cache.blocks().len() as u64, bytes: space.zones.iter().map(Zone::used).sum() }
    }
}
