//! From the cells of a row to what they say of its task.

use super::account::SkipReason;
use super::sighting::{Cell, Instants, Lengths};
use super::{Decimal, Source, Times, Unit, UnreadableLog};
use crate::fit::Observation;
use crate::time::Micros;

/// How times are read, with the places of their columns.
pub(super) enum Reader<'s> {
    Lengths { low: (Lengths<'s>, usize), upper: Option<(Lengths<'s>, usize)> },
    Between { start: (Instants<'s>, usize), end: (Instants<'s>, usize), upper: Option<(Instants<'s>, usize)> },
}

/// What a row says.
pub(super) enum Seen {
    Is(Observation),
    /// The task began at this instant, and nobody knows until when it was seen.
    Open(i64),
    Out(SkipReason, usize),
}

impl<'s> Reader<'s> {
    pub(super) fn of(source: &'s Source, decimal: Option<Decimal>, place: impl Fn(&str) -> usize) -> Self {
        let unit = source.unit;
        match &source.times {
            Times::Lengths { column, upper } => {
                // Where its own name says nothing, the other column's unit is that of both.
                let shared = |name: &str| unit.or_else(|| Unit::of_column(name)).or_else(|| Unit::of_column(column));
                let lengths = |name: &'s String| (Lengths::of(name, shared(name), decimal), place(name));
                Self::Lengths { low: lengths(column), upper: upper.as_ref().map(lengths) }
            }
            Times::Between { start, end, upper } => {
                let instants = |name: &'s String| (Instants::of(name, unit, decimal), place(name));
                Self::Between { start: instants(start), end: instants(end), upper: upper.as_ref().map(instants) }
            }
        }
    }

    /// What a row says; `span` comes to hold its instants too.
    pub(super) fn read(
        &mut self,
        cells: &[String],
        line: u64,
        is_unfinished: bool,
        span: &mut Option<(i64, i64)>,
    ) -> Result<Seen, UnreadableLog> {
        match self {
            Self::Lengths { low: (low, at), upper: None } => Ok(match low.read(&cells[*at], line)? {
                Cell::Filled(us) if is_unfinished => beyond(us, *at),
                Cell::Filled(us) => Seen::Is(Observation::Exact(us)),
                Cell::Empty => Seen::Out(SkipReason::Empty(low.column.to_owned()), *at),
                Cell::Odd => Seen::Out(SkipReason::Odd(low.column.to_owned()), *at),
            }),
            Self::Lengths { low: (low, at), upper: Some((upper, to)) } => {
                match (low.read(&cells[*at], line)?, upper.read(&cells[*to], line)?) {
                    (Cell::Odd, _) => Ok(Seen::Out(SkipReason::Odd(low.column.to_owned()), *at)),
                    (_, Cell::Odd) => Ok(Seen::Out(SkipReason::Odd(upper.column.to_owned()), *to)),
                    (Cell::Empty, Cell::Empty) => Ok(Seen::Out(SkipReason::Empty(low.column.to_owned()), *at)),
                    (Cell::Filled(low), Cell::Empty) => Ok(beyond(low, *at)),
                    (Cell::Filled(low), _) if is_unfinished => Ok(beyond(low, *at)),
                    (Cell::Filled(low), Cell::Filled(high)) => within(low, high, line, *to),
                    (Cell::Empty, Cell::Filled(high)) => within(0.0, high, line, *to),
                }
            }
            Self::Between { start: (start, at), end: (end, to), upper } => {
                let mut see = |instants: &mut Instants<'_>, at: usize| {
                    let cell = instants.read(&cells[at], line)?;
                    if let Cell::Filled(ns) = cell {
                        let (first, last) = span.get_or_insert((ns, ns));
                        (*first, *last) = ((*first).min(ns), (*last).max(ns));
                    }
                    Ok::<_, UnreadableLog>(cell)
                };
                let began = match see(start, *at)? {
                    Cell::Filled(began) => began,
                    Cell::Empty => return Ok(Seen::Out(SkipReason::Empty(start.column.to_owned()), *at)),
                    Cell::Odd => return Ok(Seen::Out(SkipReason::Odd(start.column.to_owned()), *at)),
                };
                let ended = see(end, *to)?;
                start.comparable(end)?;
                let age = |ns: i64, to: usize| age(began, ns, line, (&cells[*at], &cells[to]));
                let Some((upper, most)) = upper else {
                    return Ok(match ended {
                        Cell::Filled(ns) if is_unfinished => beyond(age(ns, *to)?, *to),
                        Cell::Filled(ns) => Seen::Is(Observation::Exact(age(ns, *to)?)),
                        Cell::Empty => Seen::Open(began),
                        Cell::Odd => Seen::Out(SkipReason::Odd(end.column.to_owned()), *to),
                    });
                };
                let known = see(upper, *most)?;
                start.comparable(upper)?;
                match (ended, known) {
                    (Cell::Odd, _) => Ok(Seen::Out(SkipReason::Odd(end.column.to_owned()), *to)),
                    (_, Cell::Odd) => Ok(Seen::Out(SkipReason::Odd(upper.column.to_owned()), *most)),
                    (Cell::Empty, Cell::Empty) => Ok(Seen::Open(began)),
                    (Cell::Filled(ns), Cell::Empty) => Ok(beyond(age(ns, *to)?, *to)),
                    (Cell::Filled(ns), _) if is_unfinished => Ok(beyond(age(ns, *to)?, *to)),
                    (Cell::Filled(ns), Cell::Filled(high)) => within(age(ns, *to)?, age(high, *most)?, line, *most),
                    (Cell::Empty, Cell::Filled(high)) => within(0.0, age(high, *most)?, line, *most),
                }
            }
        }
    }

    /// What is read, in words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Lengths { low: (low, _), upper } => {
                let unit = match low.unit {
                    Some(unit) if low.is_counted && low.has_own => {
                        format!("in {}, some with units of their own", unit.name())
                    }
                    Some(unit) if low.is_counted => format!("in {}", unit.name()),
                    _ => "with units of their own".to_owned(),
                };
                match upper {
                    None => format!("durations in `{}`, {unit}", low.column),
                    Some((upper, _)) => format!("durations between `{}` and `{}`, {unit}", low.column, upper.column),
                }
            }
            Self::Between { start: (start, _), end: (end, _), upper: None } => {
                format!("from `{}` to `{}`", start.column, end.column)
            }
            Self::Between { start: (start, _), end: (end, _), upper: Some((upper, _)) } => {
                format!("from `{}` to between `{}` and `{}`", start.column, end.column, upper.column)
            }
        }
    }
}

fn beyond(us: f64, at: usize) -> Seen {
    if us > 0.0 { Seen::Is(Observation::Beyond(us)) } else { Seen::Out(SkipReason::NoTime, at) }
}

fn within(low: f64, high: f64, line: u64, at: usize) -> Result<Seen, UnreadableLog> {
    Ok(match () {
        () if high < low => return Err(UnreadableLog::Reversed { line }),
        () if high <= 0.0 => Seen::Out(SkipReason::NoTime, at),
        () if high == low => Seen::Is(Observation::Exact(high)),
        () => Seen::Is(Observation::Within(low, high)),
    })
}

/// The microseconds from one instant to another.
fn age(from: i64, to: i64, line: u64, (start, end): (&str, &str)) -> Result<f64, UnreadableLog> {
    let us = (i128::from(to) - i128::from(from)) as f64 / 1e3;
    if us < 0.0 {
        return Err(UnreadableLog::Backwards { line, start: start.to_owned(), end: end.to_owned() });
    }
    if us > Micros::LONGEST.get() as f64 {
        return Err(UnreadableLog::OutOfRange { line, cell: end.to_owned(), is_epoch: false });
    }
    Ok(Micros::from_f64(us).get() as f64)
}
