//! A full code cache is emptied. All threads of an address space are stopped where the program's state is known; what
//! has been counted is added up; then each goes on at its program address, as at a program's start.

use std::time::{Duration, Instant};

use libc::user_regs_struct;
use nix::unistd::Pid;

use super::Tracer;
use super::space::Spot;
use super::syscalls;
use super::thread::{Doing, SpaceId};
use super::traps::resume;
use crate::counter::ptrace::{self, Stopped, Traced, status};

/// So long the threads of an address space may take to stop.
const PATIENCE: Duration = Duration::from_secs(1);
/// Dead blocks at most, where they are more than half of all: what they take is worth emptying the cache for.
const MOST_DEAD: usize = 1 << 15;

/// The threads of an address space that are stopped for it, each with the program's registers.
pub struct Flush {
    since: Instant,
    parked: Vec<(Stopped, user_regs_struct)>,
}

impl Tracer {
    /// Whether a thread's address space is about to be flushed, or should be.
    pub(super) fn wants_to_park(&mut self, tid: Pid) -> bool {
        let Some(id) = self.space_id_of(tid) else { return false };
        if self.flushes.contains_key(&id) {
            return true;
        }
        let Some(space) = self.spaces.get_mut(&id) else { return false };
        let (dead, blocks) = (space.cache.dead(), space.cache.blocks().len());
        if dead < space.flush_at.max(MOST_DEAD) || dead < blocks / 2 {
            return false;
        }
        // Should it not work out now, it is tried again later.
        space.flush_at = dead + MOST_DEAD / 4;
        self.can_stop_others(id, tid)
    }

    pub(super) fn space_id_of(&self, tid: Pid) -> Option<SpaceId> {
        self.processes.get(&self.threads.get(&tid)?.process)?.space
    }

    /// No other thread sleeps so deeply that it cannot be stopped.
    fn can_stop_others(&self, id: SpaceId, tid: Pid) -> bool {
        self.threads_in(id).into_iter().all(|other| other == tid || !status::sleeps_deeply(other))
    }

    fn threads_in(&self, id: SpaceId) -> Vec<Pid> {
        self.threads.keys().copied().filter(|tid| self.space_id_of(*tid) == Some(id)).collect()
    }

    /// The cache is full. False if its threads cannot be stopped.
    pub(super) fn can_flush(&self, tid: Pid) -> bool {
        let Some(id) = self.space_id_of(tid) else { return false };
        self.spaces.get(&id).is_some_and(|space| !space.unflushable) && self.can_stop_others(id, tid)
    }

    pub(super) fn is_flushing(&self, tid: Pid) -> bool {
        !self.flushes.is_empty() && self.space_id_of(tid).is_some_and(|id| self.flushes.contains_key(&id))
    }

    /// A thread waits at a program address until the cache is empty. The first one has the others stopped.
    pub(super) fn park(&mut self, stopped: Stopped, registers: user_regs_struct, address: u64) -> Traced<()> {
        let tid = stopped.tid();
        let Some(id) = self.space_id_of(tid) else { return self.disown(stopped) };
        let registers = user_regs_struct { rip: address, orig_rax: u64::MAX, ..registers };
        if let Some(flush) = self.flushes.get_mut(&id) {
            flush.parked.push((stopped, registers));
            return Ok(());
        }
        let others = self.threads_in(id);
        let since = Instant::now();
        self.flushes.insert(id, Flush { since, parked: vec![(stopped, registers)] });
        self.alarm.set(since + PATIENCE);
        for other in others.into_iter().filter(|other| *other != tid) {
            // It may have ended meanwhile.
            let _ = ptrace::interrupt(other);
        }
        Ok(())
    }

    /// A thread has stopped because it was asked to, or after a step: it parks where the program's state is known.
    pub(super) fn try_to_park(&mut self, stopped: Stopped, doing: Doing) -> Traced<()> {
        if !matches!(doing, Doing::Running | Doing::ToBoundary { .. }) {
            return resume(stopped, doing, None);
        }
        let tid = stopped.tid();
        let mut registers = stopped.registers()?;
        if let Some((registers, address)) = self.take_probing(tid) {
            return self.park(stopped, registers, address);
        }
        let spot = |space: &mut super::space::Space, at| space.spot(at).filter(Spot::is_boundary);
        let interrupted = syscalls::interrupted(&registers).filter(|_| matches!(doing, Doing::Running));
        if let Some(again) = interrupted
            && let Some(spot) = self.space_of(tid).and_then(|space| spot(space, again.rip))
        {
            registers = again;
            self.give_back_mask(&stopped)?;
            self.leave_translation(&stopped, spot, &mut registers)?;
            let at = registers.rip;
            return self.park(stopped, registers, at);
        }
        match self.space_of(tid).and_then(|space| spot(space, registers.rip)) {
            Some(spot) => {
                self.give_back_mask(&stopped)?;
                self.leave_translation(&stopped, spot, &mut registers)?;
                let at = registers.rip;
                self.park(stopped, registers, at)
            }
            None => self.step_to_boundary(stopped),
        }
    }

    /// Empties the caches of the address spaces whose threads are all parked, and lets these go on.
    pub(super) fn finish_flushes(&mut self) {
        let ready = |tracer: &Tracer, id: SpaceId, flush: &Flush| tracer.threads_in(id).len() <= flush.parked.len();
        while let Some(id) = self.flushes.iter().find(|(id, flush)| ready(self, **id, flush)).map(|(id, _)| *id) {
            let Some(flush) = self.flushes.remove(&id) else { return };
            for (stopped, _) in &flush.parked {
                self.count_tiles(stopped);
            }
            self.empty(id);
            self.go_on(flush);
        }
    }

    fn empty(&mut self, id: SpaceId) {
        let sharing: Vec<Pid> =
            self.processes.iter().filter(|(_, p)| p.space == Some(id)).map(|(pid, _)| *pid).collect();
        for pid in &sharing {
            self.fold(*pid);
        }
        let mut areas = Vec::new();
        for thread in self.threads.values_mut().filter(|thread| sharing.contains(&thread.process)) {
            thread.tiles_counted.clear();
            areas.extend(thread.area.clone());
        }
        let Some(space) = self.spaces.get_mut(&id) else { return };
        self.meter.saw(id, space);
        space.empty(&areas);
        self.meter.began(id, space);
    }

    /// Lets parked threads go on.
    fn go_on(&mut self, flush: Flush) {
        for (stopped, registers) in flush.parked {
            let tid = stopped.tid();
            self.enter(stopped, registers, registers.rip).unwrap_or_else(|errno| self.cannot_trace(tid, errno));
        }
    }

    /// Gives up on flushes that some thread does not stop for.
    pub(super) fn cancel_late_flushes(&mut self) {
        let late = |flush: &Flush| flush.since.elapsed() >= PATIENCE;
        let ids: Vec<SpaceId> = self.flushes.iter().filter(|(_, flush)| late(flush)).map(|(id, _)| *id).collect();
        for id in ids {
            let Some(flush) = self.flushes.remove(&id) else { continue };
            if let Some(space) = self.spaces.get_mut(&id) {
                space.unflushable = true;
                space.flush_at = usize::MAX;
            }
            self.go_on(flush);
        }
        if let Some(next) = self.flushes.values().map(|flush| flush.since + PATIENCE).min() {
            self.alarm.set(next);
        }
    }
}
