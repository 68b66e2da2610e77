//! The roofline: how fast each operator could run, as its arithmetic intensity, the peak and the memory's
//! bandwidth bound it.

use serde::Serialize;

use super::reconcile::OperatorCount;
use crate::counter::timed::{Roof, Timed};

/// The level whose bandwidth the operands of every operator are taken to come from.
const MEMORY: &str = "memory";

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Roofline {
    pub peak_flop_per_s: f64,
    pub peak_from: String,
    pub bandwidth: Vec<Roof>,
    /// FLOPs a byte from which on the peak bounds, and no longer the memory.
    pub ridge: f64,
    pub points: Vec<Point>,
    /// Seconds that all operators take at the least, one after the other, with operands from memory.
    pub least_s: f64,
    pub whole_run: WholeRun,
}

/// Where an operator sits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    pub path: String,
    pub flops: u128,
    pub bytes: u128,
    /// FLOPs a byte.
    pub intensity: f64,
    /// The lower of the two bounds at this intensity.
    pub attainable_flop_per_s: f64,
    pub bound: Bound,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    Memory,
    Compute,
}

/// All operators together, at the rate that was measured: of the whole process, start-up included.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WholeRun {
    pub intensity: f64,
    pub measured_flop_per_s: f64,
}

/// None where the peak or the memory's bandwidth was not measured, or no operator's bytes are known.
pub fn roofline(operators: &[OperatorCount], timed: &Timed) -> Option<Roofline> {
    let peak = timed.peak.as_ref()?;
    let memory = peak.bandwidth.iter().find(|roof| roof.level == MEMORY)?.bytes_per_s;
    let points: Vec<Point> = operators.iter().filter_map(|row| point(row, peak.flop_per_s, memory)).collect();
    let (flops, bytes) = points.iter().fold((0, 0), |(flops, bytes), p| (flops + p.flops, bytes + p.bytes));
    if bytes == 0 {
        return None;
    }
    Some(Roofline {
        peak_flop_per_s: peak.flop_per_s,
        peak_from: peak.from.clone(),
        bandwidth: peak.bandwidth.clone(),
        ridge: peak.flop_per_s / memory,
        least_s: points.iter().map(|point| point.flops as f64 / point.attainable_flop_per_s).sum(),
        whole_run: WholeRun {
            intensity: flops as f64 / bytes as f64,
            measured_flop_per_s: timed.executed_flop_per_s?.median,
        },
        points,
    })
}

fn point(row: &OperatorCount, peak: f64, memory: f64) -> Option<Point> {
    let (bytes, intensity) = (row.bytes?, row.intensity.filter(|intensity| *intensity > 0.0)?);
    let by_memory = intensity * memory;
    let bound = if by_memory < peak { Bound::Memory } else { Bound::Compute };
    Some(Point {
        path: row.path.clone(),
        flops: row.executed,
        bytes,
        intensity,
        attainable_flop_per_s: by_memory.min(peak),
        bound,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counter::timed::PeakUsed;
    use crate::counter::timing::Timing;

    fn row(path: &str, executed: u128, bytes: Option<u128>) -> OperatorCount {
        OperatorCount {
            path: path.into(),
            kind: "linear",
            calls: 1,
            analytic: 0,
            operators: 0,
            predicted: executed,
            executed,
            residual: 0,
            bytes,
            intensity: bytes.map(|bytes| executed as f64 / bytes as f64),
        }
    }

    fn timed(bandwidth: Vec<Roof>) -> Timed {
        let timing = Timing { runs_s: vec![2.0], median_s: 2.0, min_s: 2.0, max_s: 2.0, spread: 0.0 };
        let peak = PeakUsed { flop_per_s: 100.0, from: "given".into(), bandwidth };
        Timed::new(timing, Some(1000), None, Some(peak))
    }

    /// 100 FLOP/s and 10 bytes/s meet at 10 FLOPs a byte.
    #[test]
    fn the_lower_bound_holds() {
        let operators = [row("a", 800, Some(40)), row("b", 100, Some(50)), row("c", 5, None)];
        let memory = Roof { level: "memory".into(), threads: 1, bytes_per_s: 10.0 };
        let roofline = roofline(&operators, &timed(vec![memory])).expect("a roofline");
        assert_eq!(roofline.ridge, 10.0);
        let seen: Vec<_> = roofline.points.iter().map(|p| (p.intensity, p.attainable_flop_per_s, p.bound)).collect();
        assert_eq!(seen, [(20.0, 100.0, Bound::Compute), (2.0, 20.0, Bound::Memory)]);
        // 800 at 100 and 100 at 20 FLOP/s.
        assert_eq!(roofline.least_s, 8.0 + 5.0);
        assert_eq!(roofline.whole_run, WholeRun { intensity: 10.0, measured_flop_per_s: 500.0 });
    }

    #[test]
    fn without_bandwidth_or_bytes_there_is_none() {
        let memory = Roof { level: "memory".into(), threads: 1, bytes_per_s: 10.0 };
        assert_eq!(roofline(&[row("a", 800, Some(40))], &timed(Vec::new())), None);
        assert_eq!(roofline(&[row("a", 800, None)], &timed(vec![memory])), None);
    }
}
