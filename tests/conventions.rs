//! What the tools really printed, against what their conventions say: figures measured for two
//! models by ten tools, in `conventions/*.csv` (written by `conventions/generate.py`).

use std::path::Path;

use flopledger::convention::{CountName, Subject};
use flopledger::model::preset;
use serde::Deserialize;

/// One figure a tool printed.
#[derive(Deserialize)]
struct Printed {
    model: String,
    tool: String,
    setting: String,
    tower: String,
    unit: String,
    value: String,
    source: String,
}

fn printed() -> Vec<Printed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conventions");
    let paths = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let tables = paths.filter(|path| path.extension().is_some_and(|end| end == "csv"));
    tables.flat_map(|path| csv::Reader::from_path(path).unwrap().into_deserialize().map(|row| row.unwrap())).collect()
}

/// What the convention says, as the row says it: an integer, or billions with two decimals.
fn said(row: &Printed) -> (String, &'static str) {
    let setting = if row.setting.is_empty() { String::new() } else { format!("@{}", row.setting) };
    let count = CountName::parse(&format!("{}{setting}:{}", row.tool, row.tower)).unwrap();
    let spec = preset(&row.model).unwrap();
    let value = count.convention.count(&Subject::new(&spec), count.scope).unwrap();
    if row.unit == "gflop" {
        let hundredths = (value + 5_000_000) / 10_000_000;
        let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        return (text.trim_end_matches('0').to_string(), "gflop");
    }
    (value.to_string(), count.convention.unit.slug())
}

#[test]
fn every_figure_is_reproduced() {
    let rows = printed();
    assert_eq!(rows.len(), 780);
    let wrong: Vec<String> = rows
        .iter()
        .map(|row| (row, said(row)))
        .filter(|(row, (value, unit))| (value, *unit) != (&row.value, row.unit.as_str()))
        .map(|(row, said)| {
            let Printed { model, tool, setting, tower, value, unit, source } = row;
            format!("{said:?} for {model} {tool}@{setting}:{tower}, which printed {value} {unit} ({source})")
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// Every setting of every tool that was measured is one that a row measured.
#[test]
fn no_setting_is_made_up() {
    let rows = printed();
    let measured = |name: &str, setting: Option<&str>| {
        rows.iter().any(|row| row.tool == name && row.setting == setting.unwrap_or_default())
    };
    let unmeasured = flopledger::convention::all()
        .filter(|convention| convention.name != "analytic" && !measured(convention.name, convention.setting));
    let names: Vec<String> = unmeasured.map(|c| format!("{}@{}", c.name, c.setting.unwrap_or_default())).collect();
    assert!(names.is_empty(), "{names:?}");
}

/// Larger models, whose activation is GELU and, for EVA, whose image tower is timm's: what the tools
/// printed under open_clip 2.24 for one tower.
#[test]
fn larger_models_too() {
    let cases: [(&str, &str, u128); 18] = [
        ("ViT-H-14", "ptflops-pytorch:image", 167517127168),
        ("ViT-H-14", "ptflops-pytorch:text", 23580982656),
        ("ViT-H-14", "ptflops-aten:image", 161979146240),
        ("ViT-H-14", "ptflops-aten:text", 23562723328),
        ("ViT-H-14", "calflops:image", 323916853760),
        ("ViT-H-14", "calflops:text", 46533329920),
        ("ViT-H-14", "deepspeed:image", 334740943360),
        ("ViT-H-14", "deepspeed:text", 47118271488),
        ("ViT-H-14", "torchinfo:image", 108081034240),
        ("ViT-H-14", "torchinfo:text", 15569774592),
        ("ViT-H-14", "flop-counter@cpu-sdpa:image", 323768811520),
        ("ViT-H-14", "flop-counter@cpu-fast-path:image", 215975198720),
        ("ViT-H-14", "fvcore@open_clip-torch2:image", 161992962560),
        ("ViT-H-14", "fvcore@open_clip-torch1.13:total", 190822995456),
        ("EVA02-E-14", "ptflops-aten@open_clip-meta:image", 1132563940352),
        ("EVA02-E-14", "calflops:image", 2234576970496),
        ("EVA02-E-14", "torchinfo:image", 4002451968),
        ("EVA02-E-14", "thop:image", 958556798976),
    ];
    for (model, name, printed) in cases {
        let spec = preset(model).unwrap();
        let count = CountName::parse(name).unwrap();
        let said = count.convention.count(&Subject::new(&spec), count.scope);
        assert_eq!(said, Some(printed), "{model} {name}");
    }
}
