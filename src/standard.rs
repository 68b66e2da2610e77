//! stdin, stdout and stderr as this program was given them, and messages that may find nobody to read them.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU8, Ordering};

use libc::c_int;

/// Bit N: descriptor N was closed when the program was started. Rust's runtime opens /dev/null in its place before
/// `main`, so that no file gets its number.
static CLOSED_AT_START: AtomicU8 = AtomicU8::new(0);

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_RUNTIME: extern "C" fn() = note_closed;

extern "C" fn note_closed() {
    for descriptor in STANDARD {
        // SAFETY: F_GETFD takes no pointer and changes nothing.
        if unsafe { libc::fcntl(descriptor, libc::F_GETFD) } < 0 {
            CLOSED_AT_START.fetch_or(1 << descriptor, Ordering::Relaxed);
        }
    }
}

const STANDARD: [c_int; 3] = [libc::STDIN_FILENO, libc::STDOUT_FILENO, libc::STDERR_FILENO];

/// Was it closed when the program was started? What is written to it then reaches nobody, without an error.
pub fn was_closed(descriptor: c_int) -> bool {
    closed().any(|closed| closed == descriptor)
}

/// Those that were closed, which a command has to find closed too. Async-signal-safe.
pub fn closed() -> impl Iterator<Item = c_int> {
    let closed = CLOSED_AT_START.load(Ordering::Relaxed);
    STANDARD.into_iter().filter(move |descriptor| closed >> descriptor & 1 == 1)
}

/// What writing to such a descriptor would have given without the runtime.
pub fn closed_error() -> io::Error {
    io::Error::from_raw_os_error(libc::EBADF)
}

/// A line on stderr, for people. Where it cannot be written (a full disk, a reader that went away), there is nobody to
/// tell, and what is being done goes on: `eprintln!` would panic.
pub fn tell(message: impl Display) {
    tell_as("flopledger", message);
}

/// As `tell`, for a program of another name.
pub fn tell_as(program: &str, message: impl Display) {
    let line = format!("{program}: {message}\n");
    // See above: there is nobody to tell.
    let _ = io::stderr().write_all(line.as_bytes());
}
