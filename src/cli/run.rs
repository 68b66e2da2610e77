//! `flopledger run`: counts what a command executes.

use std::ffi::OsString;

use clap::{Args as Arguments, ValueEnum};

use super::Output;
use crate::counter::{Command, Counter, Options, RunResult, step::Step};
use crate::report::Standard;
use crate::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// The best that this machine offers
    Auto,
    /// The hardware's floating-point events
    Perf,
    /// Every instruction, one at a time: exact and thousands of times slower
    Step,
}

/// Count the floating-point operations that a command executes
#[derive(Arguments, Debug)]
pub struct Args {
    /// How to count
    #[arg(long, value_enum, default_value = "auto")]
    counter: Choice,
    /// Count until every process that the command started has ended, not only the command
    #[arg(long)]
    wait_all: bool,
    /// The command with its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    #[command(flatten)]
    output: Output,
}

pub fn run(args: Args) -> Result<u8> {
    let sink = args.output.open(Standard::Stderr)?;
    let mut words = args.command.into_iter();
    let program = words.next().ok_or_else(|| Error::input("no command was given"))?;
    let command = Command { program, args: words.collect(), env: Vec::new(), stdout_to_stderr: false };
    let options = Options { wait_all: args.wait_all };
    let measured = Step.measure(&command, &options)?;
    let result = RunResult::new(&command, "asked for".into(), "GenuineIntel-6-8F".into(), measured);
    sink.print(&result)?;
    Ok(result.exit.status())
}
