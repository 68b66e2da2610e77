//! One measurement by events: open them, start the command, wait and tell, read them.

use std::time::Instant;

use nix::unistd::Pid;

use super::attach;
use super::children::Adoption;
use super::deadline::Alarm;
use super::ending::Ending;
use super::events::Events;
use super::fp;
use super::plan::Plan;
use super::schedule::Schedule;
use super::target::{Start, Target, Whose};
use crate::Result;
use crate::counter::launch::Launch;
use crate::counter::watch::{Subject, Watch};
use crate::counter::{Measurement, Options, Time};

/// `counter` is its name in the result. Without a plan, no floating-point events are counted.
pub fn measure(counter: &'static str, plan: Option<&Plan>, options: &Options, watch: Watch) -> Result<Measurement> {
    let adoption = Adoption::begin();
    let launch = watch.subject.command().map(|command| Launch::new(command, None)).transpose()?;
    let child = launch.as_ref().map(|launch| launch.pid);
    let opened = open(plan, options, &watch, child);
    if let (Err(_), Some(launch)) = (&opened, &launch) {
        launch.abandon();
    }
    let Opened { mut events, start, mut reasons } = opened?;
    let mut alarm = match &watch.subject {
        Subject::Processes(pids, None) => Alarm::for_processes(pids)?,
        _ => Alarm::for_children()?,
    };
    if start == Start::Enabled && watch.delay.is_none() {
        events.enable()?;
    }
    let others = matches!(watch.subject, Subject::Processes(..));
    let delay = watch.delay.unwrap_or_default();
    let mut ending = Ending::of(launch, others, options.wait_all);
    ending.begin()?;
    let mut schedule = Schedule::new(Instant::now(), watch.delay, watch.interval);
    while !ending.reached(&alarm)? {
        alarm.wait(schedule.next(&events))?;
        schedule.pass(&mut events)?;
    }
    let mut read = schedule.last(&mut events);
    if let Some(plan) = plan {
        events.explain_idle(plan, &mut read);
    }
    let (by_thread, doubt) = events.by_thread()?.unzip();
    reasons.extend(doubt.flatten());
    let wall_s = schedule.elapsed().as_secs_f64();
    reasons.extend(match (plan, &read.flops) {
        (Some(plan), Some(flops)) => fp::doubts(plan, &read.events[..read.fp_events], flops),
        _ => vec!["no floating-point events were counted".to_owned()],
    });
    reasons.extend(events.overflow(&read));
    reasons.extend(adoption.survivors().iter().map(|name| format!("still running when the command ended: {name}")));
    let (exit, usage) = ending.result()?;
    // What the command used says nothing of other processes.
    let usage = usage.filter(|_| !others);
    let counted = schedule.elapsed().saturating_sub(delay);
    Ok(Measurement {
        counter,
        tally: None,
        pmu_flops: read.flops,
        events: read.events,
        by_thread,
        exact: false,
        reasons,
        exit,
        time: Time { wall_s, user_s: usage.map(|usage| usage.user_s), sys_s: usage.map(|usage| usage.sys_s) },
        counted_s: Some(counted.as_secs_f64()),
        max_rss_bytes: usage.map(|usage| usage.max_rss_bytes),
        processes: None,
        threads: None,
        effort: None,
    })
}

/// What is open before the command starts.
struct Opened {
    events: Events,
    start: Start,
    /// Why the counts may not be whole.
    reasons: Vec<String>,
}

fn open(plan: Option<&Plan>, options: &Options, watch: &Watch, child: Option<Pid>) -> Result<Opened> {
    let on = |whose: Whose, start: Start| {
        let target = Target { whose, start, by_thread: watch.by_thread };
        let events = Events::open(plan, &options.events, &target)?;
        Ok(Opened { events, start, reasons: Vec::new() })
    };
    match &watch.subject {
        Subject::Command(_) => {
            let start = if watch.delay.is_some() { Start::Enabled } else { Start::OnExec };
            on(Whose::Threads(child.into_iter().collect()), start)
        }
        Subject::Processes(pids, _) => {
            let (mut opened, all) = attach::on_all(pids, |threads| on(Whose::Threads(threads), Start::Enabled))?;
            if !all {
                opened
                    .reasons
                    .push("threads were started while the events were opened: some may not be counted".into());
            }
            Ok(opened)
        }
        Subject::Cpus(cpus, _) => on(Whose::Cpus(cpus.clone()), Start::Enabled),
    }
}
