//! `--counter perf` on machines that a syscall-level fake shows: what was asked for, and what was reported.
//!
//! The fake's specs give each event a value of its own, so that a mix-up shows. They stand for programs that
//! run, not for the programs of a calibration, and are counted without one; `calibration` has specs for that.

mod calibration;
mod fake;
mod named;
mod passes;
mod precisions;
mod reads;
mod refusals;
mod side_by_side;
mod specs;
