//! Sees to it that a traced command never hangs for our own fault. A thread is lost if it is stopped, the kernel has no
//! stop of it left to report, and yet the tracer sleeps in its wait for something to report. Whoever is merely late,
//! because it gets no CPU or is itself stopped, has lost nothing.

use std::collections::BTreeSet;
use std::fs;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::SigSet;
use nix::unistd::{Pid, gettid};

use super::alarm::Alarm;
use super::launch::overdue;

/// A thread counts as lost that is so twice, this long apart.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
struct Shared {
    /// Goes up before and after each time the tracer waits: odd while it does.
    beats: AtomicU64,
    ends: AtomicBool,
    /// Threads in a group-stop, which the program itself wants.
    resting: Mutex<BTreeSet<i32>>,
    lost: Mutex<Vec<Pid>>,
}

/// Watches the tracer that made it, in a thread of its own.
pub struct Watchdog {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// `alarm`: by which the tracer learns of what is lost.
    pub fn start(alarm: Alarm) -> Watchdog {
        Watchdog::with(PATIENCE, alarm)
    }

    fn with(patience: Duration, alarm: Alarm) -> Watchdog {
        let shared = Arc::new(Shared::default());
        let (watched, tracer) = (shared.clone(), gettid());
        let watching =
            thread::Builder::new().name("watchdog".into()).spawn(move || watch(&watched, tracer, patience, &alarm));
        Watchdog { shared, thread: watching.ok() }
    }

    /// Around the tracer's waiting for a change.
    pub fn waiting<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.shared.beats.fetch_add(1, Ordering::Relaxed);
        let change = wait();
        self.shared.beats.fetch_add(1, Ordering::Relaxed);
        change
    }

    /// A thread is left in its group-stop, or comes out of it.
    pub fn rests(&self, tid: Pid, rests: bool) {
        let mut resting = locked(&self.shared.resting);
        match rests {
            true => resting.insert(tid.as_raw()),
            false => resting.remove(&tid.as_raw()),
        };
    }

    /// The threads that were lost, and still are stopped.
    pub fn lost(&self) -> Vec<Pid> {
        std::mem::take(&mut locked(&self.shared.lost))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It has nothing to say that is not in `lost`.
            let _ = thread.join();
        }
    }
}

/// Plain data stays valid whoever panicked.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watch(shared: &Shared, tracer: Pid, patience: Duration, alarm: &Alarm) {
    // Signals are for the tracer, whose waiting they interrupt. Refused only for a wrong argument.
    let _ = SigSet::all().thread_block();
    let mut before = (0, BTreeSet::new());
    while !shared.ends.load(Ordering::Relaxed) {
        thread::park_timeout(patience);
        let beats = shared.beats.load(Ordering::Relaxed);
        let waits = beats % 2 == 1;
        if !waits && beats == before.0 {
            end_if_overdue();
        }
        let lost = match waits && beats == before.0 {
            true => lost_threads(tracer, &locked(&shared.resting)),
            false => BTreeSet::new(),
        };
        let twice: Vec<Pid> = lost.intersection(&before.1).map(|tid| Pid::from_raw(*tid)).collect();
        // Something may have changed while we looked.
        if !twice.is_empty() && shared.beats.load(Ordering::Relaxed) == beats {
            locked(&shared.lost).extend(twice);
            alarm.set(Instant::now());
        }
        before = (beats, lost);
    }
}

/// The tracer is at work on something that does not end, and has been asked to: what it traces ends with it.
fn end_if_overdue() {
    if let Some(signal) = overdue() {
        let message = b"flopledger: ended by a signal while it waited for the kernel; there is no result\n";
        // SAFETY: the buffer is a constant; _exit does not return.
        unsafe {
            libc::write(libc::STDERR_FILENO, message.as_ptr().cast(), message.len());
            libc::_exit(128 + signal)
        }
    }
}

/// Threads that are stopped and not `resting`, of which nothing is left to report to the tracer, which sleeps.
fn lost_threads(tracer: Pid, resting: &BTreeSet<i32>) -> BTreeSet<i32> {
    let stopped = stopped_threads(tracer, resting);
    let lost: BTreeSet<i32> = stopped.into_iter().filter(|tid| !is_reportable(*tid)).collect();
    // Only now: what it took from the kernel before is what it is at work on.
    match sleeps_in_wait(tracer) {
        true => lost,
        false => BTreeSet::new(),
    }
}

