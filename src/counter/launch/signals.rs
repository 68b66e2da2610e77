//! Signals: what flopledger's parent set, what the command gets, and what is passed on to it.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use libc::{c_int, c_void, sigaction, siginfo_t, sigset_t};

/// Signals that whoever sends them to flopledger means for the command.
pub const FORWARDED: [c_int; 7] =
    [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2, libc::SIGALRM];

/// The command's process while it runs, else 0.
static COMMAND: AtomicI32 = AtomicI32::new(0);
/// The signal by which somebody has asked that all of this end, or 0; when it came first and last, in milliseconds.
static ASKED: AtomicI32 = AtomicI32::new(0);
static ASKED_FIRST: AtomicI64 = AtomicI64::new(0);
static ASKED_LAST: AtomicI64 = AtomicI64::new(0);
/// A signal came when there was no command any more to pass it to.
static GIVE_UP: AtomicBool = AtomicBool::new(false);

/// What SIGPIPE did when flopledger was started: Rust's runtime ignores it before `main`, and a
/// command must get what its parent set.
static PIPE_AT_START: OnceLock<bool> = OnceLock::new();

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_RUNTIME: extern "C" fn() = note_sigpipe;

extern "C" fn note_sigpipe() {
    let ignored = current(libc::SIGPIPE).is_some_and(|action| action.sa_sigaction == libc::SIG_IGN);
    let _ = PIPE_AT_START.set(ignored);
}

fn current(signal: c_int) -> Option<sigaction> {
    let mut action = MaybeUninit::<sigaction>::zeroed();
    // SAFETY: a null new action asks for the present one only, which the kernel writes to `action`.
    let rc = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: zeroed memory is a valid sigaction, and sigaction succeeded in filling it.
    (rc == 0).then(|| unsafe { action.assume_init() })
}

fn simple(handler: usize) -> sigaction {
    // SAFETY: all-zero is a valid sigaction: no flags, empty mask, default handler.
    let mut action: sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler;
    action
}

fn set(signal: c_int, action: &sigaction) {
    // SAFETY: `action` is valid and handlers installed here are async-signal-safe. A refusal
    // (there is none for these signals) leaves the former action.
    unsafe { libc::sigaction(signal, action, ptr::null_mut()) };
}

/// The dispositions and mask that the command has to start with.
pub struct Native {
    mask: sigset_t,
    child: Option<sigaction>,
}

impl Native {
    /// Takes note of them and blocks the forwarded signals until `forward_to` or `restore`, so
    /// that none is lost around the fork.
    pub fn hold() -> Native {
        let child = current(libc::SIGCHLD);
        // Ignored, it would make the kernel reap the command before we can.
        set(libc::SIGCHLD, &simple(libc::SIG_DFL));
        let mut mask = MaybeUninit::<sigset_t>::zeroed();
        // SAFETY: all three sets are local; sigemptyset initialises `blocked` before it is used.
        let mask = unsafe {
            let mut blocked = MaybeUninit::<sigset_t>::zeroed();
            libc::sigemptyset(blocked.as_mut_ptr());
            for signal in FORWARDED {
                libc::sigaddset(blocked.as_mut_ptr(), signal);
            }
            libc::sigprocmask(libc::SIG_BLOCK, blocked.as_ptr(), mask.as_mut_ptr());
            mask.assume_init()
        };
        Native { mask, child }
    }

    /// In the forked child: everything as flopledger's own parent set it. Async-signal-safe.
    pub fn restore(&self) {
        let pipe = if PIPE_AT_START.get() == Some(&true) { libc::SIG_IGN } else { libc::SIG_DFL };
        set(libc::SIGPIPE, &simple(pipe));
        if let Some(action) = &self.child {
            set(libc::SIGCHLD, action);
        }
        self.unblock();
    }

    fn unblock(&self) {
        // SAFETY: `mask` was filled by sigprocmask.
        unsafe { libc::sigprocmask(libc::SIG_SETMASK, &self.mask, ptr::null_mut()) };
    }

    /// In the parent: from now on signals go to the command.
    pub fn forward_to(self, command: i32) -> Forwarding {
        COMMAND.store(command, Ordering::SeqCst);
        GIVE_UP.store(false, Ordering::SeqCst);
        ASKED.store(0, Ordering::SeqCst);
        let former = FORWARDED.map(|signal| {
            let former = current(signal)?;
            // Ignored from the start (nohup, a background job): it stays so, for both of us.
            (former.sa_sigaction != libc::SIG_IGN).then_some((signal, former))
        });
        let mut action = simple(pass_on as *const () as usize);
        // No SA_RESTART: waits must return, for `given_up` to be looked at.
        action.sa_flags = libc::SA_SIGINFO;
        for (signal, _) in former.iter().flatten() {
            set(*signal, &action);
        }
        self.unblock();
        Forwarding { former }
    }
}

