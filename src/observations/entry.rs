//! From which age on a task was watched: of tasks that ended before one began to watch, a log has no row.

use super::sighting::{Cell, Instants, Lengths};
use super::{Decimal, Source, Times, Unit, UnreadableLog};
use crate::fit::Observation;

/// Where it stands.
pub(super) enum Entry<'s> {
    /// As an age.
    Age(Lengths<'s>, usize),
    /// As an instant, beside that of the start.
    Since { start: (Instants<'s>, usize), entered: (Instants<'s>, usize) },
}

/// What is known of a task with its entry.
pub(super) enum Watched {
    Is(Observation),
    /// It ended as one began to watch.
    Not,
}

impl<'s> Entry<'s> {
    pub(super) fn of(
        source: &'s Source,
        decimal: Option<Decimal>,
        place: impl Fn(&str) -> usize,
    ) -> Result<Option<Self>, UnreadableLog> {
        let Some(name) = &source.entered else { return Ok(None) };
        let entry = match &source.times {
            Times::Lengths { upper: Some(_), .. } | Times::Between { upper: Some(_), .. } => {
                return Err(UnreadableLog::EnteredWithin);
            }
            Times::Lengths { column, upper: None } => {
                // Where its own name says nothing, the other column's unit is that of both.
                let unit = source.unit.or_else(|| Unit::of_column(name)).or_else(|| Unit::of_column(column));
                Self::Age(Lengths::of(name, unit, decimal), place(name))
            }
            Times::Between { start, upper: None, .. } => {
                let instants = |name: &'s String| (Instants::of(name, source.unit, decimal), place(name));
                Self::Since { start: instants(start), entered: instants(name) }
            }
        };
        Ok(Some(entry))
    }

    /// The age in microseconds from which on the task of a row was watched: 0 where the cell is empty, or the task began
    /// later.
    pub(super) fn age(&mut self, cells: &[String], line: u64) -> Result<Cell<f64>, UnreadableLog> {
        match self {
            Self::Age(lengths, at) => Ok(match lengths.read(&cells[*at], line)? {
                Cell::Empty => Cell::Filled(0.0),
                read => read,
            }),
            Self::Since { start: (start, from), entered: (entered, at) } => {
                let (began, watched) = (start.read(&cells[*from], line)?, entered.read(&cells[*at], line)?);
                start.comparable(entered)?;
                Ok(match (began, watched) {
                    (Cell::Filled(began), Cell::Filled(watched)) => {
                        Cell::Filled(((i128::from(watched) - i128::from(began)) as f64 / 1e3).round().max(0.0))
                    }
                    (_, Cell::Odd) => Cell::Odd,
                    (_, Cell::Empty | Cell::Filled(_)) => Cell::Filled(0.0),
                })
            }
        }
    }

    /// The column and its place.
    pub(super) fn column(&self) -> (&'s str, usize) {
        match self {
            Self::Age(lengths, at) => (lengths.column, *at),
            Self::Since { entered: (entered, at), .. } => (entered.column, *at),
        }
    }
}

/// What is known of a task that was watched from an age on.
pub(super) fn watched(seen: Observation, from: f64, line: u64) -> Result<Watched, UnreadableLog> {
    let (at, is_over) = match seen {
        Observation::Exact(at) => (at, true),
        Observation::Beyond(at) => (at, false),
        other @ (Observation::Within(..) | Observation::Entered { .. }) => return Ok(Watched::Is(other)),
    };
    if from <= 0.0 {
        return Ok(Watched::Is(seen));
    }
    match at.total_cmp(&from) {
        std::cmp::Ordering::Less => Err(UnreadableLog::EnteredLate { line }),
        std::cmp::Ordering::Equal => Ok(Watched::Not),
        std::cmp::Ordering::Greater => Ok(Watched::Is(Observation::Entered { from, at, is_over })),
    }
}
