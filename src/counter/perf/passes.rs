//! One run of the command for each set of events that fits the counters, so that each is counted whole.

use std::time::Instant;

use nix::errno::Errno;
use perf_event_open_sys::bindings::PERF_COUNT_HW_INSTRUCTIONS;

use super::event::Opened;
use super::groups::{self, Wanted};
use super::plan::{Cores, Plan};
use super::sum::Reading;
use super::target::Target;
use super::{children::Adoption, ending, extra};
use crate::counter::launch::{Launch, Prepare};
use crate::counter::timing::Input;
use crate::counter::wait::Usage;
use crate::counter::{Command, Event, EventStatus, Exit, Options};
use crate::machine::events::FpEvent;
use crate::units::grouped;
use crate::{Error, Result};

/// The retired instructions of a pass, by which it is compared with the others.
const INSTRUCTIONS: &str = "instructions";

/// What all passes gave together, with the first one's end, time and use of resources.
pub struct Passed {
    pub first: Run,
    pub readings: Vec<Reading>,
    /// Of each pass, where they could be counted beside its events.
    pub instructions: Vec<Event>,
    /// How many passes there were, and how far they agree.
    pub agreement: String,
}

/// Runs the command once a pass. Only the first one's output is seen; each reads the input from where the
/// first began.
pub fn measure(plan: &Plan, command: &Command, options: &Options) -> Result<Passed> {
    let passes = arrange(plan)?;
    let input = (passes.len() > 1).then(|| Input::remember("--passes")).transpose()?;
    let (mut readings, mut instructions) = (Vec::new(), Vec::new());
    let mut count = |number: u32, pass: &Pass| {
        let again: Option<Prepare> = if number > 1 { Some(silence) } else { None };
        let (opened, run) = run(command, options, again, |target| pass.open(target))?;
        for member in opened {
            let mut opened = member.opened;
            let mut read = opened.read(None);
            read.partial = read.share(plan.cores.len() == 1);
            read.pass = Some(number);
            match member.event {
                Some(event) => {
                    readings.push(Reading { event, cores: member.cores, detail: member.detail, read });
                }
                None => instructions.push(read),
            }
        }
        Ok::<Run, Error>(run)
    };
    let (first, others) = passes.split_first().ok_or_else(|| Error::failed("--passes: there are no events"))?;
    let first = count(1, first)?;
    for (number, pass) in (2..).zip(others) {
        input.map_or(Ok(()), Input::rewind)?;
        let ended = count(number, pass)?.exit;
        if ended != first.exit {
            return Err(Error::failed(format!(
                "--passes: run {number} ended with status {}, the first with {}: their counts do not belong together",
                ended.status(),
                first.exit.status()
            ))
            .remedy("count a command that does the same each time"));
        }
    }
    let agreement = agreement(passes.len(), &instructions);
    Ok(Passed { first, readings, instructions, agreement })
}

/// One run of the command, whatever was counted in it.
pub struct Run {
    pub exit: Exit,
    pub usage: Usage,
    pub wall_s: f64,
    /// The events beside the floating-point ones.
    pub extra: Vec<Event>,
    pub survivors: Vec<String>,
}

fn run<T>(
    command: &Command,
    options: &Options,
    prepare: Option<Prepare>,
    open: impl FnOnce(&Target) -> Result<T>,
) -> Result<(T, Run)> {
    let adoption = Adoption::begin();
    let launch = Launch::new(command, prepare)?;
    let target = Target::child(launch.pid);
    let opened = match open(&target) {
        Ok(opened) => opened,
        Err(error) => {
            launch.abandon();
            return Err(error);
        }
    };
    let mut extra = extra::open(&options.events, &target);
    let started = Instant::now();
    let (exit, usage) = ending::run(launch, options.wait_all)?;
    let wall_s = started.elapsed().as_secs_f64();
    let extra = extra.iter_mut().map(|event| event.read(None)).collect();
    Ok((opened, Run { exit, usage, wall_s, extra, survivors: adoption.survivors() }))
}

/// One set for each kind of cores.
struct Pass<'a> {
    parts: Vec<Part<'a>>,
}

struct Part<'a> {
    /// Which of the plan's.
    kind: usize,
    cores: &'a Cores,
    events: Vec<&'static FpEvent>,
    /// There is a counter left for the instructions.
    with_instructions: bool,
    /// Its events count again what others count together.
    detail: bool,
}

/// An event of a pass that counts; instructions have no `event`.
struct Member {
    cores: usize,
    event: Option<&'static FpEvent>,
    detail: bool,
    opened: Opened,
}

