//! The events beside the floating-point ones: those that the user names, else the kernel's own.

use perf_event_open_sys::bindings::{
    PERF_COUNT_SW_CONTEXT_SWITCHES, PERF_COUNT_SW_PAGE_FAULTS, PERF_COUNT_SW_TASK_CLOCK, PERF_TYPE_SOFTWARE,
};

use super::event::{Opened, Request};
use super::names::Named;
use super::target::Target;

/// Opens them on a target. One that is refused carries its reason.
pub fn open(named: &[Named], target: &Target) -> Vec<Opened> {
    if named.is_empty() {
        return kernels_own(target);
    }
    named.iter().map(|named| open_one(named, target)).collect()
}

fn open_one(named: &Named, target: &Target) -> Opened {
    let opened = Opened::on(&named.name, named.request, target);
    let forbidden = opened.refusal().is_some_and(|error| error.raw_os_error() == Some(libc::EACCES));
    if forbidden && !named.modes_given {
        // Without privileges the kernel's part is not to be seen. As in perf, the name says so.
        let in_user_mode = Request { exclude_kernel: true, ..named.request };
        return Opened::on(&format!("{}:u", named.name), in_user_mode, target);
    }
    opened
}

/// What every run reports, whatever its counter.
fn kernels_own(target: &Target) -> Vec<Opened> {
    let event = |name, config: u32, exclude_kernel| {
        let request = Request { exclude_kernel, ..Request::in_user_mode(PERF_TYPE_SOFTWARE, config.into()) };
        Opened::on(name, request, target)
    };
    vec![
        event("task-clock", PERF_COUNT_SW_TASK_CLOCK, true),
        event("page-faults", PERF_COUNT_SW_PAGE_FAULTS, true),
        // They happen in the kernel: without it, the event would always read 0.
        event("context-switches", PERF_COUNT_SW_CONTEXT_SWITCHES, false),
    ]
}
