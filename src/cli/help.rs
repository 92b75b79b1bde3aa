//! Arguments and help: clap's, but for examples, which stand as they are on any terminal, ready to be copied.

use clap::{Command, Parser};
use std::ffi::OsString;

/// Stands for a space where lines must not be broken.
const NO_BREAK: char = '\u{a0}';

/// The arguments, or what there is to say instead: help, the version, or what is wrong with them.
pub(super) fn parse<A: Parser>(arguments: impl IntoIterator<Item = OsString>) -> Result<A, Said> {
    let command = keep_examples(A::command());
    command.try_get_matches_from(arguments).and_then(|matches| A::from_arg_matches(&matches)).map_err(Said)
}

/// What is printed instead of running a command.
#[derive(Debug)]
pub(super) struct Said(clap::Error);

impl Said {
    /// Prints it, and gives the exit code.
    pub(super) fn tell(&self) -> u8 {
        use std::io::Write as _;
        let text = self.0.render().ansi().to_string().replace(NO_BREAK, " ");
        // Nobody to tell is no failure.
        let _ = if self.0.use_stderr() {
            write!(anstream::stderr(), "{text}")
        } else {
            write!(anstream::stdout(), "{text}")
        };
        u8::try_from(self.0.exit_code()).unwrap_or(2)
    }
}

/// The command, and those below it, with spaces in their examples that clap does not break lines at.
fn keep_examples(command: Command) -> Command {
    let kept = command.get_after_help().map(|help| {
        let lines = help.to_string();
        let lines = lines.lines().map(|line| match line.starts_with("  ") {
            true => line.replace(' ', &NO_BREAK.to_string()),
            false => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    });
    let command = match kept {
        Some(kept) => command.after_help(kept),
        None => command,
    };
    command.mut_subcommands(keep_examples)
}
