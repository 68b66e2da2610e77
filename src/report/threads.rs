//! Prints counts by process and by thread: a row each, a column an event.

use std::io::{self, Write};

use super::run::raw_count;
use super::text::{Align, Table};
use crate::counter::{Event, PmuFlops, ProcessRow, ThreadRow};
use crate::units::grouped;

pub fn write_processes(rows: &[ProcessRow], out: &mut dyn Write) -> io::Result<()> {
    let cells = |row: &ProcessRow| {
        let id = [row.pid.to_string(), row.threads.to_string(), row.name.clone()];
        counts(row.pmu_flops, &row.events).into_iter().chain(id).collect()
    };
    write(
        rows.first().map(|row| (row.pmu_flops, &*row.events)),
        &["process", "threads", "name"],
        rows.iter().map(cells),
        out,
    )
}

pub fn write_threads(rows: &[ThreadRow], out: &mut dyn Write) -> io::Result<()> {
    let cells = |row: &ThreadRow| {
        let id = [row.pid.to_string(), row.tid.to_string(), row.name.clone()];
        counts(row.pmu_flops, &row.events).into_iter().chain(id).collect()
    };
    write(
        rows.first().map(|row| (row.pmu_flops, &*row.events)),
        &["process", "thread", "name"],
        rows.iter().map(cells),
        out,
    )
}

fn counts(flops: Option<PmuFlops>, events: &[Event]) -> Vec<String> {
    let flops = flops.map(|flops| flops.total.map_or_else(|| "not known".into(), |total| grouped(total.into())));
    flops.into_iter().chain(events.iter().map(raw_count)).collect()
}

/// `first` has the names of the columns of counts.
fn write(
    first: Option<(Option<PmuFlops>, &[Event])>,
    ids: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some((flops, events)) = first else { return Ok(()) };
    let counts = flops.map(|_| "FLOPs").into_iter().chain(events.iter().map(|event| event.name.as_str()));
    let ids = ids.iter().map(|id| (*id, if *id == "name" { Align::Left } else { Align::Right }));
    let columns: Vec<(&str, Align)> = counts.map(|name| (name, Align::Right)).chain(ids).collect();
    let mut table = Table::new(&columns);
    for row in rows {
        table.row(row);
    }
    writeln!(out)?;
    table.write(out)
}
