//! Counts by thread. Inherited events leave a record of a thread's own counts when it ends; what the
//! records do not have is of the threads on which the events were opened.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::unistd::Pid;
use perf_event::data::{Read, Record};
use perf_event::{Builder, Counter, Sampler};
use perf_event_open_sys::bindings::{PERF_COUNT_SW_DUMMY, PERF_TYPE_SOFTWARE};
use perf_event_open_sys::ioctls;

use super::event::{BY_THREAD, Opened, Reading, Request};
use super::read;
use super::target::{Slot, Start, Target, Whose};
use crate::counter::ThreadRow;
use crate::counter::ptrace::status;
use crate::{Error, Result};

/// Room for records, of each CPU.
const BYTES: usize = 256 << 10;

/// What a counter counts.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// None for a tracker.
    event: Option<usize>,
    /// The thread on which it was opened.
    root: Pid,
}

/// What the records say of a thread.
#[derive(Debug, Clone)]
struct Thread {
    process: Pid,
    /// From which it inherited its events.
    root: Pid,
    /// Of each event, and how many of its counters left a record.
    counts: Vec<(Reading, usize)>,
    /// For how long it ran, if it has ended.
    ran_ns: u64,
    ended: bool,
}

pub struct Breakdown {
    trackers: Trackers,
    /// By the kernel's number.
    parts: HashMap<u64, Part>,
    /// Counters that each event has on a thread.
    counters: Vec<usize>,
    threads: BTreeMap<Pid, Thread>,
    names: HashMap<Pid, String>,
    lost: u64,
}

impl Breakdown {
    /// Opens the events on a target by thread, and lets them leave their records with us.
    ///
    /// The kernel lets threads trade their events, and trades the counts back one by one, in the order of
    /// each thread's list. The lists agree if the events of a CPU are one group, and CPUs follow each
    /// other: a thread that inherits gets them by CPU and group, pinned ones first.
    pub fn open(events: &mut [&mut Opened], target: &Target) -> Result<Breakdown> {
        let Whose::Threads(threads) = &target.whose else {
            return Err(
                Error::input("counts of CPUs have no threads").remedy("leave --per-thread and --per-process out")
            );
        };
        let trackers = Trackers::open(target).map_err(failed)?;
        for slot in target.slots(PERF_TYPE_SOFTWARE) {
            let mut leader: Option<usize> = None;
            for number in 0..events.len() {
                let (before, after) = events.split_at_mut(number);
                let event = &mut *after[0];
                if !target.slots(event.pmu()).any(|offered| offered == slot) {
                    continue;
                }
                event.open_at(slot, target, leader.map(|leader| &mut *before[leader]));
                if event.refusal().is_none() {
                    leader.get_or_insert(number);
                }
            }
        }
        let mut parts: HashMap<u64, Part> =
            trackers.all().map(|(root, counter)| (counter.id(), Part { event: None, root })).collect();
        for (event, opened) in events.iter().enumerate() {
            for (slot, counter) in opened.counters() {
                let Slot { thread: Some(root), cpu: Some(cpu) } = *slot else { continue };
                trackers.take(counter, cpu).map_err(failed)?;
                parts.insert(counter.id(), Part { event: Some(event), root });
            }
        }
        let of_first = |opened: &&mut Opened| {
            let slots = opened.counters().iter().map(|(slot, _)| slot.thread);
            slots.filter(|thread| *thread == threads.first().copied()).count()
        };
        let new = |root: &Pid| Thread::new(status::process_of(*root).unwrap_or(*root), *root, events.len());
        Ok(Breakdown {
            trackers,
            parts,
            counters: events.iter().map(of_first).collect(),
            threads: threads.iter().map(|root| (*root, new(root))).collect(),
            names: threads.iter().map(|root| (*root, status::name(*root))).collect(),
            lost: 0,
        })
    }

    /// Last of all events, so that none of them ran for a shorter time.
    pub fn enable(&mut self) -> Result<()> {
        self.trackers.all_mut().try_for_each(|(_, counter)| counter.enable()).map_err(failed)
    }

    /// For how long the threads ran. Events that are split by CPU do not tell: each is enabled on its
    /// own; but trackers, which count nothing, never have to wait for a counter.
    pub fn ran_ns(&mut self) -> Option<u64> {
        self.trackers.ran_ns().ok().map(|ran| ran.into_values().sum())
    }

