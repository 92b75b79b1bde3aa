//! Tables, figures and sentences in HTML.

use crate::report::charts::Chart;
use crate::report::escape::html as escape;
use crate::report::findings::{Sentence, Span};
use crate::report::grid::{Grid, Row};

/// A sentence with its names set off.
pub(super) fn sentence(sentence: &Sentence) -> String {
    sentence
        .iter()
        .map(|span| match span {
            Span::Text(words) => escape(words),
            Span::Name(words) => format!("<b class=\"name\">{}</b>", escape(words)),
            Span::Choice(words) => format!("<strong>{}</strong>", escape(words)),
            Span::Warning(words) => format!("<strong class=\"warning\">{}</strong>", escape(words)),
        })
        .collect()
}

/// A table that scrolls by itself where the page is too narrow for it.
pub(in crate::report) fn table(grid: &Grid) -> String {
    let caption = escape(&grid.caption);
    let mut out = format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\n<table>\n<caption><span>{caption}</span></caption>\n\
         <thead><tr><th scope=\"col\" class=\"words\">{}</th>",
        escape(&grid.corner)
    );
    for column in &grid.columns {
        let class = if column.words { " class=\"words\"" } else { "" };
        out += &format!("<th scope=\"col\"{class}>{}</th>", escape(&column.title));
    }
    out += "</tr></thead>\n<tbody>\n";
    for line in &grid.rows {
        out += &row(grid, line);
    }
    out += "</tbody>\n</table>\n</div>\n";
    out
}

fn row(grid: &Grid, row: &Row) -> String {
    let class = if row.best { " class=\"best\"" } else { "" };
    let mut out = format!("<tr{class}><th scope=\"row\" class=\"words\">{}", escape(&row.head));
    if row.best {
        out += " <span class=\"star\" title=\"the choice\">★</span>";
    }
    if row.baseline {
        out += " <span class=\"tag\">baseline</span>";
    }
    out += "</th>";
    for (entry, column) in row.entries.iter().zip(&grid.columns) {
        let class = if column.words { " class=\"words\"" } else { "" };
        out += &format!("<td{class}>{}", escape(&entry.text));
        if let Some(spread) = &entry.spread {
            out += &format!(" <small>{}</small>", escape(spread));
        }
        out += "</td>";
    }
    out += "</tr>\n";
    out
}

/// Columns of a table that fit beside a chart; a wider one stands under it.
const BESIDE: usize = 5;

/// A chart with the table of its figures beside it.
pub(in crate::report) fn figure(chart: &Chart) -> String {
    let title = escape(&chart.title);
    let short = chart.title.strip_prefix(&format!("{}: ", chart.model)).unwrap_or(&chart.title);
    let mut heading = escape(short);
    if let Some(first) = heading.get(..1) {
        heading.replace_range(..1, &first.to_uppercase());
    }
    let layout = if chart.table.columns.len() > BESIDE { "stack" } else { "pair" };
    format!(
        "<figure>\n<h3>{heading}</h3>\n<div class=\"{layout}\">\n\
         <div class=\"picture\" role=\"region\" tabindex=\"0\" aria-label=\"{title}\">\n{}</div>\n{}</div>\n\
         <figcaption>{}</figcaption>\n</figure>\n",
        chart.svg,
        table(&chart.table),
        escape(&chart.caption)
    )
}
