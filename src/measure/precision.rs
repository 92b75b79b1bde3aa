//! Going on until a figure is known well enough: a fixed-width sequential procedure.
//!
//! A run looks at its 95 % intervals after a number of replicates that is fixed beforehand, and stops when at two looks in a
//! row all of them are as narrow as was asked for, relative to the figure. Such a rule keeps its coverage as the width
//! goes to zero (Chow & Robbins 1965, *Annals of Mathematical Statistics* 36:457; for relative widths Nádas 1969, ibid.
//! 40:667; for simulations Glynn & Whitt 1992, *Annals of Applied Probability* 2:180). What it loses before that, it loses
//! because it stops where the spread happens to be found too small, which in a skewed sample is where the mean is too small
//! as well (Law & Kelton 1982, *Management Science* 28:550): so there is a least first sample, every look is at half as many
//! replicates again, and what one look found must be confirmed by the next, a third of whose replicates had no say in it.
//! What is left of the losses is measured in `tests/engines/simulation/until.rs`.

use crate::measure::figures::{Figure, FigureKind, figures};
use crate::measure::results::Cell;
use crate::measure::stopping::{Ended, UntilResult, Widest, percentage};
use crate::suggest::closest;
use std::fmt;
use std::str::FromStr;

/// Fewest replicates at the first look.
pub const LEAST: u32 = 20;

/// How narrow the interval of a figure has to be.
#[derive(Debug, Clone, Copy)]
pub struct Precision {
    figure: &'static Figure,
    /// Half of the interval's width over the figure, above 0 and below 1.
    within: f64,
}

/// Why a precision cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPrecision {
    /// The share is none.
    #[error("`{0}` is not a precision: write a percentage above 0% and below 100%, such as cost=1%")]
    Share(String),
    /// There is no such metric.
    #[error("there is no metric `{name}`{}\n  metrics with an interval: {known}", hint(suggestion.as_deref()))]
    Metric {
        /// What was asked for.
        name: String,
        /// The metric that was probably meant.
        suggestion: Option<&'static str>,
        /// All of them.
        known: String,
    },
    /// The metric, or its statistic, has no interval.
    #[error("`{name}` has no interval, so --until cannot wait for it\n  metrics with an interval: {known}")]
    NoInterval {
        /// What was asked for.
        name: String,
        /// All of them.
        known: String,
    },
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |near| format!(": did you mean `{near}`?"))
}

/// Figures with an interval.
fn estimated() -> impl Iterator<Item = &'static Figure> {
    figures().filter(|figure| match figure.sort {
        FigureKind::Estimated => true,
        FigureKind::Count | FigureKind::Observed => false,
    })
}

/// The metric alone names its first statistic with an interval.
fn name(figure: &Figure) -> String {
    let is_first =
        estimated().find(|other| other.metric == figure.metric).is_some_and(|first| first.stat == figure.stat);
    if is_first { figure.metric.to_owned() } else { format!("{}.{}", figure.metric, figure.stat) }
}

fn known() -> String {
    estimated().map(name).collect::<Vec<_>>().join(", ")
}

impl Precision {
    /// Half-width over figure in a cell; infinite where there is no interval, or the figure is 0.
    #[must_use]
    pub fn found(&self, cell: &Cell) -> f64 {
        let interval = (self.figure.value)(cell).zip((self.figure.ci95)(cell));
        interval.map_or(f64::INFINITY, |(value, [low, high])| match (high - low) / 2.0 / value.abs() {
            share if share.is_finite() => share,
            _ => f64::INFINITY,
        })
    }

    /// What a look at the cells finds, of which there is at least one: the widest of them.
    #[must_use]
    pub fn look(&self, cells: &[Cell]) -> Option<Widest> {
        let found = cells.iter().map(|cell| (cell, self.found(cell)));
        // Of equals the first, so that one name comes out.
        let widest = found.reduce(|widest, next| if next.1 > widest.1 { next } else { widest });
        widest.map(|(cell, share)| Widest {
            model: cell.model.clone(),
            strategy: cell.strategy.clone(),
            within: share.is_finite().then_some(share),
        })
    }

