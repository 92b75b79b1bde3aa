//! What the tuner found as a page: the settings first, then what else was tried, and the pictures.

use super::charts::tuning::{self, TuningChart};
use super::escape::html as escape;
use super::grid::{Column, Grid, Row as Line};
use super::page::{end, fold, head, parts, section};
use crate::figures as f;
use crate::tune::print::{self, TuneAnswer};
use crate::tune::{TuneRow, settings};

/// The files of its folder, by name: `tune.html` and its pictures.
#[must_use]
pub fn files(answer: &TuneAnswer<'_>, command: &str) -> Vec<(String, String)> {
    let fit = answer.observed.map(|(fit, _)| fit);
    let charts = tuning::all(answer.model, answer.goal, answer.tuned, fit);
    let mut files = vec![("tune.html".to_owned(), page(answer, &charts, command))];
    files.extend(charts.into_iter().map(|chart| (format!("{}.svg", chart.file_stem), chart.svg)));
    files
}

fn page(answer: &TuneAnswer<'_>, charts: &[TuningChart], command: &str) -> String {
    let model = escape(answer.model);
    let mut page = head(&format!("{}: settings – pollbench", answer.model));
    page += &format!(
        "<header>\n<h1>{model}</h1>\n<p class=\"meta\">pollbench tune: {}</p>\n</header>\n",
        escape(&times(answer))
    );
    page += "<main id=\"main\">\n";
    page += &section("answer", "The settings", &recommended(answer));
    let pictures: String =
        charts.iter().map(|chart| parts::picture("", &chart.title, &chart.svg, chart.caption, "")).collect();
    page += &section("pictures", "What families trade", &pictures);
    page += &section("families", "What was tried", &parts::table(&tried(answer)));
    let again = format!("<p>To reproduce this:</p>\n<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(command));
    let told = fold(
        "As printed on the terminal",
        &format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(&print::text(answer))),
    );
    page += &section("run", "The run", &(again + &told));
    page + "</main>\n" + &end()
}

/// The distribution of times, as far as a line holds it.
fn times(answer: &TuneAnswer<'_>) -> String {
    match answer.observed {
        Some((_, trust)) => format!("times fitted to {} observations", f::count(trust.count as u64)),
        None => {
            let text = answer.completion.to_string();
            if text.chars().count() > 160 { text.chars().take(160).chain(['…']).collect() } else { text }
        }
    }
}

fn recommended(answer: &TuneAnswer<'_>) -> String {
    let (best, tuned) = (answer.tuned.recommended(), answer.tuned);
    let delay = f::or_undefined(best.delay_mean.map(|us| us / 1e3), f::duration);
    let p95 = f::or_undefined(best.delay_p95.map(|us| us / 1e3), f::duration);
    let mut out = format!(
        "<p class=\"verdict\"><strong>{}</strong></p>\n<p>{} polls a task, {delay} from a task’s end to knowing it on average, \
         {p95} at the 95th percentile: cost {}, {:.1} % above the best possible schedule.</p>\n",
        escape(&print::words(best)),
        f::number(best.polls),
        f::number(best.cost),
        100.0 * tuned.excess()
    );
    if !tuned.is_feasible {
        out += "<p><strong class=\"warning\">No schedule keeps all of these bounds.</strong></p>\n";
    }
    if let Some((_, guide)) =
        tuned.documented.iter().find(|(name, _)| *name == "adaptive").filter(|_| tuned.is_feasible)
    {
        out += &format!(
            "<p>The guide’s settings for this model: {} polls, cost {}; these cost {} of that.</p>\n",
            f::number(guide.polls),
            f::number(guide.cost),
            f::part_of_cost(best.cost, guide.cost)
        );
    }
    let paste = |text: &str| format!("<pre class=\"paste\" tabindex=\"0\"><code>{}</code></pre>\n", escape(text));
    out += &format!("<h3>For the guide’s loop</h3>\n{}", paste(&settings::js(answer)));
    out + &fold("As a strategy of a scenario file", &paste(&settings::toml(answer)))
}

/// Families, rules of thumb and the guide's strategies in one table, the recommendation marked.
pub(super) fn tried(answer: &TuneAnswer<'_>) -> Grid {
    let columns = vec![
        Column::figures("cost"),
        Column::figures("polls"),
        Column::figures("delay mean"),
        Column::figures("delay p95"),
        Column::figures("given up"),
        Column::words("settings"),
    ];
    let mut grid = Grid::new("Cost of a task, expected without faults and round trips", "family", columns);
    let line = |head: String, row: &TuneRow, best: bool, words: String| Line {
        head,
        best,
        entries: vec![
            f::number(row.cost).into(),
            f::number(row.polls).into(),
            f::or_undefined(row.delay_mean.map(|us| us / 1e3), f::duration).into(),
            f::or_undefined(row.delay_p95.map(|us| us / 1e3), f::duration).into(),
            f::percent(row.timeout).into(),
            words.into(),
        ],
        ..Line::default()
    };
    let tuned = answer.tuned;
    grid.rows.extend(tuned.families.iter().enumerate().map(|(at, row)| {
        let is_floor = at + 1 == tuned.families.len();
        let name = if is_floor { "best possible schedule" } else { row.family.name() };
        line(name.to_owned(), row, at == tuned.choice, print::words(row))
    }));
    grid.rows
        .extend(tuned.rules.iter().map(|(name, row)| line(format!("{name} (rule)"), row, false, print::words(row))));
    let guide = tuned.documented.iter();
    grid.rows.extend(guide.map(|(name, row)| line(format!("{name} (guide)"), row, false, String::new())));
    grid
}
