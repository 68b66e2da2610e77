//! Signals: each is delivered where the program's state is known, so that handler, frame and
//! restarted call see the program's own addresses.

use iced_x86::{Decoder, DecoderOptions};
use libc::{SIGTRAP, c_int, siginfo_t, user_regs_struct};
use nix::unistd::Pid;

use super::Tracer;
use super::code_map::{PAGE, page_of};
use super::decode;
use super::space::Missing;
use super::space::Spot;
use super::thread::{Doing, Held, Pending};
use super::traps::resume;
use crate::counter::maps::Maps;
use crate::counter::ptrace::status::Dispositions;
use crate::counter::ptrace::{SavedFlags, SignalMask, Stopped, Traced, signal_bit};
use crate::counter::sites::LONGEST;

/// Between two boundaries there are a few dozen instructions of ours at most.
const MOST_STEPS: u32 = 4096;
/// ptrace(2): "if PTRACE_SINGLESTEP is used and a signal handler is entered", with SIGTRAP itself.
const HANDLER_ENTRY: c_int = SIGTRAP;
const TRAP_BRKPT: c_int = 1;
const TRAP_TRACE: c_int = 2;
const SI_KERNEL: c_int = 0x80;
const SEGV_MAPERR: c_int = 1;
const SEGV_ACCERR: c_int = 2;
const SYS_SECCOMP: c_int = 1;
/// The CPU's error code where an instruction is fetched from a page that is not there.
const FETCHED_BY_USER: u64 = 0x14;
const SYSCALL: [u8; 2] = [0x0F, 0x05];

/// Signals of what an instruction does, which cannot wait: blocked, they would end the program.
const RAISED: SignalMask = signal_bit(libc::SIGSEGV)
    | signal_bit(libc::SIGBUS)
    | signal_bit(libc::SIGILL)
    | signal_bit(libc::SIGFPE)
    | signal_bit(libc::SIGSYS);

