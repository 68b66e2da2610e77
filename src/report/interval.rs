//! Prints counts as they come.

use std::io::{self, Write};

use serde_json::Value;

use super::{Format, Report, Sink};
use crate::Result;
use crate::counter::watch::{Delta, Tick};
use crate::units::grouped;

impl Sink {
    /// Lines for what was counted since the last call. Where they cannot be written, counting goes on all the same, and
    /// the result says why they end.
    pub fn interval(&mut self, tick: &Tick) {
        if self.failed.is_none() {
            self.failed = self.write_interval(tick).err();
        }
    }

    fn write_interval(&mut self, tick: &Tick) -> io::Result<()> {
        let begins = !std::mem::replace(&mut self.lines_begun, true);
        match self.format {
            Format::Table => {
                if begins {
                    writeln!(self.out, "{:>12}  {:>20}  event", "seconds", "count")?;
                }
                tick.deltas.iter().try_for_each(|delta| writeln!(self.out, "{}", row(delta)))?;
            }
            Format::Json => tick.deltas.iter().try_for_each(|delta| {
                serde_json::to_writer(&mut self.out, delta)?;
                self.out.write_all(b"\n")
            })?,
            Format::Csv => {
                let mut writer = csv::WriterBuilder::new().has_headers(begins).from_writer(&mut self.out);
                tick.deltas.iter().try_for_each(|delta| writer.serialize(delta)).map_err(super::as_io)?;
                writer.flush()?;
            }
        }
        self.out.flush()
    }

    /// The result after such lines: as one more line of JSON; not at all in CSV, whose rows have other
    /// columns.
    pub fn print_after_lines(mut self, report: &dyn Report) -> Result<()> {
        if let Some(failed) = self.failed.take() {
            return self.close(Err(failed));
        }
        let written = match self.format {
            Format::Table => writeln!(self.out).and_then(|()| self.write(report)),
            Format::Json => self.write_line(report),
            Format::Csv => Ok(()),
        };
        self.close(written)
    }

    fn write_line(&mut self, report: &dyn Report) -> io::Result<()> {
        let mut pretty = Vec::new();
        report.json(&mut pretty)?;
        let value: Value = serde_json::from_slice(&pretty)?;
        serde_json::to_writer(&mut self.out, &value)?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }
}

fn row(delta: &Delta) -> String {
    let count = delta.delta.map_or_else(|| "not counted".into(), |count| grouped(count.into()));
    let remark = match delta.running {
        Some(share) if share < 1.0 => format!("  (ran {:.1} % of the time; not scaled)", 100.0 * share),
        _ => String::new(),
    };
    format!("{:>12.6}  {count:>20}  {}{remark}", delta.time_s, delta.event)
}
