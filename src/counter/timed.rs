//! Rates of a counted command, from runs that nobody counted.

use serde::{Deserialize, Serialize};

use super::timing::Timing;

/// What a rate is held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeakUsed {
    pub flop_per_s: f64,
    /// `given`, or what was measured.
    pub from: String,
    /// Left out where it was not measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bandwidth: Vec<Roof>,
}

/// How fast a cache level, or memory, is read by all threads together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Roof {
    /// `L1d`, `L2`, `L3` or `memory`.
    pub level: String,
    pub threads: usize,
    pub bytes_per_s: f64,
}

/// A rate at the median time, and at the longest and the shortest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Span {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timed {
    pub timing: Timing,
    /// FLOPs that were executed, a second of the whole process: start-up and input included.
    pub executed_flop_per_s: Option<Span>,
    /// FLOPs of the model, where there is one.
    pub model_flop_per_s: Option<Span>,
    pub peak: Option<PeakUsed>,
    /// Shares, not per cent.
    pub hfu: Option<f64>,
    pub mfu: Option<f64>,
}

impl Timed {
    /// `executed` and `model` are FLOPs of one run.
    pub fn new(timing: Timing, executed: Option<u64>, model: Option<u128>, peak: Option<PeakUsed>) -> Timed {
        let span = |flops: f64| Span {
            median: flops / timing.median_s,
            low: flops / timing.max_s,
            high: flops / timing.min_s,
        };
        let executed_flop_per_s = executed.map(|flops| span(flops as f64));
        let model_flop_per_s = model.map(|flops| span(flops as f64));
        let share = |rate: Option<Span>| Some(rate?.median / peak.as_ref()?.flop_per_s);
        let (hfu, mfu) = (share(executed_flop_per_s), share(model_flop_per_s));
        Timed { timing, executed_flop_per_s, model_flop_per_s, peak, hfu, mfu }
    }

    /// Why a share cannot be right, where it cannot.
    pub fn doubt(&self) -> Option<&'static str> {
        let above = [self.hfu, self.mfu].into_iter().flatten().any(|share| share > 1.0);
        above.then_some(
            "more than the peak: it is not that of this work (its precision, its number of threads, a lower clock when it was measured)",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_by_hand() {
        let timing = Timing { runs_s: vec![2.0, 4.0, 5.0], median_s: 4.0, min_s: 2.0, max_s: 5.0, spread: 0.75 };
        let peak = PeakUsed { flop_per_s: 1000.0, from: "given".into(), bandwidth: Vec::new() };
        let timed = Timed::new(timing, Some(1000), Some(800), Some(peak));
        assert_eq!(timed.executed_flop_per_s, Some(Span { median: 250.0, low: 200.0, high: 500.0 }));
        assert_eq!((timed.hfu, timed.mfu, timed.doubt()), (Some(0.25), Some(0.2), None));
        let slow = PeakUsed { flop_per_s: 100.0, from: "given".into(), bandwidth: Vec::new() };
        let timed = Timed::new(timed.timing, Some(1000), None, Some(slow));
        assert_eq!(timed.mfu, None);
        assert!(timed.doubt().is_some());
    }
}
