//! The roofline: FLOP/s over FLOPs a byte, both logarithmic.

use super::bars::percent;
use super::page::{Block, Section, number, text};
use super::svg::{Anchor, Svg};
use crate::ledger::roofline::{Bound, Point, Roofline};
use crate::units::{Amount, grouped};

pub fn section(roofline: &Roofline) -> Section {
    let all: u128 = roofline.points.iter().map(|point| point.flops).sum();
    let mut points: Vec<&Point> = roofline.points.iter().collect();
    points.sort_by_key(|point| std::cmp::Reverse(point.flops));
    let row = |point: &&Point| {
        vec![
            point.path.clone(),
            grouped(point.flops as Amount),
            percent(point.flops, all),
            grouped(point.bytes as Amount),
            format!("{:.2}", point.intensity),
            format!("{:.1}", point.attainable_flop_per_s / 1e9),
            match point.bound {
                Bound::Memory => "memory",
                Bound::Compute => "peak",
            }
            .to_owned(),
        ]
    };
    Section {
        title: "Roofline".into(),
        lead: format!(
            "How fast each operator could run at the best with its operands from memory: peak and bandwidth meet at {:.1} FLOPs a byte. \
             All operators together would take {:.1} ms at these rates.",
            roofline.ridge,
            1e3 * roofline.least_s
        ),
        legend: vec![
            ("point", "an operator, its area its share of the FLOPs".into()),
            ("run", "the whole run as it was timed, start-up included".into()),
        ],
        blocks: vec![
            Block::Picture {
                wide: draw(roofline, &points, [960.0, 460.0], 6),
                narrow: draw(roofline, &points, [400.0, 420.0], 3),
            },
            Block::Table {
                title: "Every operator in numbers".into(),
                folded: true,
                columns: vec![
                    text("operator"),
                    number("FLOPs executed"),
                    number("share"),
                    number("bytes"),
                    number("FLOPs a byte"),
                    number("GFLOP/s attainable"),
                    text("bound by"),
                ],
                rows: points.iter().map(row).collect(),
            },
        ],
        source: format!(
            "Peak: {}. Bandwidth: measured by reading, on all threads. Bytes: operands and result of each call, once. \
             The rates of single operators are bounds, not measurements.",
            roofline.peak_from
        ),
    }
}

/// A logarithmic axis.
struct Log {
    low: f64,
    high: f64,
    /// Where it begins and ends in the picture.
    place: [f64; 2],
}

impl Log {
    fn at(&self, value: f64) -> f64 {
        let share = (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln());
        self.place[0] + share.clamp(0.0, 1.0) * (self.place[1] - self.place[0])
    }

    fn powers_of_ten(&self) -> impl Iterator<Item = f64> {
        let (first, last) = (self.low.log10().ceil() as i32, self.high.log10().floor() as i32);
        (first..=last).map(|power| 10f64.powi(power))
    }
}

