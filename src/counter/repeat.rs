//! Figures of a command that was run several times.

use serde::{Deserialize, Serialize};

use super::RunResult;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repeated {
    pub runs: usize,
    pub figures: Vec<Figure>,
}

/// One count or time over all runs; None where it is not known of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    pub name: String,
    pub mean: Option<f64>,
    /// The standard deviation of a sample; None for one run.
    pub deviation: Option<f64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// (max - min) / mean, in per cent; None where the mean is 0.
    pub spread_percent: Option<f64>,
}

impl Repeated {
    /// Of results that have the same events.
    pub fn of(runs: &[RunResult]) -> Repeated {
        let known = |name: &str, of: &dyn Fn(&RunResult) -> Option<f64>| {
            let figure = Figure::of(name, runs.iter().map(of).collect());
            // What no run knows, as its counter does not count it, is no figure.
            runs.iter().any(|run| of(run).is_some()).then_some(figure)
        };
        let count = |count: Option<u64>| count.map(|count| count as f64);
        let mut figures = vec![
            known("flops", &|run| count(run.flops.total)),
            known("pmu_flops", &|run| count(run.pmu_flops.total)),
            known("instructions", &|run| count(run.instructions.total)),
        ];
        let events = runs.first().map(|run| run.events.as_slice()).unwrap_or_default();
        figures.extend(events.iter().enumerate().map(|(number, event)| {
            let values = runs.iter().map(|run| count(run.events.get(number)?.raw)).collect();
            Some(Figure::of(&event.name, values))
        }));
        figures.extend([
            known("flop_per_s", &|run| run.flop_per_s),
            known("wall_s", &|run| Some(run.time.wall_s)),
            known("user_s", &|run| run.time.user_s),
            known("sys_s", &|run| run.time.sys_s),
            known("max_rss_bytes", &|run| count(run.max_rss_bytes)),
        ]);
        Repeated { runs: runs.len(), figures: figures.into_iter().flatten().collect() }
    }
}

impl Figure {
    fn of(name: &str, values: Vec<Option<f64>>) -> Figure {
        let values: Option<Vec<f64>> = values.into_iter().collect();
        let values = values.filter(|values| !values.is_empty());
        let number = values.as_ref().map_or(0, Vec::len) as f64;
        let mean = values.as_ref().map(|values| values.iter().sum::<f64>() / number);
        let squares = values.as_ref().zip(mean).map(|(values, mean)| values.iter().map(|v| (v - mean).powi(2)).sum());
        let fold = |least: fn(f64, f64) -> f64| values.as_ref().and_then(|values| values.iter().copied().reduce(least));
        let (min, max) = (fold(f64::min), fold(f64::max));
        Figure {
            name: name.to_owned(),
            mean,
            deviation: squares.filter(|_| number > 1.0).map(|squares: f64| (squares / (number - 1.0)).sqrt()),
            min,
            max,
            spread_percent: max
                .zip(min)
                .zip(mean)
                .and_then(|((max, min), mean)| (mean != 0.0).then(|| 100.0 * (max - min) / mean)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_by_hand() {
        let figure = Figure::of("e", vec![Some(2.0), Some(4.0), Some(6.0)]);
        assert_eq!((figure.mean, figure.deviation, figure.spread_percent), (Some(4.0), Some(2.0), Some(100.0)));
        assert_eq!((figure.min, figure.max), (Some(2.0), Some(6.0)));
        assert_eq!(Figure::of("e", vec![Some(0.0), Some(0.0)]).spread_percent, None);
        assert_eq!(Figure::of("e", vec![Some(3.0)]).deviation, None);
        assert_eq!(Figure::of("e", vec![Some(3.0), None]).mean, None);
    }
}
