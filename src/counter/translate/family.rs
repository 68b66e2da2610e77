//! Threads and processes as they come and go.

use std::time::{Duration, Instant};

use libc::user_regs_struct;
use nix::errno::Errno;
use nix::unistd::Pid;

use super::Tracer;
use super::areas::Area;
use super::cache::Cache;
use super::space::{Outcome, Space, Spot, refused};
use super::syscalls::Call;
use super::thread::{Doing, Process, SpaceId, Thread};
use crate::counter::ptrace::{self, Remote, Stopped, Traced, status};

impl Tracer {
    /// ptrace(2): "PTRACE_EVENT_CLONE ... the PID of the new thread can be retrieved".
    pub(super) fn started_child(&mut self, parent: Stopped) -> Traced<()> {
        let tid = parent.event_message()?;
        let child = match self.early.remove(&tid) {
            Some(early) => early.stopped,
            // It stops before it executes anything.
            None => match ptrace::wait_for(tid) {
                Ok((child, _)) => child,
                Err(_) => return parent.run_on(None),
            },
        };
        let creator = parent.tid();
        let pid = self.threads.get(&creator).map(|thread| thread.process);
        let shares = match status::process_of(tid) == Some(tid) && pid != Some(tid) {
            true => shares_memory(&child, &parent)?,
            false => true,
        };
        self.adopt(child, creator, shares)?;
        let doing = self.threads.get(&creator).map_or(Doing::Running, |thread| thread.doing.clone());
        super::traps::resume(parent, doing, None)
    }

    /// A process has ended, perhaps before it was told which children it had made: these are adopted all the same.
    pub(super) fn adopt_orphans(&mut self, pid: Pid, last_thread: Pid) -> Traced<()> {
        let orphans: Vec<Pid> =
            self.early.iter().filter(|(_, early)| early.parent == Some(pid)).map(|(tid, _)| *tid).collect();
        for early in orphans.into_iter().filter_map(|tid| self.early.remove(&tid)).collect::<Vec<_>>() {
            // Whether it shares its parent's memory or not, it has it for itself now.
            self.adopt(early.stopped, last_thread, false)?;
        }
        Ok(())
    }

    /// A new thread or process, which another thread has made.
    fn adopt(&mut self, child: Stopped, creator_tid: Pid, shares: bool) -> Traced<()> {
        let tid = child.tid();
        let Some(creator) = self.threads.get(&creator_tid) else { return self.disown(child) };
        let (pid, area) = (creator.process, creator.area.clone());
        let process = status::process_of(tid).unwrap_or(pid);
        self.affinity.began(tid, creator_tid, process == tid);
        let (tiles, doing) = (creator.tiles, creator.doing.clone());
        self.record.threads += 1;
        let mut thread = Thread::new(process, Doing::Running);
        thread.tiles = tiles;
        let Some(parent) = self.processes.get(&pid) else { return self.disown(child) };
        let (Some(space), Some(own)) = (parent.space, area) else {
            self.threads.insert(tid, Thread::new(process, Doing::Launching));
            return child.run_on(None);
        };
        if process != tid || shares {
            if process == tid {
                self.record.processes += 1;
                let new = parent.child(space);
                self.processes.insert(tid, new);
            }
            return self.give_area(child, thread, space, &own, doing);
        }
        self.record.processes += 1;
        let source = &self.spaces[&space];
        let (child, copy) = copy_space(child, source, &own)?;
        let (space, area) = match copy {
            Ok(copy) => copy,
            Err(why) => {
                // Where it is, in its parent's translations, it could not stay without us.
                let mut registers = child.registers()?;
                match (&doing, source.spot(registers.rip)) {
                    (Doing::Calling(call), _) => registers = child_registers(call, &registers),
                    (_, Some(spot)) => source.program_state(spot, &mut registers, &own),
                    _ => {}
                }
                let new = parent.child(space);
                self.processes.insert(tid, new);
                self.threads.insert(tid, thread);
                self.record.void(format!("process {tid} runs uncounted: {why}"));
                return self.release(child, Some(registers));
            }
        };
        let id = self.new_space(space);
        let new = match self.processes.get(&pid) {
            Some(parent) => parent.child(id),
            None => Process::new(),
        };
        self.processes.insert(tid, new);
        thread.area = Some(area);
        self.threads.insert(tid, thread);
        self.go_on_after_fork(child, doing)
    }

