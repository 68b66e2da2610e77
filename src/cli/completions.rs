//! `flopledger completions`: what a shell needs to complete our arguments.

use clap::{Args as Arguments, CommandFactory};
use clap_complete::{Shell, generate};

use crate::Result;

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
    super::to_stdout(&script).map(|()| 0)
}
