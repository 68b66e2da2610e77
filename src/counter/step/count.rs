//! Counting an instruction that has retired.

use iced_x86::Mnemonic;
use libc::user_regs_struct;

use super::Tracer;
use super::thread::Flight;
use crate::counter::maps::Maps;
use crate::counter::ptrace::{Stopped, TRAP_FLAG, Traced};
use crate::counter::record::FunctionId;
use crate::counter::regions::name_at;
use crate::counter::sites::{Site, Special};
use crate::isa::{self, Kind, Marker};

impl Tracer {
    /// The lanes that the next instruction will work on, while its masks are still those. None
    /// where a mask or the tile configuration cannot be read.
    pub(super) fn lanes(&mut self, stopped: &Stopped, site: &Site) -> Traced<Option<u64>> {
        let Some(classified) = &site.class else { return Ok(Some(0)) };
        if classified.class.kind == Kind::Tile {
            let tiles = self.xstate.tile_config(stopped)?;
            return Ok(tiles.and_then(|tiles| isa::tile_product(&site.instruction, &tiles)));
        }
        let mask = match classified.mask {
            Some(register) => self.xstate.mask(stopped, register.number())?,
            None => Some(0),
        };
        Ok(mask.map(|mask| isa::active_lanes(&classified.class, mask)))
    }

    /// A step ended behind its instruction.
    pub(super) fn retired(&mut self, stopped: &Stopped, flight: &Flight, registers: &user_regs_struct) -> Traced<()> {
        let site = &flight.site;
        let address = site.instruction.ip();
        match site.special {
            // The trap comes after each iteration; the instruction retires with the last.
            Some(Special::Repeat) if registers.rip == address => return Ok(()),
            Some(Special::PushFlags) if !flight.own_trap => hide_trap_flag(stopped, registers.rsp)?,
            Some(Special::LoadStackSegment) => {
                self.record.void("ss was loaded, after which one instruction escapes the counter");
            }
            Some(Special::Transaction) => {
                self.record.void("the program uses transactions (TSX), which single-stepping aborts");
            }
            _ => {}
        }
        if site.mnemonic() == Mnemonic::INVALID {
            self.record.void(format!("the instruction at {address:#x} is unknown to the decoder"));
        }
        self.count(stopped, site, flight.lanes, address);
        if let Some(marker) = site.marker {
            self.mark(stopped, marker, registers);
        }
        Ok(())
    }

    /// One more execution of the instruction at `address`.
    pub(super) fn count(&mut self, stopped: &Stopped, site: &Site, lanes: Option<u64>, address: u64) {
        self.record.executed(site.mnemonic());
        let lanes = lanes.unwrap_or_else(|| {
            self.record.void(format!("the active lanes of the instruction at {address:#x} cannot be read"));
            0
        });
        let Some(classified) = &site.class else { return };
        let function = self.function(stopped, address);
        let mut outside = true;
        if let Some(process) = self.process_of(stopped.tid()) {
            outside = process.regions.is_empty();
            let count = process.classes.entry(classified.class).or_default();
            count.executions += 1;
            count.lanes += lanes;
        }
        self.record.executed_in(function, &classified.class, lanes, outside);
    }

    fn function(&mut self, stopped: &Stopped, address: u64) -> FunctionId {
        let pid = self.threads.get(&stopped.tid()).map_or(stopped.tid(), |thread| thread.process);
        let process = self.processes.entry(pid).or_default();
        if let Some(known) = process.functions.get(&address) {
            return *known;
        }
        let maps = process.maps.get_or_insert_with(|| Maps::of(pid));
        let read = |address, buffer: &mut [u8]| stopped.read(address, buffer);
        let id = self.record.function(self.symbols.function(pid, maps.find(address), address, read));
        process.functions.insert(address, id);
        id
    }

    fn mark(&mut self, stopped: &Stopped, marker: Marker, registers: &user_regs_struct) {
        let tid = stopped.tid();
        let pid = self.threads.get(&tid).map_or(tid, |thread| thread.process);
        let process = self.processes.entry(pid).or_default();
        let (log, now) = (&mut self.record.regions, &process.classes);
        let fault = match marker {
            Marker::Begin => {
                let name = name_at(|at, name| stopped.read(at, name), registers.rdi, registers.rsi);
                process.regions.begin(log, tid.as_raw(), name, now)
            }
            Marker::End => process.regions.end(log, tid.as_raw(), now),
        };
        if let Some(fault) = fault {
            self.record.void(fault);
        }
    }
}

/// The program must not find the trap flag of the step in the flags that it pushed.
fn hide_trap_flag(stopped: &Stopped, stack: u64) -> Traced<()> {
    let Some([low, high]) = stopped.read_array(stack) else { return Ok(()) };
    let flags = u16::from_le_bytes([low, high]) & !(TRAP_FLAG as u16);
    stopped.write(stack, &flags.to_le_bytes())
}
