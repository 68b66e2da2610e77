//! `--framework-logs`: makes a command's libraries tell what they compute, and keeps that out of its output.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use tempfile::NamedTempFile;

use crate::counter::{Command, Stdout};
use crate::operators::Operators;
use crate::operators::verbose::{self, Log, Separator};
use crate::standard::tell;
use crate::{Error, Result};

/// Reads what the libraries of one run print.
pub struct FrameworkLogs {
    /// Passes the command's own output on, until the last process that holds the pipe has ended, as any
    /// reader of a pipe does.
    separating: JoinHandle<Log>,
    mkl: NamedTempFile,
}

impl FrameworkLogs {
    /// The command as it is to be run, and what reads its logs.
    pub fn of(command: &Command) -> Result<(Command, FrameworkLogs)> {
        let mkl = tempfile::Builder::new()
            .prefix("flopledger-mkl-")
            .tempfile()
            .map_err(|e| Error::failed(format!("--framework-logs: cannot create a file for MKL's log: {e}")))?;
        let (read, write) = pipe2(OFlag::O_CLOEXEC)
            .map_err(|errno| Error::failed(format!("--framework-logs: cannot create a pipe: {}", errno.desc())))?;
        let mut logged = command.clone();
        logged.env.extend(verbose::VARIABLES.map(|(name, value)| (name.into(), value.into())));
        logged.env.push((verbose::MKL_FILE.into(), mkl.path().into()));
        logged.stdout = Stdout::Into(Arc::new(write));
        Ok((logged, FrameworkLogs { separating: thread::spawn(|| separate(read)), mkl }))
    }

    /// All that was read. The command as it was run has to be dropped before, or its pipe stays open.
    pub fn finish(self) -> Result<Operators> {
        let mut log = self.separating.join().map_err(|_| Error::failed("--framework-logs: its reader panicked"))?;
        for line in BufReader::new(self.mkl).split(b'\n') {
            let line = line.map_err(|e| Error::failed(format!("--framework-logs: cannot read MKL's log: {e}")))?;
            log.line(&String::from_utf8_lossy(&line));
        }
        Ok(log.finish())
    }
}

/// Until the end of the pipe. Where nobody reads our stdout any more, closes the pipe, so that the command
/// meets what it would have met without us. Where stdout cannot be written otherwise, a full disk say, says so and
/// reads on: a closed pipe would kill the command.
fn separate(pipe: OwnedFd) -> Log {
    let (mut pipe, mut log, mut separator) = (File::from(pipe), Log::default(), Separator::default());
    let mut stdout = Passing { out: std::io::stdout(), failed: None };
    let mut buffer = [0; 1 << 16];
    loop {
        let length = match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        separator.feed(&buffer[..length], &mut |own| stdout.pass_on(own), &mut |line| log.line(line));
        stdout.flush();
        if stdout.failed == Some(ErrorKind::BrokenPipe) {
            return log;
        }
    }
    separator.finish(&mut |own| stdout.pass_on(own), &mut |line| log.line(line));
    stdout.flush();
    log
}

/// Our stdout, until it cannot be written.
struct Passing {
    out: std::io::Stdout,
    failed: Option<ErrorKind>,
}

impl Passing {
    fn pass_on(&mut self, own: &[u8]) {
        self.with(|out| out.write_all(own));
    }

    fn flush(&mut self) {
        self.with(std::io::Stdout::flush);
    }

    fn with(&mut self, write: impl FnOnce(&mut std::io::Stdout) -> std::io::Result<()>) {
        let None = self.failed else { return };
        if let Err(error) = write(&mut self.out) {
            self.failed = Some(error.kind());
            if error.kind() != ErrorKind::BrokenPipe {
                tell(format_args!("stdout: cannot write: {error}: what the command prints from here on is lost"));
            }
        }
    }
}
