//! Prints the result of `run`.

use std::cmp::Reverse;
use std::io::{self, Write};

use serde::Serialize;

use super::text::{Align, Table};
use super::{Report, repeated, threads, write_json};
use crate::counter::{Event, Partial, PmuFlops, Precisions, RunResult, Target};
use crate::shell;
use crate::units::{Amount, Unit, grouped, scaled};

/// Rows of a table that are worth a reader's time.
const TOP: usize = 12;

impl Report for RunResult {
    fn table(&self, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
        writeln!(out, "{}\n", subject(self))?;
        headline(self, out, unit)?;
        instructions(self, out)?;
        mnemonics(self, out)?;
        classes(self, out, unit)?;
        functions(self, out, unit)?;
        regions(self, out, unit)?;
        shown_as(self, out)?;
        events(&self.events, out)?;
        if let Some(repeated) = &self.repeated {
            repeated::write(repeated, out)?;
        }
        if let Some(rows) = &self.by_process {
            threads::write_processes(rows, out)?;
        }
        if let Some(rows) = &self.by_thread {
            threads::write_threads(rows, out)?;
        }
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
        for precision in self.pmu_flops.not_counted.iter() {
            out.serialize(row("pmu, not counted", precision.name(), None, None))?;
        }
        if let Some(partial) = self.pmu_flops.partial {
            out.serialize(row("pmu, at least", &self.pmu_model, None, Some(partial.at_least)))?;
        }
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
            let of = if event.partial.is_some() { "event, at least" } else { "event" };
            out.serialize(row(of, &event.name, event.raw, None))?;
        }
        for process in self.by_process.iter().flatten() {
            for event in &process.events {
                out.serialize(row("process", &format!("{}:{}", process.pid, event.name), event.raw, None))?;
            }
        }
        for thread in self.by_thread.iter().flatten() {
            for event in &thread.events {
                out.serialize(row("thread", &format!("{}:{}", thread.tid, event.name), event.raw, None))?;
            }
        }
        Ok(())
    }
}

/// The command, and what was counted besides.
pub fn subject(run: &RunResult) -> String {
    let listed = |numbers: Vec<String>| numbers.join(", ");
    let target = match &run.target {
        Some(Target::Processes(pids)) => format!("processes: {}", listed(pids.iter().map(i32::to_string).collect())),
        Some(Target::Cpus(cpus)) => format!("CPUs: {}", listed(cpus.iter().map(usize::to_string).collect())),
        None => return shell::command(&run.command),
    };
    match run.command.is_empty() {
        true => target,
        false => format!("{target}, while this ran: {}", shell::command(&run.command)),
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

pub fn or_unknown(count: Option<u64>, unit: Unit) -> String {
    count.map_or_else(|| "not known".into(), |flops| in_unit(flops, unit))
}

pub fn precisions(flops: &Precisions) -> [(&'static str, Option<u64>); 5] {
    let Precisions { fp16, bf16, fp32, fp64, x87, .. } = *flops;
    [("fp32", fp32), ("fp64", fp64), ("fp16", fp16), ("bf16", bf16), ("x87", x87)]
}

fn headline(run: &RunResult, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
    if run.counter == "events" {
        return writeln!(out, "{} not counted: only events were asked for", unit.plural());
    }
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
    let without = match run.pmu_flops.not_counted {
        none if none.is_empty() => String::new(),
        some => format!("; {} not counted", some.names()),
    };
    table.row([
        or_unknown(run.pmu_flops.total, unit),
        format!("as FP events of {} {shown} them{without}", run.pmu_model),
    ]);
    if run.flops.total.is_none() {
        let PmuFlops { fp16, fp32, fp64, .. } = run.pmu_flops;
        for (name, flops) in [("fp32", fp32), ("fp64", fp64), ("fp16", fp16)] {
            if let Some(flops) = flops.filter(|flops| *flops > 0) {
                table.row([in_unit(flops, unit), name.to_owned()]);
            }
        }
    }
    if let Some(partial) = run.pmu_flops.partial {
        table.row([in_unit(partial.at_least, unit), "of them counted".to_owned()]);
        if let Some(estimate) = partial.estimate {
            table.row([in_unit(estimate, unit), "estimated, had the rest been alike".to_owned()]);
        }
    }
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

/// What was counted, where it was.
pub fn raw_count(event: &Event) -> String {
    event.raw.map_or_else(|| "not counted".into(), |raw| grouped(raw.into()))
}

fn events(events: &[Event], out: &mut dyn Write) -> io::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&[("count", Align::Right), ("event", Align::Left), ("", Align::Left)]);
    for event in events {
        let count = raw_count(event);
        let mut remark = match (event.partial, &event.reason) {
            (Some(partial), _) => share(&partial),
            (None, Some(reason)) => reason.clone(),
            (None, None) => String::new(),
        };
        if let Some(pass) = event.pass {
            let comma = if remark.is_empty() { "" } else { ", " };
            remark = format!("pass {pass}{comma}{remark}");
        }
        table.row([count, event.name.clone(), remark]);
    }
    writeln!(out)?;
    table.write(out)
}

/// What a count says that was made for part of the time. Nothing is scaled but what is called an estimate.
fn share(partial: &Partial) -> String {
    let share = format!("at least: it ran {:.1} % of the time", partial.running_fraction * 100.0);
    match partial.estimate {
        Some(estimate) => format!("{share}; an estimate of all is {}", grouped(estimate.into())),
        None => share,
    }
}

fn closing(run: &RunResult, out: &mut dyn Write) -> io::Result<()> {
    let time = run.time;
    let slowed = if run.counter == "step" { " (slowed by single-stepping; no rate can be told)" } else { "" };
    let used = [(time.user_s, "user"), (time.sys_s, "system")];
    let used = used.iter().filter_map(|(seconds, name)| Some(format!(", {:.3} s {name}", (*seconds)?)));
    writeln!(out, "\n{:.3} s elapsed{}{slowed}", time.wall_s, used.collect::<String>())?;
    if let Some(rate) = run.flop_per_s.filter(|rate| *rate > 0.0) {
        let pace = if run.counter == "translate" { ", counting included" } else { "" };
        writeln!(out, "{:.3} GFLOP/s of elapsed time{pace}", rate / 1e9)?;
    }
    let memory = run.max_rss_bytes.map(|bytes| format!("{} kiB of memory at most", grouped((bytes / 1024).into())));
    let mut facts: Vec<String> = memory.into_iter().collect();
    facts.extend(run.processes.map(|n| format!("processes: {n}")));
    facts.extend(run.threads.map(|n| format!("threads: {n}")));
    if !facts.is_empty() {
        writeln!(out, "{}", facts.join(", "))?;
    }
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