    /// Takes the records that are there, to make room for more.
    pub fn drain(&mut self) -> Result<()> {
        for number in 0..self.trackers.rings.len() {
            while let Some(record) = self.trackers.rings[number].1.next_record() {
                let record = record.parse_record().map_err(|error| {
                    Error::failed(format!("cannot count by thread: a record of the kernel: {error}"))
                })?;
                let events = self.counters.len();
                match record {
                    Record::Read(read) => note(&mut self.threads, &self.parts, events, &read),
                    Record::Comm(comm) => {
                        self.names.insert(pid(comm.tid), comm.comm_os().to_string_lossy().into_owned());
                    }
                    Record::Fork(fork) => {
                        let (parent, tid) = (pid(fork.ptid), pid(fork.tid));
                        let root = self.threads.get(&parent).map_or(parent, |thread| thread.root);
                        self.threads.entry(tid).or_insert_with(|| Thread::new(pid(fork.pid), root, events));
                        // Until it gets a name of its own.
                        if let Some(name) = self.names.get(&parent).cloned() {
                            self.names.entry(tid).or_insert(name);
                        }
                    }
                    Record::Lost(lost) => self.lost += lost.lost,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// A row a thread, without its FLOPs, and why they are not complete if they are not.
    pub fn rows(&mut self, events: &mut [&mut Opened]) -> Result<(Vec<ThreadRow>, Option<String>)> {
        self.drain()?;
        let totals: Vec<HashMap<Pid, Reading>> = events.iter_mut().map(|opened| opened.read_by_thread()).collect();
        let ran = self.trackers.ran_ns().map_err(failed)?;
        let dropped = self.lost > 0 || self.threads.values().any(|thread| thread.ended && !self.is_complete(thread));
        let mut doubt = dropped.then_some("the kernel dropped records of threads that ended");
        let mut rows = Vec::new();
        for (&tid, thread) in &self.threads {
            let rest = self.has_the_rest(thread);
            if !thread.ended && !rest {
                doubt = doubt.or(Some("several threads have not ended: their counts are not told apart"));
            }
            let others = || self.threads.values().filter(|other| other.ended && other.root == thread.root);
            let counted = |number: usize| {
                let (own, records) = thread.counts[number];
                if thread.ended {
                    return (records > 0 && records == self.counters[number]).then(|| own.within(Some(thread.ran_ns)));
                }
                let inherited =
                    others().map(|other| other.counts[number].0).try_fold(Reading::default(), Reading::plus)?;
                let total = totals[number].get(&thread.root).filter(|_| rest && !dropped)?;
                let ran_ns = ran.get(&thread.root)?.saturating_sub(others().map(|other| other.ran_ns).sum());
                Some(total.without(inherited)?.within(Some(ran_ns)))
            };
            let event = |(number, opened): (usize, &&mut Opened)| match counted(number) {
                Some(reading) => reading.event(opened.name()),
                None => opened.unknown("not told apart by thread"),
            };
            rows.push(ThreadRow {
                pid: thread.process.as_raw(),
                tid: tid.as_raw(),
                name: self.names.get(&tid).cloned().unwrap_or_else(|| "?".into()),
                pmu_flops: None,
                fp_events: 0,
                events: events.iter().enumerate().map(event).collect(),
            });
        }
        rows.sort_by_key(|row| (row.pid, row.tid));
        if doubt.is_none() && !adds_up(&rows, events) {
            doubt = Some("threads that traded their events left records that do not add up");
        }
        if doubt.is_some() {
            // One of the rows is wrong, and nothing tells which.
            let unknown = || events.iter().map(|opened| opened.unknown("not told apart by thread")).collect();
            rows.iter_mut().for_each(|row| row.events = unknown());
        }
        Ok((rows, doubt.map(|doubt| format!("counts by thread: {doubt}"))))
    }

    /// True if what no record tells is of this thread: one that has the very events that were opened
    /// leaves none, nor does one that has not ended. It need not be the one on which they were opened, as
    /// the kernel lets threads trade their events.
    fn has_the_rest(&self, thread: &Thread) -> bool {
        let without = self.threads.values().filter(|other| !other.ended && other.root == thread.root);
        !thread.ended && without.count() == 1
    }

    /// All its counters left a record.
    fn is_complete(&self, thread: &Thread) -> bool {
        thread.counts.iter().zip(&self.counters).all(|((_, records), counters)| records == counters)
    }
}

impl Thread {
    fn new(process: Pid, root: Pid, events: usize) -> Thread {
        Thread { process, root, counts: vec![(Reading::default(), 0); events], ran_ns: 0, ended: false }
    }
}

/// True if the counts of all threads are just what was counted in all.
fn adds_up(rows: &[ThreadRow], events: &mut [&mut Opened]) -> bool {
    events.iter_mut().enumerate().all(|(number, opened)| {
        let counts: Option<Vec<u64>> = rows.iter().map(|row| row.events[number].raw).collect();
        // An event that was refused, or never ran, adds up to nothing.
        let sum = counts.and_then(|counts| counts.into_iter().try_fold(0, u64::checked_add));
        sum == opened.read(None).raw
    })
}

fn note(threads: &mut BTreeMap<Pid, Thread>, parts: &HashMap<u64, Part>, events: usize, read: &Read) {
    let Some(&Part { event, root }) = read.values.id().and_then(|id| parts.get(&id)) else { return };
    let thread = threads.entry(pid(read.tid)).or_insert_with(|| Thread::new(pid(read.pid), root, events));
    let running_ns = read.values.time_running().unwrap_or(0);
    thread.ended = true;
    match event {
        None => thread.ran_ns += running_ns,
        Some(event) => {
            let enabled_ns = read.values.time_enabled().unwrap_or(0);
            let (sum, records) = &mut thread.counts[event];
            let reading = Reading { count: read.values.value(), enabled_ns, running_ns };
            // A sum that 64 bits do not hold misses a record, and so is not known.
            if let Some(more) = sum.plus(reading) {
                *sum = more;
                *records += 1;
            }
        }
    }
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(number.cast_signed())
}

fn failed(error: io::Error) -> Error {
    Error::failed(format!("cannot count by thread: {error}"))
        .remedy("raise kernel.perf_event_mlock_kb, or leave --per-thread and --per-process out")
}

/// Events that count nothing, one a CPU for each thread. They tell of threads that begin, of their names,
/// and for how long they ran; the first thread's have the memory into which the kernel writes records.
struct Trackers {
    /// Each of a CPU.
    rings: Vec<(usize, Sampler)>,
    /// On which thread the rings' own were opened.
    first: Option<Pid>,
    others: Vec<(Pid, Counter)>,
}

impl Trackers {
    fn open(target: &Target) -> io::Result<Trackers> {
        let mut trackers = Trackers { rings: Vec::new(), first: None, others: Vec::new() };
        for slot in target.slots(PERF_TYPE_SOFTWARE) {
            let Slot { thread: Some(thread), cpu: Some(cpu) } = slot else { continue };
            let mut builder = Builder::new(Request::in_user_mode(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY.into()));
            builder.observe_pid(thread.as_raw()).one_cpu(cpu).inherit(true).pinned(true).comm(true).task(true);
            // Records of other events are parsed by the format of this one.
            builder.read_format(BY_THREAD).inherit_stat(true).enable_on_exec(target.start == Start::OnExec);
            let counter = builder.build()?;
            if *trackers.first.get_or_insert(thread) == thread {
                trackers.rings.push((cpu, counter.sampled(BYTES)?));
            } else {
                trackers.take(&counter, cpu)?;
                trackers.others.push((thread, counter));
            }
        }
        Ok(trackers)
    }

    /// Lets a counter leave its records in the ring of its CPU.
    fn take(&self, counter: &Counter, cpu: usize) -> io::Result<()> {
        let ring = self.rings.iter().find(|(of, _)| *of == cpu).map(|(_, ring)| ring);
        let ring = ring.ok_or(io::ErrorKind::NotFound)?;
        // SAFETY: no memory is involved; both descriptors are open events.
        let rc = unsafe { ioctls::SET_OUTPUT(counter.as_raw_fd(), ring.as_counter().as_raw_fd()) };
        Errno::result(rc).map(drop).map_err(io::Error::from)
    }

    fn all(&self) -> impl Iterator<Item = (Pid, &Counter)> {
        let rings = self.rings.iter().filter_map(|(_, ring)| Some((self.first?, ring.as_counter())));
        rings.chain(self.others.iter().map(|(thread, counter)| (*thread, counter)))
    }

    fn all_mut(&mut self) -> impl Iterator<Item = (Pid, &mut Counter)> {
        let first = self.first;
        let rings = self.rings.iter_mut().filter_map(move |(_, ring)| Some((first?, ring.as_counter_mut())));
        rings.chain(self.others.iter_mut().map(|(thread, counter)| (*thread, counter)))
    }

    /// For how long each thread on which they were opened ran, and what it started.
    fn ran_ns(&mut self) -> io::Result<HashMap<Pid, u64>> {
        let mut ran = HashMap::new();
        for (thread, counter) in self.all() {
            let ran: &mut u64 = ran.entry(thread).or_insert(0);
            *ran = ran.saturating_add(read::reading(counter)?.running_ns);
        }
        Ok(ran)
    }
}
