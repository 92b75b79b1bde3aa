//! A sheet to paint on: SVG with the few shapes that the charts need.

use super::palette::{Colour, GRID, INK, Look, MUTED, PAPER, Shape};
use crate::report::escape;
use std::fmt::Write as _;

/// A point in pixels, from the upper left corner.
pub(super) type Point = (i32, i32);

/// Where a text stands relative to its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    /// The text begins at the point, its middle at the point's height.
    Start,
    /// The text is centred on the point.
    Middle,
    /// The text ends at the point.
    End,
}

/// Size of text that is not told another one.
pub(super) const TEXT: i32 = 13;
/// Size of text of second rank.
const NOTE: i32 = 12;
/// How far around a point its values are shown.
const REACH: i32 = 9;

pub(super) struct Canvas {
    svg: String,
}

/// The SVG document that `paint` paints, with a title and a description for those who do not see it.
pub(super) fn draw(size: (u32, u32), title: &str, about: &str, paint: impl FnOnce(&mut Canvas)) -> String {
    let ((width, height), label) = (size, escape::html(title));
    let mut canvas = Canvas {
        svg: format!(
            "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{label}\" \
             font-family=\"system-ui, sans-serif\">\n<title>{label}</title>\n<desc>{}</desc>\n",
            escape::html(about)
        ),
    };
    canvas.rect((0, 0), (width as i32, height as i32), PAPER);
    paint(&mut canvas);
    canvas.svg + "</svg>\n"
}

/// Points as SVG lists them.
fn listed(points: &[Point]) -> String {
    let mut out = String::with_capacity(points.len() * 8);
    for (i, (x, y)) in points.iter().enumerate() {
        let _ = write!(out, "{}{x},{y}", if i == 0 { "" } else { " " });
    }
    out
}

impl Canvas {
    fn write(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = self.svg.write_fmt(element);
        self.svg.push('\n');
    }

    /// What belongs to a strategy, so that a page can leave it out.
    pub(super) fn of_strategy(&mut self, strategy: &str, paint: impl FnOnce(&mut Self)) {
        self.write(format_args!("<g data-s=\"{}\">", escape::html(strategy)));
        paint(self);
        self.write(format_args!("</g>"));
    }

