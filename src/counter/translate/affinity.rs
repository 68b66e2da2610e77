//! Tracer and thread on one CPU while the thread traps all the time, as at the start of a program:
//! a trap there costs a quarter of what it costs from one CPU to another. The program never sees a
//! difference: before it asks for its CPUs, it has its own again.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::SigSet;
use nix::unistd::{Pid, gettid};

use crate::counter::cpus::Cpus;

/// A thread that traps so often within `BURST` shares our CPU ...
const MANY: u32 = 24;
const BURST: Duration = Duration::from_millis(16);
/// ... until it traps less often than this in such a while.
const FEW: u32 = 16;
const WHILE: Duration = Duration::from_millis(20);

/// Threads that share our CPU: where they may run natively, and their traps since the last look.
type Sharing = HashMap<Pid, (Cpus, u32)>;

#[derive(Debug, Default)]
struct State {
    sharing: Sharing,
    /// Where the tracer may run natively, while it shares its CPU.
    own: Option<Cpus>,
    ends: bool,
}

/// Who shares the tracer's CPU.
pub struct Affinity {
    state: Arc<(Mutex<State>, Condvar)>,
    tracer: Pid,
    watched: bool,
    /// The thread that has trapped last, since when, and how often.
    burst: (Pid, Instant, u32),
}

impl Affinity {
    pub fn new() -> Affinity {
        let nobody = Pid::from_raw(0);
        Affinity { state: Arc::default(), tracer: gettid(), watched: false, burst: (nobody, Instant::now(), 0) }
    }

    /// A thread has trapped.
    pub fn trapped(&mut self, tid: Pid) {
        if let Some((_, traps)) = locked(&self.state.0).sharing.get_mut(&tid) {
            *traps += 1;
            return;
        }
        let (last, since, traps) = self.burst;
        self.burst = match last == tid {
            true => (tid, since, traps + 1),
            false => (tid, Instant::now(), 1),
        };
        if self.burst.2 == MANY {
            self.burst.2 = 0;
            self.burst.0 = Pid::from_raw(0);
            if since.elapsed() < BURST {
                self.share(tid);
            }
        }
    }

    fn share(&mut self, tid: Pid) {
        let mut state = locked(&self.state.0);
        let natively = Cpus::of(tid);
        let (Ok(natively), Some(here)) = (natively, Cpus::here()) else { return };
        if natively.and(&here) != here {
            return;
        }
        // Should the kernel refuse, all goes on as before.
        if state.own.is_none() {
            let own = Cpus::of(self.tracer).ok();
            state.own = own.filter(|_| here.apply(self.tracer).is_ok());
        }
        if state.own.is_some() && here.apply(tid).is_ok() {
            state.sharing.insert(tid, (natively, MANY));
        }
        drop(state);
        if !self.watched {
            self.watched = true;
            let (shared, tracer) = (self.state.clone(), self.tracer);
            // Without it, nothing is ever shared for long.
            if thread::Builder::new().name("affinity".into()).spawn(move || watch(&shared, tracer)).is_err() {
                self.restore(tid);
            }
        }
        self.state.1.notify_one();
    }

    /// The thread gets its own CPUs back.
    pub fn restore(&self, tid: Pid) {
        if let Some((natively, _)) = locked(&self.state.0).sharing.remove(&tid) {
            give_back(tid, &natively);
        }
    }

    /// A thread of `creator` has begun, by fork if `process`, and shares what that shares.
    pub fn began(&self, tid: Pid, creator: Pid, process: bool) {
        let mut state = locked(&self.state.0);
        let Some((natively, _)) = state.sharing.get(&creator).copied() else { return };
        match process {
            true => drop(state.sharing.insert(tid, (natively, MANY))),
            false => give_back(tid, &natively),
        }
    }

    /// A thread goes on under another's id, which is gone.
    pub fn renamed(&self, former: Pid, tid: Pid) {
        let mut state = locked(&self.state.0);
        if former == tid {
            return;
        }
        state.sharing.remove(&tid);
        if let Some(sharing) = state.sharing.remove(&former) {
            state.sharing.insert(tid, sharing);
        }
    }

    pub fn ended(&self, tid: Pid) {
        locked(&self.state.0).sharing.remove(&tid);
    }
}

impl Drop for Affinity {
    fn drop(&mut self) {
        let mut state = locked(&self.state.0);
        for (tid, (natively, _)) in state.sharing.drain() {
            give_back(tid, &natively);
        }
        if let Some(own) = state.own.take() {
            give_back(self.tracer, &own);
        }
        state.ends = true;
        self.state.1.notify_one();
    }
}

/// A thread that has ended needs no CPUs.
fn give_back(tid: Pid, cpus: &Cpus) {
    let _ = cpus.apply(tid);
}

/// Plain data stays valid whoever panicked.
fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the sharing of threads that trap seldom.
fn watch(shared: &(Mutex<State>, Condvar), tracer: Pid) {
    // Signals are for the tracer. Refused only for a wrong argument.
    let _ = SigSet::all().thread_block();
    let (state, begun) = shared;
    loop {
        {
            let mut state = locked(state);
            while state.own.is_none() {
                if state.ends {
                    return;
                }
                state = begun.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        thread::sleep(WHILE);
        let mut state = locked(state);
        state.sharing.retain(|tid, (natively, traps)| {
            let goes_on = std::mem::take(traps) >= FEW;
            if !goes_on {
                give_back(*tid, natively);
            }
            goes_on
        });
        if state.sharing.is_empty()
            && let Some(own) = state.own.take()
        {
            give_back(tracer, &own);
        }
    }
}
