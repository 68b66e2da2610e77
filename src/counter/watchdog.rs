//! Sees to it that a traced command never hangs for our own fault: a thread that is stopped while
//! the tracer waits for others to change has been lost, and nothing would ever let it go on.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::{Pid, gettid};

/// Twice as long nothing has to change before a thread counts as lost.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
struct Shared {
    /// Goes up before and after each time the tracer waits: odd while it does.
    beats: AtomicU64,
    ends: AtomicBool,
    /// Threads in a group-stop, which the program itself wants.
    resting: Mutex<BTreeSet<i32>>,
    lost: Mutex<Vec<String>>,
}

/// Watches the tracer that made it, in a thread of its own.
#[derive(Debug)]
pub struct Watchdog {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    pub fn start() -> Watchdog {
        Watchdog::with(PATIENCE)
    }

    fn with(patience: Duration) -> Watchdog {
        let shared = Arc::new(Shared::default());
        let (watched, tracer) = (shared.clone(), gettid());
        let watching = thread::Builder::new().name("watchdog".into()).spawn(move || watch(&watched, tracer, patience));
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

    /// The threads that were lost, each with what was done about it.
    pub fn lost(&self) -> Vec<String> {
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

fn watch(shared: &Shared, tracer: Pid, patience: Duration) {
    // Signals are for the tracer, whose waiting they interrupt. Refused only for a wrong argument.
    let _ = SigSet::all().thread_block();
    let mut before = (0, BTreeSet::new());
    while !shared.ends.load(Ordering::Relaxed) {
        thread::park_timeout(patience);
        let beats = shared.beats.load(Ordering::Relaxed);
        let waits = beats % 2 == 1;
        let stopped = match waits && beats == before.0 {
            true => stopped_threads(tracer, &locked(&shared.resting)),
            false => BTreeSet::new(),
        };
        let lost: Vec<(i32, i32)> = stopped.intersection(&before.1).copied().collect();
        // Something may have changed while we looked.
        if shared.beats.load(Ordering::Relaxed) == beats {
            for (pid, tid) in &lost {
                let name = fs::read_to_string(format!("/proc/{tid}/comm")).unwrap_or_default();
                let message = format!(
                    "thread {tid} ({}) was stopped and nobody would have let it go on, a defect of flopledger: \
                     its process {pid} was killed",
                    name.trim_end()
                );
                crate::standard::tell(&message);
                locked(&shared.lost).push(message);
                // A process that is gone is what we want.
                let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
            }
        }
        before = (beats, stopped);
    }
}

/// Process and thread of each thread that is in a ptrace-stop of the tracer's and not `resting`.
fn stopped_threads(tracer: Pid, resting: &BTreeSet<i32>) -> BTreeSet<(i32, i32)> {
    let mut stopped = BTreeSet::new();
    for pid in numbers("/proc") {
        for tid in traced_by(tracer, pid).then(|| numbers(&format!("/proc/{pid}/task"))).into_iter().flatten() {
            let status = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")).unwrap_or_default();
            if field(&status, "State:").starts_with('t') && !resting.contains(&tid) {
                stopped.insert((pid, tid));
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
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::Command;

    use super::*;

    #[test]
    fn a_thread_that_nobody_resumes_is_named_and_its_process_killed() {
        let mut command = Command::new("sleep");
        command.arg("1000");
        // SAFETY: a bare system call is async-signal-safe.
        unsafe {
            command.pre_exec(|| match libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            })
        };
        let watchdog = Watchdog::with(Duration::from_millis(20));
        let mut child = command.spawn().expect("sleep starts");
        let pid = Pid::from_raw(child.id() as i32);
        // The stop at exec; from here on it is left alone.
        let mut status = 0;
        // SAFETY: the status is local.
        assert_eq!(unsafe { libc::waitpid(pid.as_raw(), &mut status, 0) }, pid.as_raw());
        assert!(libc::WIFSTOPPED(status));
        let end = watchdog.waiting(|| child.wait()).expect("it ends");
        assert_eq!(end.signal(), Some(libc::SIGKILL));
        let lost = watchdog.lost();
        assert_eq!(lost.len(), 1, "{lost:?}");
        assert!(lost[0].contains(&pid.to_string()) && lost[0].contains("sleep"), "{lost:?}");
    }
}
