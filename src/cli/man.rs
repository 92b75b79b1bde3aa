//! `pollbench man`: manual pages.

use crate::cli::Arguments;
use crate::cli::console::{Failure, note, print};
use crate::cli::folder::Folder;
use crate::suggest;
use clap::{Args, Command, CommandFactory as _};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ManArgs {
    /// Print the page of this command [default: that of pollbench itself]
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    of: Option<String>,
    /// Write all pages into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  pollbench man | man -l -
  pollbench man tune | man -l -
  pollbench man --out ~/.local/share/man/man1";

impl ManArgs {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let pages = pages();
        if let Some(out) = &self.out {
            let folder = Folder::writable(out)?;
            for (_, page) in &pages {
                let name = page.get_filename();
                folder.write(&name, &rendered(page)?)?;
            }
            note(format_args!("{} pages: {}", pages.len(), out.display()));
            return Ok(ExitCode::SUCCESS);
        }
        let name = self.of.as_deref().unwrap_or_default();
        let page = pages.iter().find(|(known, _)| known == name).map(|(_, page)| page);
        let unknown = || {
            let known = pages.iter().map(|(known, _)| known.as_str()).filter(|known| !known.is_empty());
            Failure::Input(format!("there is no command `{name}`: {}", suggest::help(name, known)))
        };
        print(&String::from_utf8_lossy(&rendered(page.ok_or_else(unknown)?)?))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The page of the program, without a name, and those of its commands.
fn pages() -> Vec<(String, clap_mangen::Man)> {
    let mut all = Arguments::command().disable_help_subcommand(true);
    all.build();
    let of = |command: &Command| (command.get_name().to_owned(), clap_mangen::Man::new(command.clone()));
    let commands: Vec<_> = all.get_subcommands().filter(|command| !command.is_hide_set()).map(of).collect();
    std::iter::once((String::new(), clap_mangen::Man::new(all.clone()))).chain(commands).collect()
}

fn rendered(page: &clap_mangen::Man) -> Result<Vec<u8>, Failure> {
    let mut roff = Vec::new();
    page.render(&mut roff).map_err(|error| Failure::Run(error.to_string()))?;
    Ok(roff)
}
