//! Wall-clock times of contenders that take turns, and tables of them.

use std::fmt::Write as _;
use std::time::Instant;

/// Something to time: what it is called, and how many units of work one run does.
pub(crate) struct Contender<'a> {
    name: String,
    units: f64,
    run: Box<dyn FnMut() + 'a>,
    seconds: Vec<f64>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new<T>(name: impl Into<String>, units: u64, mut run: impl FnMut() -> T + 'a) -> Self {
        let run = Box::new(move || drop(std::hint::black_box(run())));
        Self { name: name.into(), units: units as f64, run, seconds: Vec::new() }
    }

    /// Median of the units per second; `None` where it did not run.
    fn rate(&self) -> Option<f64> {
        (!self.seconds.is_empty()).then(|| self.units / median(self.seconds.clone()))
    }

    /// Median over rounds of its rate against that of `other` in the same round.
    fn against(&self, other: &Self) -> f64 {
        let rounds = self.seconds.iter().zip(&other.seconds);
        median(rounds.map(|(mine, theirs)| (self.units / mine) / (other.units / theirs)).collect())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// A comparison: rates of all contenders, and ratios of some of them to others.
pub(crate) struct Section<'a> {
    pub(crate) title: &'static str,
    /// What is counted a second, and how many units of work that is.
    pub(crate) unit: (&'static str, f64),
    pub(crate) contenders: Vec<Contender<'a>>,
    /// Contender, what it is held against, and the least ratio that is wanted, where one is.
    pub(crate) ratios: Vec<(usize, usize, Option<f64>)>,
}

impl Section<'_> {
    /// Lets the contenders take turns, `rounds` times after one that only warms up.
    pub(crate) fn measure(&mut self, rounds: usize, filter: &str) {
        let title = self.title;
        let wanted = |contender: &Contender<'_>| format!("{title}/{}/", contender.name).contains(filter);
        for round in 0..=rounds {
            for contender in self.contenders.iter_mut().filter(|contender| wanted(contender)) {
                let start = Instant::now();
                (contender.run)();
                if round > 0 || rounds == 0 {
                    contender.seconds.push(start.elapsed().as_secs_f64());
                }
            }
        }
    }

    /// The figures as Markdown tables.
    pub(crate) fn tables(&self) -> String {
        let (unit, size) = self.unit;
        let mut text = format!("\n| {} | {unit}/s |\n|:--|--:|\n", self.title);
        for contender in &self.contenders {
            if let Some(rate) = contender.rate() {
                let _ = writeln!(text, "| {} | {} |", contender.name, significant(rate / size));
            }
        }
        if !self.ratios.is_empty() {
            text += "\n| ratio | measured | target |\n|:--|--:|--:|\n";
        }
        for &(mine, other, target) in &self.ratios {
            let (mine, other) = (&self.contenders[mine], &self.contenders[other]);
            if mine.rate().is_some() && other.rate().is_some() {
                let target = target.map_or(String::new(), |target| format!("≥ {target}"));
                let ratio = significant(mine.against(other));
                let _ = writeln!(text, "| {} ÷ {} | {ratio} | {target} |", mine.name, other.name);
            }
        }
        if self.contenders.iter().any(|contender| contender.rate().is_some()) { text } else { String::new() }
    }
}

/// Three significant digits.
pub(crate) fn significant(value: f64) -> String {
    let digits = (2.0 - value.abs().max(1e-9).log10().floor()).max(0.0) as usize;
    format!("{value:.digits$}")
}
