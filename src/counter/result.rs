//! The result of `flopledger run`, as every exporter takes it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::repeat::Repeated;
use super::timed::Timed;
use super::{
    ClassCount, Classes, Command, Effort, Event, Exit, Measurement, PmuFlops, PrecisionSet, ProcessRow, Shown, Tally,
    ThreadRow, Time, by_process, flops_of,
};
use crate::isa::{Class, Kind, Precision, mnemonic_name};

pub const SCHEMA: &str = "flopledger.run/1";

/// Counts are None where the counter cannot know them, which is not 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    pub schema: String,
    pub command: Vec<String>,
    pub counter: String,
    /// Why this counter was chosen.
    pub counter_reason: String,
    pub exact: bool,
    /// What voids the claim of exactness.
    pub reasons: Vec<String>,
    pub exit: Exit,
    pub flops: Precisions,
    pub pmu_flops: PmuFlops,
    pub instructions: Instructions,
    /// Every instruction, floating-point or not. Left out unless it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mnemonics: Option<BTreeMap<String, u64>>,
    pub classes: Option<Vec<ClassRow>>,
    pub functions: Option<Vec<FunctionRow>>,
    pub regions: Option<Vec<RegionRow>>,
    pub events: Vec<Event>,
    /// The CPU whose events `pmu_flops` speaks of.
    pub pmu_model: String,
    pub processes: Option<u64>,
    pub threads: Option<u64>,
    pub time: Time,
    /// None where it was not our child.
    pub max_rss_bytes: Option<u64>,
    /// FLOPs a second of wall time, of this counted run. Left out where no rate can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flop_per_s: Option<f64>,
    /// What was counted, if not (only) the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Left out unless they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_thread: Option<Vec<ThreadRow>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_process: Option<Vec<ProcessRow>>,
    /// Of several runs; the rest is the first one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<Repeated>,
    /// What the events of the CPU that was asked for would show.
    #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
    pub shown_as: Option<Shown>,
    /// Left out unless it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// Left out unless it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timed: Option<Timed>,
}

/// What was counted, if not (only) a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    Processes(Vec<i32>),
    Cpus(Vec<usize>),
}

