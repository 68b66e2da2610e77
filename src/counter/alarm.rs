//! Wakes a tracer that waits for its tracees, which nothing else would do in time: its wait is interrupted by a signal.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use libc::{c_int, sigaction};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Pid, getpid, gettid};

/// Ignored unless somebody asks for it.
const WAKING: Signal = Signal::SIGURG;
/// Until the tracer has noticed, it is woken again: it may not have been waiting yet.
const AGAIN: Duration = Duration::from_millis(5);

#[derive(Debug, Default)]
struct State {
    due: Option<Instant>,
    ends: bool,
}

type Shared = (Mutex<State>, Condvar);

/// Of the thread that made it.
#[derive(Clone)]
pub struct Alarm {
    shared: Arc<Shared>,
}

/// Ends the alarm, when dropped.
pub struct Clock {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    former: Option<sigaction>,
}

impl Clock {
    pub fn start() -> (Clock, Alarm) {
        let shared: Arc<Shared> = Arc::default();
        // SAFETY: zeroed memory is a valid sigaction; the handler does nothing, and without SA_RESTART waits return.
        let former = unsafe {
            let mut action: sigaction = std::mem::zeroed();
            let mut former: sigaction = std::mem::zeroed();
            action.sa_sigaction = wake as *const () as usize;
            let rc = libc::sigaction(WAKING as c_int, &action, &mut former);
            (rc == 0).then_some(former)
        };
        let mut waking = SigSet::empty();
        waking.add(WAKING);
        // Refused only for a wrong argument.
        let _ = waking.thread_unblock();
        let (watched, tracer) = (shared.clone(), gettid());
        let thread = thread::Builder::new().name("alarm".into()).spawn(move || tick(&watched, tracer));
        (Clock { shared: shared.clone(), thread: thread.ok(), former }, Alarm { shared })
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        locked(&self.shared.0).ends = true;
        self.shared.1.notify_one();
        if let Some(thread) = self.thread.take() {
            // It has no result.
            let _ = thread.join();
        }
        if let Some(former) = self.former {
            // SAFETY: what sigaction gave is valid for it.
            unsafe { libc::sigaction(WAKING as c_int, &former, std::ptr::null_mut()) };
        }
    }
}

impl Alarm {
    /// The tracer is to be woken then, or earlier.
    pub fn set(&self, at: Instant) {
        let mut state = locked(&self.shared.0);
        state.due = Some(state.due.map_or(at, |due| due.min(at)));
        self.shared.1.notify_one();
    }

    /// Whether it is time; asked by the tracer, who then looks at all that may be due.
    pub fn rings(&self) -> bool {
        let mut state = locked(&self.shared.0);
        state.due.take_if(|due| *due <= Instant::now()).is_some()
    }
}

/// Plain data stays valid whoever panicked.
fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tick(shared: &Shared, tracer: Pid) {
    // Signals are for the tracer. Refused only for a wrong argument.
    let _ = SigSet::all().thread_block();
    let mut state = locked(&shared.0);
    while !state.ends {
        let now = Instant::now();
        let wait = match state.due {
            Some(due) if due <= now => {
                // SAFETY: no memory is involved; the tracer outlives this thread.
                unsafe { libc::syscall(libc::SYS_tgkill, getpid().as_raw(), tracer.as_raw(), WAKING as c_int) };
                AGAIN
            }
            Some(due) => due - now,
            None => Duration::from_secs(3600),
        };
        state = shared.1.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
    }
}

extern "C" fn wake(_: c_int) {}
