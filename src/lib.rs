//! How many floating-point operations does a program really do, and why does every tool say
//! something else?
//!
//! Data flows one way; a module uses only what stands to its left:
//!
//! `units -> { model, isa } -> { convention, operators, counter } -> ledger -> report -> cli`

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod cli;
pub mod convention;
pub mod counter;
pub mod error;
pub mod isa;
pub mod ledger;
mod library;
pub mod machine;
pub mod model;
pub mod nearest;
pub mod operators;
pub mod report;
pub mod shell;
pub mod standard;
pub mod units;
pub mod utilisation;

pub use error::{Error, Result};
pub use library::{estimate, explain, flops_by_tower, identify, identify_as, model, model_as, total_flops};
