//! `flopledger doctor`: what this machine allows.

use clap::Args as Arguments;

use super::Output;
use crate::Result;
use crate::counter::perf::Perf;
use crate::counter::step::Step;
use crate::counter::translate::Translate;
use crate::counter::{Choice, Counter, choose, trial};
use crate::machine::Cpu;
use crate::machine::doctor::{Advice, Facts, Outcome, Probe, Root, advise, signature};
use crate::report::{Auto, Diagnosis, Format, Standard};

/// What this machine allows, which counter `auto` uses and why, and how to get a better one
#[derive(Arguments, Debug)]
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
    let perf = Perf::FloatingPoint(cpu.clone());
    let counters = [&perf as &dyn Counter, &Translate, &Step];
    let trials = counters.map(trial::run).to_vec();
    let chosen = choose(Choice::Auto, &cpu);
    let probe = Probe::run(&facts);
    let works = |name: &str| trials.iter().any(|trial| trial.counter == name && trial.works);
    let outcome = Outcome {
        perf: works("perf"),
        perf_miscounts: trials.iter().any(|trial| !trial.exact && !trial.works && trial.counted_flops.is_some()),
        tracing: works("translate") || works("step"),
    };
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
    let code = if outcome.perf || outcome.tracing { 0 } else { NOTHING_COUNTS };
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
