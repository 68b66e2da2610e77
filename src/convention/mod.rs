//! The rules of every FLOP counter, as data over terms.
