//! This machine: its CPU, its floating-point events, its peak.
