//! The answer in words: which strategy for which model, what it costs, what it saves, and when not to use it.
//!
//! The rule. A strategy that loses tasks is cheap in polls, so cost alone must not decide. Strategies are first held
//! against the one that loses the smallest share of tasks: whoever's share is *significantly* above that (the 95 %
//! interval of the difference lies above 0: Newcombe 1998, method 10, from two Wilson intervals) is out. Among the rest
//! the least mean cost wins. Where its 95 % interval meets that of another one, or where there is no interval, the
//! answer is *undecided* between them.
//!
//! Every sentence is made from figures in the results and carries them; there is none without.

use super::Report;
use crate::figures as f;
use crate::measure::interval::wilson;
use crate::measure::results::{Cell, Comparison, Interval, Verdict};
use crate::strategy::composition::{Channel, Recovery};
use crate::strategy::planned::OPTIMAL;
use crate::world::fault::Route;

/// Whether who waits can be called by the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Receiver {
    /// Nobody said: the answer is the cheapest, and beside it stands the one for who can only ask.
    #[default]
    Unsaid,
    /// It can: strategies that are called come first, where one of them qualifies.
    Here,
    /// It cannot: strategies that are called are no answer.
    Absent,
}

/// What was found for one model.
#[derive(Debug, Clone)]
pub struct ModelFinding<'a> {
    /// The model.
    pub model: &'a str,
    /// The least cost among strategies that do not lose significantly more than the best.
    pub choice: &'a Cell,
    /// Strategies that qualify as well and whose cost cannot be told from the choice's.
    pub rivals: Vec<&'a Cell>,
    /// Where the choice must be called by the API: the least cost among strategies that qualify and only ask.
    pub asking: Option<&'a Cell>,
    /// Strategies that qualify and only ask as well, and whose cost cannot be told from that one's.
    pub asking_rivals: Vec<&'a Cell>,
    /// Whether the choice must be called by the API.
    pub needs_receiver: bool,
    /// The choice is called by the API, and no fault of the scenario strikes such calls.
    pub spared: bool,
    /// Strategies that would cost less and do not qualify, cheapest first.
    pub tempting: Vec<&'a Cell>,
    /// The choice against the baseline; nothing where it is the baseline.
    pub savings: Vec<&'a Comparison>,
}

/// A sentence in pieces, so that every format can set names and figures in its own way.
pub type Sentence = Vec<Piece>;

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Plain words.
    Text(String),
    /// The name of a model or strategy.
    Name(String),
    /// The name of the choice.
    Choice(String),
    /// A word of warning.
    Warning(String),
}

/// One finding for each model that has a cell with a defined cost.
#[must_use]
pub fn findings<'a>(report: &Report<'a>) -> Vec<ModelFinding<'a>> {
    report.models().into_iter().filter_map(|model| of_model(report, model)).collect()
}

/// What was found for a model; nothing where no cell of it has a defined cost.
#[must_use]
pub fn of_model<'a>(report: &Report<'a>, model: &'a str) -> Option<ModelFinding<'a>> {
    let mut cells = report.cells(model);
    // Who cannot be called has no use for what would be, nor for what it loses.
    cells.retain(|cell| report.receiver != Receiver::Absent || !is_called(report, cell));
    let (out, qualified) = sides(cells)?;
    let called: Vec<&Cell> = qualified.iter().copied().filter(|cell| is_called(report, cell)).collect();
    let choice = match report.receiver {
        Receiver::Here if !called.is_empty() => preferred(report, &called)?,
        Receiver::Unsaid | Receiver::Here | Receiver::Absent => preferred(report, &qualified)?,
    };
    let rivals = rivals(choice, &qualified);
    let tempting = out.into_iter().filter(|cell| cell.cost.mean < choice.cost.mean).collect();
    let savings = ["cost", "polls_per_task", "detection_delay_ms"]
        .iter()
        .filter_map(|metric| report.comparison(choice, metric))
        .filter(|comparison| comparison.strategy != comparison.baseline)
        .collect();
    let needs_receiver = is_called(report, choice);
    let only_ask: Vec<&Cell> =
        qualified.into_iter().filter(|cell| needs_receiver && !is_called(report, cell)).collect();
    let asking = preferred(report, &only_ask);
    let asking_rivals = asking.map_or_else(Vec::new, |asking| self::rivals(asking, &only_ask));
    let faults = &report.scenario.faults;
    let spared =
        needs_receiver && !faults.is_empty() && !faults.iter().any(|rule| rule.routes().contains(&Route::Webhook));
    Some(ModelFinding { model, choice, rivals, asking, asking_rivals, needs_receiver, spared, tempting, savings })
}

