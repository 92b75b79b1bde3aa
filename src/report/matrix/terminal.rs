//! The matrix on the terminal: as many scenarios beside each other as there is room for.

use super::{Matrix, Shade, Square};
use crate::figures as f;
use crate::report::fold::fold;
use crate::report::paint::Paint;
use crate::report::table::{Style, ascii};

/// Room between columns.
const GAP: usize = 2;

pub(super) fn render(matrix: &Matrix<'_>, style: Style) -> String {
    let paint = Paint(style.colour);
    let strategies = matrix.strategies();
    let head = strategies.iter().map(|name| length(name)).max().unwrap_or(0).max("strategy".len());
    let widths: Vec<usize> = matrix.parts.iter().map(|part| column(matrix, part.label, part)).collect();
    let mut out = String::new();
    let mut from = 0;
    while from < widths.len() {
        let mut room = style.width.saturating_sub(head);
        let fitting = widths[from..].iter().take_while(|width| {
            let fits = room >= GAP + **width;
            room = room.saturating_sub(GAP + **width);
            fits
        });
        let to = from + fitting.count().max(1);
        out += &block(matrix, &strategies, (head, &widths), from..to, paint);
        out.push('\n');
        from = to;
    }
    let legend = |line: &str| {
        fold(&ascii(line.trim_end()), style.width).lines().map(|line| paint.dim(line) + "\n").collect::<String>()
    };
    out += &legend("cost per task over all models, then the share of lost tasks and a letter for the reason:\n");
    for (mistake, letter) in matrix.mistakes().iter().zip('a'..) {
        out += &legend(&format!("  {letter} {}: {}\n", mistake.name, mistake.about));
    }
    for part in matrix.parts {
        for idle in part.idle() {
            out += &legend(&format!("{}: {idle} never struck\n", part.label));
        }
    }
    if let Some(part) = matrix.parts.first() {
        let run = &part.results.run;
        out += &legend(&format!(
            "seed {}, {} x {} tasks a model, engine {}\n",
            run.seed, run.replicates, run.tasks, run.engine
        ));
    }
    out
}

fn block(
    matrix: &Matrix<'_>,
    strategies: &[&str],
    (head, widths): (usize, &[usize]),
    columns: std::ops::Range<usize>,
    paint: Paint,
) -> String {
    let parts = &matrix.parts[columns.clone()];
    let widths = &widths[columns];
    let mut header = format!("{:<head$}", "strategy");
    for (part, &width) in parts.iter().zip(widths) {
        header += &format!("{:>w$}", ascii(part.label), w = GAP + width);
    }
    let mut out = paint.dim(&header) + "\n";
    for strategy in strategies {
        let mut line = format!("{:<head$}", ascii(strategy));
        for (part, &width) in parts.iter().zip(widths) {
            let square = part.square(strategy);
            let text = square.map_or_else(|| "-".to_owned(), |square| text(matrix, &square));
            let padded = format!("{text:>w$}", w = GAP + width);
            line += &square.map_or_else(|| padded.clone(), |square| shaded(paint, square.shade, &padded));
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}

fn shaded(paint: Paint, shade: Shade, text: &str) -> String {
    match shade {
        Shade::Cheap => paint.green(text),
        Shade::Fair => text.to_owned(),
        Shade::Dear | Shade::Loses => paint.yellow(text),
        Shade::LosesMany => paint.red(text),
        Shade::LosesMost => paint.bold_red(text),
    }
}

/// Cost, then the share of lost tasks, then the letter of the mistake.
fn text(matrix: &Matrix<'_>, square: &Square) -> String {
    let cost = f::number(square.cost);
    if square.lost == 0 {
        return cost;
    }
    let share = ascii(&f::percent(square.lost_share()).replace(' ', ""));
    format!("{cost} {share}{}", matrix.letter(square).unwrap_or(' ')).trim_end().to_owned()
}

fn column(matrix: &Matrix<'_>, label: &str, part: &super::Panel<'_>) -> usize {
    let squares = part.strategies().into_iter().filter_map(|strategy| part.square(strategy));
    squares.map(|square| text(matrix, &square).len()).max().unwrap_or(0).max(length(label))
}

fn length(text: &str) -> usize {
    ascii(text).chars().count()
}
