//! What models cost, printed.

use std::io::{self, Write};

use super::text::{Align, Table};
use super::{Report, write_json};
use crate::convention::{BatchStep, ConventionCount, Elementwise, Estimate};
use crate::units::{Amount, Count, Unit, grouped};

/// The estimates of the models asked for.
pub struct Estimates<'a> {
    pub estimates: &'a [Estimate],
    /// More than one model was asked for: JSON is an array.
    pub several: bool,
    /// List the terms in tables.
    pub terms: bool,
}

impl Report for Estimates<'_> {
    fn table(&self, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
        for (place, estimate) in self.estimates.iter().enumerate() {
            if place > 0 {
                writeln!(out)?;
            }
            totals(estimate, out, unit)?;
            conventions(estimate, out)?;
            if self.terms {
                terms(estimate, out, unit)?;
            }
        }
        Ok(())
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.estimates {
            [only] if !self.several => write_json(only, out),
            all => write_json(all, out),
        }
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        out.write_record(["model", "record", "name", "setting", "tower", "kind", "unit", "value"])?;
        for estimate in self.estimates {
            rows(estimate, out)?;
        }
        Ok(())
    }
}

const NUMBER: Align = Align::Right;

fn totals(estimate: &Estimate, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
    let what = match (estimate.flops.image, estimate.flops.text) {
        (Some(_), None) => "one image",
        (None, Some(_)) => "one full-length text",
        _ => "one image and one full-length text",
    };
    let what = match estimate.batch {
        1 => what.to_string(),
        batch => format!("a batch of {batch} times {what}"),
    };
    writeln!(out, "{} ({}), {what}\n", estimate.model, estimate.dialect)?;
    let mut table = Table::new(&[("", Align::Left), ("image", NUMBER), ("text", NUMBER), ("total", NUMBER)]);
    let flops = [estimate.flops.image, estimate.flops.text, Some(estimate.flops.total)];
    table.row(labelled(format!("true {unit}"), flops.map(|flops| Some(flops? / unit.flops()))));
    let parameters = estimate.parameters;
    table.row(labelled("parameters".into(), [parameters.image, parameters.text, parameters.total].map(Some)));
    table.write(out)?;
    if let Some(multimodal) = estimate.flops.multimodal {
        writeln!(
            out,
            "\nthe total has {} {unit} of the multimodal part",
            grouped((multimodal / unit.flops()) as Amount)
        )?;
    }
    if let Some(step) = &estimate.step {
        self::step(step, out, unit)?;
    }
    if let Some(elementwise) = &estimate.elementwise {
        self::elementwise(elementwise, out)?;
    }
    for note in &estimate.notes {
        writeln!(out, "\nnote: {note}")?;
    }
    Ok(())
}

fn step(step: &BatchStep, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
    let ranks = if step.ranks > 1 { format!(", one of {} ranks", step.ranks) } else { String::new() };
    writeln!(out, "\none step{ranks}, {unit}\n")?;
    let mut table = Table::new(&[("", Align::Left), (unit.plural(), NUMBER)]);
    let lines = [
        ("forward", step.forward),
        ("backward (2 x forward, no gradient of the pixels)", step.backward),
        ("contrastive logits", step.logits),
        ("the model needs", step.model),
        ("recomputation", step.recomputation),
        ("the hardware does", step.hardware),
        ("as MFU is reckoned (3 x forward to train)", step.reckoned),
    ];
    for (name, flops) in lines {
        table.row([name.to_string(), grouped((flops / unit.flops()) as Amount)]);
    }
    table.write(out)
}

fn elementwise(work: &Elementwise, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nelement-wise work of one image and one text ({})\n", work.model)?;
    let mut table = Table::new(&[("kind", Align::Left), ("elements", NUMBER), ("FLOPs", NUMBER)]);
    for cost in &work.kinds {
        table.row([cost.kind.name().to_string(), grouped(cost.elements as Amount), grouped(cost.flops as Amount)]);
    }
    table.row(["total".to_string(), String::new(), grouped(work.total as Amount)]);
    table.write(out)
}

fn conventions(estimate: &Estimate, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nwhat each counter prints, in its own unit\n")?;
    let mut table = Table::new(&[
        ("counter", Align::Left),
        ("unit", Align::Left),
        ("image", NUMBER),
        ("text", NUMBER),
        ("total", NUMBER),
    ]);
    for count in &estimate.conventions {
        let name = match count.setting {
            Some(setting) => format!("{}@{setting}", count.name),
            None => count.name.to_string(),
        };
        let towers = [count.image, count.text, count.total].map(shown);
        table.row([name, count.unit.to_string()].into_iter().chain(towers));
    }
    table.write(out)
}

fn terms(estimate: &Estimate, out: &mut dyn Write, unit: Unit) -> io::Result<()> {
    writeln!(out, "\nevery operation, all its executions together\n")?;
    let products = unit.plural();
    let mut table = Table::new(&[
        ("term", Align::Left),
        ("kind", Align::Left),
        ("times", NUMBER),
        (products, NUMBER),
        ("elements", NUMBER),
    ]);
    for term in &estimate.terms {
        let work = 2 * term.macs / unit.flops();
        table.row([
            term.path.clone(),
            term.kind.name().to_string(),
            term.times.to_string(),
            grouped(work as Amount),
            grouped(term.elements as Amount),
        ]);
    }
    table.write(out)
}

fn rows(estimate: &Estimate, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
    let model = estimate.model.as_str();
    let mut row = |fields: [&str; 6], value: Count| {
        let [record, name, setting, tower, kind, unit] = fields;
        out.write_record([model, record, name, setting, tower, kind, unit, value.to_string().as_str()])
    };
    let flops = estimate.flops;
    let towers = [("image", flops.image), ("text", flops.text), ("multimodal", flops.multimodal)];
    for (tower, value) in towers.into_iter().chain([("total", Some(flops.total))]) {
        if let Some(value) = value {
            row(["flops", "analytic", "", tower, "", "flop"], value)?;
        }
    }
    let parameters = estimate.parameters;
    let towers = [("image", parameters.image), ("text", parameters.text), ("other", parameters.other)];
    for (tower, value) in towers.into_iter().chain([("total", parameters.total)]) {
        row(["parameters", "", "", tower, "", "parameter"], value)?;
    }
    for term in &estimate.terms {
        let tower = term.tower.map_or("", |tower| tower.name());
        row(["term", &term.path, "", tower, term.kind.name(), "mac"], term.macs)?;
        row(["term", &term.path, "", tower, term.kind.name(), "element"], term.elements)?;
    }
    for count in &estimate.conventions {
        for (tower, value) in by_tower(count) {
            row(["convention", count.name, count.setting.unwrap_or(""), tower, "", count.unit.slug()], value)?;
        }
    }
    Ok(())
}

fn by_tower(count: &ConventionCount) -> impl Iterator<Item = (&'static str, Count)> {
    let towers = [("image", count.image), ("text", count.text), ("total", count.total)];
    towers.into_iter().filter_map(|(tower, value)| Some((tower, value?)))
}

fn labelled(label: String, values: [Option<Count>; 3]) -> impl Iterator<Item = String> {
    [label].into_iter().chain(values.map(shown))
}

fn shown(value: Option<Count>) -> String {
    value.map_or("-".into(), |value| grouped(value as Amount))
}