impl Tracer {
    pub(super) fn signalled(&mut self, stopped: Stopped, signal: c_int, doing: Doing) -> Traced<()> {
        let tid = stopped.tid();
        let info = stopped.signal_info()?;
        let registers = stopped.registers()?;
        match doing {
            Doing::IntoHandler if signal == SIGTRAP && info.si_code == HANDLER_ENTRY => {
                // Where the program was about to execute popf, the kernel takes our step's trap flag for the
                // program's own.
                if let Some(frame) = SavedFlags::of(&stopped, registers.rdx) {
                    frame.clear_trap_flag(&stopped)?;
                }
                if let Some(error) = self.threads.get_mut(&tid).and_then(|thread| thread.fault_error.take()) {
                    SavedFlags::set_error(&stopped, registers.rdx, error)?;
                }
                let registers = user_regs_struct { orig_rax: u64::MAX, ..registers };
                return self.enter(stopped, registers, registers.rip);
            }
            Doing::ToBoundary { steps } if signal == SIGTRAP && matches!(info.si_code, TRAP_TRACE | TRAP_BRKPT) => {
                if let Some(thread) = self.threads.get_mut(&tid) {
                    thread.doing = Doing::ToBoundary { steps: steps + 1 };
                }
                if self.letting_go || self.is_released(tid) {
                    return self.release(stopped, None);
                }
                if self.is_flushing(tid) {
                    return self.try_to_park(stopped, Doing::ToBoundary { steps: steps + 1 });
                }
                if steps > MOST_STEPS {
                    self.give_back_mask(&stopped)?;
                    self.record.void(format!("thread {tid} does not come to a place where signals can be delivered"));
                    return stopped.run_on(None);
                }
                return self.deliver_pending(stopped);
            }
            _ => {}
        }
        let synchronous = info.si_code > 0 && is_fault(signal, info.si_code);
        let translated = self.space_of(tid).is_some_and(|space| space.is_translation(registers.rip));
        if synchronous && signal == SIGTRAP && info.si_code == TRAP_TRACE {
            self.record.void("the program single-steps itself (the trap flag), which takes other steps here");
        }
        if synchronous
            && translated
            && let Some((registers, address)) = self.take_probing(tid)
        {
            // What it was to execute cannot be read.
            return self.missing(stopped, registers, address, Missing::NoCode);
        }
        if synchronous && !translated {
            return self.strayed(stopped, signal, registers);
        }
        if synchronous {
            return self.faulted(stopped, signal, info, registers);
        }
        let dispositions = Dispositions::of(tid).unwrap_or_default();
        if !dispositions.catches(signal) && self.is_sent_again(tid, signal, &info) {
            // It came when it was caught, and would have been handled by now.
            return resume(stopped, doing, None);
        }
        if !dispositions.catches(signal) {
            // Ignored, stopping or fatal: nobody will look at the registers.
            return resume(stopped, doing, Some(signal));
        }
        let Some(info) = self.unless_deferred(tid, signal, info) else {
            return resume(stopped, doing, None);
        };
        if let Doing::Calling(_) = doing {
            // The call ends first.
            if let Some(thread) = self.threads.get_mut(&tid) {
                thread.pending.push_back(Pending { signal, info });
            }
            return resume(stopped, doing, None);
        }
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.pending.push_back(Pending { signal, info });
            if !matches!(doing, Doing::ToBoundary { .. }) {
                thread.doing = Doing::Running;
            }
        }
        self.deliver_pending(stopped)
    }

    /// Delivers the oldest of the signals that wait, if the thread is at a boundary; else makes a step
    /// towards one.
    pub(super) fn deliver_pending(&mut self, stopped: Stopped) -> Traced<()> {
        let tid = stopped.tid();
        let Some(thread) = self.threads.get_mut(&tid) else { return self.disown(stopped) };
        let Some(pending) = thread.pending.front().copied() else {
            thread.doing = Doing::Running;
            self.give_back_mask(&stopped)?;
            return stopped.run_on(None);
        };
        let mut registers = stopped.registers()?;
        if let Some((before, address)) = self.take_probing(tid) {
            self.give_back_mask(&stopped)?;
            registers = user_regs_struct { rip: address, orig_rax: u64::MAX, ..before };
        } else {
            let spot = self.space_of(tid).and_then(|space| space.spot(registers.rip)).filter(Spot::is_boundary);
            let Some(spot) = spot else {
                return self.step_to_boundary(stopped);
            };
            self.give_back_mask(&stopped)?;
            self.leave_translation(&stopped, spot, &mut registers)?;
        }
        stopped.set_registers(&registers)?;
        let Some(thread) = self.threads.get_mut(&tid) else { return self.disown(stopped) };
        thread.pending.pop_front();
        thread.handling.delivers();
        thread.doing = Doing::IntoHandler;
        let mut info = pending.info;
        info.si_signo = pending.signal;
        if pending.signal == libc::SIGSYS && info.si_code == SYS_SECCOMP {
            // si_call_addr: behind the call, which is where the program goes on.
            set_address(&mut info, registers.rip);
        }
        stopped.set_signal_info(&info)?;
        stopped.step(Some(pending.signal))
    }

    /// Makes a step towards a boundary. Until there, signals that can wait do so with the kernel: it would tell of
    /// each before another step, and they might come faster than steps are made. SIGTRAP it would unblock itself
    /// where a step ends, and forget what the program does on it.
    pub(super) fn step_to_boundary(&mut self, stopped: Stopped) -> Traced<()> {
        let tid = stopped.tid();
        let Some(thread) = self.threads.get_mut(&tid) else { return self.disown(stopped) };
        if !matches!(thread.doing, Doing::ToBoundary { .. }) {
            thread.doing = Doing::ToBoundary { steps: 0 };
        }
        // A system call may look at the mask, or change it.
        let calls = next_bytes(&stopped)? == SYSCALL;
        match self.threads.get(&tid).and_then(|thread| thread.held) {
            Some(Held::All(_)) if !calls => {}
            _ => self.hold_mask(&stopped, calls)?,
        }
        stopped.step(None)
    }

    fn hold_mask(&mut self, stopped: &Stopped, calls: bool) -> Traced<()> {
        self.give_back_mask(stopped)?;
        let tid = stopped.tid();
        let mask = stopped.signal_mask()?;
        let trap = signal_bit(SIGTRAP);
        let (held, during) = match calls {
            false => (Some(Held::All(mask)), (mask | !RAISED) & !trap),
            true => ((mask & trap != 0).then_some(Held::Trap), mask & !trap),
        };
        if during != mask {
            stopped.set_signal_mask(during)?;
        }
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.held = held;
        }
        if Dispositions::of(tid).is_some_and(|does| does.discards(SIGTRAP)) {
            self.record.void("the program ignores SIGTRAP, and no longer does once another signal has come");
        }
        Ok(())
    }

    /// After the last step.
    pub(super) fn give_back_mask(&mut self, stopped: &Stopped) -> Traced<()> {
        let held = self.threads.get_mut(&stopped.tid()).and_then(|thread| thread.held.take());
        match held {
            None => Ok(()),
            Some(Held::All(mask)) => stopped.set_signal_mask(mask),
            Some(Held::Trap) => stopped.set_signal_mask(stopped.signal_mask()? | signal_bit(SIGTRAP)),
        }
    }

    /// The thread leaves its translation: corrects the counts and gives it the program's registers.
    pub(super) fn leave_translation(
        &mut self,
        stopped: &Stopped,
        spot: Spot,
        registers: &mut user_regs_struct,
    ) -> Traced<()> {
        let tid = stopped.tid();
        let lanes = self.lanes_at(stopped, spot)?;
        if let Some(thread) = self.threads.get(&tid)
            && let (Some(area), Some(process)) = (&thread.area, self.processes.get_mut(&thread.process))
            && let Some(space) = process.space.and_then(|id| self.spaces.get(&id))
        {
            space.leave(spot, registers, area, &mut process.work, lanes);
            space.program_state(spot, registers, area);
            return Ok(());
        }
        // It has no place in a translation without these: a defect.
        self.record.void(format!("the tracer has lost track of what thread {tid} executes"));
        Ok(())
    }

    /// The active lanes of the masked instruction at a place, which have been counted already.
    fn lanes_at(&mut self, stopped: &Stopped, spot: Spot) -> Traced<u64> {
        let Some(space) = self.space_of(stopped.tid()) else { return Ok(0) };
        let (blocks, block) = (space.cache.blocks(), space.cache.block(spot.block));
        let index = spot.boundary.index;
        if !blocks.lanes(block).iter().any(|lanes| lanes.index == index) {
            return Ok(0);
        }
        let instruction = blocks.instructions(block).nth(index.into());
        let classified = instruction.and_then(|instruction| crate::isa::classify(&instruction));
        let Some((class, mask)) = classified.and_then(|c| Some((c.class, c.mask?))) else { return Ok(0) };
        let mask = self.xstate.mask(stopped, mask.number())?.unwrap_or(0);
        Ok(crate::isa::active_lanes(&class, mask))
    }

    /// An instruction of a translation has raised a signal.
    fn faulted(
        &mut self,
        stopped: Stopped,
        signal: c_int,
        mut info: siginfo_t,
        mut registers: user_regs_struct,
    ) -> Traced<()> {
        let tid = stopped.tid();
        let place = registers.rip;
        // SAFETY: the kernel fills si_addr for the faults that `is_fault` names.
        let address = unsafe { info.si_addr() } as u64;
        if signal == libc::SIGBUS && self.loads_constant(&stopped, &mut registers) {
            let doing = self.threads.get(&tid).map_or(Doing::Running, |thread| thread.doing.clone());
            stopped.set_registers(&registers)?;
            return resume(stopped, doing, None);
        }
        self.give_back_mask(&stopped)?;
        let spot = self.space_of(tid).and_then(|space| space.spot(place)).filter(Spot::is_boundary);
        match spot {
            Some(spot) if spot.is_in_check() => {
                // The code cannot be read any more: the kernel knows best what executing it gives.
                self.leave_translation(&stopped, spot, &mut registers)?;
                return self.missing(stopped, registers, registers.rip, Missing::NoCode);
            }
            Some(spot) => self.leave_translation(&stopped, spot, &mut registers)?,
            None => self.record.void(format!("thread {tid} got signal {signal} in the translator's own code")),
        }
        if address == place || address.wrapping_add(1) == place {
            set_address(&mut info, registers.rip.wrapping_sub(place.wrapping_sub(address)));
            stopped.set_signal_info(&info)?;
        }
        stopped.set_registers(&registers)?;
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.doing = Doing::IntoHandler;
        }
        stopped.step(Some(signal))
    }

    /// Whether a thread stands before a load of a constant from the program's code, which natively is none and so is
    /// not checked for alignment. Then it is behind that.
    fn loads_constant(&mut self, stopped: &Stopped, registers: &mut user_regs_struct) -> bool {
        let Some(space) = self.space_of(stopped.tid()) else { return false };
        let Some(spot) = space.spot(registers.rip).filter(Spot::is_boundary) else { return false };
        if spot.is_in_check() {
            return false;
        }
        let (blocks, block) = (space.cache.blocks(), space.cache.block(spot.block));
        let instruction = blocks.instructions(block).nth(spot.boundary.index.into());
        let constant = instruction.filter(|_| block.check.is_some());
        let Some((constant, length)) = constant.and_then(|i| Some((i, decode::loaded_constant(&i)?))) else {
            return false;
        };
        let (mut value, mut code) = ([0; 8], [0; LONGEST]);
        let there = constant.next_ip() - length as u64;
        if stopped.read(there, &mut value[..length]) != length || stopped.read(registers.rip, &mut code) == 0 {
            return false;
        }
        *super::space::register(registers, constant.op0_register().full_register().number()) =
            u64::from_le_bytes(value);
        registers.rip += Decoder::new(64, &code, DecoderOptions::NONE).decode().len() as u64;
        true
    }

    /// A thread is where no translation is: at an address of the program, by a way that we do not
    /// know, or by one that faults natively too.
    fn strayed(&mut self, stopped: Stopped, signal: c_int, registers: user_regs_struct) -> Traced<()> {
        let tid = stopped.tid();
        let Some(thread) = self.threads.get_mut(&tid) else { return self.disown(stopped) };
        if thread.faults_at.take() == Some(registers.rip) || thread.area.is_none() {
            thread.doing = Doing::IntoHandler;
            self.give_back_mask(&stopped)?;
            self.tell_where_code_ends(&stopped, signal, registers.rip)?;
            return stopped.step(Some(signal));
        }
        self.enter(stopped, user_regs_struct { orig_rax: u64::MAX, ..registers }, registers.rip)
    }

    /// The kernel took the first byte of an instruction for what cannot be executed, as it was told. If the program
    /// may execute that, it is the page that the instruction runs into.
    fn tell_where_code_ends(&mut self, stopped: &Stopped, signal: c_int, rip: u64) -> Traced<()> {
        let executable = self.space_of(stopped.tid()).is_some_and(|space| space.code.at(rip).is_some());
        if !executable || signal != libc::SIGSEGV {
            return Ok(());
        }
        let next = page_of(rip) + PAGE;
        let mut info = stopped.signal_info()?;
        info.si_code = match Maps::of(stopped.tid()).find(next) {
            Some(_) => SEGV_ACCERR,
            None => SEGV_MAPERR,
        };
        if let Some(thread) = self.threads.get_mut(&stopped.tid()).filter(|_| info.si_code == SEGV_MAPERR) {
            thread.fault_error = Some(FETCHED_BY_USER);
        }
        set_address(&mut info, next);
        stopped.set_signal_info(&info)
    }

    /// A thread is about to end: what it has executed of its last block counts.
    pub(super) fn exiting(&mut self, stopped: Stopped) -> Traced<()> {
        let tid = stopped.tid();
        let registers = stopped.registers()?;
        if let Some(spot) = self.space_of(tid).and_then(|space| space.spot(registers.rip)) {
            let lanes = match spot.is_boundary() {
                true => self.lanes_at(&stopped, spot)?,
                false => 0,
            };
            if let Some(thread) = self.threads.get(&tid)
                && let (Some(area), Some(process)) = (&thread.area, self.processes.get_mut(&thread.process))
                && let Some(space) = process.space.and_then(|id| self.spaces.get(&id))
            {
                space.leave(spot, &registers, area, &mut process.work, lanes);
            }
        }
        self.count_tiles(&stopped);
        stopped.run_on(None)
    }

    pub(super) fn is_released(&self, tid: Pid) -> bool {
        let process = self.threads.get(&tid).and_then(|thread| self.processes.get(&thread.process));
        process.is_some_and(|process| process.released)
    }
}

/// Raised by an instruction, not sent.
/// The first bytes of the instruction that a thread is about to execute.
fn next_bytes(stopped: &Stopped) -> Traced<[u8; 2]> {
    let mut bytes = [0; 2];
    // What cannot be read is no system call.
    stopped.read(stopped.registers()?.rip, &mut bytes);
    Ok(bytes)
}

fn is_fault(signal: c_int, code: c_int) -> bool {
    match signal {
        libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGFPE => true,
        SIGTRAP => code == SI_KERNEL || code == TRAP_BRKPT || code == TRAP_TRACE,
        _ => false,
    }
}

fn set_address(info: &mut siginfo_t, address: u64) {
    /// Where a siginfo has si_addr: behind three ints and their padding.
    const OFFSET: usize = 16;
    // SAFETY: a siginfo is 128 bytes of plain data, and the offset is that of an aligned u64.
    unsafe { std::ptr::from_mut(info).cast::<u8>().add(OFFSET).cast::<u64>().write(address) };
}
