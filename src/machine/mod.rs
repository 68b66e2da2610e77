//! This machine: its CPU and its floating-point events.

mod cpu;

pub use cpu::Cpu;
