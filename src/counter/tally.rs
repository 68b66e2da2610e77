//! What an instruction counter measured: executions by class, function and region.

use std::collections::BTreeMap;
use std::ops::{AddAssign, SubAssign};

use iced_x86::Mnemonic;

use crate::isa::{Class, Precision};

/// How often a class was executed, and on how many active lanes in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassCount {
    pub executions: u64,
    pub lanes: u64,
}

impl ClassCount {
    pub fn flops(self, class: &Class) -> u64 {
        class.flops.count(self.executions, self.lanes)
    }

    /// What FP_ARITH_INST_RETIRED would show: full width, whatever the mask. None where Intel
    /// does not document the instruction.
    pub fn pmu_flops(self, class: &Class) -> Option<u64> {
        class.pmu.map(|w| w.count(self.executions, self.executions * u64::from(class.lanes)))
    }
}

impl AddAssign for ClassCount {
    fn add_assign(&mut self, other: Self) {
        self.executions += other.executions;
        self.lanes += other.lanes;
    }
}

impl SubAssign for ClassCount {
    fn sub_assign(&mut self, other: Self) {
        self.executions -= other.executions;
        self.lanes -= other.lanes;
    }
}

/// Executions by class.
pub type Classes = BTreeMap<Class, ClassCount>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCount {
    /// File name of the mapped object; `[jit]` for code written at run time.
    pub object: String,
    pub symbol: String,
    /// Floating-point instructions executed in it.
    pub executions: u64,
    pub flops: u64,
    /// The part of `flops` that was executed while its process had no region open.
    pub outside_flops: u64,
}

/// A region with everything executed between its markers, inner regions included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionTally {
    /// Names from the outermost region inwards, joined by `/`.
    pub path: String,
    pub calls: u64,
    pub classes: Classes,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Every instruction, floating-point or not, by mnemonic.
    pub mnemonics: BTreeMap<Mnemonic, u64>,
    /// The floating-point ones by class.
    pub classes: Classes,
    /// Sorted by FLOPs, most first.
    pub functions: Vec<FunctionCount>,
    /// In the order in which they were first entered.
    pub regions: Vec<RegionTally>,
}

impl Tally {
    pub fn instructions(&self) -> u64 {
        self.mnemonics.values().sum()
    }

    pub fn flops(&self) -> u64 {
        flops_of(&self.classes)
    }

    pub fn flops_in(&self, precision: Precision) -> u64 {
        self.classes.iter().filter(|(c, _)| c.precision == precision).map(|(c, n)| n.flops(c)).sum()
    }
}

/// FLOPs on active lanes.
pub fn flops_of(classes: &Classes) -> u64 {
    classes.iter().map(|(class, count)| count.flops(class)).sum()
}

impl RegionTally {
    pub fn flops(&self) -> u64 {
        flops_of(&self.classes)
    }
}
