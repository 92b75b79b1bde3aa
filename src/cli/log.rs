//! A log of observed times, as the arguments of a command name it.

use crate::cli::console::{self, Failure};
use crate::observations::{Condition, Decimal, Observed, Source, Times, Unit, UnreadableLog};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The column of durations where none is named.
const USUAL: &str = "cost_time_ms";

#[derive(Debug, Args)]
pub(super) struct Log {
    /// A log of observed times: CSV with a header, by commas, semicolons or tabs, or JSON Lines, gzipped or not; `-` for
    /// standard input
    #[arg(long, value_name = "FILE")]
    pub(super) observed: Option<PathBuf>,
    /// Its column of durations, as numbers or as `124.8s`, `2m5s`, `00:02:04`; with --upper, the last age at which a task
    /// was unfinished [default: cost_time_ms]
    #[arg(long, value_name = "NAME", requires = "observed", conflicts_with = "start")]
    column: Option<String>,
    /// Column of the instants at which tasks began: dates and times, or epochs
    #[arg(long, value_name = "NAME", requires_all = ["observed", "end"])]
    start: Option<String>,
    /// Column of the instants at which they ended, empty where they did not; with --upper, at which they were last seen
    /// unfinished
    #[arg(long, value_name = "NAME", requires = "start")]
    end: Option<String>,
    /// Column of the first age, or with --start instant, at which a task was known to be finished; empty where one gave up
    #[arg(long, value_name = "NAME", requires = "observed")]
    upper: Option<String>,
    /// What plain numbers count: ns, us, ms, s, m, h or d [default: by the end of the column's name]
    #[arg(long, value_parser = unit, requires = "observed")]
    unit: Option<Unit>,
    /// The decimal sign [default: by the numbers]
    #[arg(long, value_enum, requires = "observed")]
    decimal: Option<Sign>,
    /// Use only rows that meet this, as 'state = SUCCEED' or 'retries < 1'; may be repeated
    #[arg(long = "where", value_name = "CONDITION", requires = "observed")]
    keep: Vec<Condition>,
    /// Tasks of rows that meet this were not seen to end, and count as longer; may be repeated
    #[arg(long, value_name = "CONDITION", requires = "observed")]
    unfinished: Vec<Condition>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sign {
    Point,
    Comma,
}

fn unit(text: &str) -> Result<Unit, String> {
    Unit::named(text).ok_or_else(|| format!("a unit is one of {}", Unit::NAMES.join(", ")))
}

impl Log {
    /// Reads the log, if one is named; in groups by a column.
    pub(super) fn read(&self, by: Option<&str>) -> Result<Option<Observed>, Failure> {
        let Some(path) = &self.observed else { return Ok(None) };
        let refuse = |error: UnreadableLog| Failure::Input(format!("{}: {error}{}", path.display(), self.hint(&error)));
        Source { by: by.map(str::to_owned), ..self.source() }.read(console::open(path)?).map(Some).map_err(refuse)
    }

    /// The log's name, for people.
    pub(super) fn name(&self) -> String {
        match self.observed.as_deref() {
            Some(path) if path.as_os_str() == "-" => "standard input".to_owned(),
            Some(path) => path.display().to_string(),
            None => String::new(),
        }
    }

    fn source(&self) -> Source {
        let upper = self.upper.clone();
        let times = match (&self.start, &self.end) {
            (Some(start), Some(end)) => Times::Between { start: start.clone(), end: end.clone(), upper },
            _ => Times::Lengths { column: self.column.clone().unwrap_or_else(|| USUAL.to_owned()), upper },
        };
        Source {
            unit: self.unit,
            decimal: self.decimal.map(|sign| match sign {
                Sign::Point => Decimal::Point,
                Sign::Comma => Decimal::Comma,
            }),
            keep: self.keep.clone(),
            unfinished: self.unfinished.clone(),
            ..Source::new(times)
        }
    }

    /// What to say where nobody named a column.
    fn hint(&self, error: &UnreadableLog) -> &'static str {
        let is_unnamed = self.column.is_none() && self.start.is_none();
        if is_unnamed && matches!(error, UnreadableLog::NoColumn { .. }) {
            "; say --column with that of the durations, or --start and --end with those of the instants"
        } else {
            ""
        }
    }
}