    pub(super) fn new_space(&mut self, space: Space) -> SpaceId {
        let id = SpaceId(self.next_space);
        self.next_space += 1;
        self.meter.began(id, &space);
        self.spaces.insert(id, space);
        id
    }

    /// A thread of its own in an address space that exists.
    fn give_area(&mut self, child: Stopped, mut thread: Thread, id: SpaceId, own: &Area, doing: Doing) -> Traced<()> {
        let tid = child.tid();
        let Some(space) = self.spaces.get_mut(&id) else { return self.disown(child) };
        let mut child = child;
        if space.areas.is_empty() {
            let at = space.zones.first().map_or(0, |zone| zone.syscall());
            let remote = Remote::enter(child, at)?;
            let (remote, more) = space.areas.more(remote, at + 8)?;
            child = remote.leave()?;
            if let Err(refusal) = more {
                self.record.void(format!("thread {tid}: {}", refused(refusal)));
            }
        }
        let Some(area) = space.areas.take() else { return self.disown(child) };
        let mut registers = child.registers()?;
        registers.gs_base = area.base();
        // What a traced call was about is still in the creator's area.
        for saved in [super::area::RAX, super::area::RCX, super::area::R11, super::area::EXIT] {
            area.store(saved, own.load(saved));
        }
        child.set_registers(&registers)?;
        thread.area = Some(area);
        self.threads.insert(tid, thread);
        self.go_on_after_fork(child, doing)
    }

    /// A new thread returns from the call that made it, which was perhaps a traced one.
    fn go_on_after_fork(&mut self, child: Stopped, creator: Doing) -> Traced<()> {
        let Doing::Calling(call) = creator else {
            let tid = child.tid();
            child.run_on(None)?;
            if self.space_id_of(tid).is_some_and(|id| self.flushes.contains_key(&id)) {
                ptrace::interrupt(tid)?;
            }
            return Ok(());
        };
        let registers = child_registers(&call, &child.registers()?);
        self.enter(child, registers, call.next)
    }

    /// ptrace(2): execve by any thread ends all others, and the one left has the process's id.
    pub(super) fn executed_program(&mut self, stopped: Stopped) -> Traced<()> {
        let tid = stopped.tid();
        let former = stopped.event_message()?;
        self.affinity.renamed(former, tid);
        self.fold(tid);
        let others: Vec<Pid> = self.threads.iter().filter(|(_, t)| t.process == tid).map(|(other, _)| *other).collect();
        let mut own = None;
        for other in others {
            let Some(mut thread) = self.threads.remove(&other) else { continue };
            if let Some(area) = thread.area.take() {
                self.give_back(thread.process, area);
            }
            if other == former || other == tid && own.is_none() {
                own = Some(thread);
            }
        }
        let mut thread = own.unwrap_or_else(|| Thread::new(tid, Doing::Executing));
        thread.doing = Doing::Executing;
        self.threads.insert(tid, thread);
        if let Some(process) = self.processes.get_mut(&tid) {
            process.space = None;
            process.regions.exec();
            process.functions.clear();
            process.maps = None;
        }
        if status::loses_privilege(tid) {
            let name = status::name(tid);
            self.record.void(format!("{name} is setuid or setgid, and runs without that privilege when traced"));
        }
        self.launched |= tid == self.root;
        stopped.run_to_syscall(None)
    }

    fn give_back(&mut self, pid: Pid, area: Area) {
        let space = self.processes.get(&pid).and_then(|process| process.space);
        if let Some(space) = space.and_then(|id| self.spaces.get_mut(&id)) {
            space.areas.give_back(area);
        }
    }

    /// A thread is gone, and with the last of them its process.
    pub(super) fn ended(&mut self, tid: Pid) -> Traced<()> {
        self.early.remove(&tid);
        self.affinity.ended(tid);
        if let Some(pid) = self.threads.get(&tid).map(|thread| thread.process)
            && self.threads.iter().all(|(other, thread)| *other == tid || thread.process != pid)
        {
            self.adopt_orphans(pid, tid)?;
        }
        let Some(mut thread) = self.threads.remove(&tid) else { return Ok(()) };
        if let Some(area) = thread.area.take() {
            if let Some(process) = self.processes.get_mut(&thread.process)
                && let Some(space) = process.space.and_then(|id| self.spaces.get(&id))
            {
                process.work.keep(&area, space.cache.slots());
            }
            self.give_back(thread.process, area);
        }
        if self.threads.values().all(|other| other.process != thread.process) {
            self.finish(thread.process);
        }
        Ok(())
    }

