//! `grid.md`: the matrix for a page without colours.

use super::{Matrix, Panel, Square};
use crate::figures as f;
use crate::report::escape::markdown as escape;
use crate::report::grid::{Column, Entry, Grid, Row};
use crate::report::markdown::{details, table};

pub(super) fn render(matrix: &Matrix<'_>) -> String {
    let mut out = String::from("# Strategies in different weather\n\n");
    out += "Cost per task over all models, and in bold the share of tasks that are lost, with the letter of the documented \
            mistake that loses them.\n\n";
    out += &squares(matrix);
    for (mistake, letter) in matrix.mistakes().iter().zip('a'..) {
        out += &format!("- **{letter}** {}: {}\n", escape(mistake.name), escape(mistake.about));
    }
    out += "\n## Scenario by scenario\n\n";
    for part in matrix.parts {
        let mut body = String::new();
        if !part.scenario.description.is_empty() {
            body += &format!("{}\n\n", escape(&part.scenario.description));
        }
        body += &table(&figures(part));
        for idle in part.idle() {
            body += &format!("{} never struck.\n\n", escape(&idle));
        }
        body += &format!("Digest of all task records: `{}`.\n\n", part.results.run.digest);
        out += &details(part.label, &body);
    }
    if let Some(part) = matrix.parts.first() {
        let run = &part.results.run;
        out += &format!(
            "Seed {}, {} × {} tasks a model, engine {}.\n\n```sh\n{}\n```\n",
            run.seed,
            run.replicates,
            f::count(run.tasks),
            run.engine,
            matrix.command.replace("```", "'''"),
        );
    }
    out
}

fn squares(matrix: &Matrix<'_>) -> String {
    let mut out = String::from("| strategy ");
    for part in matrix.parts {
        out += &format!("| {} ", escape(part.label));
    }
    out += &format!("|\n|:--{}|\n", "|--:".repeat(matrix.parts.len()));
    for strategy in matrix.strategies() {
        out += &format!("| {} ", escape(strategy));
        for part in matrix.parts {
            let text = part.square(strategy).map_or_else(|| f::UNDEFINED.to_owned(), |square| text(matrix, &square));
            out += &format!("| {text} ");
        }
        out += "|\n";
    }
    out.push('\n');
    out
}

fn text(matrix: &Matrix<'_>, square: &Square) -> String {
    let cost = f::number(square.cost);
    if square.lost == 0 {
        return cost;
    }
    let letter = matrix.letter(square).map(|letter| format!(" {letter}")).unwrap_or_default();
    format!("{cost} **{}**{letter}", f::percent(square.lost_share()))
}

/// What faults did to each strategy of a scenario.
pub(super) fn figures(part: &Panel<'_>) -> Grid {
    let has_outages = part.results.cells.iter().any(|cell| cell.recovery_ms.is_some());
    let mut columns = vec![
        Column::figures("polls/task"),
        Column::figures("cost/task"),
        Column::figures("lost"),
        Column::figures("still to be had"),
        Column::figures("struck"),
        Column::figures("lost of struck"),
        Column::figures("429s"),
        Column::figures("too early"),
    ];
    let has_rejected = part.results.cells.iter().any(|cell| cell.outcomes.rejected > 0);
    if has_rejected {
        columns.push(Column::figures("rejected"));
    }
    if has_outages {
        columns.extend([Column::figures("recovery"), Column::figures("peak req/s after")]);
    }
    let tasks = part.square(part.strategies().first().copied().unwrap_or_default()).map_or(0, |square| square.tasks);
    let caption = format!("{}: all models, n = {} tasks per strategy", part.label, f::count(tasks));
    let mut grid = Grid::new(caption, "strategy", columns);
    grid.rows =
        part.strategies().into_iter().filter_map(|strategy| row(part, strategy, has_rejected, has_outages)).collect();
    grid
}

fn row(part: &Panel<'_>, strategy: &str, has_rejected: bool, has_outages: bool) -> Option<Row> {
    let square = part.square(strategy)?;
    let cells = part.cells(strategy);
    let struck = || cells.iter().filter_map(|cell| cell.struck);
    let struck_tasks: u64 = struck().map(|struck| struck.tasks).sum();
    let share = |some: u64| match some {
        0 => "0".to_owned(),
        some => format!("{} ({})", f::count(some), f::percent(some as f64 / square.tasks as f64)),
    };
    let polls: u64 = cells.iter().map(|cell| cell.polls.total).sum();
    let refused: f64 = cells.iter().filter_map(|cell| Some(cell.share_429? * cell.polls.total as f64)).sum();
    let mut entries: Vec<Entry> = vec![
        f::number(square.polls).into(),
        f::number(square.cost).into(),
        share(square.lost).into(),
        f::count(square.retrievable).into(),
        f::count(struck_tasks).into(),
        f::count(struck().map(|struck| struck.lost).sum()).into(),
        f::percent(refused / polls.max(1) as f64).into(),
        f::count(cells.iter().map(|cell| cell.retry_after_violations).sum()).into(),
    ];
    if has_rejected {
        entries.push(f::count(cells.iter().map(|cell| cell.outcomes.rejected).sum()).into());
    }
    if has_outages {
        let met = || cells.iter().filter_map(|cell| cell.recovery_ms);
        let outages: u64 = met().map(|met| met.outages).sum();
        let never: u64 = met().map(|met| met.never).sum();
        let longest = met()
            .filter_map(|met| met.max)
            .fold(None, |most: Option<f64>, ms| Some(most.map_or(ms, |most| most.max(ms))));
        entries.push(match (outages, never) {
            (0, _) => f::UNDEFINED.into(),
            (_, 0) => f::or_undefined(longest, f::duration).into(),
            (outages, never) => format!("never after {} of {}", f::count(never), f::count(outages)).into(),
        });
        let peak = cells.iter().filter_map(|cell| cell.peak_after_outage_per_s).max();
        entries.push(peak.map_or_else(|| f::UNDEFINED.to_owned(), f::count).into());
    }
    Some(Row { head: strategy.to_owned(), entries, ..Row::default() })
}
