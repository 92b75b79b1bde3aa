//! Contenders that take turns, by wall clock or by CPU, and tables of them.

use crate::support::page::{Target, known, significant, wanted};
use std::fmt::Write as _;
use std::time::Instant;

/// Seconds of CPU so far; `None` where the system does not tell.
type Cpu<'a> = Box<dyn Fn() -> Option<f64> + 'a>;

/// Something to time: what it is called, and how many units of work one run does.
pub(crate) struct Contender<'a> {
    name: String,
    units: f64,
    run: Box<dyn FnMut() + 'a>,
    cpu: Option<Cpu<'a>>,
    seconds: Vec<f64>,
    cpu_seconds: Vec<f64>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new<T>(name: impl Into<String>, units: u64, mut run: impl FnMut() -> T + 'a) -> Self {
        let run = Box::new(move || drop(std::hint::black_box(run())));
        let (seconds, cpu_seconds) = (Vec::new(), Vec::new());
        Self { name: name.into(), units: units as f64, run, cpu: None, seconds, cpu_seconds }
    }

    /// Also measures the CPU that `cpu` counts.
    pub(crate) fn with_cpu(mut self, cpu: impl Fn() -> Option<f64> + 'a) -> Self {
        self.cpu = Some(Box::new(cpu));
        self
    }

    fn turn(&mut self, counts: bool) {
        let spent = |cpu: &Option<Cpu<'_>>| cpu.as_ref().and_then(|cpu| cpu());
        let (start, before) = (Instant::now(), spent(&self.cpu));
        (self.run)();
        let (seconds, after) = (start.elapsed().as_secs_f64(), spent(&self.cpu));
        if counts {
            self.seconds.push(seconds);
            self.cpu_seconds.extend(after.zip(before).map(|(after, before)| after - before));
        }
    }

    /// Median of the units per second; `None` where it did not run.
    fn rate(&self) -> Option<f64> {
        median(self.seconds.iter().map(|seconds| self.units / seconds).collect())
    }

    /// Median of the microseconds of CPU per unit; `None` where nobody tells.
    fn cost(&self) -> Option<f64> {
        median(self.cpu_seconds.iter().map(|seconds| seconds * 1e6 / self.units).collect())
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

/// What contenders are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// Units of work a second: the more the better.
    Rate,
    /// CPU per unit of work: the less the better. Rates stand beside it.
    Cpu,
}

/// A comparison: figures of all contenders, and ratios of some of them to others.
pub(crate) struct Section<'a> {
    pub(crate) title: &'static str,
    /// What is counted a second, and how many units of work that is.
    pub(crate) unit: (&'static str, f64),
    pub(crate) by: By,
    pub(crate) contenders: Vec<Contender<'a>>,
    /// Contender, what it is held against, and the ratio that is wanted, where one is.
    pub(crate) ratios: Vec<(usize, usize, Option<Target>)>,
}

impl Section<'_> {
    /// Lets the contenders take turns, `rounds` times after one that only warms up.
    pub(crate) fn measure(&mut self, rounds: usize, filter: &str) {
        let title = self.title;
        let wanted = |contender: &Contender<'_>| format!("{title}/{}/", contender.name).contains(filter);
        for round in 0..=rounds {
            for contender in self.contenders.iter_mut().filter(|contender| wanted(contender)) {
                contender.turn(round > 0 || rounds == 0);
            }
        }
    }

    /// The figures as Markdown tables; nothing where no contender ran.
    pub(crate) fn tables(&self) -> String {
        let (unit, size) = self.unit;
        let (mut rows, mut ratios) = (String::new(), String::new());
        for contender in &self.contenders {
            let Some(rate) = contender.rate() else { continue };
            let _ = write!(rows, "| {} | {} |", contender.name, significant(rate / size));
            if self.by == By::Cpu {
                let _ = write!(rows, " {} |", known(contender.cost()));
            }
            rows.push('\n');
        }
        for &(mine, other, target) in &self.ratios {
            let (mine, other) = (&self.contenders[mine], &self.contenders[other]);
            if mine.rate().is_some() && other.rate().is_some() {
                let ratio = known(self.ratio(mine, other));
                let _ = writeln!(ratios, "| {} ÷ {} | {ratio} | {} |", mine.name, other.name, wanted(target));
            }
        }
        if rows.is_empty() {
            return rows;
        }
        let (head, line) = match self.by {
            By::Rate => ("", ""),
            By::Cpu => (" CPU, µs each |", "--:|"),
        };
        let mut text = format!("\n| {} | {unit}/s |{head}\n|:--|--:|{line}\n{rows}", self.title);
        if !ratios.is_empty() {
            let what = if self.by == By::Cpu { "ratio of CPU" } else { "ratio" };
            let _ = write!(text, "\n| {what} | measured | target |\n|:--|--:|--:|\n{ratios}");
        }
        text
    }

    /// Median over rounds of one contender's figure against the other's in the same round.
    fn ratio(&self, mine: &Contender<'_>, other: &Contender<'_>) -> Option<f64> {
        let (above, below) = match self.by {
            By::Rate => (&other.seconds, &mine.seconds),
            By::Cpu => (&mine.cpu_seconds, &other.cpu_seconds),
        };
        let units = match self.by {
            By::Rate => mine.units / other.units,
            By::Cpu => other.units / mine.units,
        };
        median(above.iter().zip(below).map(|(above, below)| units * above / below).collect())
    }
}