    /// The command has ended: stops what it left running, to be let go at the next stop.
    pub(super) fn let_go(&mut self) {
        self.letting_go = true;
        for tid in self.threads.keys() {
            // It may have ended meanwhile.
            let _ = ptrace::interrupt(*tid);
        }
    }

    /// A process cannot be followed any further: it goes on without us, as it natively would.
    /// `registers`: the program's own, for the thread that found out.
    pub(super) fn run_natively(
        &mut self,
        stopped: Stopped,
        registers: user_regs_struct,
        pid: Pid,
        reason: &str,
    ) -> Traced<()> {
        let name = status::name(pid);
        self.record.void(format!("{name} (process {pid}) runs uncounted from some point on: {reason}"));
        self.release_others(pid, stopped.tid());
        self.release(stopped, Some(registers))
    }

    /// Lets the threads of a process other than `tid` go when they next stop.
    pub(super) fn release_others(&mut self, pid: Pid, tid: Pid) {
        if let Some(process) = self.processes.get_mut(&pid) {
            process.released = true;
        }
        for (other, _) in self.threads.iter().filter(|(other, thread)| thread.process == pid && **other != tid) {
            // It may have ended meanwhile.
            let _ = ptrace::interrupt(*other);
        }
    }

    /// Lets a process go that `by` is about to trace, and waits until it is gone.
    pub(super) fn release_now(&mut self, thread: Pid, by: Pid) {
        const PATIENCE: Duration = Duration::from_secs(1);
        const PAUSE: Duration = Duration::from_micros(100);
        let Some(pid) = self.threads.get(&thread).map(|thread| thread.process) else { return };
        let name = status::name(pid);
        self.record.void(format!("{name} (process {pid}) runs uncounted from some point on: it is traced by another"));
        self.release_others(pid, by);
        let since = Instant::now();
        let left = |tracer: &Tracer| {
            let threads = tracer.threads.iter().filter(|(tid, thread)| thread.process == pid && **tid != by);
            threads.map(|(tid, _)| *tid).collect::<Vec<_>>()
        };
        let mut waiting = left(self);
        while !waiting.is_empty() && since.elapsed() < PATIENCE {
            for (stopped, stop) in waiting.into_iter().filter_map(ptrace::poll) {
                let tid = stopped.tid();
                self.stopped(stopped, stop).unwrap_or_else(|errno| self.cannot_trace(tid, errno));
            }
            std::thread::sleep(PAUSE);
            waiting = left(self);
        }
    }

    /// A thread of which too little is known to go on with it: a defect of ours, which is told. It goes on uncounted.
    pub(super) fn disown(&mut self, stopped: Stopped) -> Traced<()> {
        let tid = stopped.tid();
        self.record
            .void(format!("thread {tid} ({}) goes on uncounted: the tracer has lost track of it", status::name(tid)));
        self.ended(tid)?;
        stopped.detach(None)
    }

