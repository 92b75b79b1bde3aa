//! Cells of one column, read one after the other: durations, or instants that must all be written alike.

use super::UnreadableLog;
use super::cell::{NoDuration, duration};
use super::input::Input;
use super::instant::{Instant, InstantNotation};
use super::number::{Decimal, NoNumber, evidence, evidence_of_points, is_empty, number};
use super::rows::Rows;
use super::unit::Unit;
use crate::time::Micros;

/// A column of durations.
pub(super) struct Lengths<'s> {
    pub(super) column: &'s str,
    pub(super) unit: Option<Unit>,
    pub(super) decimal: Option<Decimal>,
    /// Whether there are numbers that count the unit.
    pub(super) is_counted: bool,
    /// Whether there are cells that bring their own.
    pub(super) has_own: bool,
}

/// What a cell holds.
pub(super) enum Cell<T> {
    Filled(T),
    Empty,
    /// Neither a duration nor an instant.
    Odd,
}

impl<'s> Lengths<'s> {
    pub(super) fn of(column: &'s str, unit: Option<Unit>, decimal: Option<Decimal>) -> Self {
        Self { column, unit: unit.or_else(|| Unit::of_column(column)), decimal, is_counted: false, has_own: false }
    }

    /// The duration in a cell, in whole microseconds.
    pub(super) fn read(&mut self, cell: &str, line: u64) -> Result<Cell<f64>, UnreadableLog> {
        let owned = || cell.to_owned();
        let us = match duration(cell, self.unit, self.decimal) {
            Ok(us) => us,
            Err(NoDuration::Empty) => return Ok(Cell::Empty),
            Err(NoDuration::Other) => return Ok(Cell::Odd),
            Err(NoDuration::NoUnit) if Instant::read(cell, None, self.decimal).is_some() => {
                return Err(UnreadableLog::Instants { column: self.column.to_owned(), line, cell: owned() });
            }
            Err(NoDuration::NoUnit) => return Err(UnreadableLog::NoUnit { column: self.column.to_owned() }),
            Err(NoDuration::Ambiguous) => return Err(UnreadableLog::Ambiguous { line, cell: owned() }),
            Err(NoDuration::TwoParts) => return Err(UnreadableLog::TwoParts { line, cell: owned() }),
            Err(NoDuration::Negative) => {
                return Err(UnreadableLog::OutOfRange { line, cell: owned(), is_epoch: false });
            }
            Err(NoDuration::Instant) => {
                return Err(UnreadableLog::Instants { column: self.column.to_owned(), line, cell: owned() });
            }
        };
        if us > Micros::LONGEST.get() as f64 || !us.is_finite() {
            let is_epoch = Instant::read(cell, None, self.decimal).is_some();
            return Err(UnreadableLog::OutOfRange { line, cell: owned(), is_epoch });
        }
        // Looked at only until both are known.
        if !(self.is_counted && self.has_own) {
            let is_number = number(cell, self.decimal).is_ok();
            self.is_counted |= is_number;
            self.has_own |= !is_number;
        }
        Ok(Cell::Filled(Micros::from_f64(us).get() as f64))
    }
}

/// A column of instants.
pub(super) struct Instants<'s> {
    pub(super) column: &'s str,
    unit: Option<Unit>,
    decimal: Option<Decimal>,
    pub(super) clock: Option<InstantNotation>,
}

impl<'s> Instants<'s> {
    pub(super) fn of(column: &'s str, unit: Option<Unit>, decimal: Option<Decimal>) -> Self {
        Self { column, unit: unit.or_else(|| Unit::of_column(column)), decimal, clock: None }
    }

