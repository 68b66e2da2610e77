//! The hardware's own counters, through perf_event_open.

mod event;
mod refusal;
pub mod software;
