//! `flopledger completions`: what a shell needs to complete our arguments.

use std::io::Write;

use clap::{Args as Arguments, CommandFactory};
use clap_complete::{Shell, generate};

use crate::{Error, Result};

/// Print the completions for a shell
#[derive(Arguments, Debug)]
#[command(after_help = "Example: flopledger completions bash > ~/.local/share/bash-completion/completions/flopledger")]
pub struct Args {
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: Args) -> Result<u8> {
    // Into memory first: clap panics where it cannot write.
    let mut script = Vec::new();
    generate(args.shell, &mut super::Cli::command(), "flopledger", &mut script);
    match std::io::stdout().write_all(&script) {
        // A reader that went away early is no error.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::failed(format!("stdout: cannot write: {error}")))
        }
        _ => Ok(0),
    }
}
