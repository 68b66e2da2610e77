//! Names that the kernel itself gives a meaning: its software events, and generic hardware events.

use perf_event_open_sys::bindings::{
    PERF_COUNT_HW_BRANCH_INSTRUCTIONS, PERF_COUNT_HW_BRANCH_MISSES, PERF_COUNT_HW_BUS_CYCLES,
    PERF_COUNT_HW_CACHE_MISSES, PERF_COUNT_HW_CACHE_REFERENCES, PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_INSTRUCTIONS,
    PERF_COUNT_HW_REF_CPU_CYCLES, PERF_COUNT_HW_STALLED_CYCLES_BACKEND, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND,
    PERF_COUNT_SW_ALIGNMENT_FAULTS, PERF_COUNT_SW_CGROUP_SWITCHES, PERF_COUNT_SW_CONTEXT_SWITCHES,
    PERF_COUNT_SW_CPU_CLOCK, PERF_COUNT_SW_CPU_MIGRATIONS, PERF_COUNT_SW_DUMMY, PERF_COUNT_SW_EMULATION_FAULTS,
    PERF_COUNT_SW_PAGE_FAULTS, PERF_COUNT_SW_PAGE_FAULTS_MAJ, PERF_COUNT_SW_PAGE_FAULTS_MIN, PERF_COUNT_SW_TASK_CLOCK,
};

/// As `perf list` has them, with their other names.
const SOFTWARE: &[(&str, u32)] = &[
    ("task-clock", PERF_COUNT_SW_TASK_CLOCK),
    ("cpu-clock", PERF_COUNT_SW_CPU_CLOCK),
    ("page-faults", PERF_COUNT_SW_PAGE_FAULTS),
    ("faults", PERF_COUNT_SW_PAGE_FAULTS),
    ("minor-faults", PERF_COUNT_SW_PAGE_FAULTS_MIN),
    ("major-faults", PERF_COUNT_SW_PAGE_FAULTS_MAJ),
    ("context-switches", PERF_COUNT_SW_CONTEXT_SWITCHES),
    ("cs", PERF_COUNT_SW_CONTEXT_SWITCHES),
    ("cpu-migrations", PERF_COUNT_SW_CPU_MIGRATIONS),
    ("migrations", PERF_COUNT_SW_CPU_MIGRATIONS),
    ("alignment-faults", PERF_COUNT_SW_ALIGNMENT_FAULTS),
    ("emulation-faults", PERF_COUNT_SW_EMULATION_FAULTS),
    ("cgroup-switches", PERF_COUNT_SW_CGROUP_SWITCHES),
    ("dummy", PERF_COUNT_SW_DUMMY),
];

const HARDWARE: &[(&str, u32)] = &[
    ("cycles", PERF_COUNT_HW_CPU_CYCLES),
    ("cpu-cycles", PERF_COUNT_HW_CPU_CYCLES),
    ("instructions", PERF_COUNT_HW_INSTRUCTIONS),
    ("cache-references", PERF_COUNT_HW_CACHE_REFERENCES),
    ("cache-misses", PERF_COUNT_HW_CACHE_MISSES),
    ("branches", PERF_COUNT_HW_BRANCH_INSTRUCTIONS),
    ("branch-instructions", PERF_COUNT_HW_BRANCH_INSTRUCTIONS),
    ("branch-misses", PERF_COUNT_HW_BRANCH_MISSES),
    ("bus-cycles", PERF_COUNT_HW_BUS_CYCLES),
    ("stalled-cycles-frontend", PERF_COUNT_HW_STALLED_CYCLES_FRONTEND),
    ("idle-cycles-frontend", PERF_COUNT_HW_STALLED_CYCLES_FRONTEND),
    ("stalled-cycles-backend", PERF_COUNT_HW_STALLED_CYCLES_BACKEND),
    ("idle-cycles-backend", PERF_COUNT_HW_STALLED_CYCLES_BACKEND),
    ("ref-cycles", PERF_COUNT_HW_REF_CPU_CYCLES),
];

fn find(table: &[(&str, u32)], name: &str) -> Option<u64> {
    table.iter().find(|(known, _)| *known == name).map(|(_, config)| (*config).into())
}

pub fn software(name: &str) -> Option<u64> {
    find(SOFTWARE, name)
}

pub fn hardware(name: &str) -> Option<u64> {
    find(HARDWARE, name)
}

pub fn names() -> impl Iterator<Item = &'static str> {
    SOFTWARE.iter().chain(HARDWARE).map(|(name, _)| *name)
}
