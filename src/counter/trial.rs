//! Tries a counter on a program whose FLOPs are known.

use serde::Serialize;

use super::perf::{Perf, calibration};
use super::{Command, Counter, Options, Stdout, Tally, tiny};
use crate::{Error, Result};

/// FLOPs that the program executes: one scalar double addition each.
pub const FLOPS: u32 = 1000;

/// How a counter did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trial {
    pub counter: &'static str,
    /// It counted all FLOPs, to the last one where its events are of retired instructions.
    pub works: bool,
    /// Every instruction is looked at.
    pub exact: bool,
    pub expected_flops: u64,
    /// None where it did not count.
    pub counted_flops: Option<u64>,
    /// Why it did not count, or not right.
    pub error: Option<String>,
}

pub fn run(counter: &dyn Counter) -> Trial {
    let measured = measure(counter);
    let expected_flops = u64::from(FLOPS);
    let (counted_flops, error) = match measured {
        Ok(flops) => (Some(flops), None),
        Err(error) => (None, Some(error.summary())),
    };
    let works = counted_flops == Some(expected_flops);
    Trial { counter: counter.name(), works, exact: true, expected_flops, counted_flops, error }
}

/// Hardware events are tried on the programs of their calibration: one verdict for all uses.
pub fn of_hardware(perf: &Perf) -> Trial {
    let tried = perf.tried();
    let phases = tried.as_deref().unwrap_or_default();
    let error = match &tried {
        Ok(phases) => calibration::refusal(phases),
        Err(error) => Some(error.summary()),
    };
    Trial {
        counter: perf.name(),
        works: error.is_none(),
        exact: false,
        expected_flops: phases.iter().map(|phase| phase.expected_flops).sum(),
        counted_flops: tried.is_ok().then(|| phases.iter().map(|phase| phase.measured_flops).sum()),
        error,
    }
}

fn measure(counter: &dyn Counter) -> Result<u64> {
    let program = tiny::install(&code())?;
    let command =
        Command { program: program.as_os_str().to_owned(), args: Vec::new(), env: Vec::new(), stdout: Stdout::Ours };
    let measured = counter.measure(&command, &Options::default())?;
    if measured.exit.code != Some(0) {
        return Err(Error::failed(format!("the trial program ended with status {}", measured.exit.status())));
    }
    let tally = measured.tally.as_ref();
    tally.map(Tally::flops).ok_or_else(|| Error::failed("it told no instructions"))
}

/// Nothing but the additions, their loop, and exit(0).
fn code() -> Vec<u8> {
    let mut code = vec![0xb9]; // mov ecx, FLOPS
    code.extend(FLOPS.to_le_bytes());
    code.extend([0xf2, 0x0f, 0x58, 0xc0]); // addsd xmm0, xmm0
    code.extend([0xff, 0xc9]); // dec ecx
    code.extend([0x75, 0xf8]); // jnz to the addsd
    code.extend([0xb8, 60, 0, 0, 0]); // mov eax, SYS_exit
    code.extend([0x31, 0xff]); // xor edi, edi
    code.extend([0x0f, 0x05]); // syscall
    code
}