    /// Lets a thread go on in the program's own code. `registers`: the program's, where they are known.
    pub(super) fn release(&mut self, stopped: Stopped, registers: Option<user_regs_struct>) -> Traced<()> {
        let tid = stopped.tid();
        let registers = match registers {
            Some(registers) => Some(user_regs_struct { orig_rax: u64::MAX, ..registers }),
            None => {
                let mut registers = stopped.registers()?;
                if let Some((registers, address)) = self.take_probing(tid) {
                    return self.release(stopped, Some(user_regs_struct { rip: address, ..registers }));
                }
                match self.space_of(tid).and_then(|space| space.spot(registers.rip)).filter(Spot::is_boundary) {
                    Some(spot) => {
                        self.leave_translation(&stopped, spot, &mut registers)?;
                        Some(registers)
                    }
                    None => None,
                }
            }
        };
        let Some(registers) = registers else {
            // Ours or unknown: a step, until it is the program's.
            let inside = stopped.registers().map(|r| r.rip)?;
            if self.space_of(tid).is_some_and(|space| space.is_translation(inside)) {
                return self.step_to_boundary(stopped);
            }
            return self.forget_and_detach(stopped);
        };
        self.affinity.restore(tid);
        self.give_back_mask(&stopped)?;
        let mut stopped = stopped;
        if let Some(space) = self.space_of(tid) {
            let code: Vec<_> = space.code.iter().collect();
            let at = space.zones.first().map_or(0, |zone| zone.syscall());
            let mut remote = Remote::enter(stopped, at)?;
            for (start, end, code) in code {
                let arguments = [start, end - start, code.protection as u64, 0, 0, 0];
                (remote, _) = remote.call(libc::SYS_mprotect, arguments)?;
            }
            stopped = remote.leave()?;
        }
        stopped.set_registers(&user_regs_struct { gs_base: 0, ..registers })?;
        self.forget_and_detach(stopped)
    }

    pub(super) fn forget_and_detach(&mut self, stopped: Stopped) -> Traced<()> {
        // Only now: what was about to end anyway, perhaps killed by the command itself, has not survived it.
        if self.letting_go
            && let Some(pid) = self.threads.get(&stopped.tid()).map(|thread| thread.process)
        {
            let name = status::name(pid);
            self.record.void(format!("still running when the command ended: {name} (process {pid})"));
        }
        self.ended(stopped.tid())?;
        stopped.detach(None)
    }
}

/// vfork, or clone with CLONE_VM.
fn shares_memory(child: &Stopped, parent: &Stopped) -> Traced<bool> {
    const KCMP_VM: i32 = 1;
    let (of_child, of_parent) = (child.tid().as_raw(), parent.tid().as_raw());
    // SAFETY: no memory is involved.
    match unsafe { libc::syscall(libc::SYS_kcmp, of_child, of_parent, KCMP_VM, 0, 0) } {
        -1 => written_for_both(child, parent),
        order => Ok(order == 0),
    }
}

/// The same where kcmp is forbidden, as it is in containers by default: what is written for the child, does its
/// parent see it?
fn written_for_both(child: &Stopped, parent: &Stopped) -> Traced<bool> {
    // On the stack of the thread that waits for us.
    let at = parent.registers()?.rsp & !7;
    let Some(before) = parent.read_u64(at) else { return Err(Errno::EFAULT) };
    child.write(at, &(!before).to_ne_bytes())?;
    let seen = parent.read_u64(at);
    child.write(at, &before.to_ne_bytes())?;
    Ok(seen != Some(before))
}

/// The program's registers in a new thread behind the traced call that made it.
fn child_registers(call: &Call, after: &user_regs_struct) -> user_regs_struct {
    user_regs_struct {
        rax: 0,
        rcx: call.next,
        r11: after.eflags,
        rsp: after.rsp,
        fs_base: after.fs_base,
        orig_rax: u64::MAX,
        rip: call.next,
        ..call.before
    }
}

fn copy_space(child: Stopped, source: &Space, own: &Area) -> Outcome<(Space, Area)> {
    let Some(first) = source.zones.first() else { return Ok((child, Err("it has no translations".into()))) };
    let name = first.syscall() + 8;
    let mut remote = Remote::enter(child, first.syscall())?;
    let mut zones = Vec::new();
    for zone in &source.zones {
        let copy;
        (remote, copy) = zone.copy(remote, name)?;
        match copy {
            Ok(copy) => zones.push(copy),
            Err(refusal) => return Ok((remote.leave()?, Err(refused(refusal)))),
        }
    }
    let (remote, areas) = source.areas.copy(remote, name, own)?;
    let child = remote.leave()?;
    let copy = areas.map_err(refused).map(|(areas, area)| {
        let cache = Cache::clone(&source.cache);
        let (code, shared_files) = (source.code.clone(), source.shared_files.clone());
        let (pages, residency) = Default::default();
        let (flush_at, unflushable) = (source.flush_at, source.unflushable);
        (Space { zones, areas, cache, code, pages, residency, shared_files, flush_at, unflushable }, area)
    });
    Ok((child, copy))
}
