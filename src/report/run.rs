//! Prints the result of `run`.

use std::cmp::Reverse;
use std::io::{self, Write};

use serde::Serialize;

use super::text::{Align, Table};
use super::{Report, write_json};
use crate::counter::{Event, EventStatus, Precisions, RunResult};
use crate::units::{Amount, Unit, grouped, scaled};

/// Rows of a table that are worth a reader's time.
const TOP: usize = 12;

impl Report for RunResult {
    fn table(&self, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
        writeln!(out, "{}\n", self.command.join(" "))?;
        headline(self, out, unit)?;
        instructions(self, out)?;
        mnemonics(self, out)?;
        classes(self, out, unit)?;
        functions(self, out, unit)?;
        regions(self, out, unit)?;
        shown_as(self, out)?;
        events(&self.events, out)?;
        closing(self, out)
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    /// One row a figure: what it is of, its name, executions, lanes, FLOPs.
    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        #[derive(Serialize)]
        struct Row<'a> {
            of: &'a str,
            name: String,
            precision: Option<crate::isa::Precision>,
            width: Option<u16>,
            masked: Option<bool>,
            executions: Option<u64>,
            lanes: Option<u64>,
            flops: Option<u64>,
        }
        let row = |of, name: &str, executions, flops| Row {
            of,
            name: name.to_owned(),
            precision: None,
            width: None,
            masked: None,
            executions,
            lanes: None,
            flops,
        };
        out.serialize(row("total", "flops", self.instructions.floating_point, self.flops.total))?;
        for (name, flops) in precisions(&self.flops) {
            out.serialize(row("precision", name, None, flops))?;
        }
        out.serialize(row("pmu", &self.pmu_model, None, self.pmu_flops.total))?;
        out.serialize(row("instructions", "all", self.instructions.total, None))?;
        for (mnemonic, &executions) in self.mnemonics.iter().flatten() {
            out.serialize(row("mnemonic", mnemonic, Some(executions), None))?;
        }
        for class in self.classes.iter().flatten() {
            out.serialize(Row {
                precision: Some(class.precision),
                width: Some(class.width),
                masked: Some(class.masked),
                lanes: Some(class.lanes),
                ..row("class", &class.mnemonic, Some(class.executions), Some(class.flops))
            })?;
        }
        for function in self.functions.iter().flatten() {
            let name = format!("{}:{}", function.object, function.symbol);
            out.serialize(row("function", &name, Some(function.executions), Some(function.flops)))?;
        }
        for region in self.regions.iter().flatten() {
            out.serialize(row("region", &region.path, Some(region.calls), Some(region.flops)))?;
        }
        for event in self.shown_as.iter().flat_map(|shown| &shown.events) {
            out.serialize(row("as", &event.name, event.count, event.flops))?;
        }
        for event in &self.events {
            out.serialize(row("event", &event.name, event.raw, None))?;
        }
        Ok(())
    }
}

/// A count in the unit of the table.
fn in_unit(flops: u64, unit: Unit) -> String {
    match unit {
        Unit::Flop => grouped(flops.into()),
        // A FLOP is half a MAC, and a count need not be even.
        Unit::Mac if flops % 2 == 1 => format!("{}.5", grouped((flops / 2).into())),
        Unit::Mac => grouped((flops / 2).into()),
    }
}

fn or_unknown(count: Option<u64>, unit: Unit) -> String {
    count.map_or_else(|| "not known".into(), |flops| in_unit(flops, unit))
}

