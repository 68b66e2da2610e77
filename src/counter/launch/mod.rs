//! Starts a command as a shell would, held back until its counters are in place.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::{env, ptr};

use libc::c_char;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::{ForkResult, Pid, fork, pipe2};

use super::{Command, Stdout};
use crate::{Error, Result, standard};

mod program;
mod signals;

pub use signals::{FORWARDED, Forwarding, overdue, stop_with_command};

/// A forked child that waits for its gate to open before it executes the command.
pub struct Launch {
    pub pid: Pid,
    pub forwarding: Forwarding,
    gate: File,
    report: File,
    path: PathBuf,
}

/// What the child does right before exec; async-signal-safe.
pub type Prepare = fn() -> std::result::Result<(), Errno>;

impl Launch {
    pub fn new(command: &Command, prepare: Option<Prepare>) -> Result<Launch> {
        let image = Image::new(command)?;
        let (wait_at, gate) = pipe2(OFlag::O_CLOEXEC).map_err(no_child)?;
        let (report, report_to) = pipe2(OFlag::O_CLOEXEC).map_err(no_child)?;
        let native = signals::Native::hold();
        // SAFETY: the child makes async-signal-safe calls only, on memory prepared beforehand.
        match unsafe { fork() } {
            Err(errno) => {
                native.restore();
                Err(no_child(errno))
            }
            Ok(ForkResult::Child) => {
                native.restore();
                // SAFETY: closing our copy of the parent's end, so that its death ends our wait.
                unsafe { libc::close(gate.as_raw_fd()) };
                image.become_command(wait_at.as_raw_fd(), report_to.as_raw_fd(), prepare)
            }
            Ok(ForkResult::Parent { child }) => Ok(Launch {
                pid: child,
                forwarding: native.forward_to(child.as_raw()),
                gate: File::from(gate),
                report: File::from(report),
                path: image.path,
            }),
        }
    }

    /// Lets the child execute the command.
    pub fn open_gate(&mut self) -> Result<()> {
        self.gate.write_all(&[1]).map_err(|e| Error::failed(format!("cannot start the command: {e}")))
    }

    /// Why the command was not executed; None if it was. Waits until that is known.
    pub fn refusal(&mut self) -> Option<Error> {
        let mut errno = [0; 4];
        // End of file: the descriptor was closed by a successful exec.
        self.report.read_exact(&mut errno).ok()?;
        Some(match i32::from_ne_bytes(errno) {
            errno @ ..0 => not_prepared(Errno::from_raw(-errno)),
            errno => program::refused(&self.path, Errno::from_raw(errno)),
        })
    }

    /// Ends a child whose counters could not be set up.
    pub fn abandon(&self) {
        // SAFETY: the child is ours and not reaped yet.
        unsafe { libc::kill(self.pid.as_raw(), libc::SIGKILL) };
        let _ = nix::sys::wait::waitpid(self.pid, None);
    }
}

fn not_prepared(errno: Errno) -> Error {
    Error::failed(format!("the kernel refuses a seccomp filter, which counting needs: {}", errno.desc()))
        .remedy("use --counter step, or a kernel with CONFIG_SECCOMP_FILTER")
}

fn no_child(errno: Errno) -> Error {
    Error::failed(format!("cannot start a process: {}", errno.desc()))
}

/// Everything that execve needs, laid out before the fork.
struct Image {
    path: PathBuf,
    program: CString,
    args: Strings,
    environment: Strings,
    /// The command line of /bin/sh, for a script without a first line that names its interpreter.
    shell: Option<Strings>,
    /// What takes the place of stdout.
    stdout: Option<RawFd>,
}

/// A null-terminated array of C strings.
struct Strings {
    pointers: Vec<*const c_char>,
    /// What the pointers point into.
    _strings: Vec<CString>,
}

impl Strings {
    fn new(strings: Vec<CString>) -> Strings {
        let pointers = strings.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect();
        Strings { pointers, _strings: strings }
    }
}

impl Image {
    fn new(command: &Command) -> Result<Image> {
        let path = program::find(&command.program)?;
        let program = program::c_string(path.as_os_str())?;
        let tail = command.args.iter().map(|arg| program::c_string(arg)).collect::<Result<Vec<_>>>()?;
        let shell = program::may_be_shell_script(&path)
            .then(|| Strings::new([c"/bin/sh".into(), program.clone()].into_iter().chain(tail.clone()).collect()));
        let name = program::c_string(&command.program)?;
        Ok(Image {
            path,
            program,
            args: Strings::new([name].into_iter().chain(tail).collect()),
            environment: Strings::new(environment(&command.env)?),
            shell,
            stdout: match &command.stdout {
                Stdout::Ours => None,
                Stdout::Stderr => Some(libc::STDERR_FILENO),
                Stdout::Into(descriptor) => Some(descriptor.as_raw_fd()),
            },
        })
    }

    /// In the child: waits at the gate, then executes the command or reports why not.
    fn become_command(&self, wait_at: RawFd, report_to: RawFd, prepare: Option<Prepare>) -> ! {
        // SAFETY: async-signal-safe calls only, on descriptors and null-terminated arrays that live
        // until exec or exit.
        unsafe {
            let mut byte = 0u8;
            while libc::read(wait_at, (&raw mut byte).cast(), 1) < 0 && Errno::last() == Errno::EINTR {}
            if byte == 0 {
                // The parent gave up.
                libc::_exit(125);
            }
            // Closed as our own parent left them, but for what takes the place of stdout.
            for descriptor in standard::closed() {
                libc::close(descriptor);
            }
            if let Some(descriptor) = self.stdout {
                libc::dup2(descriptor, libc::STDOUT_FILENO);
            }
            if let Some(Err(errno)) = prepare.map(|prepare| prepare()) {
                // Negative: it was not exec that failed.
                let errno = -(errno as i32);
                libc::write(report_to, (&raw const errno).cast(), size_of_val(&errno));
                libc::_exit(125)
            }
            let environment = self.environment.pointers.as_ptr();
            libc::execve(self.program.as_ptr(), self.args.pointers.as_ptr(), environment);
            let mut errno = Errno::last_raw();
            if let (libc::ENOEXEC, Some(shell)) = (errno, &self.shell) {
                libc::execve(c"/bin/sh".as_ptr(), shell.pointers.as_ptr(), environment);
                errno = Errno::last_raw();
            }
            libc::write(report_to, (&raw const errno).cast(), size_of_val(&errno));
            libc::_exit(126)
        }
    }
}

/// Our own environment with the command's additions.
fn environment(additions: &[(OsString, OsString)]) -> Result<Vec<CString>> {
    let added = |name: &OsString| additions.iter().any(|(n, _)| n == name);
    let inherited = env::vars_os().filter(|(name, _)| !added(name));
    inherited
        .chain(additions.iter().cloned())
        .map(|(name, value)| {
            let line = [name.into_vec(), value.into_vec()].join(&b'=');
            program::c_string(&OsString::from_vec(line))
        })
        .collect()
}
