//! Tells on a terminal what takes its time. Nothing is written before two seconds have passed, and nothing stays.

use std::io::IsTerminal;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

const PATIENCE: Duration = Duration::from_secs(2);
const TICK: Duration = Duration::from_millis(120);

/// Shown until it is dropped.
pub struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    /// Only where stderr is a terminal that nothing else writes to meanwhile.
    pub fn of(what: &str) -> Progress {
        if !std::io::stderr().is_terminal() {
            return Progress(None);
        }
        let (done, ended) = mpsc::channel();
        let what = what.to_owned();
        Progress(Some((done, thread::spawn(move || show(&what, &ended)))))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, shown)) = self.0.take() {
            drop(done);
            // It has cleared its line when it has ended; a panic of its own has nothing to say to a user.
            let _ = shown.join();
        }
    }
}

fn show(what: &str, ended: &Receiver<()>) {
    let start = Instant::now();
    if ended.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let spinner = ProgressBar::new_spinner().with_message(what.to_owned());
    spinner.set_style(ProgressStyle::default_spinner());
    while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        spinner.set_message(format!("{what} ({} s)", start.elapsed().as_secs()));
        spinner.tick();
    }
    spinner.finish_and_clear();
}
