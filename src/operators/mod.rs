//! Operator counts from what a framework really ran.
