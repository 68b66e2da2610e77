//! Prints utilisation, published figures and devices.

use std::io::{self, Write};

use serde::Serialize;

use super::text::{Align, Table};
use super::{Report, write_json};
use crate::units::Unit;
use crate::utilisation::device::{Device, Precision};
use crate::utilisation::mfu::Utilisation;
use crate::utilisation::published::{Published, Verdict};

impl Report for Utilisation {
    fn table(&self, out: &mut dyn Write, _unit: Unit) -> io::Result<()> {
        let mut table = Table::new(&[(&self.model, Align::Left), ("", Align::Left), ("", Align::Right)]);
        for step in &self.steps {
            table.row([&step.what, &step.arithmetic, &step.value].map(String::clone));
        }
        table.write(out)?;
        for note in &self.notes {
            writeln!(out, "note: {note}")?;
        }
        Ok(())
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        out.write_record(["what", "arithmetic", "value"])?;
        for step in &self.steps {
            out.write_record([&step.what, &step.arithmetic, &step.value])?;
        }
        Ok(())
    }
}

/// What has been reached.
#[derive(Debug, Serialize)]
pub struct PublishedList {
    pub schema: &'static str,
    pub rows: Vec<Published>,
}

impl Report for PublishedList {
    fn table(&self, out: &mut dyn Write, _unit: Unit) -> io::Result<()> {
        let given = |text: &str| if text.is_empty() { "-".to_owned() } else { format!("{text} %") };
        for Published { row, verdict, check } in &self.rows {
            let (mfu, hfu) = (given(&row.mfu_percent), given(&row.hfu_percent));
            let kind = format!("{}, {} x {}, {}", row.task, row.n_devices, row.hardware, row.precision);
            writeln!(out, "MFU {mfu:<7} HFU {hfu:<7} {} ({kind})", row.model)?;
            for (name, text) in [("how", &row.techniques), (row.how.as_str(), &row.derivation), ("source", &row.source)]
            {
                if !text.is_empty() {
                    writeln!(out, "    {name:<10} {text}")?;
                }
            }
            let verdict = match verdict {
                Verdict::Agrees => "agrees",
                Verdict::Disagrees => "DISAGREES",
                Verdict::Unknown => "unchecked",
            };
            writeln!(out, "    {verdict:<10} {check}\n    {:<10} {}", "read", row.status)?;
        }
        let number = |wanted: Verdict| self.rows.iter().filter(|row| row.verdict == wanted).count();
        writeln!(
            out,
            "\n{} rows, in which MFU x peak is the achieved rate: {} agree, {} disagree, {} cannot be checked",
            self.rows.len(),
            number(Verdict::Agrees),
            number(Verdict::Disagrees),
            number(Verdict::Unknown)
        )?;
        for Published { row, check, .. } in self.rows.iter().filter(|row| row.verdict == Verdict::Disagrees) {
            writeln!(out, "    {} on {}: {check}", row.model, row.hardware)?;
        }
        Ok(())
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        out.write_record([
            "model",
            "task",
            "hardware",
            "n_devices",
            "precision",
            "mfu_percent",
            "hfu_percent",
            "how",
            "achieved_tflops_per_device",
            "peak_tflops",
            "techniques",
            "derivation",
            "source",
            "status",
            "check",
        ])?;
        for Published { row, check, .. } in &self.rows {
            out.write_record([
                &row.model,
                &row.task,
                &row.hardware,
                &row.n_devices,
                &row.precision,
                &row.mfu_percent,
                &row.hfu_percent,
                &row.how,
                &row.achieved_tflops_per_device,
                &row.peak_tflops,
                &row.techniques,
                &row.derivation,
                &row.source,
                &row.status,
                check,
            ])?;
        }
        Ok(())
    }
}

/// The table of devices.
#[derive(Debug, Serialize)]
pub struct Devices {
    pub schema: &'static str,
    pub devices: Vec<Device>,
}

impl Report for Devices {
    fn table(&self, out: &mut dyn Write, _unit: Unit) -> io::Result<()> {
        writeln!(out, "dense peaks in TFLOP/s")?;
        let mut columns = vec![("device", Align::Left)];
        columns.extend(Precision::ALL.iter().map(|precision| (precision.name(), Align::Right)));
        columns.push(("what to know", Align::Left));
        let mut table = Table::new(&columns);
        for device in &self.devices {
            let figures = Precision::ALL.iter().map(|precision| device.figure(*precision).unwrap_or("-").to_owned());
            table.row([device.name.clone()].into_iter().chain(figures).chain([device.trap.clone()]));
        }
        table.write(out)
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        for device in &self.devices {
            out.serialize(device)?;
        }
        Ok(())
    }
}
