//! One event, from its opening to its reading.

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
    counter: std::io::Result<perf_event::Counter>,
}

impl Opened {
    /// Opens an event on a child that has not executed its program yet: it counts from then on, in
    /// all threads and children.
    pub fn on_exec(name: &str, request: Request, child: Pid) -> Opened {
        let mut builder = Builder::new(request);
        builder
            .observe_pid(child.as_raw())
            .any_cpu()
            .inherit(true)
            .enable_on_exec(true)
            .exclude_kernel(request.exclude_kernel);
        Opened { name: name.to_owned(), counter: builder.build() }
    }

    pub fn refusal(&self) -> Option<&std::io::Error> {
        self.counter.as_ref().err()
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
                Event { name, raw: counted.then_some(data.count()), enabled_ns, running_ns, status, reason }
            }
            Err(error) => Event {
                name,
                raw: None,
                enabled_ns: 0,
                running_ns: 0,
                status: EventStatus::NotCounted,
                reason: Some(refusal::cause(&error)),
            },
        }
    }
}
