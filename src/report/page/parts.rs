//! Tables, figures and sentences in HTML.

use crate::report::charts::Chart;
use crate::report::escape::html as escape;
use crate::report::findings::{Piece, Sentence};
use crate::report::grid::{Grid, Row};

/// A sentence with its names set off.
pub(in crate::report) fn sentence(sentence: &Sentence) -> String {
    sentence
        .iter()
        .map(|span| match span {
            Piece::Text(words) => escape(words),
            Piece::Name(words) => format!("<b class=\"name\">{}</b>", escape(words)),
            Piece::Choice(words) => format!("<strong>{}</strong>", escape(words)),
            Piece::Warning(words) => format!("<strong class=\"warning\">{}</strong>", escape(words)),
        })
        .collect()
}

/// A table that scrolls by itself where the page is too narrow for it.
pub(in crate::report) fn table(grid: &Grid) -> String {
    let caption = escape(&grid.caption);
    let mut out = format!(
        "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{caption}\">\n<table>\n<caption><span>{caption}</span></caption>\n\
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
    let strategy = if grid.corner == "strategy" { format!(" data-s=\"{}\"", escape(&row.head)) } else { String::new() };
    let mut out = format!("<tr{class}{strategy}><th scope=\"row\" class=\"words\">{}", escape(&row.head));
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

/// A chart with the table of its figures folded under it.
pub(in crate::report) fn figure(chart: &Chart) -> String {
    let below = super::fold("The figures", &table(&chart.table));
    picture(&format!("<h3>{}</h3>\n", escape(&heading(chart))), &chart.title, &chart.svg, &chart.caption, &below)
}

/// A chart folded with its table.
pub(in crate::report) fn folded_figure(chart: &Chart) -> String {
    super::fold(&escape(&heading(chart)), &picture("", &chart.title, &chart.svg, &chart.caption, &table(&chart.table)))
}

/// What a chart shows, where its model need not be said.
fn heading(chart: &Chart) -> String {
    let short = chart.title.strip_prefix(&format!("{}: ", chart.model)).unwrap_or(&chart.title);
    let mut letters = short.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A picture that scrolls where the page is too narrow for it, and what stands around it.
pub(in crate::report) fn picture(heading: &str, title: &str, svg: &str, caption: &str, below: &str) -> String {
    format!(
        "<figure>\n{heading}<div class=\"picture\" role=\"group\" tabindex=\"0\" aria-label=\"{}\">\n{svg}</div>\n\
         <figcaption>{}</figcaption>\n{below}</figure>\n",
        escape(title),
        escape(caption)
    )
}
