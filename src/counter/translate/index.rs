//! How blocks are found: by where they begin in the program, and by where their translations are.

use rustc_hash::FxHashMap;

use super::blocks::BlockId;
use super::code_map::{PAGE, page_of};

#[derive(Debug, Clone, Default)]
pub struct Index {
    starts: FxHashMap<u64, BlockId>,
    /// Starts of blocks by the page that they are on. Some of them may be gone.
    on_page: FxHashMap<u64, Vec<u64>>,
    /// By zone. Translations are placed one behind the other, so these are in order.
    places: Vec<Vec<(u64, BlockId)>>,
}

impl Index {
    pub fn find(&self, start: u64) -> Option<BlockId> {
        self.starts.get(&start).copied()
    }

    pub fn insert(&mut self, start: u64, id: BlockId) {
        if self.starts.insert(start, id).is_none() {
            self.on_page.entry(page_of(start)).or_default().push(start);
        }
    }

    /// Removes the blocks that begin within a range.
    pub fn take(&mut self, from: u64, end: u64) -> Vec<(u64, BlockId)> {
        let (first, last) = (page_of(from), page_of(end.saturating_sub(1)));
        let pages: Vec<u64> = match (last.saturating_sub(first) / PAGE) as usize <= self.on_page.len() {
            true => (first..=last).step_by(PAGE as usize).collect(),
            false => self.on_page.keys().copied().filter(|page| (first..=last).contains(page)).collect(),
        };
        let mut taken = Vec::new();
        for page in pages {
            let Some(mut starts) = self.on_page.remove(&page) else { continue };
            starts.retain(|start| match (from..end).contains(start) {
                true => {
                    taken.extend(self.starts.remove(start).map(|id| (*start, id)));
                    false
                }
                false => true,
            });
            if !starts.is_empty() {
                self.on_page.insert(page, starts);
            }
        }
        taken
    }

    /// A translation has been placed behind all others of its zone.
    pub fn placed(&mut self, zone: usize, at: u64, id: BlockId) {
        if self.places.len() <= zone {
            self.places.resize_with(zone + 1, Vec::new);
        }
        self.places[zone].push((at, id));
    }

    /// In each zone, the last block whose translation begins at or before a place.
    pub fn before(&self, place: u64) -> impl Iterator<Item = (u64, BlockId)> {
        self.places.iter().filter_map(move |places| {
            let behind = places.partition_point(|(at, _)| *at <= place);
            places[..behind].last().copied()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_within_a_range_is_taken_and_nothing_else() {
        let mut index = Index::default();
        for (id, start) in [0xFF0, 0x1000, 0x1800, 0x2000, 0x2010, 0x9_0000_0000].into_iter().enumerate() {
            index.insert(start, BlockId(id as u32));
        }
        let mut taken = index.take(0x1000, 0x2010);
        taken.sort();
        assert_eq!(taken, [(0x1000, BlockId(1)), (0x1800, BlockId(2)), (0x2000, BlockId(3))]);
        assert_eq!(index.find(0x1000), None);
        assert_eq!(index.find(0xFF0), Some(BlockId(0)));
        assert_eq!(index.find(0x2010), Some(BlockId(4)));
        assert_eq!(index.take(0, u64::MAX).len(), 3);
    }
}
