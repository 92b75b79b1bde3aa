//! Reports: what a run found, for people and for other programs.
//!
//! Everything here is pure: figures in, text out, the same bytes every time. [`files`] lists what a report folder
//! holds; writing it is the caller's. The words that a report opens with come from [`findings`], its charts from
//! [`charts`], and every table is built once (`grid`) and printed by the terminal, Markdown and HTML alike.

#[doc(hidden)]
pub mod bars;
pub mod charts;
pub mod csv;
pub mod diff;
#[doc(hidden)]
pub mod findings;
#[doc(hidden)]
pub mod fold;
#[doc(hidden)]
pub mod gates;
pub(crate) mod grid;
pub mod html;
pub mod json;
pub mod markdown;
#[doc(hidden)]
pub mod matrix;
#[doc(hidden)]
pub mod resolved;
#[doc(hidden)]
pub mod sweep;
pub mod table;
#[doc(hidden)]
pub mod timeline;
#[doc(hidden)]
pub mod tuned;
#[doc(hidden)]
pub mod tuned_by;

mod advice;
mod answers;
mod escape;
mod glossary;
mod heat;
mod method;
mod mistakes;
mod overview;
mod page;
mod paint;
mod repairs;

use crate::measure::results::{Cell, Comparison, Results};
use crate::measure::series::{CellSeries, Series};
use crate::parallel;
use crate::scenario::Scenario;
use findings::Receiver;

/// What a report is made from.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// What was asked.
    pub scenario: &'a Scenario,
    /// What was found.
    pub results: &'a Results,
    /// Curves and sampled tasks for the charts; charts without theirs are left out.
    pub series: &'a Series,
    /// The command that makes the same numbers again.
    pub command: &'a str,
    /// Whether who waits can be called by the API: which answer comes first.
    pub receiver: Receiver,
}

impl<'a> Report<'a> {
    /// Names of the models, in the order of the results.
    #[must_use]
    pub fn models(&self) -> Vec<&'a str> {
        distinct(self.results.cells.iter().map(|cell| cell.model.as_str()))
    }

    /// Names of the strategies, in the order of the results.
    #[must_use]
    pub fn strategies(&self) -> Vec<&'a str> {
        distinct(self.results.cells.iter().map(|cell| cell.strategy.as_str()))
    }

    /// The cells of a model.
    #[must_use]
    pub fn cells(&self, model: &str) -> Vec<&'a Cell> {
        self.results.cells.iter().filter(|cell| cell.model == model).collect()
    }

    /// The cells of a model with the curves of each; those without curves are left out.
    #[must_use]
    pub fn curves(&self, model: &str) -> Vec<(&'a Cell, &'a CellSeries)> {
        let cells = self.results.cells.iter().zip(&self.series.cells);
        cells.filter(|(cell, _)| cell.model == model).collect()
    }

    /// The strategy that others are compared with.
    #[must_use]
    pub fn baseline(&self) -> &'a str {
        self.scenario.strategies.get(self.scenario.baseline).map_or("", |strategy| &strategy.name)
    }

    /// How a cell differs from the baseline on a metric.
    #[must_use]
    pub fn comparison(&self, cell: &Cell, metric: &str) -> Option<&'a Comparison> {
        self.results
            .comparisons
            .iter()
            .find(|c| c.model == cell.model && c.strategy == cell.strategy && c.metric == metric)
    }
}

/// What a report folder holds: paths inside it, and contents.
#[must_use]
pub fn files(report: &Report<'_>) -> Vec<(String, String)> {
    let charts = charts::all(report);
    let documents: [(&str, &(dyn Fn() -> String + Sync)); 4] = [
        ("report.html", &|| html::render(report, &charts)),
        ("report.md", &|| markdown::render(report)),
        ("summary.csv", &|| csv::render(report.results)),
        ("results.json", &|| json::to_string(report.results)),
    ];
    let mut files = parallel::each(documents.len(), |at| (documents[at].0.to_owned(), documents[at].1()));
    let svgs = charts.into_iter().map(|chart| (format!("charts/{}.svg", chart.file_stem), chart.svg));
    files.extend(svgs);
    files
}

/// The items without repetitions, in the order of their first appearance.
pub(crate) fn distinct<'a>(items: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for item in items {
        if !seen.contains(&item) {
            seen.push(item);
        }
    }
    seen
}
