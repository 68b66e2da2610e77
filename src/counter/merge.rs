//! The results of many ranks of one job, added, and how evenly they share its work.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::{ClassRow, FunctionRow, Instructions, PmuFlops, PrecisionSet, Precisions, RegionRow, RunResult, Time};
use crate::isa::Precision;
use crate::{Error, Result};

pub const SCHEMA: &str = "flopledger.merge/1";

/// One rank's result and the file that it was read from.
#[derive(Debug, Clone)]
pub struct Ranked {
    pub file: String,
    pub result: RunResult,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Merged {
    pub schema: &'static str,
    /// In the order in which they were named.
    pub ranks: Vec<Rank>,
    pub imbalance: Vec<Imbalance>,
    /// Counts are sums, None where a rank does not know its own; wall time and memory are the largest. Events and
    /// what only one rank's result has are left out.
    pub total: RunResult,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rank {
    pub file: String,
    pub command: Vec<String>,
    pub exact: bool,
    pub flops: Option<u64>,
    pub pmu_flops: Option<u64>,
    pub instructions: Option<u64>,
    pub wall_s: f64,
}

/// How evenly a figure is spread over the ranks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Imbalance {
    /// `flops`, `wall_s`, `region image/block.0`.
    pub name: String,
    pub min: f64,
    pub mean: f64,
    pub max: f64,
    /// 1 where all have the same; None where all have nothing.
    pub max_over_mean: Option<f64>,
    /// The file of the rank that has most.
    pub most: String,
}

/// An error where there is nothing to add, a file is named twice, or the ranks were not counted alike.
pub fn merge(ranks: Vec<Ranked>) -> Result<Merged> {
    let first = ranks.first().ok_or_else(|| Error::input("no result to merge").remedy("name each rank's file"))?;
    let mut seen = HashSet::new();
    if let Some(twice) = ranks.iter().find(|rank| !seen.insert(&rank.file)) {
        return Err(Error::input(format!("{}: named twice", twice.file)).remedy("name each rank's file once"));
    }
    if let Some(other) = ranks.iter().find(|rank| rank.result.counter != first.result.counter) {
        return Err(Error::input(format!(
            "{} was counted by `{}`, {} by `{}`: their sum would be no count",
            first.file, first.result.counter, other.file, other.result.counter
        ))
        .remedy("count every rank with the same --counter"));
    }
    let row = |Ranked { file, result }: &Ranked| Rank {
        file: file.clone(),
        command: result.command.clone(),
        exact: result.exact,
        flops: result.flops.total,
        pmu_flops: result.pmu_flops.total,
        instructions: result.instructions.total,
        wall_s: result.time.wall_s,
    };
    Ok(Merged {
        schema: SCHEMA,
        ranks: ranks.iter().map(row).collect(),
        imbalance: imbalance(&ranks),
        total: total(&ranks, first)?,
    })
}

fn imbalance(ranks: &[Ranked]) -> Vec<Imbalance> {
    let figure = |name: String, of: &dyn Fn(&RunResult) -> Option<f64>| {
        let values: Option<Vec<f64>> = ranks.iter().map(|rank| of(&rank.result)).collect();
        let values = values?;
        let most = ranks.iter().zip(&values).max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        Some(Imbalance {
            name,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            mean,
            max: *most.1,
            max_over_mean: (mean > 0.0).then(|| most.1 / mean),
            most: most.0.file.clone(),
        })
    };
    let float = |count: Option<u64>| count.map(|count| count as f64);
    let mut figures = vec![
        figure("flops".into(), &|run| float(run.flops.total)),
        figure("pmu_flops".into(), &|run| float(run.pmu_flops.total)),
        figure("instructions".into(), &|run| float(run.instructions.total)),
        figure("wall_s".into(), &|run| Some(run.time.wall_s)),
        figure("user_s".into(), &|run| run.time.user_s),
    ];
    let mut paths: Vec<&String> = Vec::new();
    for region in ranks.iter().flat_map(|rank| rank.result.regions.iter().flatten()) {
        if !paths.contains(&&region.path) {
            paths.push(&region.path);
        }
    }
    // A rank that never entered a region did nothing in it; one that knows no regions is not asked.
    figures.extend(paths.into_iter().map(|path| {
        figure(format!("region {path}"), &|run| {
            let regions = run.regions.as_ref()?.iter().filter(|region| region.path == *path);
            Some(regions.map(|region| region.flops as f64).sum())
        })
    }));
    figures.into_iter().flatten().collect()
}

fn total(ranks: &[Ranked], first: &Ranked) -> Result<RunResult> {
    let sum = |of: fn(&RunResult) -> Option<u64>| sum(ranks.iter().map(|rank| of(&rank.result)));
    let most = |of: fn(&RunResult) -> Option<u64>| ranks.iter().filter_map(|rank| of(&rank.result)).max();
    let seconds = |of: fn(&RunResult) -> Option<f64>| ranks.iter().map(|rank| of(&rank.result)).sum::<Option<f64>>();
    let reasons = ranks.iter().flat_map(|rank| rank.result.reasons.iter().map(|why| format!("{}: {why}", rank.file)));
    let failed = ranks.iter().find(|rank| rank.result.exit.status() != 0).unwrap_or(first);
    Ok(RunResult {
        exact: ranks.iter().all(|rank| rank.result.exact),
        reasons: reasons.collect(),
        exit: failed.result.exit,
        flops: Precisions {
            total: sum(|run| run.flops.total)?,
            fp16: sum(|run| run.flops.fp16)?,
            bf16: sum(|run| run.flops.bf16)?,
            fp32: sum(|run| run.flops.fp32)?,
            fp64: sum(|run| run.flops.fp64)?,
            x87: sum(|run| run.flops.x87)?,
        },
        pmu_flops: PmuFlops {
            total: sum(|run| run.pmu_flops.total)?,
            fp16: sum(|run| run.pmu_flops.fp16)?,
            fp32: sum(|run| run.pmu_flops.fp32)?,
            fp64: sum(|run| run.pmu_flops.fp64)?,
            not_counted: ranks
                .iter()
                .map(|rank| rank.result.pmu_flops.not_counted)
                .fold(PrecisionSet::default(), PrecisionSet::with),
            partial: None,
        },
        instructions: Instructions {
            total: sum(|run| run.instructions.total)?,
            floating_point: sum(|run| run.instructions.floating_point)?,
        },
        mnemonics: None,
        classes: classes(ranks)?,
        functions: functions(ranks)?,
        regions: regions(ranks)?,
        events: Vec::new(),
        processes: sum(|run| run.processes)?,
        threads: sum(|run| run.threads)?,
        time: Time {
            wall_s: ranks.iter().map(|rank| rank.result.time.wall_s).fold(0.0, f64::max),
            user_s: seconds(|run| run.time.user_s),
            sys_s: seconds(|run| run.time.sys_s),
        },
        max_rss_bytes: most(|run| run.max_rss_bytes),
        flop_per_s: None,
        target: None,
        by_thread: None,
        by_process: None,
        repeated: None,
        shown_as: None,
        effort: None,
        timed: None,
        ..first.result.clone()
    })
}

/// None where one is not known.
fn sum(counts: impl Iterator<Item = Option<u64>>) -> Result<Option<u64>> {
    let mut sum = 0;
    for count in counts {
        let Some(count) = count else { return Ok(None) };
        sum = add(sum, count)?;
    }
    Ok(Some(sum))
}

fn add(a: u64, b: u64) -> Result<u64> {
    a.checked_add(b).ok_or_else(|| {
        Error::input("the ranks' counts add up to more than 2^64")
            .remedy("merge fewer files: one of them is not what it says")
    })
}

/// None where one rank has none.
fn of_all<T>(ranks: &[Ranked], of: impl Fn(&RunResult) -> &Option<Vec<T>>) -> Option<Vec<&T>> {
    let all: Option<Vec<&Vec<T>>> = ranks.iter().map(|rank| of(&rank.result).as_ref()).collect();
    Some(all?.into_iter().flatten().collect())
}

fn classes(ranks: &[Ranked]) -> Result<Option<Vec<ClassRow>>> {
    let Some(rows) = of_all(ranks, |run| &run.classes) else { return Ok(None) };
    let mut sums: BTreeMap<(&str, Precision, u16, bool), ClassRow> = BTreeMap::new();
    for row in rows {
        let empty = || ClassRow { executions: 0, lanes: 0, flops: 0, ..row.clone() };
        let sum = sums.entry((&row.mnemonic, row.precision, row.width, row.masked)).or_insert_with(empty);
        sum.executions = add(sum.executions, row.executions)?;
        sum.lanes = add(sum.lanes, row.lanes)?;
        sum.flops = add(sum.flops, row.flops)?;
    }
    let mut rows: Vec<ClassRow> = sums.into_values().collect();
    rows.sort_by_key(|row| Reverse((row.flops, row.executions)));
    Ok(Some(rows))
}

fn functions(ranks: &[Ranked]) -> Result<Option<Vec<FunctionRow>>> {
    let Some(rows) = of_all(ranks, |run| &run.functions) else { return Ok(None) };
    let mut sums: BTreeMap<(&str, &str), FunctionRow> = BTreeMap::new();
    for row in rows {
        let empty = || FunctionRow { flops: 0, executions: 0, ..row.clone() };
        let sum = sums.entry((&row.object, &row.symbol)).or_insert_with(empty);
        sum.flops = add(sum.flops, row.flops)?;
        sum.executions = add(sum.executions, row.executions)?;
    }
    let mut rows: Vec<FunctionRow> = sums.into_values().collect();
    rows.sort_by_key(|row| Reverse((row.flops, row.executions)));
    Ok(Some(rows))
}

/// In the order in which the first rank that entered them did.
fn regions(ranks: &[Ranked]) -> Result<Option<Vec<RegionRow>>> {
    let Some(rows) = of_all(ranks, |run| &run.regions) else { return Ok(None) };
    let mut sums: Vec<RegionRow> = Vec::new();
    for row in rows {
        match sums.iter_mut().find(|sum| sum.path == row.path) {
            Some(sum) => {
                sum.calls = add(sum.calls, row.calls)?;
                sum.flops = add(sum.flops, row.flops)?;
            }
            None => sums.push(row.clone()),
        }
    }
    Ok(Some(sums))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ranked(file: &str, flops: Option<u64>, regions: &[(&str, u64)]) -> Ranked {
        let region = |(path, flops): &(&str, u64)| json!({"path": path, "calls": 1, "flops": flops});
        let result = json!({
            "schema": super::super::SCHEMA, "command": ["a"], "counter": "translate", "counter_reason": "asked for",
            "exact": true, "reasons": [], "exit": {"code": 0, "signal": null}, "flops": {"total": flops},
            "pmu_flops": {}, "instructions": {"total": 7}, "classes": null, "functions": null,
            "regions": regions.iter().map(region).collect::<Vec<_>>(), "events": [], "pmu_model": "GenuineIntel-6-8F",
            "processes": 1, "threads": 2, "time": {"wall_s": 1.5, "user_s": 1.0, "sys_s": null}, "max_rss_bytes": 10
        });
        Ranked { file: file.into(), result: serde_json::from_value(result).expect("a result") }
    }

    #[test]
    fn sums_by_hand() {
        let ranks = vec![ranked("a", Some(10), &[("x", 4)]), ranked("b", Some(30), &[("x", 1), ("y", 6)])];
        let merged = merge(ranks).expect("merged");
        let Merged { total, imbalance, .. } = merged;
        assert_eq!((total.flops.total, total.flops.fp32, total.threads), (Some(40), None, Some(4)));
        assert_eq!((total.time.wall_s, total.time.user_s, total.time.sys_s), (1.5, Some(2.0), None));
        let regions: Vec<_> =
            total.regions.iter().flatten().map(|row| (row.path.as_str(), row.calls, row.flops)).collect();
        assert_eq!(regions, [("x", 2, 5), ("y", 1, 6)]);
        let of = |name: &str| imbalance.iter().find(|figure| figure.name == name).expect("a figure");
        let seen = |name| (of(name).min, of(name).mean, of(name).max, of(name).max_over_mean, of(name).most.as_str());
        assert_eq!(seen("flops"), (10.0, 20.0, 30.0, Some(1.5), "b"));
        // The first rank never entered it.
        assert_eq!(seen("region y"), (0.0, 3.0, 6.0, Some(2.0), "b"));
    }

    /// What one rank does not know, nobody knows of all.
    #[test]
    fn unknown_is_not_0() {
        let merged = merge(vec![ranked("a", Some(10), &[]), ranked("b", None, &[])]).expect("merged");
        assert_eq!((merged.total.flops.total, merged.total.instructions.total), (None, Some(14)));
        assert!(merged.imbalance.iter().all(|figure| figure.name != "flops"));
    }

    #[test]
    fn sums_that_do_not_fit_are_refused() {
        let error = merge(vec![ranked("a", Some(u64::MAX), &[]), ranked("b", Some(1), &[])]).expect_err("too much");
        assert!(error.to_string().contains("2^64"), "{error}");
    }
}
