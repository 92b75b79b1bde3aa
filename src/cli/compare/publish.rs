//! What is done with results, wherever they come from: judged, written into a folder, printed.

use crate::cli::console::{Failure, colour, note, width};
use crate::cli::folder::Folder;
use crate::engine::compare::Compared;
use crate::engine::gates::judge;
use crate::measure::results::{GateVerdict, Results};
use crate::measure::stopping::Ended;
use crate::report::findings::Receiver;
use crate::report::gates::sentence;
use crate::report::table::Style;
use crate::report::{self, Report, json, markdown, table};
use crate::scenario::Scenario;
use clap::ValueEnum;
use std::io;
use std::process::ExitCode;

/// What to print.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::cli) enum Format {
    Table,
    Json,
    Csv,
    Markdown,
}

/// Holds results against the scenario's gates, and writes their report.
pub(in crate::cli) fn publish(
    scenario: &Scenario,
    compared: &mut Compared,
    (command, receiver): (&str, Receiver),
    folder: &Folder,
) -> Result<(), Failure> {
    compared.results.gates = judge(&scenario.gates, &compared.results);
    let (results, series) = (&compared.results, &compared.series);
    let files = report::files(&Report { scenario, results, series, command, receiver });
    folder.forget_charts(&files)?;
    files.iter().try_for_each(|(name, content)| folder.write(name, content.as_bytes()))
}

/// What is printed of a report.
pub(in crate::cli) fn render(format: Format, report: &Report<'_>) -> String {
    match format {
        Format::Table => table::render(report, style()),
        Format::Json => json::to_string(report.results),
        Format::Csv => report::csv::render(report.results),
        Format::Markdown => markdown::render(report),
    }
}

/// How to print for people.
pub(in crate::cli) fn style() -> Style {
    let style = Style { colour: colour(&io::stdout()), ..Style::default() };
    Style { width: width().unwrap_or(style.width), ..style }
}

/// Says what else there is to know of a scenario, after its `label`.
pub(in crate::cli) fn tell(label: &str, results: &Results) {
    for rule in results.faults.iter().filter(|rule| rule.struck == 0) {
        note(format_args!("warning: {label}{} never struck", rule.label()));
    }
    match &results.run.until {
        Some(until) if until.ended == Ended::Budget => note(format_args!("warning: {label}{until}")),
        Some(until) => note(format_args!("{label}{until}")),
        None => {}
    }
    for told in results.gates.iter().filter_map(sentence) {
        note(format_args!("{label}{told}"));
    }
}

/// The exit code that gates ask for.
pub(in crate::cli) fn verdict<'r>(all: impl Iterator<Item = &'r Results>, is_strict: bool) -> ExitCode {
    let gates: Vec<GateVerdict> = all.flat_map(|results| &results.gates).map(|gate| gate.verdict).collect();
    if gates.contains(&GateVerdict::Fail) {
        ExitCode::from(3)
    } else if is_strict && gates.contains(&GateVerdict::Undecided) {
        ExitCode::from(4)
    } else {
        ExitCode::SUCCESS
    }
}
