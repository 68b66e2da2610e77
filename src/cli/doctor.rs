//! `flopledger doctor`: what this machine allows.

use clap::Args as Arguments;

use super::Output;
use crate::Result;
use crate::counter::perf::Perf;
use crate::counter::step::Step;
use crate::counter::translate::Translate;
use crate::counter::trial::{self, Trial};
use crate::counter::{Choice, choose};
use crate::machine::Cpu;
use crate::machine::doctor::{Advice, Facts, Hardware, Outcome, Probe, Root, advise, signature};
use crate::report::{Auto, Diagnosis, Format, Standard};

/// What this machine allows, which counter `auto` uses and why, and how to get a better one
#[derive(Arguments, Debug)]
#[command(after_help = "Example: flopledger doctor")]
pub struct Args {
    /// The same as --format json
    #[arg(long)]
    json: bool,
    /// The CPU whose events to use, where /proc/cpuinfo is not to be believed
    #[arg(long, value_name = "VENDOR-FAMILY-MODEL")]
    cpu: Option<Cpu>,
    #[command(flatten)]
    output: Output,
}

/// Nothing that counts: nothing is wrong with flopledger, nor with how it was called.
const NOTHING_COUNTS: u8 = 1;

pub fn run(mut args: Args) -> Result<u8> {
    if args.json {
        args.output.format = Format::Json;
    }
    let sink = args.output.open(Standard::Stdout)?;
    let facts = Facts::gather(&Root::this_machine(), signature().as_deref());
    let cpu = args.cpu.map_or_else(Cpu::this, Ok)?;
    let perf = Perf::of(cpu);
    let trials = vec![trial::of_hardware(&perf), trial::run(&Translate), trial::run(&Step)];
    let hardware = hardware(&perf, &trials[0]);
    let chosen = choose(Choice::Auto, perf);
    let probe = Probe::run(&facts);
    let works = |name: &str| trials.iter().any(|trial| trial.counter == name && trial.works);
    let outcome = Outcome { perf: hardware, tracing: works("translate") || works("step") };
    let auto = chosen.counter.name();
    let mut advice = advise(&facts, &probe, outcome);
    if let Some(other) = trials.iter().find(|trial| trial.works).filter(|_| !works(auto)) {
        advice.insert(
            0,
            Advice {
                why: format!("auto would use {auto}, which failed its trial; until that is mended, name another"),
                commands: vec![format!("flopledger run --counter {} -- COMMAND", other.counter)],
            },
        );
    }
    let code = if works("perf") || outcome.tracing { 0 } else { NOTHING_COUNTS };
    sink.print(&Diagnosis {
        schema: "flopledger.doctor/1",
        auto: Auto { counter: auto, works: works(auto), reason: chosen.reason },
        advice,
        facts,
        probe,
        trials,
    })?;
    Ok(code)
}

fn hardware(perf: &Perf, trial: &Trial) -> Hardware {
    match (trial.works, trial.counted_flops) {
        (true, _) => Hardware::Works,
        (false, Some(_)) => Hardware::Miscounts,
        (false, None) if perf.opens() => Hardware::Starved,
        (false, None) => Hardware::Refused,
    }
}
