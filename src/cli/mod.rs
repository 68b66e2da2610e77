//! The command line: one file per subcommand, each its arguments and its few lines of glue.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::error::ContextKind;
use clap::{Args, Parser, Subcommand};

use crate::counter::Exit;
use crate::report::{Format, Sink, Standard};
use crate::units::Unit;
use crate::{Error, Result, standard};

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
    /// Write the result to FILE, or to stdout if it is `-`; %r in its name is this process's rank under mpirun, srun
    /// or torchrun
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Unit of the counts in tables (JSON and CSV name theirs)
    #[arg(long, value_enum, default_value = "flop")]
    unit: Unit,
}

impl Output {
    pub fn open(&self, standard: Standard) -> Result<Sink> {
        if self.to_stdout() {
            return Sink::open(None, Standard::Stdout, self.format, self.unit);
        }
        let file = self.output.as_deref().map(rank::in_name).transpose()?;
        Sink::open(file, standard, self.format, self.unit)
    }

    /// `-o -`, as everywhere; a file of that name is `./-`.
    pub fn to_stdout(&self) -> bool {
        self.output.as_deref().is_some_and(|file| file == Path::new("-"))
    }

    /// The status of a wrapper whose command has ended: the command's own, whoever could read the result. Only a file
    /// that was asked for and is not whole is a failure of ours, which does not hide one of the command's.
    fn ends(&self, command: Exit, result: Result<()>, page: Result<()>) -> Result<u8> {
        let status = command.status();
        let to_file = self.output.is_some() && !self.to_stdout();
        for (written, to_file) in [(result, to_file), (page, true)] {
            match written {
                Err(error) if to_file && status == 0 => return Err(error),
                Err(error) => standard::tell(error),
                Ok(()) => {}
            }
        }
        Ok(status)
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
        Err(mut error) => {
            // Beside the option that was meant, the advice to pass it on to a command is none.
            if error.get(ContextKind::SuggestedArg).is_some() {
                error.remove(ContextKind::Suggested);
            }
            return usage(&error);
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

/// Prints what clap says: help and version on stdout with code 0, wrong usage on stderr with 2, which stays 2 where
/// nobody can read it.
fn usage(error: &clap::Error) -> Result<u8> {
    let written = match error.use_stderr() {
        false if standard::was_closed(libc::STDOUT_FILENO) => Err(standard::closed_error()),
        _ => error.print(),
    };
    match written {
        Err(failed) if !error.use_stderr() && failed.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::failed(format!("stdout: cannot write: {failed}")))
        }
        _ => Ok(error.exit_code() as u8),
    }
}

/// To stdout, for what is no result: a script, a manual page. A reader that went away early is no error.
fn to_stdout(bytes: &[u8]) -> Result<()> {
    let written = match standard::was_closed(libc::STDOUT_FILENO) {
        true => Err(standard::closed_error()),
        false => io::stdout().write_all(bytes).and_then(|()| io::stdout().flush()),
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::failed(format!("stdout: cannot write: {error}")))
        }
        _ => Ok(()),
    }
}