    /// The instant in a cell, in nanoseconds.
    pub(super) fn read(&mut self, cell: &str, line: u64) -> Result<Cell<i64>, UnreadableLog> {
        if is_empty(cell) {
            return Ok(Cell::Empty);
        }
        let Some(instant) = Instant::read(cell, self.unit, self.decimal) else {
            let is_number = number(cell, self.decimal).is_ok_and(|number| number >= 0.0);
            if is_number && self.unit.is_none() {
                return Err(UnreadableLog::NoUnit { column: self.column.to_owned() });
            }
            return Ok(Cell::Odd);
        };
        let clock = *self.clock.get_or_insert(instant.clock);
        if clock != instant.clock {
            let before = clock.words();
            return Err(UnreadableLog::MixedInstants {
                column: self.column.to_owned(),
                line,
                cell: cell.to_owned(),
                before,
            });
        }
        Ok(Cell::Filled(instant.ns))
    }

    /// Whether instants of two columns can be compared; while one has none they can.
    pub(super) fn comparable(&self, other: &Self) -> Result<(), UnreadableLog> {
        let (Some(own), Some(others)) = (self.clock, other.clock) else { return Ok(()) };
        let is_absolute = |clock: InstantNotation| matches!(clock, InstantNotation::Zoned | InstantNotation::Epoch(_));
        let is_count = |clock: InstantNotation| matches!(clock, InstantNotation::Count(_));
        if own == others || is_absolute(own) && is_absolute(others) || is_count(own) && is_count(others) {
            return Ok(());
        }
        Err(UnreadableLog::Incomparable {
            start: self.column.to_owned(),
            end: other.column.to_owned(),
            first: own.words(),
            second: others.words(),
        })
    }
}

/// The decimal sign that the first rows show; `None` where they show none.
#[derive(Default)]
pub(super) struct Signs {
    decimal: Option<Decimal>,
    /// The first number whose mark may divide thousands or begin a fraction, and its line.
    doubt: Option<(u64, String)>,
}

impl Signs {
    /// The sign that is `known`, or that the first rows show in these columns.
    pub(super) fn of(
        known: Option<Decimal>,
        input: &Input<'_>,
        columns: &[&str],
    ) -> Result<Option<Decimal>, UnreadableLog> {
        if known.is_some() {
            return Ok(known);
        }
        let mut signs = Self::default();
        signs.see_rows(input.first_rows(), columns)?;
        signs.sure()
    }

    /// Sees cells of these columns; what is wrong otherwise is told where the rows are read.
    fn see_rows(&mut self, input: Input<'_>, columns: &[&str]) -> Result<(), UnreadableLog> {
        let Ok(mut rows) = Rows::open(input, columns) else { return Ok(()) };
        // Semicolons divide cells where commas are decimal signs: points divide thousands there.
        let is_either = rows.is_by_semicolons();
        let mut cells = Vec::new();
        while let Ok(Some((line, _))) = rows.next(&mut cells) {
            cells.iter().try_for_each(|cell| self.see(cell, line, is_either))?;
        }
        Ok(())
    }

    fn see(&mut self, cell: &str, line: u64, is_either: bool) -> Result<(), UnreadableLog> {
        let digits = cell.trim_end_matches(|c: char| c.is_alphabetic() || c == ' ');
        let found = match evidence(digits) {
            Ok(None) if is_either => evidence_of_points(cell),
            found => found,
        };
        if found == Err(NoNumber::Ambiguous) {
            self.doubt.get_or_insert_with(|| (line, cell.to_owned()));
        }
        let Ok(Some(found)) = found else { return Ok(()) };
        match self.decimal {
            Some(known) if known != found => Err(UnreadableLog::BothDecimals { line, cell: cell.to_owned() }),
            _ => {
                self.decimal = Some(found);
                Ok(())
            }
        }
    }

    /// What was seen, where nothing is in doubt.
    fn sure(self) -> Result<Option<Decimal>, UnreadableLog> {
        match (self.decimal, self.doubt) {
            (None, Some((line, cell))) => Err(UnreadableLog::Ambiguous { line, cell }),
            (decimal, _) => Ok(decimal),
        }
    }
}
