//! The program: arguments, exit codes, files, terminals.

mod arguments;
mod console;
#[path = "../support/desk.rs"]
mod desk;
mod public_traces;
mod scenario_commands;
mod sharded_runs;
mod sweeps;
