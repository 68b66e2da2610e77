//! `flopledger man`: the manual pages, from the same definitions as the arguments.

use std::fs;
use std::path::PathBuf;

use clap::{Args as Arguments, Command, CommandFactory};
use clap_mangen::Man;

use crate::{Error, Result};

/// Write the manual: flopledger.1 and a page for each subcommand
#[derive(Arguments, Debug)]
#[command(after_help = "Example: flopledger man ~/.local/share/man/man1")]
pub struct Args {
    /// The folder for the pages, made where there is none; without one, the main page goes to stdout
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub fn run(args: Args) -> Result<u8> {
    let mut command = super::Cli::command();
    command.build();
    let Some(folder) = args.folder else {
        return super::to_stdout(&page(&command)?).map(|()| 0);
    };
    let refused = |path: &PathBuf, error: std::io::Error| {
        Error::input(format!("{}: cannot write: {error}", path.display())).remedy("give a folder that you may write to")
    };
    fs::create_dir_all(&folder).map_err(|error| refused(&folder, error))?;
    let subcommands = command.get_subcommands().filter(|command| command.get_name() != "help");
    for command in std::iter::once(&command).chain(subcommands) {
        let path = folder.join(format!("{}.1", name(command)));
        fs::write(&path, page(command)?).map_err(|error| refused(&path, error))?;
    }
    Ok(0)
}

/// `flopledger-run`
fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).replace(' ', "-")
}

fn page(command: &Command) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let page = Man::new(command.clone()).title(name(command)).render(&mut text);
    page.map_err(|error| Error::failed(format!("man: {error}")))?;
    Ok(text)
}
