//! Tables of figures, and their place in `PERFORMANCE.md`.

use crate::support::arguments::Arguments;
use std::fmt::Write as _;
use std::io::{Error, Result};

/// What stands for a figure that this system does not tell.
const UNKNOWN: &str = "needs `/proc` (Linux)";

/// A bound that is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(bound) => write!(f, "≥ {bound}"),
            Self::AtMost(bound) => write!(f, "≤ {bound}"),
        }
    }
}

/// Figures that are no rates: a title, and by row what it is, how much, and how much is wanted.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) title: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) rows: Vec<(String, Option<f64>, Option<Target>)>,
}

impl Figures {
    /// As a Markdown table.
    pub(crate) fn table(&self) -> String {
        let mut text = format!("\n| {} | {} | target |\n|:--|--:|--:|\n", self.title, self.unit);
        for (name, figure, target) in &self.rows {
            let _ = writeln!(text, "| {name} | {} | {} |", known(*figure), wanted(*target));
        }
        text
    }
}

/// Prints a table and adds it to what is written.
pub(crate) fn show(report: &mut String, table: &str) {
    print!("{table}");
    *report += table;
}

/// Puts the tables of the bench called `name` between its marks in `PERFORMANCE.md`, if that was asked for.
pub(crate) fn write(arguments: &Arguments, name: &str, report: &str) {
    if !arguments.flag("--write") {
        return;
    }
    if !arguments.is_timed() || arguments.flag("--once") || !arguments.filter().is_empty() {
        eprintln!("PERFORMANCE.md is left as it is: it takes only all figures of a timed run with all its rounds");
        return;
    }
    replace(name, report).unwrap_or_else(|error| panic!("PERFORMANCE.md: {error}"));
}

fn replace(name: &str, report: &str) -> Result<()> {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("PERFORMANCE.md");
    let text = std::fs::read_to_string(&path)?;
    let parts = text.split_once(&start).and_then(|(head, rest)| Some((head, rest.split_once(&end)?.1)));
    let (head, tail) = parts.ok_or_else(|| Error::other(format!("no marks for `{name}`")))?;
    std::fs::write(path, format!("{head}{start}{report}{end}{tail}"))
}

pub(crate) fn known(figure: Option<f64>) -> String {
    figure.map_or_else(|| UNKNOWN.to_owned(), significant)
}

pub(crate) fn wanted(target: Option<Target>) -> String {
    target.map(|target| target.to_string()).unwrap_or_default()
}

/// Three significant digits.
pub(crate) fn significant(value: f64) -> String {
    let digits = (2.0 - value.abs().max(1e-9).log10().floor()).max(0.0) as usize;
    format!("{value:.digits$}")
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let cut = |(at, digit): (usize, char)| {
        let comma = at > 0 && (digits.len() - at).is_multiple_of(3);
        comma.then_some(',').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(cut).collect()
}
