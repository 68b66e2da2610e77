//! Signals that come faster than they can be handled. To deliver one takes long, next to what it natively takes; where
//! a timer's next signal is there before the last one's handler has returned, the program itself would never go on.
//! Such a signal waits with us until the thread has run for a while. Those that the program sends to itself do not
//! wait, since it may rely on their having been handled.

use std::time::{Duration, Instant};

use libc::{c_int, siginfo_t};
use nix::unistd::Pid;

use super::Tracer;
use super::thread::Pending;
use crate::counter::ptrace::status;

/// The CPU time that a thread has between two handlers, at least ...
const QUIET: Duration = Duration::from_micros(500);
/// ... and at most, where handlers take long.
const LONGEST: Duration = Duration::from_millis(20);
/// So long it waits for that, on a busy machine.
const PATIENCE: Duration = Duration::from_millis(200);
/// Signals below are not queued more than once each.
const FIRST_QUEUED: c_int = 32;

/// How a thread has been handling signals.
#[derive(Default)]
pub struct Handling {
    /// When the last signal was delivered.
    delivered: Option<Instant>,
    /// When its handler returned, with the CPU time that the thread had had, and for how long it is to have quiet.
    returned: Option<(Instant, Duration, Duration)>,
    waiting: Vec<Pending>,
    /// Sent again, with what they told when they came first.
    sent_again: Vec<Pending>,
}

impl Handling {
    pub fn delivers(&mut self) {
        self.delivered = Some(Instant::now());
    }

    pub fn returns(&mut self, tid: Pid) {
        let took = self.delivered.map_or(Duration::ZERO, |at| at.elapsed());
        let ran = status::cpu_time(tid).map_or(Duration::ZERO, |(ran, _)| ran);
        self.returned = Some((Instant::now(), ran, took.clamp(QUIET, LONGEST)));
    }

    /// The signal that has come, if it was sent again: with its first information.
    fn take_sent_again(&mut self, signal: c_int, info: &siginfo_t) -> Option<Pending> {
        // SAFETY: a signal that was queued has a value.
        if info.si_code != libc::SI_QUEUE || unsafe { info.si_value() }.sival_ptr.addr() != MARK {
            return None;
        }
        let at = self.sent_again.iter().position(|pending| pending.signal == signal)?;
        Some(self.sent_again.remove(at))
    }
}

impl Tracer {
    /// What a signal tells that is to be delivered now; None if it waits.
    pub(super) fn unless_deferred(&mut self, tid: Pid, signal: c_int, info: siginfo_t) -> Option<siginfo_t> {
        let Some(thread) = self.threads.get_mut(&tid) else { return Some(info) };
        let handling = &mut thread.handling;
        if let Some(again) = handling.take_sent_again(signal, &info) {
            return Some(again.info);
        }
        let Some((returned, _, quiet)) = handling.returned else { return Some(info) };
        if returned.elapsed() >= quiet || !comes_from_outside(signal, &info, thread.process) {
            return Some(info);
        }
        let known = handling.waiting.iter().any(|waiting| waiting.signal == signal);
        if signal >= FIRST_QUEUED || !known {
            handling.waiting.push(Pending { signal, info });
        }
        self.alarm.set(returned + quiet);
        None
    }

    /// Whether a signal is one that was sent again. It is not, any more.
    pub(super) fn is_sent_again(&mut self, tid: Pid, signal: c_int, info: &siginfo_t) -> bool {
        self.threads.get_mut(&tid).and_then(|thread| thread.handling.take_sent_again(signal, info)).is_some()
    }

    /// Sends the signals again whose time has come.
    pub(super) fn resend_deferred(&mut self) {
        for (tid, thread) in &mut self.threads {
            let handling = &mut thread.handling;
            if handling.waiting.is_empty() {
                continue;
            }
            let (returned, before, quiet) = handling.returned.unwrap_or((Instant::now(), Duration::ZERO, QUIET));
            let late = returned.elapsed() >= PATIENCE;
            let ran_enough =
                status::cpu_time(*tid).is_none_or(|(ran, wants)| !wants || ran - before.min(ran) >= quiet / 2);
            if returned.elapsed() < quiet || !(ran_enough || late) {
                self.alarm.set(Instant::now() + QUIET);
                continue;
            }
            let does = status::Dispositions::of(*tid).unwrap_or_default();
            let waiting = std::mem::take(&mut handling.waiting);
            // What is not caught any more would have been handled before that.
            for pending in waiting.into_iter().filter(|pending| does.catches(pending.signal)) {
                send_again(thread.process, *tid, pending.signal);
                if pending.signal < FIRST_QUEUED {
                    handling.sent_again.retain(|other| other.signal != pending.signal);
                }
                handling.sent_again.push(pending);
            }
        }
    }
}

/// The value of a signal that was sent again.
const MARK: usize = 0x0F10_ED6E_5167_A1ED;

fn send_again(process: Pid, tid: Pid, signal: c_int) {
    /// What rt_tgsigqueueinfo(2) takes of a siginfo: its first words, in the kernel's order.
    #[repr(C)]
    struct Queued {
        signal: c_int,
        errno: c_int,
        code: c_int,
        padding: c_int,
        pid: c_int,
        uid: c_int,
        value: usize,
        rest: [u64; 12],
    }
    // SAFETY: neither call has a precondition.
    let (pid, uid) = unsafe { (libc::getpid(), libc::getuid().cast_signed()) };
    let code = libc::SI_QUEUE;
    let info = Queued { signal, errno: 0, code, padding: 0, pid, uid, value: MARK, rest: [0; 12] };
    // SAFETY: the kernel reads a siginfo's 128 bytes; a thread that is gone needs no signal.
    unsafe {
        libc::syscall(libc::SYS_rt_tgsigqueueinfo, process.as_raw(), tid.as_raw(), signal, &raw const info);
    }
}

/// Whether a timer or another process has sent a signal: what a process sends to itself, or raises by what it does, has
/// its place in what it does.
fn comes_from_outside(signal: c_int, info: &siginfo_t, process: Pid) -> bool {
    let by_timer = matches!(signal, libc::SIGALRM | libc::SIGVTALRM | libc::SIGPROF);
    match info.si_code {
        // SAFETY: the kernel fills si_pid for signals that a process has sent.
        libc::SI_USER | libc::SI_TKILL | libc::SI_QUEUE => unsafe { info.si_pid() != process.as_raw() },
        libc::SI_KERNEL => by_timer,
        code => code < 0,
    }
}
