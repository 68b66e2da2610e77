//! Prints operator counts.

use std::io::{self, Write};

use super::text::{Align, Table};
use super::{Report, write_json};
use crate::operators::{Operator, Operators};
use crate::units::{Amount, Unit, grouped};

fn shapes(operator: &Operator) -> String {
    let shape = |dims: &Vec<u64>| dims.iter().map(u64::to_string).collect::<Vec<_>>().join("x");
    operator.shapes.iter().map(shape).collect::<Vec<_>>().join(" ")
}

impl Report for Operators {
    fn table(&self, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
        let in_unit = |macs: u128| grouped((macs * Unit::Mac.flops() / unit.flops()) as Amount);
        let mut table = Table::new(&[
            ("operator", Align::Left),
            ("kind", Align::Left),
            ("path", Align::Left),
            ("shapes", Align::Left),
            ("calls", Align::Right),
            (unit.plural(), Align::Right),
        ]);
        for operator in &self.operators {
            table.row([
                operator.name.clone(),
                operator.kind.name().to_string(),
                operator.path.clone(),
                shapes(operator),
                operator.calls.to_string(),
                in_unit(operator.macs),
            ]);
        }
        let total = ["total".to_string(), String::new(), String::new(), String::new(), String::new()];
        table.row(total.into_iter().chain([in_unit(self.macs())]));
        table.write(out)?;
        for unknown in &self.unsupported {
            writeln!(out, "not counted: {} ({} calls): {}", unknown.name, unknown.calls, unknown.reason)?;
        }
        match &self.lost {
            Some(lost) => writeln!(out, "not read: {lost}"),
            None => Ok(()),
        }
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        out.write_record(["name", "kind", "path", "shapes", "calls", "macs", "elements", "reason"])?;
        for o in &self.operators {
            let [calls, macs, elements] = [o.calls.into(), o.macs, o.elements].map(|n: u128| n.to_string());
            let (kind, shapes) = (o.kind.name(), shapes(o));
            out.write_record([&o.name, kind, &o.path, &shapes, &calls, &macs, &elements, ""])?;
        }
        for u in &self.unsupported {
            out.write_record([&u.name, "unsupported", "", "", &u.calls.to_string(), "", "", &u.reason])?;
        }
        Ok(())
    }
}
