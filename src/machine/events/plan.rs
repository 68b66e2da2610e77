//! Which events to open on how many counters.

use super::{CoreType, EventGroup, FpEvent, GroupKind};
use crate::isa::Precision;

/// What to open on a core type. No two events of a plan overlap, so that the sum over all of them is the FLOPs
/// that the core type's events can show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The events of one pass fit the counters together. A single run that opens one pass counts it in full;
    /// the passes of a plan opened together share the counters, and each count is partial.
    pub passes: Vec<Pass>,
    /// So many of the passes, the first ones, hold single and double precision. They are what a run opens unless
    /// it is told otherwise; those after them hold further precisions (half, bf16, x87), for runs of their own.
    /// More than 1 where single and double precision do not fit together.
    pub main: usize,
    /// Events that need more counters than there are, whatever else is left out.
    pub never: Vec<&'static FpEvent>,
    /// Passes that tell precisions apart of which the others count the total only. They count again what a total has:
    /// no part of the sum.
    pub details: Vec<Pass>,
}

/// Events that are on counters at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pass {
    /// Each fits to be one perf group.
    pub parts: Vec<Part>,
}

/// A group of events, or the part of it that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub kind: GroupKind,
    pub events: Vec<&'static FpEvent>,
}

impl Part {
    pub fn counters(&self) -> u32 {
        self.events.iter().map(|event| event.counters).sum()
    }
}

impl Pass {
    pub fn counters(&self) -> u32 {
        self.parts.iter().map(Part::counters).sum()
    }

    pub fn events(&self) -> impl Iterator<Item = &'static FpEvent> {
        self.parts.iter().flat_map(|part| part.events.iter().copied())
    }
}

impl Plan {
    /// The passes that a run opens unless it is told otherwise.
    pub fn main(&self) -> &[Pass] {
        &self.passes[..self.main]
    }

    /// The precisions that some of these passes count in full, of those that a core type has events for.
    pub fn covered(core: &CoreType, passes: &[Pass]) -> Vec<Precision> {
        let opened = |event: &FpEvent| passes.iter().flat_map(Pass::events).any(|one| std::ptr::eq(one, event));
        let whole = core.groups.iter().filter(|group| group.events.iter().all(opened));
        whole.flat_map(|group| group.covers.iter().copied()).collect()
    }

    /// Can one run count all of single and double precision?
    pub fn fits(&self) -> bool {
        self.main <= 1 && self.never.is_empty()
    }
}

impl CoreType {
    /// Chooses the groups to open on so many counters (see [`super::Counters::usable`]):
    /// - precision by precision, where all that the total covers fits in one pass;
    /// - else the total, where it fits, and with it what it does not cover;
    /// - else precision by precision, in several passes.
    ///
    /// Precisions beside these (half, bf16, x87) join the first pass with room for them, else take passes of
    /// their own, and never make the main ones share their counters.
    pub fn plan(&self, counters: u32) -> Plan {
        let chosen = self.choose(counters);
        let is_main =
            |group: &&&EventGroup| group.covers.iter().any(|p| matches!(p, Precision::Fp32 | Precision::Fp64));
        let (main, further): (Vec<&&EventGroup>, Vec<_>) = chosen.iter().partition(is_main);
        let mut plan = Plan::default();
        main.into_iter().for_each(|group| plan.place(group, counters));
        plan.main = plan.passes.len();
        further.into_iter().for_each(|group| plan.place(group, counters));
        let is_chosen = |group: &EventGroup| chosen.iter().any(|one| std::ptr::eq(*one, group));
        let told_apart = self.groups.iter().filter(|group| group.tells_apart() && !is_chosen(group));
        let mut details = Plan::default();
        told_apart.for_each(|group| details.place(group, counters));
        plan.details = details.passes;
        plan
    }

    /// Groups that do not overlap and cover together all that any group covers.
    fn choose(&self, counters: u32) -> Vec<&'static EventGroup> {
        let apart: Vec<&EventGroup> = self.groups.iter().copied().filter(|group| group.tells_apart()).collect();
        let Some(total) = self.groups.iter().copied().find(|group| group.kind == GroupKind::Total) else {
            return apart;
        };
        let within: Vec<&EventGroup> = apart.iter().copied().filter(|group| group.overlaps(total)).collect();
        let complete = total.covers.iter().all(|precision| within.iter().any(|group| group.covers.contains(precision)));
        let fits = |groups: &[&EventGroup]| groups.iter().map(|group| group.counters()).sum::<u32>() <= counters;
        if complete && (fits(&within) || !fits(&[total])) {
            return apart;
        }
        std::iter::once(total).chain(apart.into_iter().filter(|group| !group.overlaps(total))).collect()
    }
}

impl Plan {
    /// Into the first pass with room for the whole group, else into passes of its own.
    fn place(&mut self, group: &'static EventGroup, counters: u32) {
        let kind = group.kind;
        let (possible, never): (Vec<&FpEvent>, Vec<_>) = group.events.iter().partition(|e| e.counters <= counters);
        self.never.extend(never);
        let whole = Part { kind, events: possible };
        if whole.events.is_empty() {
            return;
        }
        if let Some(pass) = self.passes.iter_mut().find(|pass| pass.counters() + whole.counters() <= counters) {
            pass.parts.push(whole);
            return;
        }
        let mut part = Part { kind, events: Vec::new() };
        for event in whole.events {
            if part.counters() + event.counters > counters {
                self.passes.push(Pass { parts: vec![std::mem::replace(&mut part, Part { kind, events: Vec::new() })] });
            }
            part.events.push(event);
        }
        self.passes.push(Pass { parts: vec![part] });
    }
}
