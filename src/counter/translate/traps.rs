//! What each stop of a thread means, and what its traps ask for.

use libc::{c_int, user_regs_struct};

use super::Early;
use super::Tracer;
use super::area;
use super::counts::Describer;
use super::emitted::To;
use super::filter::MAGIC;
use super::sequences::{PROBED, UNKNOWN_TARGET};
use super::space::Missing;
use super::syscalls::{self, Call, INTERRUPTED, SYSCALL, Verdict};
use super::thread::Doing;
use crate::counter::launch::stop_with_command;
use crate::counter::maps::Maps;
use crate::counter::ptrace::{Event, Stop, Stopped, Traced, status};

/// Words in a thread's area where nothing is kept: room for a program's wrapped seccomp filter.
const SCRATCH: u32 = area::COUNTERS - 0x9_0000;

impl Tracer {
    pub(super) fn stopped(&mut self, stopped: Stopped, stop: Stop) -> Traced<()> {
        let tid = stopped.tid();
        let Some(thread) = self.threads.get(&tid) else {
            let parent = status::parent_of(tid);
            self.early.insert(tid, Early { stopped, parent });
            return Ok(());
        };
        let doing = thread.doing.clone();
        match (stop, doing) {
            (Stop::Event(Event::Exec), _) => self.executed_program(stopped),
            (Stop::Event(Event::Child), _) => self.started_child(stopped),
            (Stop::Event(Event::Exit), _) => self.exiting(stopped),
            (Stop::Signal(signal), Doing::Launching) => stopped.run_on(Some(signal)),
            (_, Doing::Launching) => stopped.run_on(None),
            (Stop::Syscall, Doing::Executing) => self.start_program(stopped),
            (_, Doing::Executing) => stopped.run_to_syscall(None),
            (Stop::Event(Event::Seccomp), _) => self.trapped(stopped),
            (Stop::Syscall, Doing::Calling(call)) => self.called(stopped, *call),
            (Stop::Signal(signal), doing) => self.signalled(stopped, signal, doing),
            (Stop::Group(signal), _) => self.group_stopped(stopped, signal),
            (Stop::Trap, _) if self.letting_go || self.is_released(tid) => self.release(stopped, None),
            (Stop::Trap, doing) if self.is_flushing(tid) => self.try_to_park(stopped, doing),
            (Stop::Trap | Stop::Syscall | Stop::Event(_), doing) => resume(stopped, doing, None),
        }
    }

    /// ptrace(2): "group-stop ... PTRACE_LISTEN ... the tracee remains stopped".
    fn group_stopped(&mut self, stopped: Stopped, signal: c_int) -> Traced<()> {
        let tid = stopped.tid();
        self.watchdog.rests(tid, true);
        stopped.listen()?;
        if tid == self.root {
            stop_with_command(tid.as_raw(), signal);
        }
        Ok(())
    }

