//! The single-stepping counter: every thread of the command executes one instruction at a time
//! under ptrace, and each instruction that retires is counted. Slow, simple, obviously right.
//!
//! What a program could notice of it is hidden from it: system calls run without the trap flag
//! (which they would leave in r11), pushed flags are corrected, SIGTRAP is never blocked for the
//! kernel but looks so to the program, and each thread sees the CPUs that it would natively have.

use std::collections::HashMap;
use std::time::Instant;

use nix::errno::Errno;
use nix::unistd::Pid;

use super::alarm::{Alarm, Clock};
use super::last_call::{Due, LastCall};
use super::launch::Launch;
use super::perf::extra;
use super::perf::target::Target;
use super::ptrace::{self, Change, Stopped, Xstate, status};
use super::record::Record;
use super::sites::Sites;
use super::symbols::Symbols;
use super::wait::{Ended, Usage};
use super::watchdog::Watchdog;
use super::{Command, Counter, Exit, Measurement, Options, Time};
use crate::{Error, Result};
use affinity::Pin;
use thread::{Process, Thread};

mod affinity;
mod count;
mod family;
mod stops;
mod syscalls;
mod thread;

pub struct Step;

impl Counter for Step {
    fn name(&self) -> &'static str {
        "step"
    }

    fn measure(&self, command: &Command, options: &Options) -> Result<Measurement> {
        let mut launch = Launch::new(command, None)?;
        if let Err(errno) = ptrace::seize(launch.pid, 0) {
            launch.abandon();
            return Err(ptrace::refused(self.name(), errno));
        }
        let events = extra::open(&options.events, &Target::child(launch.pid));
        let mut tracer = Tracer::new(launch.pid);
        launch.open_gate()?;
        let started = Instant::now();
        let end = tracer.run(&mut launch, options)?;
        let wall_s = started.elapsed().as_secs_f64();
        let Usage { user_s, sys_s, max_rss_bytes } = end.usage;
        let (processes, threads) = (tracer.record.processes, tracer.record.threads);
        let (tally, reasons) = tracer.record.finish();
        Ok(Measurement {
            counter: self.name(),
            tally: Some(tally),
            pmu_flops: None,
            events: events.into_iter().map(|mut event| event.read(None)).collect(),
            by_thread: None,
            exact: reasons.is_empty(),
            reasons,
            exit: end.exit,
            time: Time { wall_s, user_s: Some(user_s), sys_s: Some(sys_s) },
            counted_s: None,
            max_rss_bytes: Some(max_rss_bytes),
            processes: Some(processes),
            threads: Some(threads),
            effort: None,
        })
    }
}

/// How the command itself ended.
struct End {
    exit: Exit,
    usage: Usage,
}

struct Tracer {
    root: Pid,
    threads: HashMap<Pid, Thread>,
    processes: HashMap<Pid, Process>,
    /// New threads that stopped before the event that tells whose they are.
    early: HashMap<Pid, Stopped>,
    sites: Sites,
    symbols: Symbols,
    xstate: Xstate,
    record: Record,
    watchdog: Watchdog,
    alarm: Alarm,
    _clock: Clock,
    pin: Pin,
    /// The command itself has started; before, the child is still ours.
    launched: bool,
    /// Every thread is to be let go at its next stop.
    letting_go: bool,
}

impl Tracer {
    fn new(root: Pid) -> Tracer {
        let pin = Pin::new(root);
        let (clock, alarm) = Clock::start();
        let record = Record::of_one_process();
        Tracer {
            root,
            threads: HashMap::from([(root, Thread::launching(root, pin.native))]),
            processes: HashMap::from([(root, Process::default())]),
            early: HashMap::new(),
            sites: Sites::default(),
            symbols: Symbols::default(),
            xstate: Xstate::of_this_cpu(),
            record,
            watchdog: Watchdog::start(alarm.clone()),
            alarm,
            _clock: clock,
            pin,
            launched: false,
            letting_go: false,
        }
    }

    /// Counts until the command has ended or, with `wait_all`, everything that it started.
    fn run(&mut self, launch: &mut Launch, options: &Options) -> Result<End> {
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
                for tid in self.watchdog.lost() {
                    self.recover(tid);
                }
            }
            let change = self.watchdog.waiting(ptrace::wait);
            match change {
                Ok(Change::Stopped(stopped, stop)) => {
                    let tid = stopped.tid();
                    self.watchdog.rests(tid, false);
                    self.stopped(stopped, stop).or_else(|errno| unless_gone(tid, errno))?;
                }
                Ok(Change::Ended(Ended { tid, exit, usage })) => {
                    self.ended(tid).or_else(|errno| unless_gone(tid, errno))?;
                    if tid == self.root {
                        launch.forwarding.command_ended();
                        if let Some(refusal) = (!self.launched).then(|| launch.refusal()).flatten() {
                            return Err(refusal);
                        }
                        end = Some(End { exit, usage });
                    }
                }
                Err(Errno::EINTR) => {}
                Err(Errno::ECHILD) => break,
                Err(errno) => return Err(Error::failed(format!("cannot wait for the command: {}", errno.desc()))),
            }
            if last_call.signal().is_some() && self.threads.is_empty() {
                break;
            }
            let waiting = options.wait_all && !launch.forwarding.given_up();
            if end.is_some() && !waiting && !self.letting_go {
                self.let_go();
            }
        }
        for process in self.processes.drain().map(|(_, process)| process).collect::<Vec<_>>() {
            self.finish(process);
        }
        let ended_by = |signal| End { exit: Exit { code: None, signal: Some(signal) }, usage: Usage::default() };
        let end = end.or_else(|| last_call.signal().map(ended_by));
        end.ok_or_else(|| Error::failed("the command's end was not reported"))
    }

    /// A thread is stopped, and its stop was never reported or never answered: a defect of ours. It goes on uncounted.
    fn recover(&mut self, tid: Pid) {
        let Some(stopped) = Stopped::found(tid) else { return };
        self.early.remove(&tid);
        let name = status::name(tid);
        let why = "was stopped and nothing would have let it go on, a defect of flopledger";
        self.record.void(format!("thread {tid} ({name}) {why}: it goes on uncounted"));
        // Gone, perhaps: then there is nothing to let go.
        let _ = self.ended(tid).and_then(|()| stopped.detach(None));
    }
}

/// A thread that was killed is reported as ended; any other error is ours.
fn unless_gone(tid: Pid, errno: Errno) -> Result<()> {
    match errno {
        Errno::ESRCH => Ok(()),
        errno => Err(Error::failed(format!("cannot trace thread {tid}: {}", errno.desc()))),
    }
}
