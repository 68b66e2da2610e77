//! Takes a finished value and prints it: a table for people, JSON and CSV for programs.
//! Computes nothing.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::units::Unit;
use crate::{Error, Result, standard as standard_stream};

mod conventions;
mod difference;
mod doctor;
mod estimate;
mod events;
mod explain;
pub mod html;
mod identify;
mod interval;
mod ledger;
mod ledger_bars;
mod logged;
mod merged;
mod mfu;
mod operators;
mod peak;
mod reconcile;
mod repeated;
pub mod run;
mod side_by_side;
pub mod text;
mod threads;
mod timed;
mod waterfall;

pub use doctor::{Auto, Diagnosis};
pub use estimate::Estimates;
pub use explain::Explained;
pub use identify::Identified;
pub use mfu::{Devices, PublishedList};

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Table,
    Json,
    Csv,
}

/// A finished value that knows how it prints.
pub trait Report {
    fn table(&self, out: &mut dyn Write, unit: Unit) -> io::Result<()>;
    /// The table with its pictures, on a terminal of so many columns.
    fn drawn(&self, out: &mut dyn Write, unit: Unit, _columns: usize) -> io::Result<()> {
        self.table(out, unit)
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()>;
    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()>;
}

/// JSON as every subcommand prints it: indented, with a final newline.
pub fn write_json<T: Serialize + ?Sized>(value: &T, out: &mut dyn Write) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    out.write_all(&text)
}

/// csv's own conversion hides what happened, and with it that a reader went away.
fn as_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Where a result goes when the user named no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standard {
    Stdout,
    Stderr,
}

impl Standard {
    /// Columns of the terminal behind it; None where there is none, or one that shows no pictures.
    fn columns(self) -> Option<usize> {
        let size = match self {
            Standard::Stdout => terminal_size::terminal_size_of(io::stdout()),
            Standard::Stderr => terminal_size::terminal_size_of(io::stderr()),
        };
        let able = std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
        size.filter(|_| able).map(|(width, _)| width.0.into())
    }
}

/// Stdout that was closed when the program was started.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(standard_stream::closed_error())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The open destination of a result. Opened before the work starts, so that a bad path fails early.
pub struct Sink {
    out: Box<dyn Write>,
    name: String,
    format: Format,
    unit: Unit,
    /// Columns of the terminal, where it is one.
    columns: Option<usize>,
    /// Lines were written before the result.
    lines_begun: bool,
    /// Why they could not be written; nothing is, after that.
    failed: Option<io::Error>,
}

impl Sink {
    pub fn open(file: Option<PathBuf>, standard: Standard, format: Format, unit: Unit) -> Result<Self> {
        let columns = if file.is_none() { standard.columns() } else { None };
        let (out, name): (Box<dyn Write>, String) = match (file, standard) {
            (Some(path), _) => {
                let file = File::create(&path).map_err(|e| {
                    Error::input(format!("{}: cannot write: {e}", path.display()))
                        .remedy("give -o a path in a folder that exists and is writable")
                })?;
                (Box::new(io::BufWriter::new(file)), path.display().to_string())
            }
            (None, Standard::Stdout) if standard_stream::was_closed(libc::STDOUT_FILENO) => {
                (Box::new(Closed), "stdout".into())
            }
            (None, Standard::Stdout) => (Box::new(io::BufWriter::new(io::stdout())), "stdout".into()),
            (None, Standard::Stderr) => (Box::new(io::BufWriter::new(io::stderr())), "stderr".into()),
        };
        Ok(Sink { out, name, format, unit, columns, lines_begun: false, failed: None })
    }

    /// Prints the value. A reader that went away early (a broken pipe) is no error.
    pub fn print(mut self, report: &dyn Report) -> Result<()> {
        let written = self.write(report);
        self.close(written)
    }

    fn close(self, written: io::Result<()>) -> Result<()> {
        match written {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {
                // The buffer would be flushed, and fail, once more on drop.
                std::mem::forget(self.out);
                Ok(())
            }
            Err(e) => Err(Error::failed(format!("{}: cannot write: {e}", self.name))),
            Ok(()) => Ok(()),
        }
    }

    fn write(&mut self, report: &dyn Report) -> io::Result<()> {
        match self.format {
            Format::Table => match self.columns {
                Some(columns) => report.drawn(&mut self.out, self.unit, columns)?,
                None => report.table(&mut self.out, self.unit)?,
            },
            Format::Json => report.json(&mut self.out)?,
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(&mut self.out as &mut dyn Write);
                report.csv(&mut writer).map_err(as_io)?;
                writer.flush()?;
            }
        }
        self.out.flush()
    }
}
