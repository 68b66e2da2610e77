//! Prints a machine's peak.

use std::io::{self, Write};

use super::text::{Align, Table};
use super::{Report, write_json};
use crate::machine::peak::{Peak, Rate};
use crate::units::Unit;

const GIGA: f64 = 1e9;

fn share(rate: &Rate) -> String {
    rate.theoretical_flop_per_s
        .map_or_else(|| "-".into(), |theoretical| format!("{:.1} %", 100.0 * rate.measured_flop_per_s / theoretical))
}

fn precision(rate: &Rate) -> String {
    format!("{:?}", rate.precision).to_lowercase()
}

impl Report for Peak {
    fn table(&self, out: &mut dyn Write, _unit: Unit) -> io::Result<()> {
        let unknown = || "unknown".to_owned();
        writeln!(
            out,
            "{} ({}), threads: {}, cores: {}",
            self.microarchitecture.clone().unwrap_or_else(unknown),
            self.cpu.clone().unwrap_or_else(unknown),
            self.cores.cpus.len(),
            self.cores.physical
        )?;
        let mut table = Table::new(&[
            ("precision", Align::Left),
            ("shape", Align::Left),
            ("instruction", Align::Left),
            ("threads", Align::Right),
            ("measured GFLOP/s", Align::Right),
            ("theoretical GFLOP/s", Align::Right),
            ("share", Align::Right),
            ("GHz held", Align::Right),
            ("FLOPs/cycle, core", Align::Right),
            ("theoretical", Align::Right),
        ]);
        for rate in &self.flops {
            table.row([
                precision(rate),
                rate.shape.clone(),
                rate.instruction.to_owned(),
                rate.threads.to_string(),
                format!("{:.1}", rate.measured_flop_per_s / GIGA),
                rate.theoretical_flop_per_s.map_or_else(|| "-".into(), |flops| format!("{:.1}", flops / GIGA)),
                share(rate),
                format!("{:.3}", rate.clock_hz / GIGA),
                format!("{:.1}", rate.measured_flops_per_cycle_core),
                rate.theoretical_flops_per_cycle_core.map_or_else(|| "-".into(), |flops| flops.to_string()),
            ]);
        }
        table.write(out)?;
        writeln!(out)?;
        let mut table = Table::new(&[
            ("reading", Align::Left),
            ("threads", Align::Right),
            ("measured GB/s", Align::Right),
            ("of each thread", Align::Right),
        ]);
        for bandwidth in &self.bandwidth {
            table.row([
                bandwidth.level.clone(),
                bandwidth.threads.to_string(),
                format!("{:.1}", bandwidth.measured_bytes_per_s / GIGA),
                format!("{} KiB", bandwidth.buffer_bytes >> 10),
            ]);
        }
        table.write(out)?;
        writeln!(out, "\nmeasured: the best of five rounds. theoretical: FLOPs a cycle x the clock held x cores")?;
        if let Some(source) = &self.theory_source {
            writeln!(out, "theory from: {source}")?;
        }
        for note in &self.notes {
            writeln!(out, "note: {note}")?;
        }
        Ok(())
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        out.write_record(["what", "shape", "instruction", "threads", "unit", "measured", "theoretical", "clock_hz"])?;
        for rate in &self.flops {
            let theoretical = rate.theoretical_flop_per_s.map_or_else(String::new, |flops| flops.to_string());
            let (measured, clock) = (rate.measured_flop_per_s.to_string(), rate.clock_hz.to_string());
            let threads = rate.threads.to_string();
            out.write_record([
                &precision(rate),
                &rate.shape,
                rate.instruction,
                &threads,
                "FLOP/s",
                &measured,
                &theoretical,
                &clock,
            ])?;
        }
        for bandwidth in &self.bandwidth {
            let (threads, measured) = (bandwidth.threads.to_string(), bandwidth.measured_bytes_per_s.to_string());
            out.write_record([&bandwidth.level, "read", "", &threads, "B/s", &measured, "", ""])?;
        }
        Ok(())
    }
}
