//! What a measurement waits for.

use nix::errno::Errno;

use super::deadline::Alarm;
use crate::counter::Exit;
use crate::counter::launch::{Forwarding, Launch, stop_with_command};
use crate::counter::wait::{self, Change, Ended, Usage};
use crate::{Error, Result};

pub enum Ending {
    /// The command's end; with `wait_all`, that of the children that it leaves to us, too.
    Command { launch: Launch, wait_all: bool, ended: Option<Ended> },
    /// The end of processes that ran already, or a signal.
    Processes(Forwarding),
    /// A signal.
    Signal(Forwarding),
}

impl Ending {
    pub fn of(launch: Option<Launch>, processes: bool, wait_all: bool) -> Ending {
        match launch {
            Some(launch) => Ending::Command { launch, wait_all, ended: None },
            None if processes => Ending::Processes(Forwarding::to_nobody()),
            None => Ending::Signal(Forwarding::to_nobody()),
        }
    }

    /// Lets the command start. An error if it could not be executed.
    pub fn begin(&mut self) -> Result<()> {
        let Ending::Command { launch, .. } = self else { return Ok(()) };
        launch.open_gate()?;
        match launch.refusal() {
            Some(refusal) => {
                launch.abandon();
                Err(refusal)
            }
            None => Ok(()),
        }
    }

    /// Looks, without waiting, whether it is reached.
    pub fn reached(&mut self, alarm: &Alarm) -> Result<bool> {
        match self {
            Ending::Command { launch, wait_all, ended } => {
                let nobody_left = reap(launch, ended)?;
                let waiting = *wait_all && !nobody_left && !launch.forwarding.given_up();
                Ok(ended.is_some() && !waiting)
            }
            Ending::Processes(forwarding) => Ok(forwarding.given_up() || !alarm.any_running()),
            Ending::Signal(forwarding) => Ok(forwarding.given_up()),
        }
    }

    /// How the command ended and what it used; neither is known of what was not ours.
    pub fn result(self) -> Result<(Exit, Option<Usage>)> {
        match self {
            Ending::Command { ended, .. } => {
                let ended = ended.ok_or_else(|| Error::failed("the command's end was not reported"))?;
                Ok((ended.exit, Some(ended.usage)))
            }
            Ending::Processes(_) | Ending::Signal(_) => Ok((Exit { code: None, signal: None }, None)),
        }
    }
}

/// Starts a command whose events are open, and waits for its end.
pub fn run(launch: Launch, wait_all: bool) -> Result<(Exit, Usage)> {
    let mut alarm = Alarm::for_children()?;
    let mut ending = Ending::Command { launch, wait_all, ended: None };
    ending.begin()?;
    while !ending.reached(&alarm)? {
        alarm.wait(None)?;
    }
    let (exit, usage) = ending.result()?;
    usage.map(|usage| (exit, usage)).ok_or_else(|| Error::failed("what the command used was not reported"))
}

/// Takes note of children that ended or stopped. True if none is left.
fn reap(launch: &Launch, command: &mut Option<Ended>) -> Result<bool> {
    loop {
        match wait::next(libc::WUNTRACED | libc::WNOHANG) {
            Ok(Some(Change::Stopped { tid, status })) if tid == launch.pid => {
                stop_with_command(tid.as_raw(), libc::WSTOPSIG(status));
            }
            Ok(Some(Change::Ended(ended))) if ended.tid == launch.pid => {
                launch.forwarding.command_ended();
                *command = Some(ended);
            }
            Ok(Some(_)) | Err(Errno::EINTR) => {}
            Ok(None) => return Ok(false),
            Err(Errno::ECHILD) => return Ok(true),
            Err(errno) => return Err(Error::failed(format!("cannot wait for the command: {}", errno.desc()))),
        }
    }
}
