//! `tune.html` of `tune --by`: settings ready to paste, and for each model what they cost, the fit, the surface of the cost, and what
//! families trade.

use super::charts::tuning;
use super::escape::{html as escape, slugs};
use super::grid::{Column, Grid, Row as Line};
use super::html::{head, parts, section};
use crate::figures as f;
use crate::fit::Fit;
use crate::tune::Row;
use crate::tune::many::{Left, Part};
use crate::tune::print::{self, Answer};
use crate::tune::weather::Weathered;

/// What a page shows of one model.
#[derive(Debug, Clone)]
pub struct Sheet {
    part: Part,
    families: Grid,
    /// Names and pictures.
    charts: Vec<(String, String)>,
    /// All that the terminal shows.
    text: String,
}

/// Everything on a page.
#[derive(Debug, Clone, Copy)]
pub struct Tuning<'a> {
    /// Where the times come from.
    pub source: &'a str,
    /// What was read of a log, as the terminal shows it.
    pub read: &'a str,
    /// The models.
    pub sheets: &'a [Sheet],
    /// Models that were not tuned.
    pub left: &'a [Left],
    /// Settings to paste: the guide's table.
    pub settings: &'a str,
    /// The command that makes the page.
    pub command: &'a str,
}

impl Sheet {
    /// What a page shows of an answer.
    #[must_use]
    pub fn of(answer: &Answer<'_>) -> Self {
        Self {
            part: Part::of(answer),
            families: families(answer),
            charts: tuning::all(
                answer.model,
                answer.goal,
                answer.tuned,
                answer.observed.map(|(fit, _): (&Fit, _)| fit),
            ),
            text: print::text(answer),
        }
    }
}

/// The page, and each chart as a file of its own.
#[must_use]
pub fn files(tuning: &Tuning<'_>) -> Vec<(String, String)> {
    let names: Vec<&str> = tuning.sheets.iter().map(|sheet| sheet.part.model.as_str()).collect();
    let anchors = slugs(&names);
    let mut files = vec![("tune.html".to_owned(), page(tuning, &anchors))];
    for (sheet, anchor) in tuning.sheets.iter().zip(&anchors) {
        let charts = sheet.charts.iter();
        files.extend(charts.map(|(name, svg)| (format!("charts/{anchor}-{name}"), svg.clone())));
    }
    files
}

