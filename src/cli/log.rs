//! A log of observed times, as the arguments of a command name it.

use crate::cli::console::{self, Failure};
use crate::observations::{Condition, Decimal, Observed, Source, Times, Unit, UnreadableLog};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::{Path, PathBuf};

/// The column of durations where none is named.
const USUAL: &str = "cost_time_ms";

/// The group of the arguments that name a log: what is said of its columns needs one of them.
const LOG: &str = "log";

#[derive(Debug, Args)]
pub(super) struct Log {
    /// A log of observed times: CSV with a header, by commas, semicolons or tabs, or JSON Lines, gzipped or not; `-` for
    /// standard input
    #[arg(long, value_name = "FILE", group = LOG)]
    pub(super) observed: Option<PathBuf>,
    #[command(flatten)]
    columns: Columns,
}

/// How the times of a log are read.
#[derive(Debug, Args)]
pub(super) struct Columns {
    /// Column of durations, as numbers or as `124.8s`, `2m5s`, `00:02:04`; with --upper, the last age at which a task
    /// was unfinished [default: cost_time_ms]
    #[arg(long, value_name = "NAME", requires = LOG, conflicts_with = "start")]
    column: Option<String>,
    /// Column of the instants at which tasks began: dates and times, or epochs
    #[arg(long, value_name = "NAME", requires_all = [LOG, "end"])]
    start: Option<String>,
    /// Column of the instants at which tasks ended, empty if they did not; with --upper, the last instant at which they were seen unfinished
    #[arg(long, value_name = "NAME", requires = "start")]
    end: Option<String>,
    /// Column of the first age (with --start: instant) at which a task was known to be finished; empty if nobody saw that
    #[arg(long, value_name = "NAME", requires = LOG)]
    upper: Option<String>,
    /// Column of the age (with --start: instant) from which a task was observed, empty for its start; tasks that ended earlier are missing from the log (left-truncated)
    #[arg(long, value_name = "NAME", requires = LOG, conflicts_with = "upper")]
    entered: Option<String>,
    /// Unit of plain numbers: ns, us, ms, s, m, h or d [default: from the suffix of the column's name]
    #[arg(long, value_parser = unit, requires = LOG)]
    unit: Option<Unit>,
    /// The decimal separator [default: detected]
    #[arg(long, value_parser = signs(), requires = LOG)]
    decimal: Option<Decimal>,
    /// Use only matching rows, as 'state = SUCCEED' or 'retries < 1'; may be repeated
    #[arg(long = "where", value_name = "CONDITION", requires = LOG)]
    keep: Vec<Condition>,
    /// Tasks of matching rows were still unfinished (right-censored); may be repeated
    #[arg(long, value_name = "CONDITION", requires = LOG)]
    unfinished: Vec<Condition>,
}

fn signs() -> impl TypedValueParser<Value = Decimal> {
    PossibleValuesParser::new(Decimal::NAMES).try_map(|name| Decimal::named(&name).ok_or("no decimal sign"))
}

fn unit(text: &str) -> Result<Unit, String> {
    Unit::named(text).ok_or_else(|| format!("a unit is one of {}", Unit::NAMES.join(", ")))
}

impl Log {
    /// Reads the log, if one is named; in groups by a column.
    pub(super) fn read(&self, by: Option<&str>) -> Result<Option<Observed>, Failure> {
        self.observed.as_deref().map(|path| self.columns.read(path, by)).transpose()
    }

    /// The log's name, for people.
    pub(super) fn name(&self) -> String {
        self.observed.as_deref().map(name).unwrap_or_default()
    }
}

/// What a log is called, for people.
pub(super) fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

impl Columns {
    /// Reads a log, in groups by a column.
    pub(super) fn read(&self, path: &Path, by: Option<&str>) -> Result<Observed, Failure> {
        let refuse = |error: UnreadableLog| Failure::Input(format!("{}: {error}{}", path.display(), self.hint(&error)));
        Source { by: by.map(str::to_owned), ..self.source() }.read(console::open(path)?).map_err(refuse)
    }

    /// The flags that say the same again.
    pub(super) fn flags(&self) -> Vec<(&'static str, String)> {
        let Self { column, start, end, upper, entered, unit, decimal, keep, unfinished } = self;
        let named =
            [("--column", column), ("--start", start), ("--end", end), ("--upper", upper), ("--entered", entered)];
        let mut flags: Vec<_> = named.into_iter().filter_map(|(flag, name)| Some((flag, name.clone()?))).collect();
        flags.extend(unit.map(|unit| ("--unit", unit.name().to_owned())));
        flags.extend(decimal.map(|sign| ("--decimal", sign.name().to_owned())));
        flags.extend(keep.iter().map(|condition| ("--where", condition.to_string())));
        flags.extend(unfinished.iter().map(|condition| ("--unfinished", condition.to_string())));
        flags
    }

    fn source(&self) -> Source {
        let upper = self.upper.clone();
        let times = match (&self.start, &self.end) {
            (Some(start), Some(end)) => Times::Between { start: start.clone(), end: end.clone(), upper },
            _ => Times::Lengths { column: self.column.clone().unwrap_or_else(|| USUAL.to_owned()), upper },
        };
        Source {
            unit: self.unit,
            decimal: self.decimal,
            keep: self.keep.clone(),
            unfinished: self.unfinished.clone(),
            entered: self.entered.clone(),
            ..Source::new(times)
        }
    }

    /// What to say where nobody named a column.
    fn hint(&self, error: &UnreadableLog) -> &'static str {
        let is_unnamed = self.column.is_none() && self.start.is_none();
        if is_unnamed && matches!(error, UnreadableLog::NoColumn { .. } | UnreadableLog::NoField { .. }) {
            "; say --column with that of the durations, or --start and --end with those of the instants"
        } else {
            ""
        }
    }
}
