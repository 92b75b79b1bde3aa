//! From the rows of a log to observations.

use super::account::{Account, SkipReason, size};
use super::ahead;
use super::entry::{Entry, Watched, watched};
use super::filter::Condition;
use super::input;
use super::number::is_empty;
use super::reader::{Reader, Seen};
use super::rows::{Row, Rows};
use super::sighting::{Cell, Signs};
use super::{Observed, Source, Times, UnreadableLog};
use crate::figures::{duration, plural};
use crate::fit::{Observation, rounding_step};
use crate::time::Micros;
use std::collections::BTreeMap;
use std::io::Read;

/// Most observations that are kept.
pub(super) const MOST_USED: usize = 5_000_000;
/// Most groups.
const MOST_GROUPS: usize = 1_000;
/// One wrong row in so many is by accident; more stop the reading.
const WRONG_IN: u64 = 20;
/// Cells of a column that a message names.
const NAMED_CELLS: usize = 8;
/// Medians outside of this range, in microseconds, are taken for a mistaken unit until somebody says otherwise: ten
/// milliseconds to six hours.
const USUAL: std::ops::Range<u64> = 10_000..21_600_000_000;
/// A task without an end that is open for so many times as long as any took that ended is probably forgotten.
const FORGOTTEN: f64 = 10.0;
/// Two units are mixed where at least one row in so many is in the other, nothing lies between by a factor of `GAP`, and the
/// middles are about a thousand times apart.
const MIXED_IN: usize = 20;
const GAP: f64 = 30.0;
const THOUSAND: std::ops::Range<f64> = 300.0..3_000.0;
/// No task takes so long: a year, in microseconds.
const YEAR: u64 = 365 * 86_400_000_000;

/// Reads a log.
pub(super) fn gather<'a>(source: &Source, log: Box<dyn Read + Send + 'a>) -> Result<Observed, UnreadableLog> {
    let input = input::open(log)?;
    let names = names(source);
    let times = times(&source.times);
    let all: Vec<&str> = times.iter().copied().chain(source.entered.as_deref()).collect();
    let decimal = Signs::of(source.decimal, &input, &all)?;
    let is_short = input.is_whole;
    let account = Account { encoding: input.encoding, is_compressed: input.is_compressed, ..Account::default() };
    let mut rows = Rows::open(input, &names)?;
    let place = |name: &str| names.iter().position(|known| *known == name).unwrap_or_default();
    let mut gatherer = Gatherer {
        reader: Reader::of(source, decimal, place),
        entry: Entry::of(source, decimal, place)?,
        entered: 0,
        keep: source.keep.iter().map(|condition| RowFilter::of(condition, place(condition.column()))).collect(),
        unfinished: source.unfinished.iter().map(|condition| (condition, place(condition.column()))).collect(),
        by: source.by.as_deref().map(|by| (by, place(by))),
        groups: Vec::new(),
        places: BTreeMap::new(),
        last: 0,
        account: Account { format: rows.format(), ..account },
        first_wrong: None,
        first_zero: None,
        first_open: None,
    };
    let latin1 = if is_short {
        let mut cells = Vec::new();
        while let Some((line, row)) = rows.next(&mut cells)? {
            gatherer.row(line, row, &cells)?;
        }
        rows.latin1
    } else {
        ahead::each(rows, |line, row, cells| gatherer.row(line, row, cells))?
    };
    if let Some(line) = latin1 {
        gatherer.account.encoding = "Latin-1";
        gatherer.account.notes.push(format!("not UTF-8 from line {line} on: taken for Latin-1"));
    }
    gatherer.finish(source)
}

fn times(times: &Times) -> Vec<&str> {
    let (first, second, upper) = match times {
        Times::Lengths { column, upper } => (column, None, upper),
        Times::Between { start, end, upper } => (start, Some(end), upper),
    };
    [Some(first), second, upper.as_ref()].into_iter().flatten().map(String::as_str).collect()
}

/// All columns that are needed, each once.
fn names(source: &Source) -> Vec<&str> {
    let conditions = source.keep.iter().chain(&source.unfinished).map(Condition::column);
    let mut names: Vec<&str> = Vec::new();
    let further = source.entered.as_deref().into_iter().chain(source.by.as_deref());
    for name in times(&source.times).into_iter().chain(conditions).chain(further) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A condition that rows must meet, and what became of it.
struct RowFilter<'s> {
    condition: &'s Condition,
    place: usize,
    is_met: bool,
    /// Cells that did not meet it, the first of each kind.
    cells: Vec<String>,
    /// Rows that did not, and where the first is.
    skipped: Option<(u64, u64, String)>,
}

