//! Several scenarios side by side: strategies × scenarios, and × models.
//!
//! A square is one strategy in one scenario over all of its models. It is shaded by lost tasks first, then by cost: any
//! lost task is worse than none, and what loses nothing is held against the cheapest of its kind that loses nothing in
//! that scenario. There are two kinds: who asks, and who is called; the latter needs a receiver, and hardly costs anything.

mod data;
mod html;
mod markdown;
mod terminal;

use super::mistakes::{Mistake, mistake};
use super::table::Style;
use crate::measure::outcome::ByOutcome;
use crate::measure::results::{Cell, Outcomes, Results, RuleResult};
use crate::scenario::Scenario;
use crate::strategy::composition::Channel;

/// One scenario of a matrix.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a> {
    /// What its column is called.
    pub label: &'a str,
    /// What was asked.
    pub scenario: &'a Scenario,
    /// What was found.
    pub results: &'a Results,
}

/// Several scenarios side by side.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    /// The scenarios, in the order of columns.
    pub parts: &'a [Panel<'a>],
    /// The command that makes the same numbers again.
    pub command: &'a str,
}

/// How good it is to use a strategy somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shade {
    /// Loses nothing, at most a quarter dearer than the cheapest such of its kind.
    Cheap,
    /// Loses nothing, at most twice as dear.
    Fair,
    /// Loses nothing, dearer.
    Dear,
    /// Loses less than one task in a hundred.
    Loses,
    /// Loses less than one in ten.
    LosesMany,
    /// Loses more.
    LosesMost,
}

impl Shade {
    pub(super) const ALL: [Self; 6] =
        [Self::Cheap, Self::Fair, Self::Dear, Self::Loses, Self::LosesMany, Self::LosesMost];

    fn of(lost_share: f64, cost: f64, cheapest: f64) -> Self {
        match (lost_share, cost / cheapest) {
            (0.0, ratio) if ratio <= 1.25 => Self::Cheap,
            (0.0, ratio) if ratio <= 2.0 => Self::Fair,
            (0.0, _) => Self::Dear,
            (share, _) if share < 0.01 => Self::Loses,
            (share, _) if share < 0.1 => Self::LosesMany,
            _ => Self::LosesMost,
        }
    }

    const fn loses(self) -> bool {
        match self {
            Self::Cheap | Self::Fair | Self::Dear => false,
            Self::Loses | Self::LosesMany | Self::LosesMost => true,
        }
    }

    /// Its class in a page's style sheet.
    pub(in crate::report) const fn class(self) -> &'static str {
        match self {
            Self::Cheap => "cheap",
            Self::Fair => "fair",
            Self::Dear => "dear",
            Self::Loses => "loses",
            Self::LosesMany => "loses-many",
            Self::LosesMost => "loses-most",
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Cheap => "loses nothing, costs at most 25 % more than the cheapest",
            Self::Fair => "loses nothing, costs up to twice as much",
            Self::Dear => "loses nothing, costs more",
            Self::Loses => "loses less than 1 % of the tasks",
            Self::LosesMany => "loses 1 to 10 %",
            Self::LosesMost => "loses 10 % or more",
        }
    }
}

/// One strategy in one scenario, over some of its models.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Square {
    pub(super) tasks: u64,
    pub(super) lost: u64,
    pub(super) retrievable: u64,
    /// Mean over all tasks.
    pub(super) cost: f64,
    pub(super) polls: f64,
    pub(super) shade: Shade,
    pub(super) mistake: Option<Mistake>,
}

impl Square {
    /// Of cells of one strategy; `cheapest` is the least cost without a lost task.
    fn of(cells: &[&Cell], cheapest: f64) -> Self {
        let sum = |count: fn(&Cell) -> u64| cells.iter().map(|cell| count(cell)).sum::<u64>();
        let (tasks, lost) = (sum(|cell| cell.tasks), sum(|cell| cell.lost));
        let cost = mean(cells, |cell| cell.cost.mean);
        let shade = Shade::of(lost as f64 / tasks.max(1) as f64, cost, cheapest);
        let losing: Vec<&Cell> = cells.iter().copied().filter(|cell| cell.lost > 0).collect();
        let strategy = cells.first().map_or("", |cell| &cell.strategy);
        Self {
            tasks,
            lost,
            retrievable: sum(|cell| cell.retrievable),
            cost,
            polls: mean(cells, |cell| cell.polls_per_task.mean),
            shade,
            mistake: mistake(strategy, &outcomes(&losing), [sum(|cell| cell.misled), sum(lost_without_id)])
                .filter(|_| shade.loses()),
        }
    }

    pub(super) fn lost_share(&self) -> f64 {
        self.lost as f64 / self.tasks.max(1) as f64
    }
}

/// Lost tasks whose client never had an id: at most as many as were lost, and none where no submit can leave a task.
fn lost_without_id(cell: &Cell) -> u64 {
    cell.lost.saturating_sub(cell.retrievable).min(cell.outcomes.rejected)
}

/// Mean over the tasks of cells.
fn mean(cells: &[&Cell], of: fn(&Cell) -> f64) -> f64 {
    let tasks: u64 = cells.iter().map(|cell| cell.tasks).sum();
    cells.iter().map(|cell| of(cell) * cell.tasks as f64).sum::<f64>() / tasks.max(1) as f64
}