fn draw(roofline: &Roofline, points: &[&Point], [width, height]: [f64; 2], labels: usize) -> String {
    const LEFT: f64 = 58.0;
    const BOTTOM: f64 = 44.0;
    const RIGHT: f64 = 14.0;
    let line = 16.0;
    let top = line * (labels as f64 + 1.5);
    let mut svg = Svg::new(width, height, "Roofline: attainable FLOP/s over FLOPs a byte");
    let peak = roofline.peak_flop_per_s;
    let intensities = || points.iter().map(|p| p.intensity).chain([roofline.ridge, roofline.whole_run.intensity]);
    let rates = points.iter().map(|p| p.attainable_flop_per_s).chain([roofline.whole_run.measured_flop_per_s]);
    let x = Log {
        low: intensities().fold(f64::INFINITY, f64::min) / 2.0,
        high: intensities().fold(0.0, f64::max) * 3.0,
        place: [LEFT, width - RIGHT],
    };
    let y = Log { low: rates.fold(peak, f64::min) / 2.0, high: peak * 1.15, place: [height - BOTTOM, top] };

    for value in x.powers_of_ten() {
        svg.line([x.at(value), top], [x.at(value), height - BOTTOM], "grid");
        svg.text([x.at(value), height - BOTTOM + 16.0], Anchor::Middle, "tick", &plain(value));
    }
    for value in y.powers_of_ten() {
        svg.line([LEFT, y.at(value)], [width - RIGHT, y.at(value)], "grid");
        svg.text([LEFT - 6.0, y.at(value) + 4.0], Anchor::End, "tick", &plain(value / 1e9));
    }
    svg.text([width - RIGHT, height - 8.0], Anchor::End, "axis", "FLOPs a byte");
    svg.text([4.0, top - 6.0], Anchor::Start, "axis", "GFLOP/s");

    for (roof, place) in roofline.bandwidth.iter().zip(0..) {
        // The sloped roof from the picture's edge to where it meets the peak.
        let from = x.low.max(y.low / roof.bytes_per_s);
        let to = (peak / roof.bytes_per_s).min(x.high);
        if from < to {
            let class = if roof.level == "memory" { "roof" } else { "roof cache" };
            svg.line([x.at(from), y.at(from * roof.bytes_per_s)], [x.at(to), y.at(to * roof.bytes_per_s)], class);
            let name = format!("{} {:.0} GB/s", roof.level, roof.bytes_per_s / 1e9);
            // Each name a little further down its roof than the one before, beside which it would stand.
            let along = from * (to / from).powf(0.75 - 0.13 * f64::from(place));
            svg.text([x.at(along) - 6.0, y.at(along * roof.bytes_per_s) - 5.0], Anchor::End, "roofname", &name);
        }
    }
    let begin = peak / roofline.bandwidth.iter().map(|roof| roof.bytes_per_s).fold(0.0, f64::max);
    svg.line([x.at(begin), y.at(peak)], [width - RIGHT, y.at(peak)], "roof");
    let name = format!("peak {:.0} GFLOP/s", peak / 1e9);
    svg.text([width - RIGHT, y.at(peak) + 16.0], Anchor::End, "roofname", &name);

    let all = points.iter().map(|point| point.flops).sum::<u128>().max(1) as f64;
    for point in points {
        let radius = 3.0 + 20.0 * (point.flops as f64 / all).sqrt();
        let title = format!("{}: {} FLOPs, {:.2} a byte", point.path, grouped(point.flops as Amount), point.intensity);
        svg.circle([x.at(point.intensity), y.at(point.attainable_flop_per_s)], radius, "point", &title);
    }
    // Words lead away from the nearer edge. Each label has a line of its own above the roof, the outermost the
    // highest, so that no line crosses a label.
    let beside = |x: f64, by: f64| if x > width / 2.0 { (x - by, Anchor::End) } else { (x + by, Anchor::Start) };
    let mut named: Vec<&&Point> = points.iter().take(labels).collect();
    let from_middle = |point: &Point| (x.at(point.intensity) - width / 2.0).abs();
    named.sort_by(|a, b| from_middle(a).total_cmp(&from_middle(b)));
    for (point, place) in named.iter().rev().zip(0..) {
        let (px, py) = (x.at(point.intensity), y.at(point.attainable_flop_per_s));
        let ly = line * (f64::from(place) + 1.0);
        svg.line([px, ly + 3.0], [px, py], "lead");
        let (at, anchor) = beside(px, 5.0);
        svg.text([at, ly + 4.0], anchor, "name", &point.path);
    }
    let run = &roofline.whole_run;
    let (rx, ry) = (x.at(run.intensity), y.at(run.measured_flop_per_s));
    svg.polygon(&[[rx, ry - 8.0], [rx + 8.0, ry], [rx, ry + 8.0], [rx - 8.0, ry]], "run");
    let name = format!("whole run {:.1} GFLOP/s", run.measured_flop_per_s / 1e9);
    let (at, anchor) = beside(rx, 12.0);
    svg.text([at, ry + 4.0], anchor, "name", &name);
    svg.markup()
}

/// A power of ten without its noise: `0.1`, `100`.
fn plain(value: f64) -> String {
    if value >= 1.0 { format!("{value:.0}") } else { format!("{value}") }
}
