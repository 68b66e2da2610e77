//! Prints the events of a CPU, and the list of all known ones.

use std::io::{self, Write};

use super::text::{Align, Table};
use super::{Report, write_json};
use crate::isa::Precision;
use crate::machine::events::{Description, GroupKind, List, PassDescription, PlanDescription, PmuDescription, Quality};
use crate::units::Unit;

impl Report for Description {
    fn table(&self, out: &mut dyn Write, _unit: Unit) -> io::Result<()> {
        writeln!(out, "{} ({})", self.microarchitecture, self.cpu)?;
        for pmu in &self.pmus {
            writeln!(out)?;
            write_pmu(pmu, out)?;
        }
        if !self.caveats.is_empty() {
            writeln!(out)?;
        }
        for caveat in &self.caveats {
            writeln!(out, "note: {caveat}")?;
        }
        Ok(())
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    /// One row an event of a group; a PMU without events has one row with its reason.
    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        let head = "cpu pmu name quality reason group event config flops_per_count precision counters source";
        out.write_record(head.split(' '))?;
        for pmu in &self.pmus {
            let quality = quality(pmu.quality);
            if pmu.groups.is_empty() {
                let reason = pmu.reason.unwrap_or_default();
                out.write_record([&self.cpu, pmu.pmu, pmu.name, quality, reason, "", "", "", "", "", "", pmu.source])?;
            }
            for group in &pmu.groups {
                for event in &group.events {
                    out.write_record([
                        &self.cpu,
                        pmu.pmu,
                        pmu.name,
                        quality,
                        "",
                        kind(group.kind),
                        event.name,
                        &event.config,
                        &event.flops_per_count.to_string(),
                        &event.precision.map(precision).unwrap_or_default(),
                        &event.counters.to_string(),
                        event.source,
                    ])?;
                }
            }
        }
        Ok(())
    }
}

fn write_pmu(pmu: &PmuDescription, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "PMU {}: {}", pmu.pmu, pmu.name)?;
    if let Some(reason) = pmu.reason {
        writeln!(out, "nothing is opened: {reason}")?;
        return writeln!(out, "source: {}", pmu.source);
    }
    writeln!(
        out,
        "counts what was {}",
        if pmu.quality == Quality::Retired { "retired" } else { "executed or issued" }
    )?;
    let mut table = Table::new(&[
        ("group", Align::Left),
        ("event", Align::Left),
        ("config", Align::Right),
        ("FLOPs a count", Align::Right),
        ("precision", Align::Left),
        ("counters", Align::Right),
        ("source", Align::Left),
    ]);
    for group in &pmu.groups {
        for event in &group.events {
            table.row([
                kind(group.kind).to_owned(),
                event.name.to_owned(),
                event.config.clone(),
                event.flops_per_count.to_string(),
                event.precision.map_or_else(|| "several".into(), precision),
                event.counters.to_string(),
                event.source.to_owned(),
            ]);
        }
    }
    table.write(out)?;
    writeln!(out)?;
    write_plans(&pmu.plans, out)?;
    writeln!(out, "source: {}", pmu.source)
}

fn write_plans(plans: &[PlanDescription], out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&[
        ("SMT", Align::Left),
        ("NMI watchdog", Align::Left),
        ("counters", Align::Right),
        ("one run opens", Align::Left),
        ("further runs", Align::Left),
    ]);
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    for plan in plans {
        let (main, further) = plan.passes.split_at(plan.main);
        let shared = if plan.fits { "" } else { ", which share the counters: no count is whole" };
        let further: Vec<String> = further.iter().map(pass).collect();
        table.row([
            on(plan.smt),
            on(plan.nmi_watchdog),
            plan.counters.to_string(),
            format!("{}{shared}", main.iter().map(pass).collect::<Vec<_>>().join("; ")),
            further.join("; "),
        ]);
    }
    table.write(out)
}

fn pass(pass: &PassDescription) -> String {
    let kinds: Vec<&str> = pass.groups.iter().copied().map(kind).collect();
    format!("{} ({})", kinds.join(" + "), pass.counters)
}

fn kind(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Total => "total",
        GroupKind::Split => "split",
        GroupKind::Fp16 => "fp16",
        GroupKind::Bf16 => "bf16",
        GroupKind::Fp32 => "fp32",
        GroupKind::Fp64 => "fp64",
        GroupKind::X87 => "x87",
    }
}

fn precision(precision: Precision) -> String {
    format!("{precision:?}").to_lowercase()
}

fn quality(quality: Quality) -> &'static str {
    match quality {
        Quality::Retired => "retired",
        Quality::Speculative => "speculative",
        Quality::None => "none",
    }
}

impl Report for List {
    fn table(&self, out: &mut dyn Write, _unit: Unit) -> io::Result<()> {
        let columns = ["CPU", "core type", "PMU", "counts", "groups, or why there are none"];
        let mut table = Table::new(&columns.map(|column| (column, Align::Left)));
        for core in &self.core_types {
            let groups: Vec<&str> = core.groups.iter().copied().map(kind).collect();
            table.row([
                core.cpus.clone(),
                core.name.to_owned(),
                core.pmu.to_owned(),
                quality(core.quality).to_owned(),
                core.reason.map_or_else(|| groups.join(" "), str::to_owned),
            ]);
        }
        table.write(out)
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        out.write_record(["cpus", "name", "pmu", "quality", "groups", "reason", "source"])?;
        for core in &self.core_types {
            let groups: Vec<&str> = core.groups.iter().copied().map(kind).collect();
            let reason = core.reason.unwrap_or_default();
            let groups = groups.join(" ");
            out.write_record([&core.cpus, core.name, core.pmu, quality(core.quality), &groups, reason, core.source])?;
        }
        Ok(())
    }
}