    /// A thread reached the end of what is translated, or needs the tracer.
    fn trapped(&mut self, stopped: Stopped) -> Traced<()> {
        let tid = stopped.tid();
        self.affinity.trapped(tid);
        self.meter.trapped();
        let mut registers = stopped.registers()?;
        if registers.orig_rax != u64::from(MAGIC) {
            // A filter of the program's own asks for a tracer. seccomp(2): without one, "the call is not executed and
            // ... returns a failure status with errno set to ENOSYS".
            const ENOSYS: u64 = (-libc::ENOSYS as i64).cast_unsigned();
            stopped.set_registers(&user_regs_struct { orig_rax: u64::MAX, rax: ENOSYS, ..registers })?;
            return stopped.run_on(None);
        }
        let Some((area, pid)) = self.threads.get(&tid).and_then(|t| Some((t.area.clone()?, t.process))) else {
            return self.disown(stopped);
        };
        registers.rax = area.load(area::RAX);
        registers.rcx = area.load(area::RCX);
        registers.r11 = area.load(area::R11);
        registers.orig_rax = u64::MAX;
        let number = area.load(area::EXIT) as u32;
        if number == PROBED {
            let Some((registers, address)) = self.take_probing(tid) else { return self.disown(stopped) };
            return self.enter(stopped, registers, address);
        }
        if number == UNKNOWN_TARGET {
            let target = area.load(area::TARGET);
            return self.enter_indirect(stopped, registers, target);
        }
        let exit = self.space_of(tid).and_then(|space| space.cache.exit(number));
        let Some((hole, to)) = exit else {
            return self.disown(stopped);
        };
        match to {
            To::Block(address) | To::Changed(address) => {
                let changed = to == To::Changed(address);
                if self.wants_to_park(tid) {
                    return self.park(stopped, registers, address);
                }
                let (stopped, id) = match self.translation(stopped, address, changed)? {
                    (stopped, Ok(id)) => (stopped, id),
                    (stopped, Err(missing)) => return self.missing(stopped, registers, address, missing),
                };
                let space = self.processes.get(&pid).and_then(|process| process.space);
                if let Some(space) = space.and_then(|id| self.spaces.get_mut(&id)) {
                    if hole != 0 && !changed {
                        space.cache.link(&mut space.zones, &self.tools.sequences, hole, id);
                    }
                    registers.rip = space.cache.block(id).at;
                }
                self.go(stopped, &registers)
            }
            To::Marker { marker, next } => {
                self.mark(&stopped, marker, &registers);
                self.enter(stopped, registers, next)
            }
            To::TileConfig { next } => {
                self.count_tiles(&stopped);
                let tiles = self.xstate.tile_config(&stopped)?;
                if let Some(thread) = self.threads.get_mut(&tid) {
                    thread.tiles = tiles;
                }
                self.enter(stopped, registers, next)
            }
            To::Unsupported { at, reason } => {
                registers.rip = at;
                self.run_natively(stopped, registers, pid, reason)
            }
            To::Syscall { next } => self.calls(stopped, registers, next, area.base() + u64::from(SCRATCH)),
        }
    }

    /// A system call that the tracer wants to see.
    fn calls(&mut self, stopped: Stopped, before: user_regs_struct, next: u64, scratch: u64) -> Traced<()> {
        let tid = stopped.tid();
        let call = Call { number: before.rax as i32 as i64, before, next };
        if let libc::SYS_sched_getaffinity | libc::SYS_sched_setaffinity = call.number {
            self.affinity.restore(match before.rdi as i32 {
                0 => tid,
                other => nix::unistd::Pid::from_raw(other),
            });
        }
        let pid = self.threads.get(&tid).map(|thread| thread.process);
        if let Some(answer) = pid.and_then(|pid| self.answer(pid, &call)) {
            let rax = answer.unwrap_or_else(|errno| (-i64::from(errno as i32)).cast_unsigned());
            let registers = user_regs_struct { rax, rcx: next, r11: before.eflags, orig_rax: u64::MAX, ..before };
            return self.enter(stopped, registers, next);
        }
        match syscalls::verdict(&stopped, &call, scratch)? {
            Verdict::Make(registers) => {
                let registers = user_regs_struct { orig_rax: before.rax, rip: stopped.registers()?.rip, ..registers };
                stopped.set_registers(&registers)?;
                if let Some(thread) = self.threads.get_mut(&tid) {
                    thread.doing = Doing::Calling(Box::new(call));
                }
                stopped.run_to_syscall(None)
            }
            Verdict::Unsupported(reason) => {
                let Some(pid) = self.threads.get(&tid).map(|thread| thread.process) else {
                    return self.disown(stopped);
                };
                if let Some(target) = syscalls::wants_to_trace(&call) {
                    self.release_now(target, tid);
                }
                // Back before the call, which it then makes itself.
                let registers = user_regs_struct { rip: next.wrapping_sub(SYSCALL), ..before };
                self.run_natively(stopped, registers, pid, reason)
            }
        }
    }