/// Those of `cells` whose cost cannot be told from the choice's.
fn rivals<'a>(choice: &Cell, cells: &[&'a Cell]) -> Vec<&'a Cell> {
    let others = cells.iter().copied().filter(|cell| cell.strategy != choice.strategy);
    others.filter(|rival| meet(choice.cost.ci95, rival.cost.ci95)).collect()
}

/// A model's cells in order of cost: those that lose significantly more tasks than the best, and the others.
pub(super) fn sides(mut cells: Vec<&Cell>) -> Option<(Vec<&Cell>, Vec<&Cell>)> {
    cells.retain(|cell| cell.cost.mean.is_finite());
    // A stable sort: of equals, the first in the scenario.
    cells.sort_by(|a, b| a.cost.mean.total_cmp(&b.cost.mean));
    // Of those that lose the same, the one that is known best.
    let loss = |cell: &Cell| (lost_share(cell), lost_interval(cell)[1]);
    let safest = cells.iter().copied().min_by(|a, b| {
        let ((a, most_a), (b, most_b)) = (loss(a), loss(b));
        a.total_cmp(&b).then(most_a.total_cmp(&most_b))
    })?;
    Some(cells.into_iter().partition(|cell| loses_more(cell, safest)))
}

/// The cheapest of cells in order of cost; of those within one percent of it, the first that survives errors.
fn preferred<'a>(report: &Report<'_>, cells: &[&'a Cell]) -> Option<&'a Cell> {
    let cheapest = *cells.first()?;
    let close = cells.iter().copied().take_while(|cell| cell.cost.mean <= cheapest.cost.mean * 1.01);
    close.into_iter().find(|cell| is_tolerant(report, cell)).or(Some(cheapest))
}

/// Whether a strategy survives errors.
pub(super) fn is_tolerant(report: &Report<'_>, cell: &Cell) -> bool {
    let strategy = report.scenario.strategies.iter().find(|strategy| strategy.name == cell.strategy);
    strategy.is_some_and(|strategy| matches!(strategy.recovery, Recovery::Tolerant(_)))
}

/// Whether a strategy learns of ends by being called.
pub(super) fn is_called(report: &Report<'_>, cell: &Cell) -> bool {
    let strategy = report.scenario.strategies.iter().find(|strategy| strategy.name == cell.strategy);
    strategy.is_some_and(|strategy| strategy.channel != Channel::Poll)
}

/// Whether `cell` loses a significantly larger share than `safest`.
fn loses_more(cell: &Cell, safest: &Cell) -> bool {
    let (share, best) = (lost_share(cell), lost_share(safest));
    let (below, above) = (share - lost_interval(cell)[0], lost_interval(safest)[1] - best);
    share - best > libm::hypot(below, above)
}

/// The 95 % interval of the share of tasks that a strategy lost. Where a single replicate of interacting tasks gives none,
/// Wilson's is the best there is.
#[must_use]
pub fn lost_interval(cell: &Cell) -> Interval {
    cell.shares_ci95.lost.unwrap_or_else(|| wilson(cell.lost, cell.tasks))
}

fn lost_share(cell: &Cell) -> f64 {
    if cell.tasks == 0 { 1.0 } else { cell.lost as f64 / cell.tasks as f64 }
}

/// Whether two intervals meet; one that is missing might lie anywhere.
fn meet(a: Option<Interval>, b: Option<Interval>) -> bool {
    a.zip(b).is_none_or(|(a, b)| a[0] <= b[1] && b[0] <= a[1])
}

impl ModelFinding<'_> {
    /// Whether the data tell the choice from every other strategy that qualifies.
    #[must_use]
    pub fn decided(&self) -> bool {
        self.rivals.is_empty()
    }

    /// The answer: the choice, what it costs, what it saves.
    #[must_use]
    pub fn answer(&self) -> Vec<Sentence> {
        let mut sentences = vec![self.verdict(), self.price()];
        sentences.extend(self.saving());
        sentences
    }

    fn verdict(&self) -> Sentence {
        if self.decided() {
            return vec![text("Use "), choice(&self.choice.strategy), text(".")];
        }
        let mut sentence = vec![warning("Undecided"), text(" between "), name(&self.choice.strategy)];
        for (i, rival) in self.rivals.iter().enumerate() {
            sentence.push(text(if i + 1 == self.rivals.len() { " and " } else { ", " }));
            sentence.push(name(&rival.strategy));
        }
        let why = match self.choice.cost.ci95 {
            Some(_) => ": their 95 % intervals of cost meet. The figures here are those of ",
            None => ": the run is too small for an interval of cost. The figures here are those of ",
        };
        sentence.extend([text(why), name(&self.choice.strategy), text(", the least mean cost.")]);
        sentence
    }

    fn price(&self) -> Sentence {
        let cell = self.choice;
        let delay = &cell.detection_delay_ms;
        let mut words = format!("It costs {} per task", f::number(cell.cost.mean));
        match cell.cost.ci95 {
            Some(ci) => words += &format!(" (95 % {}, n = {})", f::interval(ci, f::number), f::count(cell.tasks)),
            None => words += &format!(" (n = {})", f::count(cell.tasks)),
        }
        words += &format!(": {} polls", f::number(cell.polls_per_task.mean));
        if let Some(mean) = delay.mean {
            words += &format!(" and {} from a task’s end to knowing it, on average", f::duration(mean));
        }
        if let Some(p95) = delay.p95 {
            words += &format!("; 95 % of all tasks are known within {} of their end", f::duration(p95));
        }
        vec![text(words + ".")]
    }

    fn saving(&self) -> Option<Sentence> {
        let baseline = &self.savings.first()?.baseline;
        let parts: Vec<String> = self.savings.iter().filter_map(|c| change(c)).collect();
        if parts.is_empty() {
            return None;
        }
        Some(vec![text("Against "), name(baseline), text(format!(", paired by task: {}.", parts.join("; ")))])
    }

    /// When not to use it, and what not to be tempted by.
    #[must_use]
    pub fn cautions(&self) -> Vec<Sentence> {
        let cell = self.choice;
        let mut cautions: Vec<Sentence> = self.tempting.iter().map(|cell| Self::temptation(cell)).collect();
        if self.needs_receiver {
            cautions.push(vec![
                name(&cell.strategy),
                text(" needs an address that the API can call, whose upkeep is not in the cost."),
            ]);
            cautions.push(self.without_receiver());
        }
        if [Some(cell), self.asking].into_iter().flatten().any(|cell| cell.strategy == OPTIMAL) {
            cautions.push(vec![
                name(OPTIMAL),
                text(
                    " is planned for exactly the times of this scenario. For a first wait and an interval that come \
                     near it, and what they cost when times change, run pollbench tune.",
                ),
            ]);
        }
        if self.spared {
            cautions.push(vec![text(
                "The faults of this scenario strike submits and polls only: its webhooks never fail, yours may.",
            )]);
        }
        if cell.lost > 0 {
            cautions.push(vec![text(format!(
                "It loses tasks too: {} succeeded and were never known (95 % interval {}).",
                f::part(cell.lost, cell.tasks),
                f::interval(lost_interval(cell), f::percent),
            ))]);
        }
        if cell.outcomes.hang > 0 {
            cautions.push(vec![text(format!(
                "It can hang: {} waits had not ended by the horizon. Set a time limit of your own.",
                f::part(cell.outcomes.hang, cell.tasks),
            ))]);
        }
        let broken = cell.outcomes.error + cell.outcomes.abandoned;
        if broken > 0 {
            cautions.push(vec![text(format!(
                "{} waits ended with an error although the task was still alive; the caller must wait again.",
                f::part(broken, cell.tasks),
            ))]);
        }
        if cell.retry_after_violations > 0 {
            cautions.push(vec![text(format!(
                "It sent {} before the instant that a Retry-After had named; a strict server may ban it.",
                f::plural(f::count(cell.retry_after_violations).as_str(), "request"),
            ))]);
        }
        if let (None, true) = (cell.detection_delay_ms.p95, cell.tasks > 0) {
            let never = cell.latency_ms.censored_share;
            cautions.push(vec![text(format!(
                "No promise at the 95th percentile: {} of its tasks were never known.",
                f::percent(never)
            ))]);
        }
        cautions
    }

    fn without_receiver(&self) -> Sentence {
        match self.asking {
            Some(cell) => vec![
                text("Without it, use "),
                name(&cell.strategy),
                text(format!(
                    " at {} per task{}.",
                    f::number(cell.cost.mean),
                    cell.cost.ci95.map(|ci| format!(" (95 % {})", f::interval(ci, f::number))).unwrap_or_default(),
                )),
            ],
            None => vec![text("No strategy that only polls loses as few tasks.")],
        }
    }

    fn temptation(cell: &Cell) -> Sentence {
        vec![
            name(&cell.strategy),
            text(format!(
                " would cost {}, but {} succeeded and were never known (95 % interval {}).",
                f::number(cell.cost.mean),
                f::part(cell.lost, cell.tasks),
                f::interval(lost_interval(cell), f::percent),
            )),
        ]
    }
}

