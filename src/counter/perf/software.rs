//! The kernel's own events, which every run reports, whatever its counter.

use nix::unistd::Pid;
use perf_event_open_sys::bindings::{
    PERF_COUNT_SW_CONTEXT_SWITCHES, PERF_COUNT_SW_PAGE_FAULTS, PERF_COUNT_SW_TASK_CLOCK, PERF_TYPE_SOFTWARE,
};

use super::event::{Opened, Request};

pub fn open(child: Pid) -> Vec<Opened> {
    let event = |name, config: u32, exclude_kernel| {
        let request = Request { pmu: PERF_TYPE_SOFTWARE, config: config.into(), exclude_kernel };
        Opened::on_exec(name, request, child)
    };
    vec![
        event("task-clock", PERF_COUNT_SW_TASK_CLOCK, true),
        event("page-faults", PERF_COUNT_SW_PAGE_FAULTS, true),
        // They happen in the kernel: without it, the event would always read 0.
        event("context-switches", PERF_COUNT_SW_CONTEXT_SWITCHES, false),
    ]
}
