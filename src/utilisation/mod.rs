//! Utilisation: the rate of a model's FLOPs over a device's peak.

pub mod decimal;
pub mod device;
pub mod mfu;
pub mod published;
pub mod work;
