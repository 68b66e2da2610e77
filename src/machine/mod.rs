//! This machine: its CPU and its floating-point events.

mod cpu;
pub mod doctor;
pub mod events;
pub mod peak;

pub use cpu::Cpu;
pub use events::{CoreType, CpuEvents};