    /// It is done.
    fn called(&mut self, stopped: Stopped, call: Call) -> Traced<()> {
        let tid = stopped.tid();
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.doing = Doing::Running;
        }
        let after = stopped.registers()?;
        if call.number == libc::SYS_rt_sigreturn {
            if let Some(thread) = self.threads.get_mut(&tid) {
                thread.handling.returns(tid);
            }
            let registers = user_regs_struct { orig_rax: u64::MAX, ..after };
            return self.enter(stopped, registers, after.rip);
        }
        if INTERRUPTED.contains(&(after.rax as i64)) {
            // The signal's handler first, then the call again.
            return self.enter(stopped, call.before, call.next.wrapping_sub(SYSCALL));
        }
        if syscalls::asks_for_gs(&call) && after.rax == 0 {
            // The program never gave it a base.
            stopped.write(call.before.rsi, &0u64.to_ne_bytes())?;
        }
        if (after.rax as i64) >= 0 || (after.rax as i64) < -4095 {
            self.code_changed(&stopped, &call, after.rax);
        }
        let stopped = match syscalls::maps_code_of(&call) {
            Some(_) => self.keep_in_reach(stopped, after.rax)?,
            None => stopped,
        };
        let registers = user_regs_struct {
            rax: after.rax,
            rcx: call.next,
            r11: after.eflags,
            fs_base: after.fs_base,
            orig_rax: u64::MAX,
            ..call.before
        };
        self.enter(stopped, registers, call.next)
    }

    fn keep_in_reach(&mut self, stopped: Stopped, code: u64) -> Traced<Stopped> {
        let process = self.threads.get(&stopped.tid()).and_then(|thread| self.processes.get(&thread.process));
        match process.and_then(|process| process.space).and_then(|id| self.spaces.get_mut(&id)) {
            Some(space) => space.keep_in_reach(stopped, &self.tools.sequences, code),
            None => Ok(stopped),
        }
    }

    /// A call that succeeded may have changed what the program executes.
    fn code_changed(&mut self, stopped: &Stopped, call: &Call, result: u64) {
        let tid = stopped.tid();
        let Some(pid) = self.threads.get(&tid).map(|thread| thread.process) else { return };
        if let Some(descriptor) = syscalls::maps_code_of(call) {
            self.look_for_rseq_in(pid, descriptor);
        }
        let id = self.processes.get(&pid).and_then(|process| process.space);
        let Some(space) = id.and_then(|id| self.spaces.get_mut(&id)) else { return };
        let mapping = syscalls::spans_mapping(call, result).and_then(|at| Maps::of(tid).find(at).cloned());
        let mut changed = syscalls::changed_code(&mut space.code, call, result, mapping.as_ref());
        if syscalls::shares_a_file(call) || syscalls::maps_code_of(call).is_some() {
            changed.extend(space.find_aliases(&Maps::of(tid), result));
        }
        for (start, end) in &changed {
            space.cache.revoke(&mut space.zones, &self.tools.sequences, *start, *end);
            space.pages.forget(*start, *end);
        }
        if changed.is_empty() {
            return;
        }
        for process in self.processes.values_mut().filter(|process| process.space == id) {
            process.maps = None;
            for (start, end) in &changed {
                let gone: Vec<u64> = process.functions.range(*start..*end).map(|(address, _)| *address).collect();
                for address in gone {
                    process.functions.remove(&address);
                }
            }
        }
    }

    pub(super) fn space_of(&mut self, tid: nix::unistd::Pid) -> Option<&mut super::space::Space> {
        let process = self.processes.get(&self.threads.get(&tid)?.process)?;
        self.spaces.get_mut(&process.space?)
    }

    fn translation(
        &mut self,
        stopped: Stopped,
        address: u64,
        changed: bool,
    ) -> Traced<(Stopped, Result<super::blocks::BlockId, Missing>)> {
        let missing = |stopped| Ok((stopped, Err(Missing::Failed("its process is unknown".into()))));
        let Some(pid) = self.threads.get(&stopped.tid()).map(|thread| thread.process) else { return missing(stopped) };
        let Some(process) = self.processes.get_mut(&pid) else { return missing(stopped) };
        let Some(id) = process.space else { return missing(stopped) };
        let Some(space) = self.spaces.get_mut(&id) else { return missing(stopped) };
        let (symbols, pairs, record) = (&mut self.symbols, &mut self.pairs, &mut self.record);
        let mut describer = Describer { process, pid, symbols, pairs, record };
        let outcome = space.translate(stopped, &mut self.tools, address, changed, &mut |stopped, block, lanes| {
            describer.uses(stopped, block, lanes)
        });
        self.meter.saw(id, space);
        outcome
    }

    /// Goes on at a program address.
    pub(super) fn enter(&mut self, stopped: Stopped, mut registers: user_regs_struct, address: u64) -> Traced<()> {
        let tid = stopped.tid();
        if self.wants_to_park(tid) {
            return self.park(stopped, registers, address);
        }
        let (stopped, id) = match self.translation(stopped, address, false)? {
            (stopped, Ok(id)) => (stopped, id),
            (stopped, Err(missing)) => return self.missing(stopped, registers, address, missing),
        };
        if let Some(space) = self.space_of(tid) {
            registers.rip = space.cache.block(id).at;
        }
        self.go(stopped, &registers)
    }

    /// The same for the target of an indirect branch, which the tables learn.
    fn enter_indirect(&mut self, stopped: Stopped, mut registers: user_regs_struct, target: u64) -> Traced<()> {
        let tid = stopped.tid();
        if !is_canonical(target) {
            self.record.void(format!("{FAULTED_BRANCH} ({target:#x})"));
        }
        if self.wants_to_park(tid) {
            return self.park(stopped, registers, target);
        }
        let (stopped, id) = match self.translation(stopped, target, false)? {
            (stopped, Ok(id)) => (stopped, id),
            (stopped, Err(missing)) => return self.missing(stopped, registers, target, missing),
        };
        let area = self.threads.get(&tid).and_then(|thread| thread.area.clone());
        let space = self.space_id_of(tid).and_then(|id| self.spaces.get_mut(&id));
        if let (Some(space), Some(area)) = (space, area) {
            let landing = space.cache.landing(&mut space.zones, &self.tools.sequences, id);
            area.learn(target, landing);
            space.areas.learn(target, landing);
            registers.rip = space.cache.block(id).at;
        }
        self.go(stopped, &registers)
    }

    fn go(&mut self, stopped: Stopped, registers: &user_regs_struct) -> Traced<()> {
        let tid = stopped.tid();
        let Some(thread) = self.threads.get_mut(&tid) else { return self.disown(stopped) };
        thread.doing = Doing::Running;
        let area = thread.area.as_ref().map_or(registers.gs_base, |area| area.base());
        let registers = user_regs_struct { gs_base: area, ..*registers };
        stopped.set_registers(&registers)?;
        if self.letting_go {
            return self.release(stopped, None);
        }
        let Some(thread) = self.threads.get_mut(&tid) else { return self.disown(stopped) };
        if thread.pending.is_empty() {
            self.give_back_mask(&stopped)?;
            return stopped.run_on(None);
        }
        // Signals can be delivered only where the kernel was about to deliver one: behind a step.
        self.step_to_boundary(stopped)
    }

    pub(super) fn missing(
        &mut self,
        stopped: Stopped,
        registers: user_regs_struct,
        address: u64,
        missing: Missing,
    ) -> Traced<()> {
        let tid = stopped.tid();
        match missing {
            Missing::NoCode => {
                // The kernel knows best what signal that gives.
                let Some(thread) = self.threads.get_mut(&tid) else { return self.disown(stopped) };
                thread.faults_at = Some(address);
                thread.doing = Doing::Running;
                stopped.set_registers(&user_regs_struct { rip: address, ..registers })?;
                stopped.run_on(None)
            }
            Missing::NotThere(missing) => self.probe(stopped, registers, address, missing),
            Missing::Full if self.can_flush(tid) => self.park(stopped, registers, address),
            Missing::Full => {
                let Some(pid) = self.threads.get(&tid).map(|thread| thread.process) else {
                    return self.disown(stopped);
                };
                let registers = user_regs_struct { rip: address, ..registers };
                let why = "the code cache is full, and its threads do not stop for it to be emptied";
                self.run_natively(stopped, registers, pid, why)
            }
            Missing::Failed(reason) => {
                let Some(pid) = self.threads.get(&tid).map(|thread| thread.process) else {
                    return self.disown(stopped);
                };
                let registers = user_regs_struct { rip: address, ..registers };
                self.run_natively(stopped, registers, pid, &reason)
            }
        }
    }
}

/// The CPU refuses the branch itself, where ours has gone. Which it was is not known any more.
const FAULTED_BRANCH: &str = "a branch to an address that is none was counted, and its signal tells that address";

/// Whether the CPU takes it for an address: the bits that it does not use are all the same.
fn is_canonical(address: u64) -> bool {
    const UNUSED: u32 = 16;
    (address << UNUSED).cast_signed() >> UNUSED == address.cast_signed()
}

/// Lets a thread go on with what it was doing.
pub fn resume(stopped: Stopped, doing: Doing, signal: Option<c_int>) -> Traced<()> {
    match doing {
        Doing::Calling(_) | Doing::Executing => stopped.run_to_syscall(signal),
        Doing::ToBoundary { .. } | Doing::IntoHandler => stopped.step(signal),
        Doing::Launching | Doing::Running => stopped.run_on(signal),
    }
}
