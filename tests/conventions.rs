//! What the tools really printed, against what their conventions say: figures measured for two
//! models by ten tools, in `conventions/*.csv` (written by `conventions/generate.py`), and those of
//! today's tools, in `conventions/measured/figures.csv` (written by `measure.py` beside it).

use std::path::Path;

use flopledger::convention::{CountName, Subject};
use flopledger::model::{ClipSpec, preset};
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
    #[serde(default)]
    date: String,
}

fn printed() -> Vec<Printed> {
    rows_in("tests/conventions")
}

/// What `measure.py` wrote.
fn measured() -> Vec<Printed> {
    rows_in("tests/conventions/measured")
}

fn rows_in(folder: &str) -> Vec<Printed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let tables = paths.filter(|path| path.extension().is_some_and(|end| end == "csv"));
    tables.flat_map(|path| csv::Reader::from_path(path).unwrap().into_deserialize().map(|row| row.unwrap())).collect()
}

/// What the convention says, as the row says it: an integer, or billions with two decimals.
fn said(row: &Printed) -> (String, &'static str) {
    let setting = if row.setting.is_empty() { String::new() } else { format!("@{}", row.setting) };
    let count = CountName::parse(&format!("{}{setting}:{}", row.tool, row.tower)).unwrap();
    let spec = model_of(row);
    let value = count.convention.count(&Subject::new(&spec), count.scope).unwrap_or_else(|| {
        panic!("nothing is said of {} {}@{}:{}", row.model, row.tool, row.setting, row.tower);
    });
    if row.unit == "gflop" {
        let hundredths = (value + 5_000_000) / 10_000_000;
        let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        return (text.trim_end_matches('0').to_string(), "gflop");
    }
    (value.to_string(), count.convention.unit.slug())
}

/// A preset or, where the tool ran open_clip's own code on another one of its models, that file.
fn model_of(row: &Printed) -> ClipSpec {
    let path = format!("{}/tests/configs/open_clip/{}.json", env!("CARGO_MANIFEST_DIR"), row.model);
    match row.source.starts_with("open_clip_torch 3.3.0") && Path::new(&path).exists() && row.is_of_today() {
        true => flopledger::model(path).unwrap(),
        false => preset(&row.model).unwrap(),
    }
}

impl Printed {
    fn is_of_today(&self) -> bool {
        !self.date.is_empty()
    }
}

#[test]
fn every_figure_is_reproduced() {
    let rows = printed();
    assert_eq!(rows.len(), 780);
    reproduced(&rows);
}

/// Each is dated, and names the versions that it was measured with.
#[test]
fn every_figure_of_todays_tools_is_reproduced() {
    let rows = measured();
    assert!(rows.len() > 200, "{}", rows.len());
    for row in &rows {
        assert!(row.date.len() == 10 && row.source.contains("torch 2."), "{} {}", row.source, row.date);
    }
    reproduced(&rows);
}

