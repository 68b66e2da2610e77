//! The translating counter: exact counts at near-native speed, without any privilege beyond ptrace
//! of a child.
//!
//! No code of the program runs in place. Blocks are copied, when they are first reached, into a
//! cache (`zone`, `cache`), each with a counter (`emit`), and the copies run; a thread traps to the
//! tracer by a system call that does not exist (`filter`) wherever no translation is linked yet
//! (`traps`). Invariants, each kept where it is named: the program sees none of our addresses in
//! its memory (`emit`: return addresses are its own); its state is known at every instruction
//! (`emit::Boundary`), and signals arrive only there (`signals`); its pages are not executable for
//! the hardware (`code_map`), so that what strays faults; what is not supported is reported and
//! voids the claim of exactness.
//!
//! Code that may change is never write-protected: the kernel would refuse to write there for the program, and writes
//! through another mapping would not be noticed. Its translation compares the code with what was translated before it
//! executes (`emit::check`), and is reached through an `entry_point` that leads to whichever translation is right. A
//! full cache is emptied (`flush`). Nobody may have to wait for the tracer: it reads only memory that is there
//! (`probe`), and is woken where nothing else would wake it (`alarm`).

use std::collections::HashMap;
use std::time::Instant;

use iced_x86::InstructionInfoFactory;
use nix::errno::Errno;
use nix::unistd::Pid;

use super::alarm::{Alarm, Clock};
use super::last_call::{Due, LastCall};
use super::launch::Launch;
use super::perf::extra;
use super::perf::target::Target;
use super::ptrace::{self, Change, Stopped, Traced, Xstate, status};
use super::record::Record;
use super::symbols::Symbols;
use super::wait::{Ended, Usage};
use super::watchdog::Watchdog;
use super::{Command, CountAt, Counter, Exit, Measurement, Options, Time};
use crate::{Error, Result};
use affinity::Affinity;
use sequences::Sequences;
use space::{Space, Tools};
use thread::{Doing, Process, SpaceId, Thread};
use work::Pairs;

mod affinity;
mod area;
mod areas;
mod blocks;
mod cache;
mod code_map;
mod counts;
mod decode;
mod deferred;
mod effort;
mod emit;
mod emitted;
mod entry_point;
mod family;
mod filter;
mod flush;
mod index;
mod liveness;
mod placement;
mod plan;
mod probe;
mod refusals;
mod rseq;
mod sequences;
mod shared;
mod signals;
mod space;
mod start;
mod syscalls;
mod template;
mod thread;
mod traps;
mod work;
mod zone;

pub struct Translate;

impl Counter for Translate {
    fn name(&self) -> &'static str {
        "translate"
    }

    fn measure(&self, command: &Command, options: &Options) -> Result<Measurement> {
        let sequences =
            Sequences::new().map_err(|e| Error::failed(format!("cannot assemble the translator's own code: {e}")))?;
        let mut launch = Launch::new(command, Some(filter::install))?;
        if let Err(errno) = ptrace::seize(launch.pid, libc::PTRACE_O_TRACESECCOMP | libc::PTRACE_O_TRACEEXIT) {
            launch.abandon();
            return Err(ptrace::refused(self.name(), errno));
        }
        let events = extra::open(&options.events, &Target::child(launch.pid));
        let mut tracer = Tracer::new(launch.pid, sequences, options.count_at);
        launch.open_gate()?;
        let started = Instant::now();
        let (exit, usage) = tracer.run(&mut launch, options)?;
        let wall_s = started.elapsed().as_secs_f64();
        let Usage { user_s, sys_s, max_rss_bytes } = usage;
        let (processes, threads) = (tracer.record.processes, tracer.record.threads);
        let effort = tracer.meter.effort();
        let (tally, reasons) = tracer.record.finish();
        Ok(Measurement {
            counter: self.name(),
            tally: Some(tally),
            pmu_flops: None,
            events: events.into_iter().map(|mut event| event.read(None)).collect(),
            by_thread: None,
            exact: reasons.is_empty(),
            reasons,
            exit,
            time: Time { wall_s, user_s: Some(user_s), sys_s: Some(sys_s) },
            counted_s: Some(wall_s),
            max_rss_bytes: Some(max_rss_bytes),
            processes: Some(processes),
            threads: Some(threads),
            effort: Some(effort),
        })
    }
}

struct Tracer {
    root: Pid,
    threads: HashMap<Pid, Thread>,
    processes: HashMap<Pid, Process>,
    spaces: HashMap<SpaceId, Space>,
    next_space: u32,
    /// New threads that stopped before the event that tells whose they are.
    early: HashMap<Pid, Early>,
    affinity: Affinity,
    tools: Tools,
    symbols: Symbols,
    xstate: Xstate,
    restartable: rseq::Files,
    mounts: refusals::Mounts,
    meter: effort::Meter,
    pairs: Pairs,
    record: Record,
    watchdog: Watchdog,
    alarm: Alarm,
    _clock: Clock,
    /// Address spaces whose translations are about to be given up.
    flushes: HashMap<SpaceId, flush::Flush>,
    /// The command itself has started; before, the child is still ours.
    launched: bool,
    /// Every thread is to be let go at its next stop.
    letting_go: bool,
}

