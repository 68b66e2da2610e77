//! One event, from its opening to its reading.

use std::io;
use std::time::Duration;

use nix::unistd::Pid;
use perf_event::Builder;
use perf_event::events::Event as Attributes;
use perf_event_open_sys::bindings::perf_event_attr;

use super::refusal;
use crate::counter::{Event, EventStatus};

/// What to count: perf-event2's own `Raw` cannot name a PMU, and its `Dynamic` does not understand
/// the format files of AMD's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// The PMU's type, as sysfs has it.
    pub pmu: u32,
    pub config: u64,
    /// User mode only.
    pub exclude_kernel: bool,
}

impl Attributes for Request {
    fn update_attrs(self, attributes: &mut perf_event_attr) {
        attributes.type_ = self.pmu;
        attributes.config = self.config;
    }
}

/// An event that counts, or the reason why it does not.
pub struct Opened {
    name: String,
    counter: io::Result<perf_event::Counter>,
}

impl Opened {
    /// Opens an event on a child that has not executed its program yet: it counts from then on, in
    /// all threads and children.
    pub fn on_exec(name: &str, request: Request, child: Pid) -> Opened {
        Opened { name: name.to_owned(), counter: builder(request, child).build() }
    }

    /// The same, on the counters only together with the group's leader.
    pub fn in_group(leader: &mut Opened, name: &str, request: Request, child: Pid) -> Opened {
        let counter = match &mut leader.counter {
            // Each is read by itself: a group's own format is refused with `inherit` before Linux 4.13.
            Ok(leader) => builder(request, child).build_with_group(leader),
            // Nothing follows a leader that is not open.
            Err(_) => Err(io::ErrorKind::InvalidInput.into()),
        };
        Opened { name: name.to_owned(), counter }
    }

    /// The open event, or why the kernel refused it.
    pub fn accepted(self) -> io::Result<Opened> {
        self.counter.map(|counter| Opened { name: self.name, counter: Ok(counter) })
    }

    pub fn read(self) -> Event {
        let name = self.name;
        let read = self.counter.and_then(|mut counter| counter.read_full());
        let nanoseconds = |time: Option<Duration>| time.map_or(0, |t| u64::try_from(t.as_nanos()).unwrap_or(u64::MAX));
        match read {
            Ok(data) => {
                let (enabled_ns, running_ns) = (nanoseconds(data.time_enabled()), nanoseconds(data.time_running()));
                let status = match running_ns {
                    0 => EventStatus::NotCounted,
                    running if running < enabled_ns => EventStatus::Partial,
                    _ => EventStatus::Counted,
                };
                let counted = status != EventStatus::NotCounted;
                let reason = (!counted).then(|| "it was never on a hardware counter".to_owned());
                Event {
                    name,
                    raw: counted.then_some(data.count()),
                    enabled_ns,
                    running_ns,
                    status,
                    partial: None,
                    pass: None,
                    reason,
                }
            }
            Err(error) => Event {
                name,
                raw: None,
                enabled_ns: 0,
                running_ns: 0,
                status: EventStatus::NotCounted,
                partial: None,
                pass: None,
                reason: Some(refusal::cause(&error)),
            },
        }
    }
}

fn builder(request: Request, child: Pid) -> Builder<'static> {
    let mut builder = Builder::new(request);
    builder
        .observe_pid(child.as_raw())
        .any_cpu()
        .inherit(true)
        .enable_on_exec(true)
        .exclude_kernel(request.exclude_kernel);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In user mode, from the exec on, with all children; each read by itself with its times.
    #[test]
    fn attributes() {
        let request = Request { pmu: 10, config: 0x1c8, exclude_kernel: true };
        let builder = builder(request, Pid::from_raw(1));
        let attributes = builder.attrs();
        assert_eq!((attributes.type_, attributes.config), (10, 0x1c8));
        assert_eq!((attributes.disabled(), attributes.enable_on_exec(), attributes.inherit()), (1, 1, 1));
        assert_eq!((attributes.exclude_kernel(), attributes.exclude_hv(), attributes.exclude_user()), (1, 1, 0));
        assert_eq!((attributes.pinned(), attributes.exclusive()), (0, 0));
        // PERF_FORMAT_TOTAL_TIME_ENABLED and _RUNNING
        assert_eq!(attributes.read_format, 3);
    }
}
