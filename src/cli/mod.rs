//! The command line: one file a subcommand, each of which parses, calls and prints.

#![allow(rustdoc::invalid_html_tags, rustdoc::bare_urls, reason = "docstrings of arguments are help, not pages")]

mod changes;
mod check;
mod compare;
mod completions;
mod console;
mod descriptors;
mod diff;
mod engine;
mod folder;
mod help;
mod init;
mod interrupt;
mod lab;
mod list;
mod log;
mod man;
mod many;
mod merge;
mod schema;
mod serve;
mod shell;
mod show;
mod sweep;
mod trace;
mod tune;
mod until;
mod validate;
mod warp;

use clap::{Parser, Subcommand};
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
  pollbench compare flaky --models sora-2    with faults, one model
  pollbench compare my.toml --out out        your own scenario
  pollbench serve                            a mock of the API for your own client
  pollbench lab                              drag the curve, the strategies and the faults in a browser
  pollbench trace --strategy adaptive --model sora-2 --completes-at 94s
  pollbench tune --model sora-2              the best settings
  pollbench check -- node poller.mjs         test your own poller
  pollbench warp --completes-at 94s -- python3 poller.py
  pollbench list strategies
  pollbench init                             a scenario of your own to start from

Exit codes: 0 ok, 1 the run failed, 2 bad usage or bad input, 3 a gate failed, 4 a gate undecided under --strict, \
5 a property was violated, 130 interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every strategy over the same tasks, print the table, write the report
    Compare(Box<compare::Compare>),
    /// Test a poller in any language
    Check(Box<check::Check>),
    /// Run a program against the mock in virtual time
    Warp(Box<warp::Warp>),
    /// Run the mock APIXO server
    Serve(Box<serve::Serve>),
    /// Serve a page on which models, strategies and faults are changed by dragging
    Lab(lab::LabArgs),
    /// Show one wait request by request
    Trace(trace::Trace),
    /// Find the best settings for a model, a distribution, or observed times
    Tune(Box<tune::Tune>),
    /// Run a scenario over a grid of values, and find where strategies break
    Sweep(Box<sweep::SweepArgs>),
    /// Merge the parts of a run that several machines have made
    Merge(merge::Merge),
    /// Compare two results files, task by task where they share tasks
    Diff(diff::Diff),
    /// List strategies, scenarios, models, faults, distributions or properties
    List(list::List),
    /// Show a scenario: its text, or everything resolved
    Show(Box<show::Show>),
    /// Write a commented scenario to start from
    Init(init::Init),
    /// Check scenario files
    Validate(validate::Validate),
    /// Print the JSON Schema of scenario files
    Schema(schema::Schema),
    /// Print a completion script for a shell
    Completions(completions::Completions),
    /// Print a manual page, or write all of them
    Man(man::ManArgs),
}

/// Runs the program with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    interrupt::watch();
    let arguments = match help::parse::<Arguments>(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(said) => return ExitCode::from(said.tell()),
    };
    let result = match arguments.command {
        Command::Compare(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Warp(command) => command.run(),
        Command::Lab(command) => command.run(),
        Command::Trace(command) => command.run(),
        Command::Tune(command) => command.run(),
        Command::Sweep(command) => command.run(),
        Command::Merge(command) => command.run(),
        Command::Diff(command) => command.run(),
        Command::List(command) => command.run(),
        Command::Show(command) => command.run(),
        Command::Init(command) => command.run(),
        Command::Validate(command) => command.run(),
        Command::Schema(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    };
    result.unwrap_or_else(console::Failure::tell)
}