/// Passes signals to the command until it is dropped.
pub struct Forwarding {
    former: [Option<(c_int, sigaction)>; FORWARDED.len()],
}

impl Forwarding {
    /// Without a command, a signal means that we should not wait any longer.
    pub fn to_nobody() -> Forwarding {
        Native::hold().forward_to(0)
    }

    /// The command has ended; a signal from now on means that we should not wait any longer.
    pub fn command_ended(&self) {
        COMMAND.store(0, Ordering::SeqCst);
    }

    /// The signal by which somebody has asked flopledger to end, and when it has to have ended. The command has got the
    /// same signal: it has some time to end by itself, more if it handles the signal, less once it is asked again.
    pub fn asked_to_end(&self, handles: impl FnOnce(c_int) -> bool) -> Option<(c_int, Instant)> {
        const AT_ONCE: Duration = Duration::from_secs(1);
        const SOON: Duration = Duration::from_secs(3);
        const LATER: Duration = Duration::from_secs(10);
        /// Who sends a signal to a process and to its group asks once.
        const APART: i64 = 300;
        let signal = Some(ASKED.load(Ordering::SeqCst)).filter(|signal| *signal != 0)?;
        let (first, last) = (ASKED_FIRST.load(Ordering::SeqCst), ASKED_LAST.load(Ordering::SeqCst));
        let (since, grace) = match last - first > APART {
            true => (last, AT_ONCE),
            false if handles(signal) => (first, LATER),
            false => (first, SOON),
        };
        let gone = Duration::from_millis(u64::try_from(milliseconds() - since).unwrap_or(0));
        Some((signal, Instant::now() + grace.saturating_sub(gone)))
    }

    /// True once a signal came after the command's end.
    pub fn given_up(&self) -> bool {
        GIVE_UP.load(Ordering::SeqCst)
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        COMMAND.store(0, Ordering::SeqCst);
        for (signal, action) in self.former.iter().flatten() {
            set(*signal, action);
        }
    }
}

extern "C" fn pass_on(signal: c_int, info: *mut siginfo_t, _: *mut c_void) {
    let command = COMMAND.load(Ordering::SeqCst);
    if command == 0 {
        GIVE_UP.store(true, Ordering::SeqCst);
        return;
    }
    // SAFETY: the kernel passes a valid siginfo to an SA_SIGINFO handler; si_pid is meaningful for
    // si_code <= 0 and not looked at otherwise.
    let (code, sender) = unsafe { ((*info).si_code, (*info).si_pid()) };
    // From the terminal (SI_KERNEL) it went to the whole foreground group, the command included,
    // as does what the command sends to its own group.
    if code <= 0 && sender != command {
        if let libc::SIGTERM | libc::SIGINT = signal {
            let now = milliseconds();
            if ASKED.swap(signal, Ordering::SeqCst) == 0 {
                ASKED_FIRST.store(now, Ordering::SeqCst);
            }
            ASKED_LAST.store(now, Ordering::SeqCst);
        }
        // SAFETY: kill is async-signal-safe, and COMMAND is emptied as soon as the command was reaped.
        unsafe { libc::kill(command, signal) };
    }
}

/// The signal by which somebody asked flopledger to end so long ago that it should have.
pub fn overdue() -> Option<c_int> {
    const LONG: i64 = 5000;
    let signal = ASKED.load(Ordering::SeqCst);
    (signal != 0 && milliseconds() - ASKED_FIRST.load(Ordering::SeqCst) > LONG).then_some(signal)
}

/// Of a clock that only goes forward. Async-signal-safe.
fn milliseconds() -> i64 {
    // SAFETY: zeroed memory is a valid timespec, which the kernel fills.
    let now = unsafe {
        let mut now: libc::timespec = MaybeUninit::zeroed().assume_init();
        libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now);
        now
    };
    now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

/// The command was stopped from its terminal: stop too, so that the shell sees the job stop, and
/// let the command go on when we do.
pub fn stop_with_command(command: i32, signal: c_int) {
    let by_terminal = matches!(signal, libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU);
    if !by_terminal || !has_terminal() {
        return;
    }
    // SAFETY: neither call touches memory. SIGSTOP returns when somebody continues us.
    unsafe {
        libc::raise(libc::SIGSTOP);
        libc::kill(command, libc::SIGCONT);
    }
}

fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").map(OwnedFd::from).is_ok()
}
