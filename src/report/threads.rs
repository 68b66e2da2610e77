//! Prints counts by process and by thread: a row each, a column an event. The floating-point events are one
//! column, what they add up to.

use std::io::{self, Write};

use super::run::raw_count;
use super::text::{Align, Table};
use crate::counter::{Event, PmuFlops, ProcessRow, ThreadRow};
use crate::units::grouped;

pub fn write_processes(rows: &[ProcessRow], out: &mut dyn Write) -> io::Result<()> {
    let counts = rows.iter().map(|row| Counts { flops: row.pmu_flops, events: &row.events[row.fp_events..] });
    let ids = rows.iter().map(|row| [row.pid.to_string(), row.threads.to_string(), row.name.clone()]);
    write(["process", "threads", "name"], counts.zip(ids).collect(), out)
}

pub fn write_threads(rows: &[ThreadRow], out: &mut dyn Write) -> io::Result<()> {
    let counts = rows.iter().map(|row| Counts { flops: row.pmu_flops, events: &row.events[row.fp_events..] });
    let ids = rows.iter().map(|row| [row.pid.to_string(), row.tid.to_string(), row.name.clone()]);
    write(["process", "thread", "name"], counts.zip(ids).collect(), out)
}

struct Counts<'a> {
    flops: Option<PmuFlops>,
    events: &'a [Event],
}

impl Counts<'_> {
    fn columns(&self) -> impl Iterator<Item = String> {
        let flops = |flops: PmuFlops| match flops.not_counted {
            none if none.is_empty() => "FLOPs".to_owned(),
            some => format!("FLOPs, {} not counted", some.names()),
        };
        self.flops.map(flops).into_iter().chain(self.events.iter().map(|event| event.name.clone()))
    }

    fn cells(&self) -> impl Iterator<Item = String> {
        let total = |flops: PmuFlops| flops.total.map_or_else(|| "not known".into(), |total| grouped(total.into()));
        self.flops.map(total).into_iter().chain(self.events.iter().map(raw_count))
    }
}

fn write(ids: [&str; 3], rows: Vec<(Counts, [String; 3])>, out: &mut dyn Write) -> io::Result<()> {
    let Some((first, _)) = rows.first() else { return Ok(()) };
    let [process, thread, name] = ids;
    let ids = [(process, Align::Right), (thread, Align::Right), (name, Align::Left)];
    let names: Vec<String> = first.columns().collect();
    let columns: Vec<(&str, Align)> = names.iter().map(|column| (column.as_str(), Align::Right)).chain(ids).collect();
    let mut table = Table::new(&columns);
    for (counts, id) in &rows {
        table.row(counts.cells().chain(id.iter().cloned()));
    }
    writeln!(out)?;
    table.write(out)
}
