//! Restartable sequences (rseq(2)): the kernel restarts them where it interrupts them, which it tells
//! by the instruction pointer. A translation's is never within one, so none is ever restarted.

use std::collections::HashMap;
use std::fs::File;

use nix::unistd::Pid;
use object::Object;
use object::read::ReadCache;

use super::Tracer;
use crate::counter::maps::Maps;

/// Where compilers' and libraries' macros list a program's sequences.
const SECTION: &str = "__rseq_cs";

/// Files of code that have been looked into.
#[derive(Default)]
pub struct Files {
    known: HashMap<String, bool>,
}

impl Files {
    /// Whether the code in a file has any. What cannot be read has none that we know of.
    pub fn has(&mut self, path: &str, file: impl FnOnce() -> std::io::Result<File>) -> bool {
        if let Some(known) = self.known.get(path) {
            return *known;
        }
        let has = file().is_ok_and(|file| {
            let cache = ReadCache::new(file);
            object::File::parse(&cache).is_ok_and(|object| object.section_by_name(SECTION).is_some())
        });
        self.known.insert(path.to_owned(), has);
        has
    }
}

impl Tracer {
    /// A process has executed a program.
    pub(super) fn look_for_rseq(&mut self, pid: Pid) {
        let maps = Maps::of(pid);
        let files = maps.iter().filter(|m| m.executable && m.name.starts_with('/'));
        for path in files.map(|mapping| mapping.name.clone()) {
            let open = || File::open(&path).or_else(|_| File::open(format!("/proc/{pid}/root{path}")));
            self.note_rseq(&path, open);
        }
    }

    /// A process has mapped code from an open file.
    pub(super) fn look_for_rseq_in(&mut self, pid: Pid, descriptor: i32) {
        let link = format!("/proc/{pid}/fd/{descriptor}");
        let Ok(path) = std::fs::read_link(&link) else { return };
        self.note_rseq(&path.to_string_lossy(), || File::open(&link));
    }

    fn note_rseq(&mut self, path: &str, open: impl FnOnce() -> std::io::Result<File>) {
        if self.restartable.has(path, open) {
            self.record.void(format!("{path} has restartable sequences (rseq), which are not restarted here"));
        }
    }
}