    /// Whether that is narrow enough.
    #[must_use]
    pub fn is_met(&self, widest: &Widest) -> bool {
        widest.within.is_some_and(|share| share <= self.within)
    }

    /// The story of a run that made `looks` at so many replicates each.
    #[must_use]
    pub fn told(&self, looks: Vec<u32>, widest: Widest) -> UntilResult {
        UntilResult {
            metric: self.figure.metric.to_owned(),
            stat: self.figure.stat.to_owned(),
            within: self.within,
            ended: if self.is_met(&widest) { Ended::Narrow } else { Ended::Budget },
            looks,
            widest,
        }
    }
}

/// Replicates at each look: `first`, and then half as many again each time, up to `most`.
pub fn looks(first: u32, most: u32) -> impl Iterator<Item = u32> {
    let next = move |&at: &u32| (at < most).then(|| at.saturating_add(at.div_ceil(2)).min(most));
    std::iter::successors(Some(first.min(most)), next)
}

impl FromStr for Precision {
    type Err = InvalidPrecision;

    /// `METRIC=1%`, `METRIC.STAT=1%`; a share alone is of the cost.
    fn from_str(text: &str) -> Result<Self, InvalidPrecision> {
        let (asked, share) = text.rsplit_once('=').unwrap_or(("cost", text));
        let within = share.trim().strip_suffix('%').and_then(|number| number.trim_end().parse::<f64>().ok());
        let within = within.map(|percent| percent / 100.0).filter(|share| *share > 0.0 && *share < 1.0);
        let within = within.ok_or_else(|| InvalidPrecision::Share(text.to_owned()))?;
        let asked = asked.trim();
        let (metric, stat) = asked.split_once('.').map_or((asked, None), |(metric, stat)| (metric, Some(stat)));
        if let Some(figure) =
            estimated().find(|figure| figure.metric == metric && stat.is_none_or(|s| s == figure.stat))
        {
            return Ok(Self { figure, within });
        }
        let (name, known) = (asked.to_owned(), known());
        if figures().any(|figure| figure.metric == metric && stat.is_none_or(|stat| stat == figure.stat)) {
            return Err(InvalidPrecision::NoInterval { name, known });
        }
        let suggestion = closest(metric, figures().map(|figure| figure.metric));
        Err(InvalidPrecision::Metric { name, suggestion: suggestion.filter(|near| *near != metric), known })
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}={}%", name(self.figure), percentage(self.within))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_said_in_the_same_way() {
        for (text, said) in [
            ("cost=1%", "cost=1%"),
            ("1%", "cost=1%"),
            ("polls_per_task = 0.7 %", "polls_per_task=0.7%"),
            ("lost=10%", "lost=10%"),
            ("lost.share=10%", "lost=10%"),
            ("detection_delay_ms.p95=2.5%", "detection_delay_ms.p95=2.5%"),
        ] {
            let found: Precision = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(found.to_string(), said);
        }
    }

    #[test]
    fn what_cannot_be_asked_for_says_why() {
        for (text, told) in [
            ("cost", "`cost` is not a precision"),
            ("cost=0%", "above 0% and below 100%"),
            ("cost=-1%", "is not a precision"),
            ("cost=100%", "is not a precision"),
            ("cost=1", "such as cost=1%"),
            ("cost=%", "is not a precision"),
            ("cost=NaN%", "is not a precision"),
            ("cst=1%", "did you mean `cost`?"),
            ("=1%", "there is no metric ``"),
            ("polls=1%", "`polls` has no interval"),
            ("latency_ms.p99=1%", "`latency_ms.p99` has no interval"),
            ("latency_ms.p98=1%", "there is no metric `latency_ms.p98`\n"),
        ] {
            let error = text.parse::<Precision>().expect_err(text).to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn looks_grow_and_end_with_the_budget() {
        assert_eq!(looks(20, 100).collect::<Vec<_>>(), [20, 30, 45, 68, 100]);
        assert_eq!(looks(1, 4).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(looks(7, 7).collect::<Vec<_>>(), [7]);
        assert_eq!(looks(u32::MAX - 1, u32::MAX).last(), Some(u32::MAX));
    }
}
