//! Times and rates on a page.

use super::page::Card;
use crate::counter::timed::{Span, Timed};

pub fn cards(timed: &Timed) -> Vec<Card> {
    let timing = &timed.timing;
    let runs = timing.runs_s.len();
    let spread = format!(
        "median of {runs} runs that nobody counted, {:.4} to {:.4} s, start-up included",
        timing.min_s, timing.max_s
    );
    let mut cards = vec![Card::new("Time", format!("{:.4}", timing.median_s), "s", spread)];
    let mut rate = |label: &str, span: Option<Span>, share: Option<f64>, utilisation: &str| {
        let Some(span) = span else { return };
        let giga = |rate: f64| format!("{:.2}", rate / 1e9);
        let range = format!("{} to {} GFLOP/s over the runs", giga(span.low), giga(span.high));
        cards.push(Card::new(label, giga(span.median), "GFLOP/s", range));
        if let Some((share, peak)) = share.zip(timed.peak.as_ref()) {
            let of = format!("of a peak of {} GFLOP/s ({})", giga(peak.flop_per_s), peak.from);
            cards.push(Card::new(utilisation, format!("{:.2}", 100.0 * share), "%", of));
        }
    };
    rate("Rate, the model's FLOPs", timed.model_flop_per_s, timed.mfu, "MFU");
    rate("Rate, executed FLOPs", timed.executed_flop_per_s, timed.hfu, "HFU");
    cards
}
