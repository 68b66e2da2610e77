//! A program has been executed: takes its code's executability away and prepares its translation.

use libc::user_regs_struct;

use super::Tracer;
use super::areas::Areas;
use super::cache::Cache;
use super::code_map::{self, CodeMap};
use super::placement;
use super::sequences::Sequences;
use super::shared::Attempt;
use super::space::{Outcome, Space, refused};
use super::thread::Doing;
use super::zone::{self, Zone};
use crate::counter::maps::Maps;
use crate::counter::ptrace::{Remote, Stopped, Traced, status};

/// The code segment in which the kernel starts 32-bit programs.
const CS_OF_32_BITS: u64 = 0x23;

impl Tracer {
    /// execve is about to return to the first instruction of the new program.
    pub(super) fn start_program(&mut self, stopped: Stopped) -> Traced<()> {
        let tid = stopped.tid();
        let registers = stopped.registers()?;
        if registers.cs == CS_OF_32_BITS {
            let name = status::name(tid);
            self.record.void(format!("{name} (process {tid}) runs uncounted: it is a 32-bit program"));
            return self.forget_and_detach(stopped);
        }
        self.look_for_rseq(tid);
        let (stopped, space) = new_space(stopped, &self.tools.sequences, registers.rip)?;
        let mut space = match space {
            Ok(space) => space,
            Err(why) => {
                self.record.void(format!("process {tid} runs uncounted: {why}"));
                return self.forget_and_detach(stopped);
            }
        };
        let area = space.areas.take();
        let id = self.new_space(space);
        if let Some(process) = self.processes.get_mut(&tid) {
            process.space = Some(id);
        }
        self.drop_unused_spaces();
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.area = area;
            thread.doing = Doing::Running;
            thread.pending.clear();
            thread.tiles = None;
            thread.tiles_counted.clear();
        }
        let registers = user_regs_struct { orig_rax: u64::MAX, ..registers };
        let rip = registers.rip;
        self.enter(stopped, registers, rip)
    }
}

fn new_space(stopped: Stopped, sequences: &Sequences, entry: u64) -> Outcome<Space> {
    let maps = Maps::of(stopped.tid());
    let (Some(instruction), Some(at)) = (find_syscall(&stopped, &maps), placement::find(&maps, entry, zone::LENGTH))
    else {
        return Ok((stopped, Err("there is no room for translations near its code".into())));
    };
    let code = CodeMap::of(&maps);
    let remote = Remote::enter(stopped, instruction)?;
    let (remote, parts) = parts(remote, sequences, at)?;
    let (zone, areas) = match parts {
        Ok(parts) => parts,
        Err(refusal) => return Ok((remote.leave()?, Err(refused(refusal)))),
    };
    let mut remote = remote;
    remote.set_instruction(zone.syscall());
    for (start, end, code) in code.iter() {
        let protection = code_map::hidden(code.protection) as u64;
        let done;
        (remote, done) = remote.call(libc::SYS_mprotect, [start, end - start, protection, 0, 0, 0])?;
        if let Err(errno) = done {
            return Ok((remote.leave()?, Err(refused(("mprotect", errno)))));
        }
    }
    let cache = Cache::default();
    let (pages, residency, shared_files, flush_at) = Default::default();
    let space =
        Space { zones: vec![zone], areas, cache, code, pages, residency, shared_files, flush_at, unflushable: false };
    Ok((remote.leave()?, Ok(space)))
}

fn parts(remote: Remote, sequences: &Sequences, at: u64) -> Attempt<(Zone, Areas)> {
    // argc is at the top of the stack; its highest byte is 0, an empty name.
    let name = remote.stack() + 7;
    let (remote, zone) = Zone::new(remote, name, at, sequences)?;
    let zone = match zone {
        Ok(zone) => zone,
        Err(refusal) => return Ok((remote, Err(refusal))),
    };
    let (remote, areas) = Areas::new(remote, name)?;
    Ok((remote, areas.map(|areas| (zone, areas))))
}

/// A `syscall` instruction anywhere in a new program, while its code is still executable.
fn find_syscall(stopped: &Stopped, maps: &Maps) -> Option<u64> {
    const SYSCALL: [u8; 2] = [0x0F, 0x05];
    maps.iter().filter(|m| m.executable && m.readable).find_map(|mapping| {
        let mut bytes = vec![0; (mapping.end - mapping.start) as usize];
        let read = stopped.read(mapping.start, &mut bytes);
        let at = bytes[..read].windows(2).position(|window| window == SYSCALL)?;
        Some(mapping.start + at as u64)
    })
}
