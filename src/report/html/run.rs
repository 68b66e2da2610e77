//! The count of a command as a page.

use super::bars::{Bars, percent};
use super::page::{Block, Card, Page, Section, Tone, number, text};
use super::{Pictured, instructions, timed};
use crate::counter::{Event, RegionRow, RunResult};
use crate::report::run::{or_unknown, precisions, raw_count, subject};
use crate::shell;
use crate::units::{Count, Unit, grouped};

impl Pictured for RunResult {
    fn page(&self) -> Page {
        Page {
            subcommand: "run",
            title: subject(self),
            subtitle: match self.exit.signal {
                None => format!("counted by {}; it ended with status {}", self.counter, self.exit.status()),
                Some(signal) => format!("counted by {}; it was killed by signal {signal}", self.counter),
            },
            cards: cards(self),
            notes: self.reasons.clone(),
            sections: sections(self),
            method: method(self),
        }
    }
}

pub fn sections(run: &RunResult) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    sections.extend(by_precision(run));
    sections.extend(run.classes.as_deref().and_then(instructions::by_width));
    sections.extend(run.functions.as_deref().and_then(instructions::functions));
    sections.extend(run.regions.as_deref().and_then(regions));
    sections.extend(events(&run.events));
    sections
}

pub fn cards(run: &RunResult) -> Vec<Card> {
    let mut cards = Vec::new();
    if let Some(total) = run.flops.total {
        let tone = if run.exact { Tone::Good } else { Tone::Bad };
        let how = if run.exact { "exact" } else { "not exact; the notes say why" };
        let source = format!("instructions, counted by {}: {how}", run.counter);
        cards.push(Card::new("Executed", grouped(total.into()), "FLOPs", source).tone(tone));
    }
    if run.counter != "events" {
        let (label, source) = match run.flops.total {
            Some(_) => ("Events would show", format!("computed for the events of {}", run.pmu_model)),
            None => ("Events showed", format!("events of {}", run.pmu_model)),
        };
        let source = match run.pmu_flops.not_counted {
            none if none.is_empty() => source,
            some => format!("{source}; {} not counted", some.names()),
        };
        cards.push(Card::new(label, or_unknown(run.pmu_flops.total, Unit::Flop), "FLOPs", source));
    }
    if let Some(instructions) = run.instructions.total {
        let all = run.instructions.floating_point.map(|n| format!("{} of them floating-point", grouped(n.into())));
        cards.push(Card::new("Instructions", grouped(instructions.into()), "executed", all.unwrap_or_default()));
    }
    let counted = "of the counted run, counting included";
    cards.push(Card::new("Elapsed", format!("{:.3}", run.time.wall_s), "s", counted));
    if let Some(rate) = run.flop_per_s.filter(|rate| *rate > 0.0) {
        cards.push(Card::new("Rate", format!("{:.3}", rate / 1e9), "GFLOP/s", counted));
    }
    cards.extend(run.timed.iter().flat_map(timed::cards));
    cards
}

/// Facts, as every page lists them.
pub fn method(run: &RunResult) -> Vec<(&'static str, String)> {
    let exact = if run.exact { "exact" } else { "not exact; the notes say why" };
    let mut method = vec![
        ("command", shell::command(&run.command)),
        ("counter", format!("{}: {}", run.counter, run.counter_reason)),
        ("exactness", exact.into()),
        ("CPU of the events", run.pmu_model.clone()),
    ];
    method.extend(run.processes.map(|number| ("processes", number.to_string())));
    method.extend(run.threads.map(|number| ("threads", number.to_string())));
    method.extend(run.max_rss_bytes.map(|bytes| ("memory at most", format!("{} bytes", grouped(bytes.into())))));
    let used = [("user time", run.time.user_s), ("system time", run.time.sys_s)];
    method.extend(used.into_iter().filter_map(|(name, seconds)| Some((name, format!("{:.3} s", seconds?)))));
    method
}

fn by_precision(run: &RunResult) -> Option<Section> {
    let total = Count::from(run.flops.total.filter(|total| *total > 0)?);
    let mut known: Vec<(&str, Count)> =
        precisions(&run.flops).into_iter().filter_map(|(name, flops)| Some((name, flops?.into()))).collect();
    known.retain(|(_, flops)| *flops > 0);
    known.sort_by_key(|(_, flops)| std::cmp::Reverse(*flops));
    let mut bars = Bars::up_to(total);
    for (name, flops) in known {
        bars.row(
            name.to_owned(),
            "FLOPs",
            format!("{} of all", percent(flops, total)),
            &[("total", "executed", flops)],
        );
    }
    Some(Section {
        title: "Precisions".into(),
        lead: String::new(),
        legend: Vec::new(),
        blocks: vec![Block::Rows { rows: bars.rows, axis: String::new() }],
        source: "FLOPs on active lanes, by the precision of the elements.".into(),
    })
}

fn regions(regions: &[RegionRow]) -> Option<Section> {
    let most = regions.iter().map(|region| region.flops).max()?;
    let mut bars = Bars::up_to(most.into());
    for region in regions {
        let note = format!("{} calls", grouped(region.calls.into()));
        bars.row(region.path.clone(), "FLOPs", note, &[("executed", "executed", region.flops.into())]);
    }
    Some(Section {
        title: "Regions".into(),
        lead: "Spans that the program marks, inner ones included.".into(),
        legend: Vec::new(),
        blocks: vec![Block::Rows { rows: bars.rows, axis: String::new() }],
        source: "Instructions counted between the markers, of all threads.".into(),
    })
}

fn events(events: &[Event]) -> Option<Section> {
    let row = |event: &Event| vec![event.name.clone(), raw_count(event), event.reason.clone().unwrap_or_default()];
    (!events.is_empty()).then(|| Section {
        title: "Events".into(),
        lead: String::new(),
        legend: Vec::new(),
        blocks: vec![Block::Table {
            title: String::new(),
            folded: false,
            columns: vec![text("event"), number("count"), text("")],
            rows: events.iter().map(row).collect(),
        }],
        source: "As the kernel's perf events were read; nothing is scaled.".into(),
    })
}