/// A new thread whose creator has not been told of it yet.
struct Early {
    stopped: Stopped,
    parent: Option<Pid>,
}

impl Tracer {
    fn new(root: Pid, sequences: Sequences, count_at: CountAt) -> Tracer {
        let (clock, alarm) = Clock::start();
        Tracer {
            root,
            threads: HashMap::from([(root, Thread::new(root, Doing::Launching))]),
            processes: HashMap::from([(root, Process::new())]),
            spaces: HashMap::new(),
            next_space: 0,
            early: HashMap::new(),
            affinity: Affinity::new(),
            tools: Tools { sequences, count_at, factory: InstructionInfoFactory::new() },
            symbols: Symbols::default(),
            xstate: Xstate::of_this_cpu(),
            restartable: rseq::Files::default(),
            mounts: refusals::Mounts::default(),
            meter: effort::Meter::default(),
            pairs: Pairs::default(),
            record: Record::of_one_process(),
            watchdog: Watchdog::start(alarm.clone()),
            alarm,
            _clock: clock,
            flushes: HashMap::new(),
            launched: false,
            letting_go: false,
        }
    }

    /// Counts until the command has ended or, with `wait_all`, everything that it started.
    fn run(&mut self, launch: &mut Launch, options: &Options) -> Result<(Exit, Usage)> {
        let mut end = None;
        let mut last_call = LastCall::default();
        loop {
            match last_call.due(&launch.forwarding, self.root, &self.alarm) {
                Due::Nothing => {}
                Due::LetGo(signal) => {
                    self.record.void(LastCall::reason(signal));
                    self.let_go();
                }
                Due::Leave => break,
            }
            if self.alarm.rings() {
                self.woken();
            }
            let change = self.watchdog.waiting(ptrace::wait);
            match change {
                Ok(Change::Stopped(stopped, stop)) => {
                    let tid = stopped.tid();
                    self.watchdog.rests(tid, false);
                    self.stopped(stopped, stop).unwrap_or_else(|errno| self.cannot_trace(tid, errno));
                }
                Ok(Change::Ended(Ended { tid, exit, usage })) => {
                    self.ended(tid).unwrap_or_else(|errno| self.cannot_trace(tid, errno));
                    if tid == self.root {
                        launch.forwarding.command_ended();
                        if let Some(refusal) = (!self.launched).then(|| launch.refusal()).flatten() {
                            return Err(refusal);
                        }
                        end = Some((exit, usage));
                    }
                }
                Err(Errno::EINTR) => {}
                Err(Errno::ECHILD) => break,
                Err(errno) => return Err(Error::failed(format!("cannot wait for the command: {}", errno.desc()))),
            }
            self.finish_flushes();
            if last_call.signal().is_some() && self.threads.is_empty() {
                break;
            }
            let waiting = options.wait_all && !launch.forwarding.given_up();
            if end.is_some() && !waiting && !self.letting_go {
                self.let_go();
            }
        }
        let left: Vec<Pid> = self.processes.keys().copied().collect();
        for pid in left {
            self.finish(pid);
        }
        let ended_by = |signal| (Exit { code: None, signal: Some(signal) }, Usage::default());
        let end = end.or_else(|| last_call.signal().map(ended_by));
        end.ok_or_else(|| Error::failed("the command's end was not reported"))
    }

    /// Something is due that no change of a thread tells of.
    fn woken(&mut self) {
        for tid in self.watchdog.lost() {
            self.recover(tid).unwrap_or_else(|errno| self.cannot_trace(tid, errno));
        }
        self.resend_deferred();
        self.cancel_late_flushes();
    }

    /// A thread is stopped, and its stop was never reported or never answered: a defect of ours. Its process goes on
    /// uncounted.
    fn recover(&mut self, tid: Pid) -> Traced<()> {
        let Some(stopped) = Stopped::found(tid) else { return Ok(()) };
        self.early.remove(&tid);
        let name = status::name(tid);
        let why = "was stopped and nothing would have let it go on, a defect of flopledger";
        self.record.void(format!("thread {tid} ({name}) {why}: its process goes on uncounted"));
        match self.threads.get(&tid).map(|thread| thread.process) {
            Some(pid) => {
                self.release_others(pid, tid);
                self.release(stopped, None)
            }
            None => stopped.detach(None),
        }
    }

    /// Whatever it was, the program goes on, if it can. A thread that was killed is reported as ended.
    fn cannot_trace(&mut self, tid: Pid, errno: Errno) {
        if errno == Errno::ESRCH {
            return;
        }
        self.record.void(format!("thread {tid} goes on uncounted, as it cannot be traced: {}", errno.desc()));
        if let Some(stopped) = Stopped::found(tid) {
            // Gone, or not stopped: then there is nothing to let go.
            let _ = self.ended(tid).and_then(|()| stopped.detach(None));
        }
    }
}