/// FLOPs on active lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Precisions {
    pub total: Option<u64>,
    pub fp16: Option<u64>,
    pub bf16: Option<u64>,
    pub fp32: Option<u64>,
    pub fp64: Option<u64>,
    pub x87: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Instructions {
    pub total: Option<u64>,
    pub floating_point: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassRow {
    pub mnemonic: String,
    pub precision: Precision,
    /// Bits.
    pub width: u16,
    pub kind: Kind,
    pub masked: bool,
    pub executions: u64,
    /// Active lanes.
    pub lanes: u64,
    pub flops: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionRow {
    pub object: String,
    pub symbol: String,
    pub flops: u64,
    /// Floating-point instructions.
    pub executions: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionRow {
    pub path: String,
    pub calls: u64,
    pub flops: u64,
}

impl RunResult {
    /// `pmu_model` names the CPU whose events stand in for `pmu_flops` where none were counted.
    pub fn new(command: Option<&Command>, reason: String, pmu_model: String, measured: Measurement) -> RunResult {
        let Measurement { tally, pmu_flops, exit, exact, reasons, events, time, .. } = measured;
        let flops = tally.as_ref().map(Precisions::of).unwrap_or_default();
        let executed = flops.total.or(pmu_flops.and_then(|flops| flops.total));
        let rate = |flops: u64| Some(flops as f64 / measured.counted_s.filter(|seconds| *seconds > 0.0)?);
        RunResult {
            schema: SCHEMA.to_owned(),
            command: command.map(Command::words).unwrap_or_default(),
            counter: measured.counter.to_owned(),
            counter_reason: reason,
            exact,
            reasons,
            exit,
            flops,
            pmu_flops: pmu_flops.or_else(|| Some(visible(&tally.as_ref()?.classes))).unwrap_or_default(),
            instructions: tally.as_ref().map(Instructions::of).unwrap_or_default(),
            mnemonics: tally.as_ref().map(mnemonics),
            classes: tally.as_ref().map(ClassRow::of),
            functions: tally.as_ref().map(FunctionRow::of),
            regions: tally.as_ref().map(region_rows),
            events,
            pmu_model,
            processes: measured.processes,
            threads: measured.threads,
            time,
            max_rss_bytes: measured.max_rss_bytes,
            flop_per_s: executed.and_then(rate),
            target: None,
            by_process: measured.by_thread.as_deref().map(by_process),
            by_thread: measured.by_thread,
            repeated: None,
            effort: measured.effort,
            shown_as: None,
            timed: None,
        }
    }
}

impl Precisions {
    /// The precision in which most is done; fp32 where that is not known.
    pub fn foremost(&self) -> Precision {
        let known = [
            (Precision::Fp16, self.fp16),
            (Precision::Bf16, self.bf16),
            (Precision::Fp64, self.fp64),
            (Precision::X87, self.x87),
            (Precision::Fp32, self.fp32),
        ];
        let most = known.into_iter().max_by_key(|(_, flops)| flops.unwrap_or(0));
        most.map_or(Precision::Fp32, |(precision, _)| precision)
    }

    pub fn of(tally: &Tally) -> Precisions {
        let flops = |precision| Some(tally.flops_in(precision));
        Precisions {
            total: Some(tally.flops()),
            fp16: flops(Precision::Fp16),
            bf16: flops(Precision::Bf16),
            fp32: flops(Precision::Fp32),
            fp64: flops(Precision::Fp64),
            x87: flops(Precision::X87),
        }
    }
}

impl Instructions {
    fn of(tally: &Tally) -> Instructions {
        Instructions {
            total: Some(tally.instructions()),
            floating_point: Some(tally.classes.values().map(|count| count.executions).sum()),
        }
    }
}

/// What FP_ARITH_INST_RETIRED would show of these executions. None where an instruction was
/// executed of which Intel does not say what it counts.
pub fn visible(classes: &Classes) -> PmuFlops {
    let sum = |wanted: &dyn Fn(Precision) -> bool| {
        let counted = classes.iter().filter(|(class, count)| wanted(class.precision) && count.executions > 0);
        counted.map(|(class, count)| count.pmu_flops(class)).sum()
    };
    PmuFlops {
        total: sum(&|_| true),
        fp16: sum(&|precision| precision == Precision::Fp16),
        fp32: sum(&|precision| precision == Precision::Fp32),
        fp64: sum(&|precision| precision == Precision::Fp64),
        not_counted: PrecisionSet::default(),
        partial: None,
    }
}

fn mnemonics(tally: &Tally) -> BTreeMap<String, u64> {
    tally.mnemonics.iter().map(|(&mnemonic, &count)| (mnemonic_name(mnemonic), count)).collect()
}

impl ClassRow {
    /// Most FLOPs first.
    pub fn of(tally: &Tally) -> Vec<ClassRow> {
        let row = |(class, count): (&Class, &ClassCount)| ClassRow {
            mnemonic: class.mnemonic_name(),
            precision: class.precision,
            width: class.width,
            kind: class.kind,
            masked: class.masked,
            executions: count.executions,
            lanes: count.lanes,
            flops: count.flops(class),
        };
        let mut rows: Vec<ClassRow> = tally.classes.iter().map(row).collect();
        rows.sort_by_key(|row| (Reverse((row.flops, row.executions)), row.mnemonic.clone(), row.width, row.masked));
        rows
    }
}

impl FunctionRow {
    /// Most FLOPs first.
    pub fn of(tally: &Tally) -> Vec<FunctionRow> {
        let row = |f: &super::FunctionCount| FunctionRow {
            object: f.object.clone(),
            symbol: f.symbol.clone(),
            flops: f.flops,
            executions: f.executions,
        };
        tally.functions.iter().map(row).collect()
    }
}

fn region_rows(tally: &Tally) -> Vec<RegionRow> {
    let row = |r: &super::RegionTally| RegionRow { path: r.path.clone(), calls: r.calls, flops: flops_of(&r.classes) };
    tally.regions.iter().map(row).collect()
}