fn outcomes(cells: &[&Cell]) -> Outcomes {
    let sum = |outcome| cells.iter().map(|cell| cell.outcomes.of(outcome)).sum::<u64>();
    ByOutcome::each(sum).into()
}

/// The least cost of cells without a lost task; infinite where all lose.
fn cheapest<'c>(groups: impl Iterator<Item = Vec<&'c Cell>>) -> f64 {
    let lossless = groups.filter(|cells| cells.iter().all(|cell| cell.lost == 0));
    lossless.map(|cells| mean(&cells, |cell| cell.cost.mean)).fold(f64::INFINITY, f64::min)
}

impl<'a> Panel<'a> {
    fn cells(&self, strategy: &str) -> Vec<&'a Cell> {
        self.results.cells.iter().filter(|cell| cell.strategy == strategy).collect()
    }

    /// Whether a strategy learns of ends by being called.
    fn is_called(&self, strategy: &str) -> bool {
        let found = self.scenario.strategies.iter().find(|known| known.name == strategy);
        found.is_some_and(|strategy| strategy.channel != Channel::Poll)
    }

    /// What the shades compare, where it is not all strategies.
    pub(super) fn note_on_kinds(&self) -> &'static str {
        let strategies = self.strategies();
        if strategies.iter().all(|strategy| self.is_called(strategy) == self.is_called(strategies[0])) {
            return "";
        }
        "<p class=\"note\">Strategies that use webhooks are compared with each other, and those that only poll with each other.\
         </p>\n"
    }

    pub(super) fn strategies(&self) -> Vec<&'a str> {
        super::distinct(self.results.cells.iter().map(|cell| cell.strategy.as_str()))
    }

    pub(super) fn models(&self) -> Vec<&'a str> {
        super::distinct(self.results.cells.iter().map(|cell| cell.model.as_str()))
    }

    /// A strategy over all models; `None` where the scenario has it not.
    pub(super) fn square(&self, strategy: &str) -> Option<Square> {
        let cells = self.cells(strategy);
        let kin = self.strategies().into_iter().filter(|other| self.is_called(other) == self.is_called(strategy));
        let least = cheapest(kin.map(|strategy| self.cells(strategy)));
        (!cells.is_empty()).then(|| Square::of(&cells, least))
    }

    /// A strategy on one model.
    pub(super) fn on_model(&self, strategy: &str, model: &str) -> Option<Square> {
        let is_called = self.is_called(strategy);
        let of_model = || {
            let cells = self.results.cells.iter().filter(|cell| cell.model == model);
            cells.filter(|cell| self.is_called(&cell.strategy) == is_called)
        };
        let cell = of_model().find(|cell| cell.strategy == strategy)?;
        Some(Square::of(&[cell], cheapest(of_model().map(|cell| vec![cell]))))
    }

    /// Rules of its faults that never struck.
    pub(super) fn idle(&self) -> Vec<String> {
        let idle = self.results.faults.iter().filter(|rule| rule.struck == 0);
        idle.map(RuleResult::label).collect()
    }
}

impl Matrix<'_> {
    /// Strategies of all scenarios, in the order of their first appearance.
    pub(super) fn strategies(&self) -> Vec<&str> {
        super::distinct(self.parts.iter().flat_map(Panel::strategies))
    }

    /// The mistakes that lose tasks somewhere, in the order of their first appearance.
    pub(super) fn mistakes(&self) -> Vec<Mistake> {
        let mut found = Vec::new();
        for strategy in self.strategies() {
            for mistake in self.parts.iter().filter_map(|part| part.square(strategy)?.mistake) {
                if !found.contains(&mistake) {
                    found.push(mistake);
                }
            }
        }
        found
    }

    /// The letter that stands for the mistake of a square.
    pub(super) fn letter(&self, square: &Square) -> Option<char> {
        let mistakes = self.mistakes().into_iter().zip('a'..);
        mistakes.filter(|(mistake, _)| square.mistake == Some(*mistake)).map(|(_, letter)| letter).next()
    }

    /// The table on the terminal. No line is longer than the style says, unless a single name is.
    #[must_use]
    pub fn table(&self, style: Style) -> String {
        terminal::render(self, style)
    }

    /// `grid.md`.
    #[must_use]
    pub fn markdown(&self) -> String {
        markdown::render(self)
    }

    /// `grid.html`: one file that needs no network and no script.
    #[must_use]
    pub fn html(&self) -> String {
        html::render(self)
    }

    /// `grid.json`: the cells of every scenario, each with its `scenario`, a line each.
    #[must_use]
    pub fn json(&self) -> String {
        data::json(self)
    }

    /// `grid.csv`: `summary.csv` of every scenario, with a column for it.
    #[must_use]
    pub fn csv(&self) -> String {
        data::csv(self)
    }

    /// The files beside the folders of the scenarios: names and contents.
    #[must_use]
    pub fn files(&self) -> Vec<(&'static str, String)> {
        vec![
            ("grid.html", self.html()),
            ("grid.md", self.markdown()),
            ("grid.json", self.json()),
            ("grid.csv", self.csv()),
        ]
    }
}