/// Whether the kernel has a change of a thread that the tracer has not been told yet.
fn is_reportable(tid: i32) -> bool {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WEXITED | libc::WSTOPPED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL;
    // SAFETY: zeroed memory is a valid siginfo, which stays so if there is nothing; WNOWAIT takes nothing from the
    // tracer.
    unsafe {
        let rc = libc::waitid(libc::P_PID, tid as u32, info.as_mut_ptr(), options);
        rc != 0 || info.assume_init().si_pid() != 0
    }
}

/// Whether the tracer is inside of wait4, asleep: not late, not stopped itself.
fn sleeps_in_wait(tracer: Pid) -> bool {
    let task = format!("/proc/self/task/{tracer}");
    let state = fs::read_to_string(format!("{task}/status")).unwrap_or_default();
    let call = fs::read_to_string(format!("{task}/syscall")).unwrap_or_default();
    let number = call.split_whitespace().next().and_then(|number| number.parse().ok());
    field(&state, "State:").starts_with('S') && number == Some(libc::SYS_wait4)
}

/// Threads in a ptrace-stop of the tracer's and not `resting`.
fn stopped_threads(tracer: Pid, resting: &BTreeSet<i32>) -> BTreeSet<i32> {
    let mut stopped = BTreeSet::new();
    for pid in numbers("/proc") {
        for tid in traced_by(tracer, pid).then(|| numbers(&format!("/proc/{pid}/task"))).into_iter().flatten() {
            let status = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")).unwrap_or_default();
            if field(&status, "State:").starts_with('t') && !resting.contains(&tid) {
                stopped.insert(tid);
            }
        }
    }
    stopped
}

fn traced_by(tracer: Pid, pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    field(&status, "TracerPid:").parse() == Ok(tracer.as_raw())
}

fn field<'a>(status: &'a str, key: &str) -> &'a str {
    status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim()
}

/// The entries of a directory that are numbers.
fn numbers(directory: &str) -> Vec<i32> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    use nix::sys::signal::{Signal, kill};

    use super::*;
    use crate::counter::alarm::Clock;

    /// A child that stops at its exec, for its tracer.
    fn stopped_child() -> Child {
        let mut command = Command::new("sleep");
        command.arg("1000");
        // SAFETY: a bare system call is async-signal-safe.
        unsafe {
            command.pre_exec(|| match libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            })
        };
        command.spawn().expect("sleep starts")
    }

    fn wait_for(pid: i32) -> i32 {
        let mut status = 0;
        // SAFETY: the status is local.
        unsafe { libc::waitpid(pid, &mut status, 0) }
    }

    fn end(mut child: Child) {
        kill(Pid::from_raw(child.id() as i32), Signal::SIGKILL).expect("it is there");
        child.wait().expect("it ends");
    }

    #[test]
    fn a_thread_that_nobody_resumes_is_told() {
        let (_clock, alarm) = Clock::start();
        let watchdog = Watchdog::with(Duration::from_millis(20), alarm.clone());
        let child = stopped_child();
        let pid = child.id() as i32;
        // The stop at exec; from here on it is left alone.
        assert_eq!(wait_for(pid), pid);
        // The alarm interrupts the wait.
        assert_eq!(watchdog.waiting(|| wait_for(pid)), -1);
        assert!(alarm.rings());
        assert_eq!(watchdog.lost(), [Pid::from_raw(pid)]);
        end(child);
    }

    #[test]
    fn a_stop_that_is_yet_to_be_reported_is_not_lost() {
        let child = stopped_child();
        let pid = child.id() as i32;
        while stopped_threads(gettid(), &BTreeSet::new()).is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(is_reportable(pid));
        assert_eq!(wait_for(pid), pid);
        assert!(!is_reportable(pid));
        assert_eq!(stopped_threads(gettid(), &BTreeSet::new()), BTreeSet::from([pid]));
        // This thread is at work, not asleep: nothing of it is lost.
        assert_eq!(lost_threads(gettid(), &BTreeSet::new()), BTreeSet::new());
        end(child);
    }
}