fn page(tuning: &Tuning<'_>, anchors: &[String]) -> String {
    let mut page = head(&format!("Settings for {} – pollbench", tuning.source));
    page += &format!(
        "<header>\n<p class=\"kicker\">pollbench tune</p>\n<h1>{}</h1>\n<p class=\"meta\">{}</p>\n</header>\n",
        escape(tuning.source),
        f::plural(tuning.sheets.len(), "model")
    );
    let links: String = tuning
        .sheets
        .iter()
        .zip(anchors)
        .map(|(sheet, anchor)| format!("<li><a href=\"#model-{anchor}\">{}</a></li>", escape(&sheet.part.model)))
        .collect();
    page += &format!(
        "<nav aria-label=\"Contents\"><ul><li><a href=\"#answer\">Settings</a></li>{links}<li><a href=\"#run\">Run</a></li></ul></nav>\n\
         <main id=\"main\">\n"
    );
    page += &section("answer", "Settings", &answer(tuning));
    for (sheet, anchor) in tuning.sheets.iter().zip(anchors) {
        page += &section(&format!("model-{anchor}"), &escape(&sheet.part.model), &model(sheet));
    }
    let mut run = String::new();
    if !tuning.read.is_empty() {
        run += &format!("<h3>What was read</h3>\n<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(tuning.read));
    }
    run += &format!("<p>The same again:</p>\n<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(tuning.command));
    page += &section("run", "The run", &run);
    page + "</main>\n</body>\n</html>\n"
}

fn answer(tuning: &Tuning<'_>) -> String {
    let columns = vec![
        Column::words("use"),
        Column::figures("observations"),
        Column::figures("median"),
        Column::figures("polls/task"),
        Column::figures("delay mean"),
        Column::figures("cost/task"),
        Column::figures("guide’s cost"),
        Column::figures("saved"),
    ];
    let mut grid = Grid::new("The recommended settings, and what they are expected to cost", "model", columns);
    grid.rows = tuning.sheets.iter().map(|sheet| overview(&sheet.part)).collect();
    let mut body = parts::table(&grid);
    if !tuning.left.is_empty() {
        let items: String =
            tuning.left.iter().map(|left| format!("<li>{}</li>\n", escape(&left.to_string()))).collect();
        body += &format!("<h3>Not tuned</h3>\n<ul>\n{items}</ul>\n");
    }
    body += &format!(
        "<h3>Ready to paste into the guide’s settings</h3>\n<pre tabindex=\"0\"><code>{}</code></pre>\n\
         <p class=\"note\">The guide’s loop ends a wait at the first error. <code>--write-poller</code> prints one that does not.</p>\n",
        escape(tuning.settings)
    );
    body
}

fn overview(part: &Part) -> Line {
    let time = |us: f64| f::duration(us / 1e3);
    let saved = part.guide.map(|guide| f::percent(1.0 - part.cost / guide));
    let close = if part.is_close { "" } else { " (the fit is rough)" };
    Line {
        head: part.model.clone(),
        entries: vec![
            format!("{}{close}", part.words).into(),
            if part.count > 0 { f::count(part.count as u64) } else { f::UNDEFINED.to_owned() }.into(),
            time(part.median).into(),
            f::number(part.polls).into(),
            f::or_undefined(part.delay, time).into(),
            f::number(part.cost).into(),
            f::or_undefined(part.guide, f::number).into(),
            saved.unwrap_or_else(|| f::UNDEFINED.to_owned()).into(),
        ],
        ..Line::default()
    }
}

fn families(answer: &Answer<'_>) -> Grid {
    let columns = vec![
        Column::figures("cost/task"),
        Column::figures("polls/task"),
        Column::figures("delay mean"),
        Column::figures("delay p95"),
        Column::figures("given up"),
        Column::words("settings"),
    ];
    let mut grid = Grid::new(format!("{}: every family at its best", answer.model), "family", columns);
    let time = |us: f64| f::duration(us / 1e3);
    let line = |head: String, row: &Row, settings: String| Line {
        head,
        entries: vec![
            f::number(row.cost).into(),
            f::number(row.polls).into(),
            f::or_undefined(row.delay_mean, time).into(),
            f::or_undefined(row.delay_p95, time).into(),
            f::percent(row.timeout).into(),
            settings.into(),
        ],
        ..Line::default()
    };
    let tuned = answer.tuned;
    grid.rows = tuned.families.iter().map(|row| line(row.family.name().to_owned(), row, print::words(row))).collect();
    if let Some(best) = grid.rows.get_mut(tuned.choice) {
        best.best = true;
    }
    grid.rows.extend(tuned.rules.iter().map(|(name, row)| line(format!("{name} (rule)"), row, print::words(row))));
    grid.rows.extend(tuned.documented.iter().map(|(name, row)| line(format!("{name} (guide)"), row, String::new())));
    grid
}

/// What a weather does to the settings, beside a calm day.
fn weather(weathered: &Weathered) -> Grid {
    let columns = ["lost", "delay mean", "delay p95", "polls/task", "429s"].map(Column::figures).to_vec();
    let caption = format!("In {}: {} tasks each", weathered.weather, f::count(weathered.tasks));
    let mut grid = Grid::new(caption, "who waits", columns);
    grid.rows = weathered
        .rows
        .iter()
        .map(|row| Line {
            head: if row.is_calm { "these settings on a calm day" } else { row.who.words() }.to_owned(),
            entries: vec![
                f::part(row.lost, weathered.tasks).into(),
                f::or_undefined(row.delay_mean_ms, f::duration).into(),
                f::or_undefined(row.delay_p95_ms, f::duration).into(),
                f::number(row.polls).into(),
                f::percent(row.share_429).into(),
            ],
            ..Line::default()
        })
        .collect();
    grid
}

fn model(sheet: &Sheet) -> String {
    let part = &sheet.part;
    let mut body = format!("<p class=\"lead\"><strong>{}</strong></p>\n", escape(&part.words));
    body += &part.weather.iter().map(|weathered| parts::table(&weather(weathered))).collect::<String>();
    body += &parts::table(&sheet.families);
    for (name, svg) in &sheet.charts {
        let title = match name.as_str() {
            "tune-pareto.svg" => "Polls against detection delay",
            "tune-surface.svg" => "Cost of a first wait and an interval",
            _ => "Observed times and the fitted law",
        };
        body += &format!(
            "<figure>\n<h3>{title}</h3>\n<div class=\"picture\" role=\"region\" tabindex=\"0\" aria-label=\"{title}\">\n{svg}</div>\n</figure>\n"
        );
    }
    body + &format!(
        "<details>\n<summary>All that <code>tune</code> says of it</summary>\n<pre tabindex=\"0\"><code>{}</code></pre>\n</details>\n",
        escape(&sheet.text)
    )
}
