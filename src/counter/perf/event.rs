//! One event, from its opening to its reading.

use std::collections::HashMap;
use std::io;

use nix::unistd::Pid;
use perf_event::events::Event as Attributes;
use perf_event::{Builder, ReadFormat};
use perf_event_open_sys::bindings::{PERF_TYPE_HARDWARE, PERF_TYPE_HW_CACHE, perf_event_attr};

use super::target::{Slot, Start, Target};
use super::{read, refusal};
use crate::counter::{Event, EventStatus};

/// What to count: perf-event2's own `Raw` cannot name a PMU, and its `Dynamic` does not understand
/// the format files of AMD's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Request {
    /// The PMU's type, as sysfs has it.
    pub pmu: u32,
    pub config: u64,
    pub config1: u64,
    pub config2: u64,
    /// User mode only.
    pub exclude_kernel: bool,
    /// Kernel mode only.
    pub exclude_user: bool,
}

impl Request {
    /// The PMU that it is for: generic events of a hybrid CPU name it in their upper half.
    fn on_pmu(&self) -> u32 {
        match (self.pmu, (self.config >> 32) as u32) {
            (PERF_TYPE_HARDWARE | PERF_TYPE_HW_CACHE, pmu @ 1..) => pmu,
            _ => self.pmu,
        }
    }

    /// An event of a PMU, in user mode.
    pub fn in_user_mode(pmu: u32, config: u64) -> Request {
        Request { pmu, config, exclude_kernel: true, ..Request::default() }
    }
}

impl Attributes for Request {
    fn update_attrs(self, attributes: &mut perf_event_attr) {
        attributes.type_ = self.pmu;
        attributes.config = self.config;
        attributes.config1 = self.config1;
        attributes.config2 = self.config2;
    }
}

/// An event that counts, or the reason why it does not.
pub struct Opened {
    name: String,
    request: Request,
    counters: io::Result<Vec<(Slot, perf_event::Counter)>>,
}

/// What is read where counts are told apart by thread: the kernel's number of the event, too.
pub const BY_THREAD: ReadFormat =
    ReadFormat::TOTAL_TIME_ENABLED.union(ReadFormat::TOTAL_TIME_RUNNING).union(ReadFormat::ID);

/// A count and for how long it was wanted and taken, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    pub count: u64,
    pub enabled_ns: u64,
    pub running_ns: u64,
}

impl Reading {
    /// None where the sum of counts does not fit 64 bits. Times that do not are as long as can be said.
    pub fn plus(self, other: Reading) -> Option<Reading> {
        Some(Reading {
            count: self.count.checked_add(other.count)?,
            enabled_ns: self.enabled_ns.saturating_add(other.enabled_ns),
            running_ns: self.running_ns.saturating_add(other.running_ns),
        })
    }

    /// With the time in which it was wanted, where that is known from elsewhere.
    pub fn within(self, ran_ns: Option<u64>) -> Reading {
        Reading { enabled_ns: ran_ns.filter(|ran| *ran > 0).unwrap_or(self.enabled_ns), ..self }
    }

    /// None where a part is more than the whole.
    pub fn without(self, part: Reading) -> Option<Reading> {
        Some(Reading {
            count: self.count.checked_sub(part.count)?,
            enabled_ns: self.enabled_ns.saturating_sub(part.enabled_ns),
            running_ns: self.running_ns.saturating_sub(part.running_ns),
        })
    }

    pub fn event(self, name: &str) -> Event {
        let Reading { count, enabled_ns, running_ns } = self;
        let status = match running_ns {
            0 => EventStatus::NotCounted,
            running if running < enabled_ns => EventStatus::Partial,
            _ => EventStatus::Counted,
        };
        let counted = status != EventStatus::NotCounted;
        let reason = (!counted).then(|| match enabled_ns {
            0 => "it was never enabled".to_owned(),
            _ => "it was never on a hardware counter".to_owned(),
        });
        let (name, partial, pass) = (name.to_owned(), None, None);
        Event { name, raw: counted.then_some(count), enabled_ns, running_ns, status, partial, pass, reason }
    }
}

impl Opened {
    /// Opens an event on every thread or CPU of a target, and on what they start later. By thread, it is
    /// left to `open_at`.
    pub fn on(name: &str, request: Request, target: &Target) -> Opened {
        Opened::open(name, request, target, None)
    }

    /// The same, on the counters only together with the group's leader.
    pub fn in_group(leader: &mut Opened, name: &str, request: Request, target: &Target) -> Opened {
        Opened::open(name, request, target, Some(leader))
    }

    fn open(name: &str, request: Request, target: &Target, mut leader: Option<&mut Opened>) -> Opened {
        let mut opened = Opened { name: name.to_owned(), request, counters: Ok(Vec::new()) };
        if !target.by_thread {
            target.slots(request.on_pmu()).for_each(|slot| opened.open_at(slot, target, leader.as_deref_mut()));
        }
        opened
    }

    /// The open event, or why the kernel refused it.
    pub fn accepted(self) -> io::Result<Opened> {
        let Opened { name, request, counters } = self;
        Ok(Opened { name, request, counters: Ok(counters?) })
    }

