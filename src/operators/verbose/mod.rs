//! What oneDNN and MKL print of themselves under ONEDNN_VERBOSE and MKL_VERBOSE, a line a call.

use super::Operators;
use super::gather::Gathering;

mod mkl;
mod onednn;
mod separate;

pub use separate::Separator;

/// Variables that make the libraries print, and what they are set to. DNNL_VERBOSE is the name that oneDNN
/// had before version 2; executions are what 1 asks for in all versions.
pub const VARIABLES: [(&str, &str); 3] = [("ONEDNN_VERBOSE", "1"), ("DNNL_VERBOSE", "1"), ("MKL_VERBOSE", "1")];

/// Names a file for MKL's lines, in the versions that know it; else they go to stdout.
pub const MKL_FILE: &str = "MKL_VERBOSE_OUTPUT_FILE";

/// What a line of a log begins with.
const MARKERS: [&str; 3] = ["onednn_verbose,", "dnnl_verbose,", "MKL_VERBOSE "];

/// A log as it is read, line by line.
#[derive(Debug, Default)]
pub struct Log {
    gathering: Gathering,
    onednn: onednn::Reader,
    lines: u64,
    /// Lines of a log that could not be read, and the first of them.
    unread: Option<(u64, String)>,
}

impl Log {
    /// A line without its newline. Those of other programs are passed over.
    pub fn line(&mut self, line: &str) {
        self.lines += 1;
        let line = line.trim_end();
        let read = match MARKERS.iter().find_map(|marker| Some((*marker, line.strip_prefix(marker)?))) {
            Some(("MKL_VERBOSE ", call)) => mkl::line(call, &mut self.gathering),
            Some((_, record)) => self.onednn.line(record, &mut self.gathering),
            None => return,
        };
        if let Err(problem) = read {
            let place = format!("line {}: {problem}", self.lines);
            self.unread.get_or_insert((0, place)).0 += 1;
        }
    }

    pub fn finish(self) -> Operators {
        let unread = self.unread.map(|(count, first)| match count {
            1 => format!("{first}; it was not counted"),
            _ => format!("{first}; it and {} more were not counted", count - 1),
        });
        let lost: Vec<String> = self.onednn.lost().into_iter().chain(unread).collect();
        self.gathering.finish(None, (!lost.is_empty()).then(|| lost.join("; ")))
    }
}

/// The operators of a whole log; None where no line of it is one of theirs.
pub fn parse(bytes: &[u8]) -> Option<Operators> {
    let mut separator = Separator::default();
    let mut log = Log::default();
    let mut any = false;
    let mut line = |line: &str| {
        any = true;
        log.line(line);
    };
    separator.feed(bytes, &mut |_| {}, &mut line);
    separator.finish(&mut |_| {}, &mut line);
    any.then(|| log.finish())
}