fn precisions(flops: &Precisions) -> [(&'static str, Option<u64>); 5] {
    let Precisions { fp16, bf16, fp32, fp64, x87, .. } = *flops;
    [("fp32", fp32), ("fp64", fp64), ("fp16", fp16), ("bf16", bf16), ("x87", x87)]
}

fn headline(run: &RunResult, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
    let mut table = Table::new(&[(unit.plural(), Align::Right), ("", Align::Left)]);
    if let Some(total) = run.flops.total {
        let exact = if run.exact { "exact" } else { "not exact, see below" };
        let short = scaled(Amount::from(total / unit_flops(unit)));
        // `395.2 G` wants no space before its unit, `123` does.
        let space = if short.contains(' ') { "" } else { " " };
        let total_text = format!("{short}{space}{}, {exact}", unit.plural());
        table.row([in_unit(total, unit), format!("in all ({total_text})")]);
        for (name, flops) in precisions(&run.flops) {
            if let Some(flops) = flops.filter(|flops| *flops > 0) {
                table.row([in_unit(flops, unit), name.to_owned()]);
            }
        }
    }
    let shown = if run.flops.total.is_some() { "would show" } else { "show" };
    table.row([or_unknown(run.pmu_flops.total, unit), format!("as FP events of {} {shown} them", run.pmu_model)]);
    table.write(out)
}

fn unit_flops(unit: Unit) -> u64 {
    match unit {
        Unit::Flop => 1,
        Unit::Mac => 2,
    }
}

fn instructions(run: &RunResult, out: &mut dyn Write) -> io::Result<()> {
    if let (Some(total), Some(floating_point)) = (run.instructions.total, run.instructions.floating_point) {
        writeln!(
            out,
            "\n{} instructions, {} of them floating-point",
            grouped(total.into()),
            grouped(floating_point.into())
        )?;
    }
    Ok(())
}

/// All of them: who asks for mnemonics wants to see each.
fn mnemonics(run: &RunResult, out: &mut dyn Write) -> io::Result<()> {
    let Some(mnemonics) = &run.mnemonics else { return Ok(()) };
    let mut rows: Vec<_> = mnemonics.iter().collect();
    rows.sort_by_key(|&(_, executions)| Reverse(executions));
    let mut table = Table::new(&[("executions", Align::Right), ("instruction", Align::Left)]);
    for (mnemonic, &executions) in rows {
        table.row([grouped(executions.into()), mnemonic.clone()]);
    }
    section(out, &table, 0, "mnemonics")
}

fn classes(run: &RunResult, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
    let Some(classes) = run.classes.as_ref().filter(|classes| !classes.is_empty()) else { return Ok(()) };
    let columns = [
        (unit.plural(), Align::Right),
        ("executions", Align::Right),
        ("active lanes", Align::Right),
        ("instruction", Align::Left),
    ];
    let mut table = Table::new(&columns);
    for class in classes.iter().take(TOP) {
        let masked = if class.masked { ", masked" } else { "" };
        let name = format!("{} ({} bits{masked})", class.mnemonic, class.width);
        table.row([in_unit(class.flops, unit), grouped(class.executions.into()), grouped(class.lanes.into()), name]);
    }
    section(out, &table, classes.len(), "instructions")
}

fn functions(run: &RunResult, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
    let Some(functions) = run.functions.as_ref().filter(|functions| !functions.is_empty()) else { return Ok(()) };
    let columns = [
        (unit.plural(), Align::Right),
        ("FP instructions", Align::Right),
        ("function", Align::Left),
        ("object", Align::Left),
    ];
    let mut table = Table::new(&columns);
    for function in functions.iter().take(TOP) {
        table.row([
            in_unit(function.flops, unit),
            grouped(function.executions.into()),
            function.symbol.clone(),
            function.object.clone(),
        ]);
    }
    section(out, &table, functions.len(), "functions")
}

fn regions(run: &RunResult, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
    let Some(regions) = run.regions.as_ref().filter(|regions| !regions.is_empty()) else { return Ok(()) };
    let mut table = Table::new(&[(unit.plural(), Align::Right), ("calls", Align::Right), ("region", Align::Left)]);
    for region in regions {
        table.row([in_unit(region.flops, unit), grouped(region.calls.into()), region.path.clone()]);
    }
    section(out, &table, 0, "regions")
}

/// A table with a line that says what was left out.
fn section(out: &mut dyn Write, table: &Table, all: usize, of: &str) -> io::Result<()> {
    writeln!(out)?;
    table.write(out)?;
    match all.checked_sub(TOP) {
        Some(more) if more > 0 => writeln!(out, "... and {more} more {of}: --format json has them all"),
        _ => Ok(()),
    }
}

/// What another CPU's events would show. In their own unit, FLOPs, whatever the unit of the table.
fn shown_as(run: &RunResult, out: &mut dyn Write) -> io::Result<()> {
    let Some(shown) = &run.shown_as else { return Ok(()) };
    let mut table = Table::new(&[
        ("count", Align::Right),
        ("FLOPs", Align::Right),
        ("event", Align::Left),
        ("config", Align::Right),
    ]);
    let known = |count: Option<u64>| count.map_or_else(|| "not known".into(), |count| grouped(count.into()));
    for event in &shown.events {
        table.row([known(event.count), known(event.flops), event.name.clone(), event.config.clone()]);
    }
    writeln!(out, "\nas the events of {} ({}) would show it", shown.cpu, shown.microarchitecture)?;
    table.write(out)?;
    for caveat in &shown.caveats {
        writeln!(out, "note: {caveat}")?;
    }
    Ok(())
}

fn events(events: &[Event], out: &mut dyn Write) -> io::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&[("count", Align::Right), ("event", Align::Left), ("", Align::Left)]);
    for event in events {
        let count = event.raw.map_or_else(|| "not counted".into(), |raw| grouped(raw.into()));
        let remark = match (event.status, &event.reason) {
            (EventStatus::Partial, _) => {
                let share = event.running_ns as f64 / event.enabled_ns.max(1) as f64;
                format!("ran {:.1} % of the time; not scaled", share * 100.0)
            }
            (_, Some(reason)) => reason.clone(),
            (_, None) => String::new(),
        };
        table.row([count, event.name.clone(), remark]);
    }
    writeln!(out)?;
    table.write(out)
}

fn closing(run: &RunResult, out: &mut dyn Write) -> io::Result<()> {
    let time = run.time;
    let slowed = if run.counter == "step" { " (slowed by single-stepping; no rate can be told)" } else { "" };
    writeln!(out, "\n{:.3} s elapsed, {:.3} s user, {:.3} s system{slowed}", time.wall_s, time.user_s, time.sys_s)?;
    let mut facts = vec![format!("{} kiB of memory at most", grouped((run.max_rss_bytes / 1024).into()))];
    facts.extend(run.processes.map(|n| format!("processes: {n}")));
    facts.extend(run.threads.map(|n| format!("threads: {n}")));
    writeln!(out, "{}", facts.join(", "))?;
    writeln!(out, "counter: {} ({})", run.counter, run.counter_reason)?;
    if let Some(effort) = run.effort {
        let blocks = grouped(effort.blocks.into());
        let (memory, traps) = (grouped((effort.cache_bytes / 1024).into()), grouped(effort.traps.into()));
        writeln!(out, "{blocks} blocks translated, {memory} kiB at most in memory, {traps} traps")?;
        writeln!(out, "{:.3} s of CPU time for the translator", effort.cpu_s)?;
    }
    if let Some(timed) = &run.timed {
        super::timed::write(timed, out)?;
    }
    match (run.exit.code, run.exit.signal) {
        (Some(0), _) => {}
        (Some(code), _) => writeln!(out, "the command exited with code {code}")?,
        (None, Some(signal)) => writeln!(out, "the command was killed by signal {signal}")?,
        (None, None) => {}
    }
    for reason in &run.reasons {
        writeln!(out, "not exact: {reason}")?;
    }
    Ok(())
}
