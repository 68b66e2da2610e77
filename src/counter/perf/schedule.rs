//! What a measurement does while it waits: enable events after a delay, tell counts, take records.

use std::time::{Duration, Instant};

use super::events::{Events, Read};
use crate::Result;
use crate::counter::Event;
use crate::counter::watch::{Delta, Interval, Tick};

/// How often records of ended threads are taken from the kernel.
const DRAIN: Duration = Duration::from_millis(50);

pub struct Schedule<'a> {
    started: Instant,
    enable_at: Option<Instant>,
    interval: Option<(Interval<'a>, Instant)>,
    /// At the last tick.
    told: Option<Read>,
}

impl<'a> Schedule<'a> {
    pub fn new(started: Instant, delay: Option<Duration>, interval: Option<Interval<'a>>) -> Schedule<'a> {
        Schedule {
            started,
            enable_at: delay.map(|delay| started + delay),
            interval: interval.map(|interval| {
                let first = started + interval.every;
                (interval, first)
            }),
            told: None,
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// When there is something to do, if ever.
    pub fn next(&self, events: &Events) -> Option<Instant> {
        let tick = self.interval.as_ref().map(|(_, at)| *at);
        let drain = events.leave_records().then(|| Instant::now() + DRAIN);
        [self.enable_at, tick, drain].into_iter().flatten().min()
    }

    /// Does what is due.
    pub fn pass(&mut self, events: &mut Events) -> Result<()> {
        let now = Instant::now();
        if self.enable_at.is_some_and(|at| at <= now) {
            self.enable_at = None;
            events.enable()?;
        }
        if let Some((interval, at)) = &mut self.interval
            && *at <= now
        {
            // Ticks that were missed are one.
            while *at <= now {
                *at += interval.every;
            }
            self.tick(events.read());
        }
        events.drain()
    }

    /// The final counts, of which what was not told yet is told.
    pub fn last(&mut self, events: &mut Events) -> Read {
        let read = events.read();
        if self.interval.is_some() {
            self.tick(read.clone());
        }
        read
    }

    fn tick(&mut self, read: Read) {
        let time_s = self.elapsed().as_secs_f64();
        let Some((interval, _)) = &mut self.interval else { return };
        let tick = Tick { time_s, deltas: deltas(time_s, self.told.as_ref(), &read) };
        self.told = Some(read);
        (interval.tell)(&tick);
    }
}

fn deltas(time_s: f64, before: Option<&Read>, now: &Read) -> Vec<Delta> {
    let flops = now.flops.map(|flops| {
        let before = before.map_or(Some(0), |read| read.flops?.total);
        let delta = flops.total.zip(before).and_then(|(now, before)| now.checked_sub(before));
        Delta { time_s, event: "flops".into(), delta, running: None }
    });
    let events = now.events.iter().enumerate().map(|(number, event)| {
        let before: Option<&Event> = before.map(|read| &read.events[number]);
        let counted = before.map_or(Some(0), |event| event.raw.or((event.running_ns == 0).then_some(0)));
        let past = |time: fn(&Event) -> u64| time(event).saturating_sub(before.map_or(0, time));
        let (enabled, running) = (past(|event| event.enabled_ns), past(|event| event.running_ns));
        Delta {
            time_s,
            event: event.name.clone(),
            delta: event.raw.zip(counted).and_then(|(now, before)| now.checked_sub(before)),
            running: (enabled > 0).then(|| running as f64 / enabled as f64),
        }
    });
    flops.into_iter().chain(events).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counter::EventStatus;

    fn read(raw: Option<u64>, enabled_ns: u64, running_ns: u64) -> Read {
        let status = EventStatus::Counted;
        let (name, partial, pass, reason) = ("e".into(), None, None, None);
        let event = Event { name, raw, enabled_ns, running_ns, status, partial, pass, reason };
        Read { flops: None, fp_events: 0, events: vec![event] }
    }

    #[test]
    fn deltas_are_what_came_since_the_last() {
        let first = deltas(1.0, None, &read(Some(5), 10, 10));
        assert_eq!((first[0].delta, first[0].running), (Some(5), Some(1.0)));
        let second = deltas(2.0, Some(&read(Some(5), 10, 10)), &read(Some(12), 20, 15));
        assert_eq!((second[0].delta, second[0].running), (Some(7), Some(0.5)));
    }

    #[test]
    fn what_is_not_known_has_no_delta() {
        // Refused.
        assert_eq!(deltas(1.0, None, &read(None, 0, 0))[0].delta, None);
        // It got its counter late.
        assert_eq!(deltas(1.0, Some(&read(None, 10, 0)), &read(Some(3), 20, 10))[0].delta, Some(3));
    }
}