    /// Opens it in one place, in the group of another event that is open there.
    pub fn open_at(&mut self, slot: Slot, target: &Target, leader: Option<&mut Opened>) {
        let Ok(counters) = &mut self.counters else { return };
        let builder = builder(self.request, slot, target);
        let leader = leader.and_then(|leader| leader.counters.as_mut().ok()?.iter_mut().find(|(at, _)| *at == slot));
        let opened = match leader {
            Some((_, leader)) => read::again(|| builder.build_with_group(&mut *leader)),
            None => read::again(|| builder.build()),
        };
        match opened {
            Ok(counter) => counters.push((slot, counter)),
            Err(refused) => self.counters = Err(refused),
        }
    }

    pub fn pmu(&self) -> u32 {
        self.request.on_pmu()
    }

    pub fn refusal(&self) -> Option<&io::Error> {
        self.counters.as_ref().err()
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its counters and where they count; none if it was refused.
    pub fn counters(&self) -> &[(Slot, perf_event::Counter)] {
        self.counters.as_deref().unwrap_or_default()
    }

    /// For those that do not start with the command.
    pub fn enable(&mut self) -> io::Result<()> {
        self.counters.iter_mut().flatten().try_for_each(|(_, counter)| read::again(|| counter.enable()))
    }

    /// What it has counted so far. `ran_ns`: how long its threads ran, for one that is split by CPU, which
    /// does not tell itself.
    pub fn read(&mut self, ran_ns: Option<u64>) -> Event {
        match self.try_read() {
            Ok(reading) => reading.within(ran_ns).event(&self.name),
            Err(cause) => not_counted(&self.name, cause),
        }
    }

    fn try_read(&mut self) -> std::result::Result<Reading, String> {
        let counters = self.counters.as_ref().map_err(refusal::cause)?;
        let threads = by_thread(counters).map_err(|error| refusal::cause(&error))?;
        let sum = threads.into_values().try_fold(Reading::default(), Reading::plus);
        sum.ok_or_else(|| refusal::cause(&read::too_large()))
    }

    /// What it has counted so far for each thread on which it was opened, and what those started; nothing
    /// where it cannot be read.
    pub fn read_by_thread(&mut self) -> HashMap<Pid, Reading> {
        let read = self.counters.as_ref().ok().and_then(|counters| by_thread(counters).ok()).unwrap_or_default();
        read.into_iter().filter_map(|(thread, reading)| Some((thread?, reading))).collect()
    }

    /// The event where nothing is known of it.
    pub fn unknown(&self, cause: &str) -> Event {
        let refused = self.refusal().map(refusal::cause);
        not_counted(&self.name, refused.unwrap_or_else(|| cause.to_owned()))
    }
}

fn builder(request: Request, slot: Slot, target: &Target) -> Builder<'static> {
    let mut builder = Builder::new(request);
    match slot.thread {
        Some(thread) => builder.observe_pid(thread.as_raw()).inherit(true),
        None => builder.any_pid(),
    };
    match slot.cpu {
        Some(cpu) => builder.one_cpu(cpu),
        None => builder.any_cpu(),
    };
    // Each is read by itself: a group's own format is refused with `inherit` before Linux 4.13.
    builder
        .enable_on_exec(target.start == Start::OnExec)
        .exclude_kernel(request.exclude_kernel)
        .exclude_user(request.exclude_user)
        // Some PMUs, as msr, cannot leave anything out.
        .exclude_hv(request.exclude_kernel || request.exclude_user);
    if target.by_thread {
        // Each thread that ends leaves a record of its own counts, with the event's id.
        builder.inherit_stat(true).read_format(BY_THREAD);
    }
    builder
}

/// The counters of each thread, on all CPUs; those of CPUs have none.
fn by_thread(counters: &[(Slot, perf_event::Counter)]) -> io::Result<HashMap<Option<Pid>, Reading>> {
    let mut threads: HashMap<Option<Pid>, Reading> = HashMap::new();
    for (slot, counter) in counters {
        let sum = threads.entry(slot.thread).or_default();
        *sum = sum.plus(read::reading(counter)?).ok_or_else(read::too_large)?;
    }
    Ok(threads)
}

fn not_counted(name: &str, cause: String) -> Event {
    Event {
        name: name.to_owned(),
        raw: None,
        enabled_ns: 0,
        running_ns: 0,
        status: EventStatus::NotCounted,
        partial: None,
        pass: None,
        reason: Some(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In user mode, from the exec on, with all children; each read by itself with its times.
    #[test]
    fn attributes() {
        let target = Target::child(Pid::from_raw(1));
        let slot = target.slots(10).next().expect("a place");
        let builder = builder(Request::in_user_mode(10, 0x1c8), slot, &target);
        let attributes = builder.attrs();
        assert_eq!((attributes.type_, attributes.config), (10, 0x1c8));
        assert_eq!((attributes.disabled(), attributes.enable_on_exec(), attributes.inherit()), (1, 1, 1));
        assert_eq!((attributes.exclude_kernel(), attributes.exclude_hv(), attributes.exclude_user()), (1, 1, 0));
        assert_eq!((attributes.pinned(), attributes.exclusive()), (0, 0));
        // PERF_FORMAT_TOTAL_TIME_ENABLED and _RUNNING
        assert_eq!(attributes.read_format, 3);
    }
}
