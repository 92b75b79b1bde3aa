//! What a check prints and writes.

use super::kept::Verdict;
use crate::check::{TrialReport, pages, report_text};
use crate::cli::console::{Failure, print, print_folded};
use crate::cli::folder::Folder;
use std::path::Path;

/// Prints the report.
pub(super) fn print_report(
    report: &TrialReport,
    verdict: &Verdict,
    replay: &str,
    as_json: bool,
) -> Result<(), Failure> {
    if as_json {
        return print(&format!("{:#}\n", pages::json(report, &verdict.words, replay)));
    }
    print_folded(&format!("{}\n{}\n", report_text(report, Some(replay)), verdict.words))
}

/// Writes the pages.
pub(super) fn write(folder: &Path, report: &TrialReport, verdict: &Verdict, replay: &str) -> Result<(), Failure> {
    let (folder, words) = (Folder::writable(folder)?, &verdict.words);
    folder.write("check.html", pages::html(report, words, replay).as_bytes())?;
    folder.write("check.json", format!("{:#}\n", pages::json(report, words, replay)).as_bytes())?;
    folder.write("check.md", pages::markdown(report, words, replay).as_bytes())
}

/// Writes the file that continuous integration reads.
pub(super) fn write_junit(file: &Path, report: &TrialReport) -> Result<(), Failure> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("check.xml");
    Folder::writable(file.parent().unwrap_or_else(|| Path::new(".")))?.write(name, pages::junit(report).as_bytes())
}