impl<'s> RowFilter<'s> {
    fn of(condition: &'s Condition, place: usize) -> Self {
        Self { condition, place, is_met: false, cells: Vec::new(), skipped: None }
    }

    fn keeps(&mut self, cells: &[String], line: u64) -> bool {
        let cell = &cells[self.place];
        if self.condition.holds(cell) {
            self.is_met = true;
            return true;
        }
        if self.cells.len() < NAMED_CELLS && !self.cells.contains(cell) {
            self.cells.push(cell.clone());
        }
        self.skipped.get_or_insert_with(|| (0, line, cell.clone())).0 += 1;
        false
    }
}

#[derive(Default)]
struct Group {
    seen: Vec<Observation>,
    /// When tasks began of which nobody knows until when they were seen, the line of each, and the age from which on it was
    /// watched.
    open: Vec<(i64, u64, f64)>,
}

impl Group {
    /// The longest time that a task of it was seen to take, in microseconds; `None` where none ended.
    fn longest(&self) -> Option<f64> {
        let ended = self.seen.iter().filter(|seen| seen.is_end());
        ended.map(size).max_by(f64::total_cmp)
    }
}

/// Tasks without an end that are open for far longer than any that ended took.
#[derive(Default)]
struct Forgotten {
    rows: u64,
    /// How long the oldest is open, in microseconds, and its line.
    oldest: (f64, u64),
}

impl Forgotten {
    fn see(&mut self, us: f64, line: u64) {
        self.rows += 1;
        if us > self.oldest.0 {
            self.oldest = (us, line);
        }
    }

    /// What to say of them; `cell` is what stands in the column of ends of the first row without one.
    fn told(&self, end: &str, cell: &str) -> Option<String> {
        (self.rows > 0).then(|| {
            let (oldest, line) = self.oldest;
            format!(
                "warning: {} of them {} open for more than {FORGOTTEN:.0} times as long as any task took that ended, the \
                 oldest for {} (line {line}). If nobody waits for them any more, leave them out with --where '{}'; \
                 as they are they stretch the times, the horizon and every schedule",
                self.rows,
                if self.rows == 1 { "is" } else { "are" },
                duration(oldest / 1e3),
                format!("{end} != {cell}").trim_end()
            )
        })
    }
}

