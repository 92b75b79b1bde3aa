//! `pollbench completions`: what a shell needs to complete commands and flags.

use crate::cli::Arguments;
use crate::cli::console::{Failure, print};
use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  pollbench completions bash > ~/.local/share/bash-completion/completions/pollbench
  pollbench completions zsh > ~/.zfunc/_pollbench
  pollbench completions fish > ~/.config/fish/completions/pollbench.fish";

impl Completions {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut script = Vec::new();
        generate(self.shell, &mut Arguments::command(), "pollbench", &mut script);
        print(&String::from_utf8_lossy(&script))?;
        Ok(ExitCode::SUCCESS)
    }
}
