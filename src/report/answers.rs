//! The answer for all models at once: for who can be called, and for who can only ask. What is the same for several models
//! is said once.

use super::Report;
use super::findings::{ModelFinding, Piece, Receiver, Sentence, choice, is_called, name, names, text, warning};
use crate::figures as f;
use crate::measure::results::Cell;

/// Models for which the same strategy is best.
pub(super) struct Group<'a> {
    strategy: &'a str,
    cells: Vec<&'a Cell>,
    is_all: bool,
}

/// What to use where the API can call.
pub(super) fn called<'a>(report: &Report<'a>, findings: &[ModelFinding<'a>]) -> Option<Vec<Group<'a>>> {
    let any = report.results.cells.iter().any(|cell| is_called(report, cell));
    (any && report.receiver != Receiver::Absent).then(|| groups(findings.iter().map(|finding| finding.choice)))
}

/// What to use of the strategies that were compared where it cannot.
pub(super) fn asking<'a>(findings: &[ModelFinding<'a>]) -> Vec<Group<'a>> {
    groups(findings.iter().filter_map(
        |finding| {
            if finding.needs_receiver { finding.asking } else { Some(finding.choice) }
        },
    ))
}

/// Models by strategy, the most frequent first.
fn groups<'a>(cells: impl Iterator<Item = &'a Cell>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for cell in cells {
        match groups.iter_mut().find(|group| group.strategy == cell.strategy) {
            Some(group) => group.cells.push(cell),
            None => groups.push(Group { strategy: &cell.strategy, cells: vec![cell], is_all: false }),
        }
    }
    let is_all = groups.len() == 1;
    groups.iter_mut().for_each(|group| group.is_all = is_all);
    groups.sort_by_key(|group| std::cmp::Reverse(group.cells.len()));
    groups
}

/// From the least to the most of a figure.
fn range(cells: &[&Cell], of: impl Fn(&Cell) -> Option<f64>, print: fn(f64) -> String) -> Option<String> {
    let known: Vec<f64> = cells.iter().filter_map(|cell| of(cell)).filter(|x| x.is_finite()).collect();
    let (least, most) =
        known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), x| (x.min(least), x.max(most)));
    let (least, most) = (!known.is_empty()).then(|| (print(least), print(most)))?;
    Some(if least == most { least } else { format!("{least} to {most}") })
}

impl Group<'_> {
    /// The strategy, its models, and what it costs.
    pub(super) fn verdict(&self) -> Sentence {
        let mut sentence = vec![choice(self.strategy)];
        sentence.extend(self.whose());
        let cost = range(&self.cells, |cell| Some(cell.cost.mean), f::short).unwrap_or_default();
        let polls = range(&self.cells, |cell| Some(cell.polls_per_task.mean), f::number).unwrap_or_default();
        let mut words = format!(": cost {cost} a task, {polls} polls");
        if let Some(delay) = range(&self.cells, |cell| cell.detection_delay_ms.mean, f::duration) {
            words += &format!(", {delay} from a task’s end to knowing it");
        }
        sentence.push(text(words + "."));
        sentence
    }

    /// The strategy, its models, and its cost.
    pub(super) fn brief(&self) -> Sentence {
        let mut sentence = vec![choice(self.strategy)];
        sentence.extend(self.whose());
        let cost = range(&self.cells, |cell| Some(cell.cost.mean), f::short).unwrap_or_default();
        sentence.push(text(format!(": cost {cost} a task.")));
        sentence
    }

    /// The strategy and its models.
    pub(super) fn named(&self) -> Sentence {
        std::iter::once(name(self.strategy)).chain(self.whose()).collect()
    }

    /// For which models.
    fn whose(&self) -> Vec<Piece> {
        match (self.is_all, self.cells.len()) {
            (true, 1) => Vec::new(),
            (true, 2) => vec![text(" for both models")],
            (true, models) => vec![text(format!(" for all {models} models"))],
            (false, _) => {
                let models: Vec<&str> = self.cells.iter().map(|cell| cell.model.as_str()).collect();
                std::iter::once(text(" for ")).chain(names(&models)).collect()
            }
        }
    }

    /// What it costs beside the baseline.
    pub(super) fn saving(&self, report: &Report<'_>) -> Option<String> {
        let baseline = report.baseline();
        let part = |cell: &Cell| {
            let other =
                report.results.cells.iter().find(|other| other.model == cell.model && other.strategy == baseline);
            other.filter(|_| cell.strategy != baseline).map(|other| cell.cost.mean / other.cost.mean)
        };
        let parts: Vec<f64> = self.cells.iter().filter_map(|cell| part(cell)).filter(|x| x.is_finite()).collect();
        let most = parts.iter().copied().fold(f64::NAN, f64::max);
        match most {
            most if most < 0.01 => Some(format!("less than 1 % of what {baseline} costs")),
            most if most < 1.0 => range(&self.cells, part, |ratio| format!("{:.0} %", 100.0 * ratio))
                .map(|parts| format!("{parts} of what {baseline} costs")),
            _ => None,
        }
    }

    /// What to know before one uses it.
    pub(super) fn cautions(&self) -> Vec<String> {
        let sum = |of: fn(&Cell) -> u64| self.cells.iter().map(|cell| of(cell)).sum::<u64>();
        let tasks = sum(|cell| cell.tasks);
        let mut cautions = Vec::new();
        let mut say = |count: u64, words: &dyn Fn(&str) -> String| {
            if count > 0 {
                cautions.push(words(&format!("{} of {} tasks", f::count(count), f::count(tasks))));
            }
        };
        say(sum(|cell| cell.lost), &|some| format!("It loses {some}: they succeeded, and the client never knew."));
        say(sum(|cell| cell.outcomes.hang), &|some| {
            format!("It can hang: {some} were waited for to the horizon. Give it a time limit of your own.")
        });
        say(sum(|cell| cell.outcomes.error + cell.outcomes.abandoned), &|some| {
            format!("An error ended the wait for {some} although the task was still alive: wait again by its id.")
        });
        say(sum(|cell| cell.retry_after_violations), &|_| {
            "It polls before the instant that a Retry-After named; a strict server may ban it.".to_owned()
        });
        cautions
    }
}

