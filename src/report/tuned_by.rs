//! `tune.html` of `tune --by`: settings ready to paste, and for each model what they cost, the fit, the surface of the cost, and what
//! families trade.

use super::charts::tuning::{self, TuningChart};
use super::escape::{html as escape, slugs};
use super::grid::{Column, Grid, Row as Line};
use super::page::{end, fold, head, parts, section};
use super::tuned::tried;
use crate::figures as f;
use crate::fit::Fit;
use crate::tune::many::{ModelSettings, SkippedModel};
use crate::tune::print::{self, TuneAnswer};
use crate::tune::weather::Weathered;

/// What a page shows of one model.
#[derive(Debug, Clone)]
pub struct ModelSection {
    part: ModelSettings,
    families: Grid,
    charts: Vec<TuningChart>,
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
    pub sheets: &'a [ModelSection],
    /// Models that were not tuned.
    pub left: &'a [SkippedModel],
    /// Settings to paste: the guide's table.
    pub settings: &'a str,
    /// The command that makes the page.
    pub command: &'a str,
}

impl ModelSection {
    /// What a page shows of an answer.
    #[must_use]
    pub fn of(answer: &TuneAnswer<'_>) -> Self {
        Self {
            part: ModelSettings::of(answer),
            families: tried(answer),
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
        files.extend(charts.map(|chart| (format!("charts/{anchor}-{}.svg", chart.file_stem), chart.svg.clone())));
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
    run += &format!("<p>To reproduce this:</p>\n<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(tuning.command));
    page += &section("run", "The run", &run);
    page + "</main>\n" + &end()
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

fn overview(part: &ModelSettings) -> Line {
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

/// What a weather does to the settings, beside a calm day.
fn weather(weathered: &Weathered) -> Grid {
    let columns = ["lost", "delay mean", "delay p95", "polls/task", "429s"].map(Column::figures).to_vec();
    let caption = format!("In {}: {} tasks each", weathered.weather, f::count(weathered.tasks));
    let mut grid = Grid::new(caption, "who waits", columns);
    grid.rows = weathered
        .rows
        .iter()
        .map(|row| Line {
            head: if row.is_calm { "these settings without faults" } else { row.who.words() }.to_owned(),
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

fn model(sheet: &ModelSection) -> String {
    let part = &sheet.part;
    let mut body = format!("<p class=\"lead\"><strong>{}</strong></p>\n", escape(&part.words));
    body += &part.weather.iter().map(|weathered| parts::table(&weather(weathered))).collect::<String>();
    body += &parts::table(&sheet.families);
    for chart in &sheet.charts {
        body += &parts::picture("", &chart.title, &chart.svg, chart.caption, "");
    }
    let told = format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(&sheet.text));
    body + &fold("As printed on the terminal", &told)
}