/// A paired difference in words, with its interval and number of pairs.
fn change(c: &Comparison) -> Option<String> {
    let difference = c.difference?;
    let (what, print): (_, fn(f64) -> String) = match c.metric.as_str() {
        "cost" => ("cost", f::number),
        "polls_per_task" => ("polls", f::number),
        _ => ("delay", f::duration),
    };
    let relative = c.baseline_mean.filter(|mean| *mean > 0.0).map(|mean| match difference / mean {
        share if share < -0.99 && share > -1.0 => "over 99 % less; ".to_owned(),
        share if share > 9.0 => format!("{} as much; ", f::part_of_cost(1.0 + share, 1.0)),
        share => format!("{}; ", f::signed(share, f::percent)),
    });
    let interval = c.ci95.map(|ci| format!("95 % {}, ", f::interval(ci, print)));
    let verdict = match c.verdict {
        Verdict::Undecided => ", undecided",
        Verdict::Same => ", the same within 1 %",
        Verdict::Fewer | Verdict::More | Verdict::Faster | Verdict::Slower => "",
    };
    Some(format!(
        "{what} {} ({}{}{}){verdict}",
        f::signed(difference, print),
        relative.unwrap_or_default(),
        interval.unwrap_or_default(),
        f::plural(f::count(c.n).as_str(), "pair"),
    ))
}