    /// Shows these words to who points at the place.
    pub(super) fn hint(&mut self, (x, y): Point, words: &str) {
        let words = escape::html(words);
        self.write(format_args!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{REACH}\" fill=\"none\" pointer-events=\"all\"><title>{words}</title></circle>"
        ));
    }

    /// Shows these words to who points into the rectangle.
    pub(super) fn hint_over(&mut self, from: Point, to: Point, words: &str) {
        let ((x, y), (width, height), words) = (from, (to.0 - from.0, to.1 - from.1), escape::html(words));
        self.write(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"none\" pointer-events=\"all\"><title>{words}</title></rect>"
        ));
    }

    pub(super) fn rect(&mut self, from: Point, to: Point, colour: Colour) {
        let ((x, y), width, height) = (from, (to.0 - from.0).max(0), (to.1 - from.1).max(0));
        self.write(format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{colour}\"/>"));
    }

    pub(super) fn line(&mut self, (x1, y1): Point, (x2, y2): Point, colour: Colour) {
        self.write(format_args!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{colour}\"/>"));
    }

    pub(super) fn path(&mut self, points: &[Point], colour: Colour, width: u32) {
        self.polyline(points, colour, width, "");
    }

    /// A strategy's curve.
    pub(super) fn curve(&mut self, points: &[Point], look: Look) {
        self.polyline(points, look.colour, 2, if look.repaired { " stroke-dasharray=\"5 3\"" } else { "" });
    }

    fn polyline(&mut self, points: &[Point], colour: Colour, width: u32, dashes: &str) {
        if !points.is_empty() {
            let points = listed(points);
            let width = if width == 1 { String::new() } else { format!(" stroke-width=\"{width}\"") };
            self.write(format_args!(
                "<polyline fill=\"none\" stroke=\"{colour}\"{width}{dashes} points=\"{points}\"/>"
            ));
        }
    }

    pub(super) fn polygon(&mut self, points: &[Point], colour: Colour, opacity: f64) {
        let points = listed(points);
        let opacity = if opacity < 1.0 { format!(" opacity=\"{opacity}\"") } else { String::new() };
        self.write(format_args!("<polygon fill=\"{colour}\"{opacity} points=\"{points}\"/>"));
    }

    /// A circle of radius `r`, filled.
    pub(super) fn dot(&mut self, (x, y): Point, r: u32, colour: Colour) {
        self.write(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" fill=\"{colour}\"/>"));
    }

    /// A strategy's mark: filled, or a hollow one that is large enough for its twin to be seen inside.
    pub(super) fn mark(&mut self, (x, y): Point, look: Look) {
        let corners: &[Point] = match look.shape {
            Shape::Circle if look.repaired => {
                let colour = look.colour;
                return self.write(format_args!(
                    "<circle cx=\"{x}\" cy=\"{y}\" r=\"6\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
                ));
            }
            Shape::Circle => return self.dot((x, y), 4, look.colour),
            Shape::Square => &[(-4, -4), (4, -4), (4, 4), (-4, 4)],
            Shape::Diamond => &[(0, -5), (5, 0), (0, 5), (-5, 0)],
            Shape::Up => &[(0, -5), (5, 4), (-5, 4)],
            Shape::Down => &[(0, 5), (5, -4), (-5, -4)],
            Shape::Plus => &PLUS,
        };
        if !look.repaired {
            let filled: Vec<Point> = corners.iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
            return self.polygon(&filled, look.colour, 1.0);
        }
        let mut outline: Vec<Point> = corners.iter().map(|(dx, dy)| (x + dx * 3 / 2, y + dy * 3 / 2)).collect();
        // One corner more than closes it, so that the first is joined like the others.
        outline.extend_from_within(0..2);
        self.path(&outline, look.colour, 2);
    }

    /// A ring around what is to be seen first.
    pub(super) fn ring(&mut self, (x, y): Point, colour: Colour) {
        self.write(format_args!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"10\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        ));
    }

    /// A small ×.
    pub(super) fn cross(&mut self, (x, y): Point, colour: Colour) {
        self.path(&[(x - 3, y - 3), (x + 3, y + 3)], colour, 2);
        self.path(&[(x - 3, y + 3), (x + 3, y - 3)], colour, 2);
    }

    pub(super) fn text(&mut self, at: Point, words: &str, anchor: Anchor) {
        self.styled(at, words, anchor, TEXT, INK);
    }

    /// Text of second rank.
    pub(super) fn note(&mut self, at: Point, words: &str, anchor: Anchor) {
        self.styled(at, words, anchor, NOTE, MUTED);
    }

    /// The same in another colour.
    pub(super) fn tinted(&mut self, at: Point, words: &str, anchor: Anchor, colour: Colour) {
        self.styled(at, words, anchor, NOTE, colour);
    }

    /// Text that reads upwards, for the title of a vertical axis.
    pub(super) fn upward(&mut self, (x, y): Point, words: &str) {
        let words = escape::html(words);
        self.write(format_args!(
            "<text x=\"{x}\" y=\"{y}\" dy=\".35em\" text-anchor=\"middle\" font-size=\"{NOTE}\" fill=\"{MUTED}\" \
             transform=\"rotate(-90 {x} {y})\">{words}</text>"
        ));
    }

    pub(super) fn gridline(&mut self, from: Point, to: Point) {
        self.line(from, to, GRID);
    }

    fn styled(&mut self, (x, y): Point, words: &str, anchor: Anchor, size: i32, colour: Colour) {
        if words.is_empty() {
            return;
        }
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let words = escape::html(words);
        self.write(format_args!(
            "<text x=\"{x}\" y=\"{y}\" dy=\".35em\"{anchor} font-size=\"{size}\" fill=\"{colour}\">{words}</text>"
        ));
    }
}

/// Corners of the mark +.
const PLUS: [Point; 12] =
    [(-1, -5), (2, -5), (2, -1), (5, -1), (5, 2), (2, 2), (2, 5), (-1, 5), (-1, 2), (-5, 2), (-5, -1), (-1, -1)];

/// Widths of letters as shares of the size, with air for fonts that are wider than most.
const LETTER: f64 = 0.58;

/// Roughly how wide a text of the usual size is.
pub(super) fn width_of(words: &str) -> i32 {
    (words.chars().count() as f64 * f64::from(TEXT) * LETTER).ceil() as i32
}

/// A name that fits into `width`, cut where it must.
pub(super) fn cut(name: &str, width: i32) -> String {
    if width_of(name) <= width {
        return name.to_owned();
    }
    let room = (f64::from(width) / (f64::from(TEXT) * LETTER)) as usize;
    name.chars().take(room.saturating_sub(1)).chain(std::iter::once('…')).collect()
}
