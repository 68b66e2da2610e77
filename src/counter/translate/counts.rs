//! What a process has executed: functions and classes of new blocks, regions, the end.

use libc::user_regs_struct;
use nix::unistd::Pid;

use super::Tracer;
use super::areas::Area;
use super::decode::{Decoded, End};
use super::emitted::Lanes;
use super::thread::Process;
use super::work::{LaneSource, Pairs, Use};
use crate::counter::maps::Maps;
use crate::counter::ptrace::Stopped;
use crate::counter::record::Record;
use crate::counter::regions::name_at;
use crate::counter::symbols::Symbols;
use crate::isa::{self, Kind, Marker};

/// Describes the floating-point instructions of a block that is being translated.
pub struct Describer<'a> {
    pub process: &'a mut Process,
    pub pid: Pid,
    pub symbols: &'a mut Symbols,
    pub pairs: &'a mut Pairs,
    pub record: &'a mut Record,
}

impl Describer<'_> {
    pub fn uses(&mut self, stopped: &Stopped, block: &Decoded, counted: &[Lanes]) -> Vec<Use> {
        // What raises a signal is not executed.
        let executed = block.instructions.len() - usize::from(block.end == End::Raises);
        let classified = block.instructions[..executed]
            .iter()
            .enumerate()
            .filter_map(|(index, instruction)| Some((index as u8, instruction, isa::classify(instruction)?)));
        let mut uses = Vec::new();
        for (index, instruction, classified) in classified {
            let address = instruction.ip();
            let Process { functions, maps, .. } = &mut *self.process;
            let function = *functions.entry(address).or_insert_with(|| {
                let maps = maps.get_or_insert_with(|| Maps::of(self.pid));
                let read = |address, buffer: &mut [u8]| stopped.read(address, buffer);
                self.record.function(self.symbols.function(self.pid, maps.find(address), address, read))
            });
            let class = classified.class;
            let lanes = if class.kind == Kind::Tile {
                LaneSource::Tiles
            } else if let Some(counter) = counted.iter().find(|lanes| lanes.index == index) {
                LaneSource::Counted(counter.slot)
            } else {
                if class.masked {
                    self.record.void(format!("the active lanes of {} cannot be counted", class.mnemonic_name()));
                }
                LaneSource::Fixed(class.lanes)
            };
            uses.push(Use { index, pair: self.pairs.of(function, class), lanes });
        }
        uses
    }
}

impl Tracer {
    /// The areas of a process's living threads.
    fn areas_of(&self, pid: Pid) -> Vec<Area> {
        self.threads.values().filter(|thread| thread.process == pid).filter_map(|thread| thread.area.clone()).collect()
    }

    /// Brings a process's counts up to date.
    fn update(&mut self, pid: Pid) {
        let areas = self.areas_of(pid);
        let areas: Vec<&Area> = areas.iter().collect();
        let Some(process) = self.processes.get_mut(&pid) else { return };
        let Some(space) = process.space.and_then(|id| self.spaces.get(&id)) else { return };
        if process.work.update(space.cache.blocks(), &areas) {
            self.record
                .void("a thread was in a loop of floating-point instructions when another began or ended a region");
        }
    }

    /// A thread has executed a marker.
    pub(super) fn mark(&mut self, stopped: &Stopped, marker: Marker, registers: &user_regs_struct) {
        let tid = stopped.tid();
        let Some(pid) = self.threads.get(&tid).map(|thread| thread.process) else { return };
        self.count_tiles(stopped);
        self.update(pid);
        let Some(process) = self.processes.get_mut(&pid) else { return };
        let classes = self.pairs.classes(process.work.counts());
        if process.regions.is_empty() {
            process.work.end_outside();
        }
        let log = &mut self.record.regions;
        let fault = match marker {
            Marker::Begin => {
                let name = name_at(|at, name| stopped.read(at, name), registers.rdi, registers.rsi);
                process.regions.begin(log, tid.as_raw(), name, &classes)
            }
            Marker::End => process.regions.end(log, tid.as_raw(), &classes),
        };
        if process.regions.is_empty() {
            process.work.begin_outside();
        }
        if let Some(fault) = fault {
            self.record.void(fault);
        }
    }

    /// The tile configuration is about to change, or the thread to end: adds up the tile products
    /// under the present one.
    pub(super) fn count_tiles(&mut self, stopped: &Stopped) {
        let Some(thread) = self.threads.get_mut(&stopped.tid()) else { return };
        let Some(process) = self.processes.get_mut(&thread.process) else { return };
        let Some(space) = process.space.and_then(|id| self.spaces.get(&id)) else { return };
        let Some(area) = &thread.area else { return };
        let blocks = space.cache.blocks();
        for id in blocks.with_tiles() {
            let block = blocks.get(*id);
            let total = super::work::executions(block.counting, &|slot| area.counter(slot));
            let before = thread.tiles_counted.insert(id.0, total).unwrap_or(0);
            let times = total.wrapping_sub(before);
            if times == 0 {
                continue;
            }
            for used in blocks.uses(block).iter().filter(|used| used.lanes == LaneSource::Tiles) {
                let product = blocks.instructions(block).nth(used.index.into());
                let tiles = product.zip(thread.tiles.as_ref());
                match tiles.and_then(|(product, tiles)| isa::tile_product(&product, tiles)) {
                    Some(lanes) => process.work.add_tiles(used.pair, lanes.wrapping_mul(times)),
                    None => self.record.void("the configuration of a tile product cannot be read"),
                }
            }
        }
    }

    /// The translations of a process go, or the process itself: adds up what they have counted.
    pub(super) fn fold(&mut self, pid: Pid) {
        let areas = self.areas_of(pid);
        let areas: Vec<&Area> = areas.iter().collect();
        let Some(process) = self.processes.get_mut(&pid) else { return };
        let Some(space) = process.space.and_then(|id| self.spaces.get(&id)) else { return };
        process.work.fold(space.cache.blocks(), &areas);
    }

    /// A process is gone.
    pub(super) fn finish(&mut self, pid: Pid) {
        self.fold(pid);
        let Some(mut process) = self.processes.remove(&pid) else { return };
        if process.regions.is_empty() {
            process.work.end_outside();
        }
        let classes = self.pairs.classes(process.work.counts());
        if let Some(fault) = process.regions.finish(&mut self.record.regions, &classes) {
            self.record.void(fault);
        }
        process.work.finish(&self.pairs, &mut self.record);
        self.drop_unused_spaces();
    }

    pub(super) fn drop_unused_spaces(&mut self) {
        let processes = &self.processes;
        self.spaces.retain(|id, space| {
            let used = processes.values().any(|process| process.space == Some(*id));
            if !used {
                self.meter.ended(*id, space);
            }
            used
        });
    }
}
