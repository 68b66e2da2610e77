//! The command line: one file per subcommand, each its arguments and its few lines of glue.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::report::{Format, Sink, Standard};
use crate::units::Unit;
use crate::{Error, Result};

mod run;

#[derive(Parser)]
#[command(name = "flopledger", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Args),
}

/// Options that every subcommand which prints a result takes.
#[derive(Args, Debug, Clone)]
pub struct Output {
    /// How the result is printed
    #[arg(long, value_enum, default_value = "table", global = true)]
    format: Format,
    /// Write the result to FILE
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Unit of the counts in tables (JSON and CSV name theirs)
    #[arg(long, value_enum, default_value = "flop")]
    unit: Unit,
}

impl Output {
    pub fn open(&self, standard: Standard) -> Result<Sink> {
        Sink::open(self.output.clone(), standard, self.format, self.unit)
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
        Command::Run(args) => run::run(args),
    }
}