struct Gatherer<'s> {
    reader: Reader<'s>,
    entry: Option<Entry<'s>>,
    /// Tasks that were watched from a later age on.
    entered: u64,
    keep: Vec<RowFilter<'s>>,
    unfinished: Vec<(&'s Condition, usize)>,
    by: Option<(&'s str, usize)>,
    /// By name, in the order of their first rows; the places by name, and that of the row before.
    groups: Vec<(String, Group)>,
    places: BTreeMap<String, usize>,
    last: usize,
    account: Account,
    /// What is wrong with the first row that is.
    first_wrong: Option<UnreadableLog>,
    /// The line of the first task that took no time.
    first_zero: Option<u64>,
    /// What stands where the first task without an end has none.
    first_open: Option<String>,
}

impl Gatherer<'_> {
    fn row(&mut self, line: u64, row: Row, cells: &[String]) -> Result<(), UnreadableLog> {
        self.account.rows += 1;
        match row {
            Row::Cells => {}
            Row::Uneven { cells, columns } => {
                self.first_wrong.get_or_insert(UnreadableLog::Uneven { line, cells, columns });
                self.account.skip(SkipReason::Uneven, line, "");
                return Ok(());
            }
            Row::NoObject => {
                self.first_wrong.get_or_insert_with(|| UnreadableLog::Odd {
                    line,
                    cell: "…".to_owned(),
                    what: "a JSON object",
                });
                self.account.skip(SkipReason::NoObject, line, "");
                return Ok(());
            }
        }
        if !self.keep.iter_mut().all(|filter| filter.keeps(cells, line)) {
            return Ok(());
        }
        let is_unfinished = self.unfinished.iter().any(|(condition, at)| condition.holds(&cells[*at]));
        let mut seen = self.reader.read(cells, line, is_unfinished, &mut self.account.span)?;
        let mut from = 0.0;
        if let (Some(entry), false) = (&mut self.entry, matches!(seen, Seen::Out(..))) {
            let (column, at) = entry.column();
            match entry.age(cells, line)? {
                Cell::Filled(age) => from = age,
                Cell::Empty | Cell::Odd => seen = Seen::Out(SkipReason::Odd(column.to_owned()), at),
            }
            if let Seen::Is(observation) = seen {
                seen = match watched(observation, from, line)? {
                    Watched::Is(observation) => Seen::Is(observation),
                    Watched::Not => Seen::Out(SkipReason::Unwatched, at),
                };
            }
        }
        if let (Some((by, at)), false) = (self.by, matches!(seen, Seen::Out(..)))
            && is_empty(&cells[at])
        {
            seen = Seen::Out(SkipReason::Empty(by.to_owned()), at);
        }
        self.entered += u64::from(from > 0.0 && !matches!(seen, Seen::Out(..)));
        match seen {
            Seen::Is(observation) => {
                if observation == Observation::Exact(0.0) {
                    self.first_zero.get_or_insert(line);
                }
                self.group(cells)?.seen.push(observation);
                self.account.used += 1;
            }
            Seen::Open(began) => {
                self.group(cells)?.open.push((began, line, from));
                if let (None, Reader::Between { end: (_, at), .. }) = (&self.first_open, &self.reader) {
                    self.first_open = Some(cells[*at].clone());
                }
                self.account.used += 1;
            }
            Seen::Out(why, at) => self.leave_out(why, line, &cells[at]),
        }
        if self.account.used > MOST_USED as u64 {
            return Err(UnreadableLog::TooMany { most: MOST_USED });
        }
        Ok(())
    }

    /// The group that a row belongs to.
    fn group(&mut self, cells: &[String]) -> Result<&mut Group, UnreadableLog> {
        let name = self.by.map_or("", |(_, at)| cells[at].as_str());
        if self.groups.get(self.last).is_none_or(|(known, _)| known != name) {
            self.last = match self.places.get(name) {
                Some(place) => *place,
                None if self.groups.len() == MOST_GROUPS => {
                    let column = self.by.map_or("", |(by, _)| by).to_owned();
                    return Err(UnreadableLog::ManyGroups { column, most: MOST_GROUPS });
                }
                None => {
                    self.places.insert(name.to_owned(), self.groups.len());
                    self.groups.push((name.to_owned(), Group::default()));
                    self.groups.len() - 1
                }
            };
        }
        Ok(&mut self.groups[self.last].1)
    }

    fn leave_out(&mut self, why: SkipReason, line: u64, cell: &str) {
        if why.is_wrong() {
            let what = match self.reader {
                Reader::Lengths { .. } => "a duration",
                Reader::Between { .. } => "an instant",
            };
            self.first_wrong.get_or_insert_with(|| UnreadableLog::Odd { line, cell: cell.to_owned(), what });
        }
        self.account.skip(why, line, cell);
    }

    fn finish(mut self, source: &Source) -> Result<Observed, UnreadableLog> {
        if self.account.rows == 0 {
            return Err(UnreadableLog::Empty);
        }
        let mut looked_at = self.account.rows;
        for filter in self.keep {
            if let (false, Some(_)) = (filter.is_met, &filter.skipped) {
                return Err(UnreadableLog::NoMatch { condition: filter.condition.clone(), cells: filter.cells });
            }
            let Some((rows, line, cell)) = filter.skipped else { continue };
            looked_at -= rows;
            self.account.skip(SkipReason::Filtered(filter.condition.to_string()), line, &cell);
            if let Some(left) = self.account.skipped.last_mut() {
                left.rows = rows;
            }
        }
        let odd = self.account.skipped.iter().filter(|left| left.reason.is_wrong()).map(|left| left.rows).sum::<u64>();
        if let (Some(first), true) = (self.first_wrong, odd * WRONG_IN > looked_at) {
            return Err(UnreadableLog::ManyOdd { odd, rows: looked_at, first: Box::new(first) });
        }
        let mut groups = Vec::new();
        let (mut open, last) = (0, self.account.span.map_or(0, |(_, last)| last));
        let mut forgotten = Forgotten::default();
        self.groups.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, mut group) in self.groups {
            open += group.open.len();
            let most = group.longest().map_or(f64::INFINITY, |longest| FORGOTTEN * longest);
            for (began, line, from) in group.open {
                let us = ((i128::from(last) - i128::from(began)) as f64 / 1e3).round();
                if us > from {
                    group.seen.push(match from {
                        0.0 => Observation::Beyond(us),
                        from => Observation::Entered { from, at: us, is_over: false },
                    });
                    if us > most {
                        forgotten.see(us, line);
                    }
                } else {
                    self.account.used -= 1;
                    self.account.skip(SkipReason::AtEnd, line, "");
                }
            }
            self.account.used -= without_zeros(&mut group.seen, self.first_zero, &mut self.account);
            if !group.seen.is_empty() {
                groups.push((name, group.seen));
            }
        }
        if groups.is_empty() {
            return Err(UnreadableLog::NoneLeft { reasons: self.account.reasons() });
        }
        let all = || groups.iter().flat_map(|(_, seen)| seen);
        self.account.unfinished = all().filter(|seen| !seen.is_end()).count() as u64;
        self.account.times = self.reader.words();
        self.account.tell_sizes(all().map(size));
        if let Reader::Between { start: (start, _), .. } = &self.reader
            && let Some(clock) = start.clock
        {
            self.account.tell_instants(clock);
        }
        if let (Some(entry), true) = (&self.entry, self.entered > 0) {
            let (column, _) = entry.column();
            let note = format!(
                "{} watched from a later age on, by `{column}`: shorter ones than that are taken to be missing",
                if self.entered == 1 { "1 task was".to_owned() } else { format!("{} tasks were", self.entered) }
            );
            self.account.notes.push(note);
        }
        if open > 0 {
            let have = if open == 1 { "has no end: its task was" } else { "have no end: their tasks were" };
            let note = format!("{} {have} unfinished at the last instant of the log", plural(open, "row"));
            self.account.notes.push(note);
            if let Reader::Between { end: (end, _), .. } = &self.reader {
                let cell = self.first_open.as_deref().unwrap_or_default();
                self.account.notes.extend(forgotten.told(end.column, cell));
            }
        }
        question(source, &self.reader, &self.account)?;
        mixed(source, &self.reader, all().map(size))?;
        Ok(Observed { groups, account: self.account })
    }
}

