//! What a tracer does once somebody has asked flopledger to end, by a signal that the command has got too: the command
//! has some time to end by itself; then it is let go, uncounted; and what cannot even be let go keeps nobody.

use std::time::{Duration, Instant};

use libc::c_int;
use nix::unistd::Pid;

use super::alarm::Alarm;
use super::launch::Forwarding;
use super::ptrace::status::Dispositions;

/// Time for all threads to stop once more, so that they can be let go.
const LETTING_GO: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub struct LastCall {
    /// The signal, and when to leave what has not been let go by then.
    leaving: Option<(c_int, Instant)>,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    Nothing,
    /// Let the command go on uncounted.
    LetGo(c_int),
    /// Wait for nothing more.
    Leave,
}

impl LastCall {
    /// `root`: the command. `alarm` will ring when there is something to do.
    pub fn due(&mut self, forwarding: &Forwarding, root: Pid, alarm: &Alarm) -> Due {
        if let Some((_, at)) = self.leaving {
            alarm.set(at);
            return if Instant::now() >= at { Due::Leave } else { Due::Nothing };
        }
        let handles = |signal| {
            let does = Dispositions::of(root).unwrap_or_default();
            does.catches(signal) || does.discards(signal)
        };
        match forwarding.asked_to_end(handles) {
            None => Due::Nothing,
            Some((_, at)) if Instant::now() < at => {
                alarm.set(at);
                Due::Nothing
            }
            Some((signal, _)) => {
                let at = Instant::now() + LETTING_GO;
                alarm.set(at);
                self.leaving = Some((signal, at));
                Due::LetGo(signal)
            }
        }
    }

    /// The signal that has ended the counting, though not the command.
    pub fn signal(&self) -> Option<c_int> {
        self.leaving.map(|(signal, _)| signal)
    }

    /// What the result says.
    pub fn reason(signal: c_int) -> String {
        let name = nix::sys::signal::Signal::try_from(signal).map_or("a signal", |signal| signal.as_str());
        format!("flopledger was ended by {name} while the command was still running")
    }
}
