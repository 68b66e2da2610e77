//! What an instruction counter gathers while it runs, over all processes.

use std::collections::HashMap;

use iced_x86::Mnemonic;

use super::regions::RegionLog;
use super::symbols::Function;
use super::{ClassCount, Classes, FunctionCount, Tally};
use crate::isa::Class;

/// Stands for a function in a `Record`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FunctionId(usize);

pub struct Record {
    /// Executions, by mnemonic.
    mnemonics: Vec<u64>,
    functions: Vec<(Function, Work)>,
    by_function: HashMap<Function, FunctionId>,
    classes: Classes,
    pub regions: RegionLog,
    reasons: Vec<String>,
    pub processes: u64,
    pub threads: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Work {
    executions: u64,
    flops: u64,
    outside_flops: u64,
}

/// Beyond that many, further reasons add nothing.
const MOST_REASONS: usize = 32;

impl Record {
    /// Of a command that has just been started.
    pub fn of_one_process() -> Record {
        Record {
            mnemonics: vec![0; Mnemonic::values().len()],
            functions: Vec::new(),
            by_function: HashMap::new(),
            classes: Classes::new(),
            regions: RegionLog::default(),
            reasons: Vec::new(),
            processes: 1,
            threads: 1,
        }
    }

    /// One more execution of any instruction.
    pub fn executed(&mut self, mnemonic: Mnemonic) {
        self.mnemonics[mnemonic as usize] += 1;
    }

    /// One more execution of a floating-point instruction of `function`; `outside` every region?
    pub fn executed_in(&mut self, function: FunctionId, class: &Class, lanes: u64, outside: bool) {
        let work = &mut self.functions[function.0].1;
        let flops = class.flops.count(1, lanes);
        work.executions += 1;
        work.flops += flops;
        if outside {
            work.outside_flops += flops;
        }
    }

    /// So many executions of any instruction.
    pub fn executed_times(&mut self, mnemonic: Mnemonic, times: u64) {
        let sum = &mut self.mnemonics[mnemonic as usize];
        *sum = sum.wrapping_add(times);
    }

    /// Everything of one class that a process has executed in `function`; `outside` is the part
    /// outside every region.
    pub fn executed_all(&mut self, function: FunctionId, class: &Class, count: ClassCount, outside: ClassCount) {
        let work = &mut self.functions[function.0].1;
        work.executions += count.executions;
        work.flops += count.flops(class);
        work.outside_flops += outside.flops(class);
    }

    pub fn function(&mut self, function: Function) -> FunctionId {
        let next = FunctionId(self.functions.len());
        let id = *self.by_function.entry(function.clone()).or_insert(next);
        if id == next {
            self.functions.push((function, Work::default()));
        }
        id
    }

    /// Adds what a process executed, once it is gone.
    pub fn add(&mut self, classes: &Classes) {
        for (class, count) in classes {
            *self.classes.entry(*class).or_default() += *count;
        }
    }

    /// Something that voids the claim of exactness.
    pub fn void(&mut self, reason: impl Into<String>) {
        let reason = reason.into();
        if self.reasons.len() < MOST_REASONS && !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    /// The tally, and the reasons why it may not be exact.
    pub fn finish(self) -> (Tally, Vec<String>) {
        let mnemonics = Mnemonic::values().zip(self.mnemonics).filter(|(_, n)| *n > 0).collect();
        let mut functions: Vec<FunctionCount> = self
            .functions
            .into_iter()
            .filter(|(_, work)| work.executions > 0)
            .map(|(Function { object, symbol }, Work { executions, flops, outside_flops })| FunctionCount {
                object,
                symbol,
                executions,
                flops,
                outside_flops,
            })
            .collect();
        functions.sort_by(|a, b| {
            let key =
                |f: &FunctionCount| (std::cmp::Reverse((f.flops, f.executions)), f.object.clone(), f.symbol.clone());
            key(a).cmp(&key(b))
        });
        let tally = Tally { mnemonics, classes: self.classes, functions, regions: self.regions.into_tallies() };
        (tally, self.reasons)
    }
}
