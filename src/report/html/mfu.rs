//! Utilisation as a page.

use super::Pictured;
use super::bars::Bars;
use super::page::{Block, Card, Page, Section, number, text};
use crate::units::Count;
use crate::utilisation::mfu::Utilisation;

impl Pictured for Utilisation {
    fn page(&self) -> Page {
        let device = self.device.as_ref().map_or("a device of the given peak", |device| device.name.as_str());
        let percent = |share: f64| format!("{:.2}", 100.0 * share);
        let tera = |rate: f64| format!("{:.2}", rate / 1e12);
        let steps = self.steps.iter().map(|step| vec![step.what.clone(), step.arithmetic.clone(), step.value.clone()]);
        let precision = self.precision.name();
        Page {
            subcommand: "mfu",
            title: format!("{} on {} x {device}", self.model, self.devices),
            subtitle: format!("utilisation in {precision}"),
            cards: vec![
                Card::new("MFU", percent(self.mfu), "%", "the model's FLOP/s over the dense peak"),
                Card::new("HFU", percent(self.hfu), "%", "executed FLOP/s over the dense peak"),
                Card::new(
                    "Throughput",
                    self.samples_per_second.to_string(),
                    "samples/s",
                    "given, all devices together",
                ),
                Card::new("Dense peak", tera(self.peak_flop_per_s), "TFLOP/s", format!("{device}, {precision}")),
            ],
            notes: self.notes.clone(),
            sections: vec![
                rates(self),
                Section {
                    title: "Every step of the arithmetic".into(),
                    lead: String::new(),
                    legend: Vec::new(),
                    blocks: vec![Block::Table {
                        title: String::new(),
                        folded: false,
                        columns: vec![text("what"), text("arithmetic"), number("value")],
                        rows: steps.collect(),
                    }],
                    source: "FLOPs from the configuration; throughput as it was given; the peak without sparsity."
                        .into(),
                },
            ],
            method: vec![
                ("model", self.model.clone()),
                ("device", device.into()),
                ("devices", self.devices.to_string()),
                ("precision", precision.into()),
                ("source of the peak", self.device.as_ref().map_or("given".into(), |device| device.source.clone())),
            ],
        }
    }
}

fn rates(of: &Utilisation) -> Section {
    let giga = |rate: f64| (rate / 1e9) as Count;
    let mut bars = Bars::up_to(giga(of.peak_flop_per_s));
    let rows = [
        ("dense peak", of.peak_flop_per_s, "total", String::new()),
        ("executed", of.executed_flop_per_s_per_device, "executed", format!("HFU {:.2} %", 100.0 * of.hfu)),
        ("the model", of.model_flop_per_s_per_device, "analytic", format!("MFU {:.2} %", 100.0 * of.mfu)),
    ];
    for (name, rate, class, note) in rows {
        bars.row(name.into(), "GFLOP/s", note, &[(class, name, giga(rate))]);
    }
    Section {
        title: "Of the peak".into(),
        lead: "Rates of one device.".into(),
        legend: Vec::new(),
        blocks: vec![Block::Rows { rows: bars.rows, axis: String::new() }],
        source: "Executed FLOPs have padding, recomputation and logits in them; the model's have not. Rounded down to whole GFLOP/s.".into(),
    }
}