/// Takes out tasks that took no time, unless all times are in steps: then they took less than half of one. Returns how
/// many.
fn without_zeros(seen: &mut Vec<Observation>, line: Option<u64>, account: &mut Account) -> u64 {
    let Some(line) = line else { return 0 };
    let before = seen.len();
    if rounding_step(seen).is_none() {
        seen.retain(|seen| *seen != Observation::Exact(0.0));
    }
    let gone = before - seen.len();
    (0..gone).for_each(|_| account.skip(SkipReason::NoTime, line, "0"));
    gone as u64
}

/// Asks back where times are unlikely.
fn question(source: &Source, reader: &Reader<'_>, account: &Account) -> Result<(), UnreadableLog> {
    let Some([least, median, most]) = account.sizes else { return Ok(()) };
    let as_time = Micros::new(median);
    if let Reader::Lengths { low: (low, _), .. } = reader
        && low.is_counted
    {
        let column = || low.column.to_owned();
        if median >= USUAL.end && account.used > 1 && most as f64 <= 1.2 * least as f64 {
            return Err(UnreadableLog::Epochs { column: column(), median: as_time });
        }
        if let Some(unit) = low.unit.filter(|_| source.unit.is_none() && !USUAL.contains(&median)) {
            return Err(UnreadableLog::Unlikely { column: column(), median: as_time, unit: unit.name() });
        }
    }
    if median > YEAR { Err(UnreadableLog::Years { median: as_time }) } else { Ok(()) }
}

/// Asks back where some times are about a thousand times as long as the others, as milliseconds among seconds are.
fn mixed(source: &Source, reader: &Reader<'_>, sizes: impl Iterator<Item = f64>) -> Result<(), UnreadableLog> {
    let Reader::Lengths { low: (low, _), .. } = reader else { return Ok(()) };
    let Some(unit) = low.unit.filter(|_| low.is_counted && source.unit.is_none()) else { return Ok(()) };
    let mut sizes: Vec<f64> = sizes.filter(|us| *us > 0.0).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let few = sizes.len() / MIXED_IN;
    let inner = few.max(1)..sizes.len().saturating_sub(few).max(1);
    let Some(at) = inner.max_by(|a, b| (sizes[*a] / sizes[a - 1]).total_cmp(&(sizes[*b] / sizes[b - 1]))) else {
        return Ok(());
    };
    let (short, long) = (sizes[at / 2], sizes[at.midpoint(sizes.len())]);
    if sizes[at] / sizes[at - 1] < GAP || !THOUSAND.contains(&(long / short)) {
        return Ok(());
    }
    let column = low.column.to_owned();
    Err(UnreadableLog::MixedUnits {
        column,
        short: Micros::from_f64(short),
        long: Micros::from_f64(long),
        unit: unit.name(),
    })
}
