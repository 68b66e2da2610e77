//! The command line: one file per subcommand, each its arguments and its few lines of glue.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::report::{Format, Sink, Standard};
use crate::units::Unit;
use crate::{Error, Result};

mod completions;
mod conventions;
mod counters;
mod diff;
mod doctor;
mod estimate;
mod events;
mod explain;
mod framework_logs;
mod html_args;
mod identify;
mod man;
mod merge;
mod mfu;
mod model_args;
mod operators;
mod peak;
mod perf_args;
mod progress;
mod rank;
mod reconcile;
mod results;
mod run;
mod stat_args;
mod time_args;
mod workloads;

#[derive(Parser)]
#[command(name = "flopledger", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Estimate(estimate::Args),
    Explain(explain::Args),
    Identify(identify::Args),
    Conventions(conventions::Args),
    Run(run::Args),
    Reconcile(reconcile::Args),
    Diff(diff::Args),
    Merge(merge::Args),
    Operators(operators::Args),
    Events(events::Args),
    Doctor(doctor::Args),
    Mfu(mfu::Args),
    Peak(peak::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Options that every subcommand which prints a result takes.
#[derive(Args, Debug, Clone)]
pub struct Output {
    /// How the result is printed
    #[arg(long, value_enum, default_value = "table", global = true)]
    format: Format,
    /// Write the result to FILE; %r in its name is this process's rank under mpirun, srun or torchrun
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Unit of the counts in tables (JSON and CSV name theirs)
    #[arg(long, value_enum, default_value = "flop")]
    unit: Unit,
}

impl Output {
    pub fn open(&self, standard: Standard) -> Result<Sink> {
        let file = self.output.as_deref().map(rank::in_name).transpose()?;
        Sink::open(file, standard, self.format, self.unit)
    }

    /// The unit that the numbers of this output are in, where they have no unit of their own.
    pub fn unit(&self) -> Unit {
        match self.format {
            Format::Table => self.unit,
            Format::Json | Format::Csv => Unit::Flop,
        }
    }
}

/// Parses the arguments, does what they ask, and returns the exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Result<u8> {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // clap prints help and version to stdout with code 0, usage errors to stderr with 2.
            let code = error.exit_code() as u8;
            error.print().map_err(|e| Error::failed(format!("cannot print: {e}")))?;
            return Ok(code);
        }
    };
    match cli.command {
        Command::Estimate(args) => estimate::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Identify(args) => identify::run(args),
        Command::Conventions(args) => conventions::run(args),
        Command::Run(args) => run::run(args),
        Command::Reconcile(args) => reconcile::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Merge(args) => merge::run(args),
        Command::Operators(args) => operators::run(args),
        Command::Events(args) => events::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Mfu(args) => mfu::run(args),
        Command::Peak(args) => peak::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}