/// The findings of all models in one or two sentences.
#[must_use]
pub fn summary(findings: &[ModelFinding<'_>]) -> Vec<Sentence> {
    let decided: Vec<&ModelFinding<'_>> = findings.iter().filter(|finding| finding.decided()).collect();
    let mut choices: Vec<(&str, Vec<&str>)> = Vec::new();
    for finding in &decided {
        let strategy = finding.choice.strategy.as_str();
        match choices.iter_mut().find(|(name, _)| *name == strategy) {
            Some((_, models)) => models.push(finding.model),
            None => choices.push((strategy, vec![finding.model])),
        }
    }
    choices.sort_by_key(|(_, models)| std::cmp::Reverse(models.len()));
    let mut sentences: Vec<Sentence> = choices
        .iter()
        .map(|(strategy, models)| {
            let whole = models.len() == findings.len();
            let mut sentence = vec![choice(strategy), text(" for ")];
            match (whole, findings.len()) {
                (true, 2) => sentence.push(text("both models")),
                (true, 3..) => sentence.push(text(format!("all {} models", models.len()))),
                _ => sentence.extend(names(models)),
            }
            sentence.push(text("."));
            sentence
        })
        .collect();
    let open: Vec<&str> = findings.iter().filter(|finding| !finding.decided()).map(|finding| finding.model).collect();
    if !open.is_empty() {
        let mut sentence = vec![warning("Undecided"), text(" for ")];
        sentence.extend(names(&open));
        sentence.push(text(": the least costs cannot be told apart."));
        sentences.push(sentence);
    }
    sentences
}

pub(super) fn names(items: &[&str]) -> Vec<Piece> {
    let mut spans = Vec::new();
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            spans.push(text(if i + 1 == items.len() { " and " } else { ", " }));
        }
        spans.push(name(item));
    }
    spans
}

pub(super) fn text(words: impl Into<String>) -> Piece {
    Piece::Text(words.into())
}

pub(super) fn name(words: &str) -> Piece {
    Piece::Name(words.to_owned())
}

pub(super) fn choice(words: &str) -> Piece {
    Piece::Choice(words.to_owned())
}

pub(super) fn warning(words: &str) -> Piece {
    Piece::Warning(words.to_owned())
}