fn arrange(plan: &Plan) -> Result<Vec<Pass<'_>>> {
    let mut passes: Vec<Pass> = Vec::new();
    for (kind, cores) in plan.cores.iter().enumerate() {
        let of_totals = fitting(cores, &cores.sets)?.into_iter().map(|fitting| (fitting, false));
        let details = fitting(cores, &cores.details)?.into_iter().map(|fitting| (fitting, true));
        for (number, ((events, with_instructions), detail)) in of_totals.chain(details).enumerate() {
            let part = Part { kind, cores, events, with_instructions, detail };
            match passes.get_mut(number) {
                Some(pass) => pass.parts.push(part),
                None => passes.push(Pass { parts: vec![part] }),
            }
        }
    }
    Ok(passes)
}

/// What fits the counters together with the instructions, or, where they find none, alone.
fn fitting(cores: &Cores, sets: &[Vec<&'static FpEvent>]) -> Result<Vec<(Vec<&'static FpEvent>, bool)>> {
    let mut all = Vec::new();
    for set in sets {
        let checked = groups::fitting(set, |events| wanted(cores, events, true)).map(|parts| (parts, true));
        let parts =
            checked.or_else(|_| groups::fitting(set, |events| wanted(cores, events, false)).map(|p| (p, false)));
        let (parts, with_instructions) = parts?;
        all.extend(parts.into_iter().map(|events| (events, with_instructions)));
    }
    Ok(all)
}

fn wanted(cores: &Cores, events: &[&'static FpEvent], with_instructions: bool) -> Vec<Wanted> {
    let fp = events.iter().map(|event| cores.wanted(event));
    fp.chain(with_instructions.then(|| cores.wanted_generic(INSTRUCTIONS, PERF_COUNT_HW_INSTRUCTIONS))).collect()
}

impl Pass<'_> {
    fn open(&self, target: &Target) -> Result<Vec<Member>> {
        let mut members = Vec::new();
        for part in &self.parts {
            let opened = groups::open(&wanted(part.cores, &part.events, part.with_instructions), target)?;
            let events = part.events.iter().copied().map(Some).chain([None]);
            let member = |(event, opened)| Member { cores: part.kind, event, detail: part.detail, opened };
            members.extend(events.zip(opened).map(member));
        }
        Ok(members)
    }
}

/// The passes ran the same instructions, as far as that was counted.
fn agreement(passes: usize, instructions: &[Event]) -> String {
    if passes == 1 {
        return "one pass counted all events".into();
    }
    let of_pass = |number: u32| {
        let mut events = instructions.iter().filter(|event| event.pass == Some(number)).peekable();
        events.peek()?;
        let mut counts = events.map(|event| event.raw.filter(|_| event.status == EventStatus::Counted));
        counts.try_fold(0u64, |sum, count| sum.checked_add(count?))
    };
    let counts: Option<Vec<u64>> = (1..).take(passes).map(of_pass).collect();
    let Some(counts) = counts else {
        return format!(
            "the events were counted in {passes} passes, which cannot be compared: their retired instructions were not counted"
        );
    };
    let (least, most) = (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
    format!(
        "the events were counted in {passes} passes, which retired {} to {} instructions: they differ by {:.4} %",
        grouped(least.into()),
        grouped(most.into()),
        (most - least) as f64 / least.max(1) as f64 * 100.0
    )
}

/// In the child: no output. Async-signal-safe.
fn silence() -> std::result::Result<(), Errno> {
    // SAFETY: system calls on a string that lives for ever, and on descriptors.
    unsafe {
        let nowhere = Errno::result(libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY))?;
        Errno::result(libc::dup2(nowhere, libc::STDOUT_FILENO))?;
        Errno::result(libc::dup2(nowhere, libc::STDERR_FILENO))?;
        Errno::result(libc::close(nowhere)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instructions(pass: u32, raw: u64, status: EventStatus) -> Event {
        let (name, partial, reason) = (INSTRUCTIONS.to_owned(), None, None);
        let pass = Some(pass);
        Event { name, raw: Some(raw), enabled_ns: 100, running_ns: 100, status, partial, pass, reason }
    }

    #[test]
    fn passes_are_compared_by_their_instructions() {
        let counted = |pass, raw| instructions(pass, raw, EventStatus::Counted);
        let text = agreement(2, &[counted(1, 1_000), counted(2, 1_010)]);
        assert!(
            text.contains("2 passes, which retired 1,000 to 1,010 instructions: they differ by 1.0000 %"),
            "{text}"
        );
        // Two kinds of cores in each.
        let text = agreement(2, &[counted(1, 600), counted(1, 400), counted(2, 100), counted(2, 900)]);
        assert!(text.contains("1,000 to 1,000"), "{text}");
        assert_eq!(agreement(1, &[]), "one pass counted all events");
    }

    #[test]
    fn what_was_not_counted_compares_nothing() {
        let counted = instructions(1, 1_000, EventStatus::Counted);
        let text = agreement(2, std::slice::from_ref(&counted));
        assert!(text.contains("cannot be compared"), "{text}");
        let text = agreement(2, &[counted, instructions(2, 500, EventStatus::Partial)]);
        assert!(text.contains("cannot be compared"), "{text}");
    }
}
