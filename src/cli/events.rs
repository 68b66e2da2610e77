//! `flopledger events`: the floating-point events of a CPU.

use clap::Args as Arguments;

use super::Output;
use crate::machine::events::{Description, List};
use crate::machine::{Cpu, CpuEvents};
use crate::report::Standard;
use crate::{Error, Result};

/// The floating-point events of this or another CPU: what is opened, what a count is worth, and what it does not say
#[derive(Arguments, Debug)]
#[command(after_help = "Example: flopledger events --cpu GenuineIntel-6-8F")]
pub struct Args {
    /// The CPU, as perf names it; an Arm CPU by its MIDR, e.g. 0x410fd400. Without it, this machine's
    #[arg(long, value_name = "VENDOR-FAMILY-MODEL[-STEPPING]")]
    cpu: Option<Cpu>,
    /// All known CPUs
    #[arg(long, conflicts_with = "cpu")]
    list: bool,
    #[command(flatten)]
    output: Output,
}

pub fn run(args: Args) -> Result<u8> {
    let sink = args.output.open(Standard::Stdout)?;
    if args.list {
        sink.print(&List::all())?;
        return Ok(0);
    }
    let (cpu, events) = match args.cpu {
        Some(cpu) => {
            let events = CpuEvents::named(&cpu)?;
            (cpu, events)
        }
        None => {
            let cpu = Cpu::this()?;
            let events = CpuEvents::of(&cpu).ok_or_else(|| {
                Error::failed(format!("this machine's CPU, {cpu}, is not in the table of floating-point events"))
                    .remedy("flopledger events --list names those that are")
            })?;
            (cpu, events)
        }
    };
    sink.print(&Description::of(&cpu, &events))?;
    Ok(0)
}
