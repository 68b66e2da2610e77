//! What perf_event_open answers here.

use std::io;

use perf_event::Builder;
use perf_event::events::{Event, Hardware, Software};
use serde::Serialize;

use super::{Facts, Refusal, explain};

/// One event that needs no hardware and one that needs a PMU; together they tell a forbidden perf
/// from a missing PMU. None where they open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    pub software_event: Option<Refusal>,
    pub hardware_event: Option<Refusal>,
}

impl Probe {
    pub fn run(facts: &Facts) -> Probe {
        let explained =
            |refused: Option<io::Error>| refused.map(|error| explain(error.raw_os_error().unwrap_or(0), facts));
        Probe {
            software_event: explained(refused(Software::TASK_CLOCK)),
            hardware_event: explained(refused(Hardware::CPU_CYCLES)),
        }
    }
}

/// Opened on ourselves, in user mode only.
fn refused(event: impl Event) -> Option<io::Error> {
    Builder::new(event).exclude_kernel(true).build().err()
}
