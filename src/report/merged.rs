//! Prints the results of many ranks.

use std::io::{self, Write};

use super::text::{Align, Table};
use super::{Report, write_json};
use crate::counter::merge::Merged;
use crate::units::{Unit, grouped};

impl Report for Merged {
    fn table(&self, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
        writeln!(out, "{} ranks together\n", self.ranks.len())?;
        self.total.table(out, unit)?;
        writeln!(out, "\nrank by rank\n")?;
        let columns =
            [("FLOPs", Align::Right), ("instructions", Align::Right), ("s elapsed", Align::Right), ("", Align::Left)];
        let mut table = Table::new(&columns);
        let known = |count: Option<u64>| count.map_or_else(|| "not known".into(), |count| grouped(count.into()));
        for rank in &self.ranks {
            let flops = known(rank.flops.or(rank.pmu_flops));
            table.row([flops, known(rank.instructions), format!("{:.3}", rank.wall_s), rank.file.clone()]);
        }
        table.write(out)?;
        writeln!(out, "\nhow evenly they share it\n")?;
        let mut table = Table::new(&[
            ("least", Align::Right),
            ("mean", Align::Right),
            ("most", Align::Right),
            ("most / mean", Align::Right),
            ("of", Align::Left),
            ("most has", Align::Left),
        ]);
        for figure in &self.imbalance {
            let number =
                |value: f64| if figure.name.ends_with("_s") { format!("{value:.3}") } else { format!("{value:.1}") };
            let ratio = figure.max_over_mean.map_or_else(|| "-".into(), |ratio| format!("{ratio:.4}"));
            let most = if figure.min == figure.max { "-" } else { figure.most.as_str() };
            let [min, mean, max] = [figure.min, figure.mean, figure.max].map(number);
            table.row([min, mean, max, ratio, figure.name.clone(), most.to_owned()]);
        }
        table.write(out)
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        self.imbalance.iter().try_for_each(|figure| out.serialize(figure))
    }
}
