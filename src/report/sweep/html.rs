//! `sweep.html`: knees first, then each model's lines, and heat maps where two values were moved.

use super::knees::{self, Along};
use super::{Sweep, SweptPoint};
use crate::figures as f;
use crate::measure::results::Cell;
use crate::report::charts::Chart;
use crate::report::charts::lines::{self, Course, Line};
use crate::report::escape::{html as escape, slugs};
use crate::report::heat::{Heat, Square};
use crate::report::page::{end, head, parts, section};

pub(super) fn render(sweep: &Sweep<'_>) -> String {
    let mut page = head(&format!("{}: a sweep – pollbench", sweep.scenario));
    let paths: Vec<String> =
        sweep.axes.iter().map(|axis| format!("{} ({})", axis.path, f::plural(axis.labels.len(), "value"))).collect();
    let run = &sweep.points[0].results.run;
    let facts = format!(
        "{}, {} × {} tasks a model, seed {}: {}",
        f::plural(sweep.points.len(), "point"),
        sweep.replicates(),
        f::count(run.tasks),
        run.seed,
        paths.join(", ")
    );
    page += &format!(
        "<header>\n<p class=\"kicker\">pollbench sweep</p>\n<h1>{}</h1>\n<p class=\"meta\">{}</p>\n</header>\n",
        escape(sweep.scenario),
        escape(&facts)
    );
    let models = sweep.models();
    let anchors = slugs(&models);
    let links: String = models
        .iter()
        .zip(&anchors)
        .map(|(model, anchor)| format!("<li><a href=\"#on-{anchor}\">{}</a></li>", escape(model)))
        .collect();
    page += &format!(
        "<nav aria-label=\"Contents\"><ul><li><a href=\"#answer\">Knees</a></li>{links}</ul></nav>\n<main id=\"main\">\n"
    );
    page += &section("answer", "Where it bends", &answer(sweep));
    for (model, anchor) in models.iter().zip(&anchors) {
        page += &section(&format!("on-{anchor}"), &escape(model), &of_model(sweep, model));
    }
    let again = format!(
        "<p>To reproduce these numbers:</p>\n<pre tabindex=\"0\"><code>{}</code></pre>\n",
        escape(sweep.command)
    );
    page += &section("run", "The run", &again);
    page + "</main>\n" + &end()
}

fn answer(sweep: &Sweep<'_>) -> String {
    if sweep.numeric_axes().is_empty() {
        return "<p>No axis has numbers in ascending order, so there is no knee.</p>\n".to_owned();
    }
    let mut body = String::from(
        "<p>The plateau of a figure is its level at the end of the axis where it is smaller. The knee is where the figure \
         exceeds the plateau by the margin at the head of its column. In brackets are the last value that is certainly on the \
         plateau and the first that certainly is not.</p>\n<p class=\"note\">Certain means at 95 %. Points are tested one after \
         another: for being off the plateau from the far end of the axis (fixed-sequence testing: Maurer, Hothorn &amp; \
         Lehmacher 1995), for being on it from the near end (equivalence: Schuirmann 1987).",
    );
    if sweep.axes.len() > 1 && !sweep.is_zipped {
        body += " Other axes are at their first value.";
    }
    body += "</p>\n";
    for found in knees::along_each(sweep) {
        body += &match found {
            Along::Bends(grid) => format!("<figure>\n{}</figure>\n", parts::table(&grid)),
            Along::Level(words) => format!("<p>{}</p>\n", escape(&words)),
        };
    }
    body
}

fn of_model(sweep: &Sweep<'_>, model: &str) -> String {
    let mut body = String::new();
    for axis in sweep.numeric_axes() {
        let charts = Line::ALL.iter().filter_map(|line| chart(sweep, axis, model, *line));
        body += &charts.map(|chart| parts::figure(&chart)).collect::<String>();
    }
    if let ([rows, columns], false) = (sweep.axes, sweep.is_zipped) {
        for strategy in sweep.strategies() {
            body += &heat_map(sweep, model, strategy, (&rows.path, &columns.path));
        }
    }
    body
}

/// One figure of every strategy along an axis.
fn chart(sweep: &Sweep<'_>, at: usize, model: &str, line: Line) -> Option<Chart> {
    let (axis, points, figure) = (&sweep.axes[at], sweep.along(at), line.figure()?);
    let numbers = axis.numbers.as_ref()?;
    let values = points.iter().map(|point| (axis.labels[point.place[at]].as_str(), numbers[point.place[at]]));
    let path = if axis.is_time() { format!("{} (s)", axis.path) } else { axis.path.clone() };
    let along = lines::Along { path: &path, values: values.collect() };
    let value = |strategy: &str, point: &SweptPoint| {
        point.cell(model, strategy).and_then(figure.value).filter(|value| value.is_finite())
    };
    let course = |strategy| -> Course<'_> { (strategy, points.iter().map(|point| value(strategy, point)).collect()) };
    let courses: Vec<Course<'_>> = sweep.strategies().into_iter().map(course).collect();
    lines::lines(model, line, &along, &courses)
}

/// Cost by the values of two axes, from the least to the most of this model.
fn heat_map(sweep: &Sweep<'_>, model: &str, strategy: &str, (down, across): (&str, &str)) -> String {
    let at = |place: [usize; 2]| -> Option<&Cell> {
        let point = sweep.points.iter().find(|point: &&SweptPoint| point.place == place)?;
        point.cell(model, strategy)
    };
    let costs = || sweep.cells().filter(|cell| cell.model == model).map(|cell| cell.cost.mean);
    let (least, most) = (costs().fold(f64::INFINITY, f64::min), costs().fold(0.0, f64::max));
    let (rows, columns) = (&sweep.axes[0].labels, &sweep.axes[1].labels);
    let squares =
        |row| (0..columns.len()).map(|column| at([row, column]).map(|cell| square(cell, least, most))).collect();
    Heat {
        is_live: false,
        caption: format!("{strategy}: cost per task by {down} (down) and {across} (across)"),
        corner: down.to_owned(),
        columns: columns.iter().map(|label| escape(label)).collect(),
        rows: rows.iter().enumerate().map(|(row, label)| (label.clone(), squares(row))).collect(),
    }
    .html()
}

/// A cost, darker the closer it is to the most, and what is lost.
fn square(cell: &Cell, least: f64, most: f64) -> Square {
    let share = if most > least { (cell.cost.mean - least) / (most - least) } else { 0.0 };
    let lost = if cell.lost > 0 {
        format!("<small>{} lost</small>", f::percent(cell.lost as f64 / cell.tasks as f64))
    } else {
        String::new()
    };
    let depth = (share * 70.0).round();
    Square {
        attributes: format!("style=\"background:color-mix(in srgb,var(--s-loses-most) {depth}%,transparent)\""),
        content: f::number(cell.cost.mean) + &lost,
    }
}