/// Strategies that ask and lose so many tasks that cost cannot speak for them, with what they lose at the worst model.
pub(super) fn losers<'a>(report: &Report<'a>) -> Vec<(&'a str, u64, u64)> {
    let worst = |strategy: &'a str| {
        let cells = report.results.cells.iter().filter(|cell| cell.strategy == strategy);
        let worst = cells.max_by(|a, b| share(a).total_cmp(&share(b)))?;
        (share(worst) >= HEAVY).then_some((strategy, worst.lost, worst.tasks))
    };
    let mut losers: Vec<_> = report.strategies().into_iter().filter_map(worst).collect();
    losers.sort_by(|a, b| (b.1 * a.2).cmp(&(a.1 * b.2)));
    losers
}

/// The share of lost tasks from which a strategy is warned of.
const HEAVY: f64 = 0.05;

fn share(cell: &Cell) -> f64 {
    cell.lost as f64 / cell.tasks.max(1) as f64
}

/// Models on which the least costs of those that are called, too, cannot be told apart.
pub(super) fn undecided_called<'a>(findings: &'a [ModelFinding<'a>]) -> Option<Sentence> {
    undecided(findings.iter().map(|finding| (finding.model, &finding.rivals[..])))
}

/// Models on which the least costs of those that only ask cannot be told apart.
pub(super) fn undecided_asking<'a>(findings: &'a [ModelFinding<'a>]) -> Option<Sentence> {
    let rivals = |finding: &'a ModelFinding<'a>| {
        if finding.needs_receiver { &finding.asking_rivals[..] } else { &finding.rivals[..] }
    };
    undecided(findings.iter().map(|finding| (finding.model, rivals(finding))))
}

/// By model: the strategies whose cost cannot be told from that of the least.
fn undecided<'a>(rivals: impl Iterator<Item = (&'a str, &'a [&'a Cell])>) -> Option<Sentence> {
    let (models, rivals): (Vec<&str>, Vec<&[&Cell]>) = rivals.filter(|(_, rivals)| !rivals.is_empty()).unzip();
    if models.is_empty() {
        return None;
    }
    let mut sentence = vec![warning("Undecided"), text(" for ")];
    sentence.extend(names(&models));
    sentence.push(text(": the cost of "));
    let rivals = super::distinct(rivals.into_iter().flatten().map(|cell| cell.strategy.as_str()));
    for (place, rival) in rivals.iter().enumerate() {
        let between = if place == 0 {
            ""
        } else if place + 1 == rivals.len() {
            " or "
        } else {
            ", "
        };
        sentence.extend([text(between), name(rival)]);
    }
    sentence.push(text(" cannot be told from it."));
    Some(sentence)
}
