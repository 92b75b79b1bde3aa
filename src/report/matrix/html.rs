//! `grid.html`: the matrix as a heat map, and each scenario's own by model.

use super::markdown::figures;
use super::{Matrix, Panel, Shade, Square};
use crate::figures as f;
use crate::report::escape::{html as escape, slugs};
use crate::report::heat::{self, Heat};
use crate::report::page::{end, head, parts, section};

pub(super) fn render(matrix: &Matrix<'_>) -> String {
    let labels: Vec<&str> = matrix.parts.iter().map(|part| part.label).collect();
    let anchors = slugs(&labels);
    let mut page = head("Strategies in different weather – pollbench");
    let run = matrix.parts.first().map(|part| &part.results.run);
    let facts = run.map(|run| {
        format!(
            "{} × {}, {} × {} tasks a model, engine {}, seed {}",
            f::plural(labels.len(), "scenario"),
            f::plural(matrix.strategies().len(), "strategy"),
            run.replicates,
            f::count(run.tasks),
            run.engine,
            run.seed
        )
    });
    page += &format!(
        "<header>\n<p class=\"kicker\">pollbench grid</p>\n<h1>Strategies in different weather</h1>\n<p class=\"meta\">{}</p>\n</header>\n",
        escape(&facts.unwrap_or_default())
    );
    let links: String = labels
        .iter()
        .zip(&anchors)
        .map(|(label, anchor)| format!("<li><a href=\"#in-{anchor}\">{}</a></li>", escape(label)))
        .collect();
    page += &format!(
        "<nav aria-label=\"Contents\"><ul><li><a href=\"#answer\">All</a></li>{links}</ul></nav>\n<main id=\"main\">\n"
    );
    page += &section("answer", "Lost tasks first, then cost", &overview(matrix, &anchors));
    for (part, anchor) in matrix.parts.iter().zip(&anchors) {
        page += &section(&format!("in-{anchor}"), &escape(part.label), &of_part(part));
    }
    let again = format!(
        "<p>To reproduce these numbers:</p>\n<pre tabindex=\"0\"><code>{}</code></pre>\n",
        escape(matrix.command)
    );
    page += &section("run", "The run", &again);
    page + "</main>\n" + &end()
}

fn overview(matrix: &Matrix<'_>, anchors: &[String]) -> String {
    let mut body = String::from(
        "<p>A square is one strategy in one scenario, over all of its models: the cost per task, and the share of tasks that \
         succeeded but whose result the client never had. Where tasks are lost, the square says what loses most of them, as a \
         rule a mistake in the guide’s code.</p>\n",
    );
    body += &key();
    body += matrix.parts.iter().map(Panel::note_on_kinds).find(|note| !note.is_empty()).unwrap_or_default();
    let heads = matrix.parts.iter().zip(anchors);
    let heads = heads.map(|(part, anchor)| format!("<a href=\"#in-{anchor}\">{}</a>", escape(part.label))).collect();
    body += &heat_map("Strategies × scenarios", heads, &matrix.strategies(), |strategy| {
        matrix.parts.iter().map(|part| part.square(strategy)).collect()
    });
    let mistakes = matrix.mistakes();
    if !mistakes.is_empty() {
        let define = |name, about| format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(about));
        let terms: String = mistakes.iter().map(|mistake| define(mistake.name, mistake.about)).collect();
        body += &format!("<h3>What loses tasks</h3>\n<dl class=\"glossary\">\n{terms}</dl>\n");
    }
    body
}

fn of_part(part: &Panel<'_>) -> String {
    let mut body = format!("<p>{}</p>\n", escape(&part.scenario.description));
    let models = part.models();
    let heads = models.iter().map(|model| escape(model)).collect();
    body += &heat_map(&format!("{}: strategies × models", part.label), heads, &part.strategies(), |strategy| {
        models.iter().map(|model| part.on_model(strategy, model)).collect()
    });
    body += "<h3>What the faults did</h3>\n";
    body += &parts::table(&figures(part));
    body += "<p class=\"note\">Still to be had: of the lost, by id at the horizon. Struck: tasks of whose polls or deliveries a \
             fault struck one. 429s: share of polls so answered. Too early: requests before the instant that a Retry-After \
             named. Recovery: the longest time from the end of an outage until no task that was done before it is unknown; \
             counted by outage and model.</p>\n";
    let idle = part.idle();
    if !idle.is_empty() {
        body += &format!("<p class=\"note\">Never struck: {}.</p>\n", escape(&idle.join(", ")));
    }
    body
}

/// What the shades mean.
fn key() -> String {
    let entry = |shade: Shade| format!("<li class=\"{}\">{}</li>", shade.class(), shade.meaning());
    format!("<ul class=\"key\">{}</ul>\n", Shade::ALL.map(entry).concat())
}

fn heat_map(
    caption: &str,
    columns: Vec<String>,
    strategies: &[&str],
    squares: impl Fn(&str) -> Vec<Option<Square>>,
) -> String {
    let row = |strategy: &&str| {
        ((*strategy).to_owned(), squares(strategy).iter().map(|s| s.as_ref().map(of_square)).collect())
    };
    let rows = strategies.iter().map(row).collect();
    Heat { caption: caption.to_owned(), corner: "strategy".to_owned(), is_live: false, columns, rows }.html()
}

fn of_square(square: &Square) -> heat::Square {
    let class = square.shade.class();
    let cost = f::number(square.cost);
    if square.lost == 0 {
        return heat::Square { attributes: format!("class=\"{class}\""), content: cost };
    }
    let why = square.mistake.map(|mistake| format!("<small>{}</small>", escape(mistake.name))).unwrap_or_default();
    let title = format!(
        "{} tasks lost, {} of them still retrievable by id at the horizon",
        f::part(square.lost, square.tasks),
        f::count(square.retrievable)
    );
    heat::Square {
        attributes: format!("class=\"{class}\" title=\"{title}\""),
        content: format!("<b>{}</b> {cost}{why}", f::percent(square.lost_share())),
    }
}