fn reproduced(rows: &[Printed]) {
    let wrong: Vec<String> = rows
        .iter()
        .map(|row| (row, said(row)))
        .filter(|(row, (value, unit))| (value, *unit) != (&row.value, row.unit.as_str()))
        .map(|(row, said)| {
            let Printed { model, tool, setting, tower, value, unit, source, .. } = row;
            format!("{said:?} for {model} {tool}@{setting}:{tower}, which printed {value} {unit} ({source})")
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// Every setting of every tool is one that a row measured, but for mmcv's and for what papers and
/// open_clip of 2022 publish, which have their own tests.
#[test]
fn no_setting_is_made_up() {
    let rows: Vec<Printed> = printed().into_iter().chain(measured()).collect();
    let measured = |name: &str, setting: Option<&str>| {
        rows.iter().any(|row| row.tool == name && row.setting == setting.unwrap_or_default())
    };
    let others = ["analytic", "mmcv", "timm", "datacomp", "megatron", "2nd", "6nd", "palm"];
    let unmeasured = flopledger::convention::all()
        .filter(|convention| !others.contains(&convention.name) && !measured(convention.name, convention.setting))
        .filter(|convention| convention.setting != Some("open_clip-2022"));
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

fn said_of(spec: &ClipSpec, name: &str) -> Option<u128> {
    let count = CountName::parse(name).unwrap();
    count.convention.count(&Subject::new(spec), count.scope)
}

/// What the tools printed for timm's towers in open_clip 3.3 (torch 2.15, timm 1.0.31; thop 0.1.1,
/// fvcore 0.1.5, mmcv-lite).
#[test]
fn timms_towers_too() {
    let cases: [(&str, &str, u128); 14] = [
        ("ViT-B-16-SigLIP", "thop:image", 16999907328),
        ("ViT-B-16-SigLIP", "fvcore@open_clip-torch2:image", 17018727168),
        ("ViT-B-16-SigLIP", "fvcore@open_clip-torch1.11:image", 17727111936),
        ("ViT-B-16-SigLIP", "mmcv:image", 17000057856),
        ("EVA02-B-16", "thop:image", 16848125952),
        ("EVA02-B-16", "fvcore@open_clip-torch2:image", 16900323072),
        ("EVA02-B-16", "fvcore@open_clip-torch1.11:image", 17615650560),
        ("EVA02-B-16", "mmcv:image", 16848276480),
        ("PE-Core-T-16-384", "thop:image", 3190898688),
        ("PE-Core-T-16-384", "fvcore@open_clip-torch2:image", 3205301568),
        ("PE-Core-T-16-384", "fvcore@open_clip-torch1.11:image", 4739659968),
        ("vit_medium_patch16_gap_256", "thop:image", 9764601856),
        ("vit_medium_patch16_gap_256", "fvcore@open_clip-torch2:image", 9780985856),
        ("vit_medium_patch16_gap_256", "fvcore@open_clip-torch1.11:image", 10586292224),
    ];
    for (model, name, printed) in cases {
        let path = format!("{}/tests/configs/open_clip/{model}.json", env!("CARGO_MANIFEST_DIR"));
        let spec = flopledger::model(path).unwrap();
        assert_eq!(said_of(&spec, name), Some(printed), "{model} {name}");
    }
}

/// What mmcv printed for CLIP's own towers (open_clip 3.3 and transformers 5.24).
#[test]
fn mmcv_by_its_own_code() {
    let cases = [
        ("ViT-B-32", "mmcv:image", 2946760704),
        ("ViT-B-32", "mmcv@hf:image", 4364653056),
        ("ViT-L-14", "mmcv:image", 51895074816),
    ];
    for (model, name, printed) in cases {
        assert_eq!(said_of(&preset(model).unwrap(), name), Some(printed), "{model} {name}");
    }
}

/// With an odd number of heads torch leaves its fast path, and with a mask.
#[test]
fn the_fast_path_asks_for_even_heads_and_no_mask() {
    let text = |heads: u64, mask: bool| {
        let config = format!(
            "{{\"embed_dim\": 96, \"vision_cfg\": {{\"image_size\": 32, \"layers\": 2, \"width\": 96, \"head_width\": {}, \
             \"patch_size\": 16}}, \"text_cfg\": {{\"width\": 96, \"heads\": {heads}, \"layers\": 2, \
             \"no_causal_mask\": {}}}}}",
            96 / heads,
            !mask
        );
        let spec = flopledger::model::parse("heads", &config).unwrap();
        let of = |tower: &str| {
            said_of(&spec, &format!("flop-counter:{tower}"))
                == said_of(&spec, &format!("flop-counter@fast-path:{tower}"))
        };
        (of("image"), of("text"))
    };
    assert_eq!(text(3, true), (true, true));
    assert_eq!(text(3, false), (true, true));
    assert_eq!(text(4, true), (false, true));
    assert_eq!(text(4, false), (false, false));
}

/// A tool that was never run on a kind of tower says nothing about it.
#[test]
fn nothing_is_said_of_towers_that_were_not_measured() {
    let path = format!("{}/tests/configs/open_clip/RN50.json", env!("CARGO_MANIFEST_DIR"));
    let spec = flopledger::model(path).unwrap();
    assert_eq!(said_of(&spec, "thop:image"), None);
    assert_eq!(said_of(&spec, "calflops:total"), None);
    assert_eq!(said_of(&spec, "flop-counter:image"), Some(12222939136));
    // The script reads dimensions, and a file that only names a tower has none.
    let path = format!("{}/tests/configs/open_clip/ViT-B-16-SigLIP.json", env!("CARGO_MANIFEST_DIR"));
    let spec = flopledger::model(path).unwrap();
    assert_eq!((said_of(&spec, "seed-formula:image"), said_of(&spec, "seed-formula:text").is_some()), (None, true));
}

/// Published figures, to the digits in which they are published: timm's tables (GMACs), DataComp's
/// training compute over samples seen (MACs).
#[test]
fn published_tables() {
    let within = |value: u128, unit: f64, published: f64, digit: f64| {
        assert!((value as f64 / unit - published).abs() <= digit / 2.0, "{value} against {published}");
    };
    for (model, gmacs) in [("ViT-B-32", 4.41), ("ViT-B-16", 17.58), ("ViT-L-14-336", 191.11)] {
        within(said_of(&preset(model).unwrap(), "timm").unwrap(), 1e9, gmacs, 0.01);
    }
    // GMACs of the paper on scaling laws (arXiv 2212.07143), by fvcore on open_clip of 2022.
    within(said_of(&preset("ViT-L-14").unwrap(), "fvcore@open_clip-2022").unwrap(), 1e9, 87.73, 0.01);
    for (model, compute, samples) in
        [("ViT-B-32", 9.5e16, 12.8e6), ("ViT-B-16", 2.6e19, 1.28e9), ("ViT-L-14", 1.1e21, 12.8e9)]
    {
        let each = compute / samples;
        within(said_of(&preset(model).unwrap(), "datacomp").unwrap(), each, 1.0, 0.1);
    }
}

/// ViT-B-32's text tower by hand: 77 tokens of width 512, 12 layers, 49408 words.
#[test]
fn formulas_by_hand() {
    let spec = preset("ViT-B-32").unwrap();
    let (s, h, l, v) = (77u128, 512u128, 12u128, 49408u128);
    let layers = l * (24 * s * h * h + 4 * s * s * h);
    let words = 2 * s * h * v;
    assert_eq!(said_of(&spec, "megatron@forward:text"), Some(layers + words));
    // 96 s l h^2 (1 + s / 6h + V / 16lh), every division taken exactly.
    assert_eq!(
        said_of(&spec, "megatron@training-recompute:text"),
        Some(96 * s * l * h * h + 16 * s * s * l * h + 6 * s * h * v)
    );
    assert_eq!(said_of(&spec, "megatron@training:text"), Some(3 * (layers + words)));
    // The published parameters of the text tower, and its two tables.
    let (parameters, tables) = (63_428_096, v * h + s * h);
    assert_eq!(said_of(&spec, "6nd@all:text"), Some(6 * parameters * s));
    assert_eq!(said_of(&spec, "2nd:text"), Some(2 * (parameters - tables) * s));
    assert_eq!(said_of(&spec, "palm:text"), Some(s * (6 * (parameters - tables) + 12 * l * h * s)));
}
