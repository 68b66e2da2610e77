//! Regions: what a process executes between the markers that it runs through.

use std::collections::HashMap;

use super::{Classes, RegionTally};

/// The longest name of a region, in bytes.
const LONGEST_NAME: usize = 256;

/// The sums of all regions of all processes, in the order in which they were first entered.
#[derive(Debug, Default)]
pub struct RegionLog {
    tallies: Vec<RegionTally>,
    by_path: HashMap<String, usize>,
}

impl RegionLog {
    fn at(&mut self, path: &str) -> &mut RegionTally {
        let next = self.tallies.len();
        let index = *self.by_path.entry(path.to_owned()).or_insert(next);
        if index == next {
            self.tallies.push(RegionTally { path: path.to_owned(), calls: 0, classes: Classes::new() });
        }
        &mut self.tallies[index]
    }

    pub fn into_tallies(self) -> Vec<RegionTally> {
        self.tallies
    }
}

/// A region that is open.
#[derive(Debug, Clone)]
struct Frame {
    path: String,
    /// The thread that opened it; None where a former image or a parent process did.
    thread: Option<i32>,
    /// The process's counts at that time.
    since: Classes,
}

/// The open regions of one process. They are process-wide: whatever any thread executes counts.
#[derive(Debug, Clone, Default)]
pub struct Regions {
    frames: Vec<Frame>,
}

/// Why the markers do not make sense, and so void the claim of exactness.
pub type Fault = Option<String>;

impl Regions {
    /// The regions that a new process starts in: those of its parent.
    pub fn of_child(&self) -> Regions {
        let inherited = |frame: &Frame| Frame { path: frame.path.clone(), thread: None, since: Classes::new() };
        Regions { frames: self.frames.iter().map(inherited).collect() }
    }

    /// No region is open.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The process executes another program, which cannot close what the former one opened.
    pub fn exec(&mut self) {
        for frame in &mut self.frames {
            frame.thread = None;
        }
    }

    /// A BEGIN marker; `name` is Err(why) where it could not be read.
    pub fn begin(&mut self, log: &mut RegionLog, thread: i32, name: Result<String, String>, now: &Classes) -> Fault {
        let overlap = self.frames.last().and_then(|frame| Some((frame, frame.thread?)));
        let overlap = overlap.filter(|(_, opener)| *opener != thread).map(|(frame, opener)| {
            format!("thread {thread} began a region while `{}` of thread {opener} was open", frame.path)
        });
        let (name, unreadable) = match name {
            Ok(name) => (name, None),
            Err(why) => ("?".into(), Some(format!("a region's name {why}"))),
        };
        let path = match self.frames.last() {
            Some(outer) => format!("{}/{name}", outer.path),
            None => name,
        };
        log.at(&path).calls += 1;
        self.frames.push(Frame { path, thread: Some(thread), since: now.clone() });
        overlap.or(unreadable)
    }

    /// An END marker, which closes the innermost region that is open.
    pub fn end(&mut self, log: &mut RegionLog, thread: i32, now: &Classes) -> Fault {
        let Some(frame) = self.frames.pop() else {
            return Some(format!("thread {thread} ended a region that no marker began"));
        };
        add_difference(&mut log.at(&frame.path).classes, now, &frame.since);
        let opener = frame.thread.filter(|opener| *opener != thread)?;
        Some(format!("thread {thread} ended the region `{}` of thread {opener}", frame.path))
    }

    /// The process is gone. Inherited regions end with it; its own should have been ended.
    pub fn finish(self, log: &mut RegionLog, now: &Classes) -> Fault {
        let mut fault = None;
        for frame in self.frames.into_iter().rev() {
            add_difference(&mut log.at(&frame.path).classes, now, &frame.since);
            if frame.thread.is_some() {
                fault = Some(format!("the region `{}` was still open when its process ended", frame.path));
            }
        }
        fault
    }
}

fn add_difference(sum: &mut Classes, now: &Classes, since: &Classes) {
    for (class, count) in now {
        let mut gained = *count;
        gained -= since.get(class).copied().unwrap_or_default();
        if gained.executions > 0 {
            *sum.entry(*class).or_default() += gained;
        }
    }
}

/// A region's name, which `read` reads from a program's memory.
pub fn name_at(read: impl FnOnce(u64, &mut [u8]) -> usize, address: u64, length: u64) -> Result<String, String> {
    let mut name = [0; LONGEST_NAME];
    let length = usize::try_from(length).ok().filter(|length| *length <= LONGEST_NAME);
    let Some(name) = length.and_then(|length| name.get_mut(..length)) else {
        return Err(format!("is longer than {LONGEST_NAME} bytes"));
    };
    match read(address, name) == name.len() {
        true => name_of(name),
        false => Err("cannot be read".into()),
    }
}

/// A region's name from its bytes.
fn name_of(bytes: &[u8]) -> Result<String, String> {
    match std::str::from_utf8(bytes) {
        Ok("") => Err("is empty".into()),
        Ok(name) => Ok(name.to_owned()),
        Err(_) => Err("is not UTF-8".into()),
    }
}

#[cfg(test)]
#[path = "regions_tests.rs"]
mod tests;
