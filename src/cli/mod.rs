//! The command line: one file a subcommand, each of which parses, calls and prints.

mod compare;
mod descriptors;
mod diff;
mod folder;
mod ground;
mod list;
mod schema;
mod serve;
mod trace;
mod tune;
mod validate;

use crate::scenario::error::ScenarioError;
use clap::{Parser, Subcommand};
use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

/// How should a program wait for an AI generation task? pollbench answers with numbers.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 110, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  pollbench compare                          every strategy on the guide's models, and a report
  pollbench compare flaky --models sora-2    another world, one model
  pollbench compare my.toml --out out        your own scenario
  pollbench serve                            a mock of the API for your own client
  pollbench trace --strategy adaptive --model sora-2 --completes-at 94s
  pollbench tune --model sora-2              what to configure
  pollbench list strategies

Exit codes: 0 ok, 1 the run failed, 2 bad usage or bad input, 3 a gate failed, 4 a gate undecided under --strict";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every strategy over the same tasks, print the table, write the report
    Compare(compare::Compare),
    /// Run the mock APIXO server
    Serve(serve::Serve),
    /// Show one wait request by request
    Trace(trace::Trace),
    /// Find the best settings for a model, a law of times, or observed times
    Tune(Box<tune::Tune>),
    /// Compare two results files, task by task where they share tasks
    Diff(diff::Diff),
    /// Show what there is
    List(list::List),
    /// Check scenario files
    Validate(validate::Validate),
    /// Print the JSON Schema of scenario files
    Schema(schema::Schema),
}

/// Why a command did not end well.
#[derive(Debug)]
enum Failure {
    /// The run failed: exit code 1.
    Run(String),
    /// Bad usage or bad input: exit code 2.
    Input(String),
    /// A scenario that cannot be used: exit code 2.
    Scenario(ScenarioError),
    /// The reader of the output went away; that is its right.
    Gone,
}

impl From<ScenarioError> for Failure {
    fn from(error: ScenarioError) -> Self {
        Self::Scenario(error)
    }
}

/// Runs the program with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Compare(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Trace(command) => command.run(),
        Command::Tune(command) => command.run(),
        Command::Diff(command) => command.run(),
        Command::List(command) => command.run(),
        Command::Validate(command) => command.run(),
        Command::Schema(command) => command.run(),
    };
    match result {
        Ok(code) => code,
        Err(Failure::Gone) => ExitCode::SUCCESS,
        Err(failure) => {
            let (code, message) = match failure {
                Failure::Run(message) => (1, format!("error: {message}")),
                Failure::Input(message) => (2, format!("error: {message}")),
                Failure::Scenario(error) => (2, error.render(colour(&io::stderr()))),
                Failure::Gone => return ExitCode::SUCCESS,
            };
            note(&message);
            ExitCode::from(code)
        }
    }
}

/// Whether to write colours to `stream`: it is a terminal, and the user did not say `NO_COLOR`.
fn colour(stream: &impl anstream::stream::RawStream) -> bool {
    anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never
}

/// Prints a result.
fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::Gone),
        Err(error) => Err(Failure::Run(format!("cannot write to standard output: {error}"))),
    }
}

/// Tells the user something beside the results. Nobody to tell is no failure.
fn note(message: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{message}");
}

/// Whether somebody watches.
fn is_watched() -> bool {
    io::stderr().is_terminal()
}
