//! Instructions by precision and width, single ones, and functions.

use std::collections::BTreeMap;

use super::bars::{Bars, percent};
use super::page::{Block, Section, number, text};
use crate::counter::{ClassRow, FunctionRow};
use crate::units::{Amount, Count, grouped};

/// Bars that are worth a reader's time; the folded table has more.
const TOP: usize = 12;
/// Rows of a folded table; the JSON has all.
const MOST: usize = 200;

pub fn by_width(classes: &[ClassRow]) -> Option<Section> {
    let all: Count = classes.iter().map(|class| Count::from(class.flops)).sum();
    let mut groups: BTreeMap<_, (Count, Count)> = BTreeMap::new();
    for class in classes {
        let sum = groups.entry((class.precision, class.width)).or_default();
        sum.0 += Count::from(class.flops);
        sum.1 += Count::from(class.executions);
    }
    let mut groups: Vec<_> = groups.into_iter().filter(|(_, (flops, _))| *flops > 0).collect();
    groups.sort_by_key(|(_, (flops, _))| std::cmp::Reverse(*flops));
    let mut bars = Bars::up_to(groups.first()?.1.0);
    for ((precision, width), (flops, executions)) in &groups {
        let label = format!("{}, {width} bits", precision.name());
        let note = format!("{} of all, {} instructions", percent(*flops, all), grouped(*executions as Amount));
        bars.row(label, "FLOPs", note, &[("executed", "executed", *flops)]);
    }
    let row = |class: &ClassRow| {
        vec![
            class.mnemonic.clone(),
            class.precision.name().to_owned(),
            class.width.to_string(),
            if class.masked { "yes" } else { "no" }.to_owned(),
            grouped(class.executions.into()),
            grouped(class.lanes.into()),
            grouped(class.flops.into()),
        ]
    };
    Some(Section {
        title: "Instructions by precision and width".into(),
        lead: format!("{} FLOPs in {} kinds of floating-point instructions.", grouped(all as Amount), classes.len()),
        legend: Vec::new(),
        blocks: vec![
            Block::Rows { rows: bars.rows, axis: String::new() },
            Block::Table {
                title: folded_title("Every instruction", classes.len()),
                folded: true,
                columns: vec![
                    text("instruction"),
                    text("precision"),
                    number("bits"),
                    text("masked"),
                    number("executions"),
                    number("active lanes"),
                    number("FLOPs"),
                ],
                rows: classes.iter().take(MOST).map(row).collect(),
            },
        ],
        source:
            "Counted instruction by instruction, on active lanes; a fused multiply-add is 2 FLOPs a lane. The width \
                 is the register's."
                .into(),
    })
}

pub fn functions(functions: &[FunctionRow]) -> Option<Section> {
    let all: Count = functions.iter().map(|function| Count::from(function.flops)).sum();
    let mut bars = Bars::up_to(functions.first()?.flops.into());
    for function in functions.iter().take(TOP).filter(|function| function.flops > 0) {
        let flops = Count::from(function.flops);
        let note = format!("{} of all, in {}", percent(flops, all), function.object);
        bars.row(function.symbol.clone(), "FLOPs", note, &[("executed", "executed", flops)]);
    }
    let row = |function: &FunctionRow| {
        vec![
            function.symbol.clone(),
            function.object.clone(),
            grouped(function.executions.into()),
            grouped(function.flops.into()),
        ]
    };
    Some(Section {
        title: "Hottest functions".into(),
        lead: String::new(),
        legend: Vec::new(),
        blocks: vec![
            Block::Rows { rows: bars.rows, axis: String::new() },
            Block::Table {
                title: folded_title("Every function", functions.len()),
                folded: true,
                columns: vec![text("function"), text("object"), number("FP instructions"), number("FLOPs")],
                rows: functions.iter().take(MOST).map(row).collect(),
            },
        ],
        source: "Where the instructions stand: the symbol that precedes their address in the object's symbol table."
            .into(),
    })
}

pub fn folded_title(what: &str, all: usize) -> String {
    if all > MOST { format!("{what} (the first {MOST} of {all}; the JSON has all)") } else { what.to_owned() }
}
