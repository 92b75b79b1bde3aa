//! The answer in words: no claim without the numbers behind it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::fixtures::{Fixture, fixture};
use pollbench::measure::results::Cell;
use pollbench::report::findings::{self, ModelFinding, Piece, Sentence};
use pollbench::strategy::composition::{Recovery, Tolerance};

/// A run of one model in which only the given strategies have these costs, half-widths and losses of 10 000 tasks.
fn run(cells: &[(&str, f64, Option<f64>, u64)]) -> Fixture {
    let mut fixture = fixture(1, false);
    let model: Vec<Cell> = cells
        .iter()
        .map(|(strategy, cost, half, lost)| {
            let mut cell = fixture.results.cells.iter().find(|cell| cell.strategy == *strategy).unwrap().clone();
            (cell.tasks, cell.lost, cell.outcomes.hang, cell.outcomes.error, cell.outcomes.abandoned) =
                (10_000, *lost, 0, 0, 0);
            (cell.retry_after_violations, cell.cost.mean) = (0, *cost);
            cell.shares_ci95.lost = Some(pollbench::measure::interval::wilson(*lost, 10_000));
            cell.cost.ci95 = half.map(|half| [cost - half, cost + half]);
            cell
        })
        .collect();
    fixture.results.cells = model;
    fixture
}

fn only<'a>(fixture: &'a Fixture) -> ModelFinding<'a> {
    findings::findings(&fixture.report()).remove(0)
}

fn plain(sentences: &[Sentence]) -> String {
    let word = |span: &Piece| match span {
        Piece::Text(words) | Piece::Name(words) | Piece::Choice(words) | Piece::Warning(words) => words.clone(),
    };
    let lines: Vec<String> = sentences.iter().map(|sentence| sentence.iter().map(word).collect()).collect();
    lines.join("\n")
}

#[test]
fn the_cheapest_of_those_that_lose_nothing_wins() {
    let run = run(&[("basic", 9.0, Some(0.1), 0), ("adaptive", 4.0, Some(0.1), 0), ("webhook", 1.0, Some(0.1), 300)]);
    let finding = only(&run);
    assert_eq!(finding.choice.strategy, "adaptive");
    assert!(finding.decided());
    insta::assert_snapshot!(plain(&finding.cautions()), @"webhook would cost 1.00, but 300 of 10,000 (3.0 %) succeeded and were never known (95 % interval 2.7 % to 3.4 %).");
    insta::assert_snapshot!(plain(&finding.answer()));
}

/// Of strategies that cost the same, the one that survives errors is named.
#[test]
fn a_tie_goes_to_the_hardened() {
    let mut run = run(&[("adaptive", 4.0, Some(0.1), 0), ("adaptive-hardened", 4.0, Some(0.1), 0)]);
    for strategy in run.scenario.strategies.iter_mut().filter(|strategy| strategy.name == "adaptive-hardened") {
        strategy.recovery = Recovery::Tolerant(Tolerance::default());
    }
    assert_eq!(only(&run).choice.strategy, "adaptive-hardened");
}

#[test]
fn a_few_losses_that_may_be_luck_do_not_rule_out() {
    let few = run(&[("adaptive", 4.0, Some(0.1), 0), ("exponential", 1.0, Some(0.1), 2)]);
    assert_eq!(only(&few).choice.strategy, "exponential");
    let many = run(&[("adaptive", 4.0, Some(0.1), 0), ("exponential", 1.0, Some(0.1), 12)]);
    assert_eq!(only(&many).choice.strategy, "adaptive");
}

#[test]
fn costs_that_cannot_be_told_apart_are_undecided() {
    let near =
        run(&[("basic", 4.1, Some(0.1), 0), ("adaptive", 4.0, Some(0.1), 0), ("exponential", 9.0, Some(0.1), 0)]);
    let finding = only(&near);
    assert!(!finding.decided());
    assert!(
        plain(&finding.answer())
            .starts_with("Undecided between adaptive and basic: their 95 % intervals of cost meet.")
    );
    let no_interval = run(&[("basic", 8.0, None, 0), ("adaptive", 4.0, None, 0)]);
    assert!(plain(&only(&no_interval).answer()).contains("the run is too small for an interval"));
}

#[test]
fn what_must_be_called_names_what_only_asks() {
    let called = run(&[("basic", 9.0, Some(0.1), 0), ("adaptive", 4.0, Some(0.1), 0), ("webhook", 1.0, Some(0.1), 0)]);
    let finding = only(&called);
    assert_eq!(finding.choice.strategy, "webhook");
    insta::assert_snapshot!(plain(&finding.cautions()), @r"
    webhook needs an address that the API can call, whose upkeep is not in the cost.
    Without it, use adaptive at 4.00 per task (95 % 3.90 to 4.10).
    ");
}

#[test]
fn the_summary_names_every_model_once() {
    let fixture = fixture(6, false);
    let report = fixture.report();
    let text = plain(&findings::summary(&findings::findings(&report)));
    for model in report.models() {
        assert_eq!(text.matches(model).count(), 1, "{model} in {text}");
    }
}
