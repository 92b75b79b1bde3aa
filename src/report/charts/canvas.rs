//! A sheet to paint on: the few shapes that the charts need, painted by plotters, in groups and with hints that plotters does
//! not know.

use crate::palette::{Colour, GRID, INK, Look, MUTED, PAPER, Shape};
use crate::report::escape;
use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, IntoTextStyle, RGBColor, ShapeStyle};
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
pub(super) const NOTE: i32 = 12;
/// How far around a point its values are shown.
const REACH: i32 = 9;

/// plotters writes a dash as an element of its own, hundreds for a curve. Instead a dashed line is painted with this
/// opacity, which nothing else has, and becomes a dashed one in [`lean`].
const DASHED: f64 = 0.99;

pub(super) struct Canvas {
    size: (u32, u32),
    svg: String,
}

/// The SVG document that `paint` paints, with a title and a description for those who do not see it.
pub(super) fn draw(size: (u32, u32), title: &str, about: &str, paint: impl FnOnce(&mut Canvas)) -> String {
    let mut canvas = Canvas { size, svg: String::new() };
    paint(&mut canvas);
    let ((width, height), label) = (canvas.size, escape::html(title));
    // What is painted may have grown: the paper under it comes last.
    let painted = std::mem::take(&mut canvas.svg);
    canvas.rect((0, 0), (width as i32, height as i32), PAPER);
    canvas.svg += &painted;
    format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{label}\" \
         font-family=\"system-ui, sans-serif\">\n<title>{label}</title>\n<desc>{}</desc>\n{}</svg>\n",
        escape::html(about),
        lean(&canvas.svg)
    )
}

/// Elements without what every reader of SVG assumes anyway; their dashes are made.
fn lean(elements: &str) -> String {
    let dashed = format!(" opacity=\"{DASHED}\"");
    elements
        .replace(" opacity=\"1\"", "")
        .replace(&dashed, " stroke-dasharray=\"5 3\"")
        .replace(" stroke=\"none\"", "")
        .replace(" stroke-width=\"1\"", "")
        .replace(" font-family=\"sans-serif\"", "")
        .replace(" text-anchor=\"start\"", "")
        .replace(" dy=\"0.5ex\"", " dy=\".35em\"")
        .replace(&written(TEXT), &format!("font-size=\"{TEXT}\""))
        .replace(&written(NOTE), &format!("font-size=\"{NOTE}\""))
        .replace(" \"/>", "\"/>")
}

/// plotters takes sizes of text in whole pixels and divides them by this when it writes them.
const GROWN: f64 = 1.24;

fn grown(size: i32) -> f64 {
    (f64::from(size) * GROWN).floor()
}

/// What plotters makes of a size.
fn written(size: i32) -> String {
    format!("font-size=\"{}\"", grown(size) / GROWN)
}

fn colour_of(Colour(red, green, blue): Colour) -> RGBColor {
    RGBColor(red, green, blue)
}

impl Canvas {
    /// Lets plotters paint one shape. It writes whole documents, whose first and last tags are dropped.
    fn shape<E: std::fmt::Debug>(&mut self, paint: impl FnOnce(&mut SVGBackend<'_>) -> Result<(), E>) {
        let mut document = String::new();
        let mut backend = SVGBackend::with_string(&mut document, self.size);
        // The backend's errors are those of files, and there is none.
        paint(&mut backend).expect("a string takes everything that is written to it");
        drop(backend);
        let element = document.split_once('>').map_or("", |(_, rest)| rest);
        // plotters gives the words of a text a line of their own.
        self.svg += &element.trim().trim_end_matches("</svg>").trim().replace(">\n", ">").replace("\n<", "<");
        self.svg.push('\n');
    }

    /// More paper at the bottom: where it begins.
    pub(super) fn grow(&mut self, height: i32) -> i32 {
        let from = self.size.1;
        self.size.1 += height as u32;
        from as i32
    }

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
        let to = (to.0.max(from.0), to.1.max(from.1));
        self.shape(|sheet| sheet.draw_rect(from, to, &colour_of(colour).filled(), true));
    }

    pub(super) fn line(&mut self, from: Point, to: Point, colour: Colour) {
        self.shape(|sheet| sheet.draw_line(from, to, &colour_of(colour).stroke_width(1)));
    }

    pub(super) fn path(&mut self, points: &[Point], colour: Colour, width: u32) {
        self.polyline(points, colour, width, 1.0);
    }

    /// A strategy's curve.
    pub(super) fn curve(&mut self, points: &[Point], look: Look) {
        self.polyline(points, look.colour, 2, if look.repaired { DASHED } else { 1.0 });
    }

    fn polyline(&mut self, points: &[Point], colour: Colour, width: u32, opacity: f64) {
        if !points.is_empty() {
            let style = ShapeStyle { color: colour_of(colour).mix(opacity), filled: false, stroke_width: width };
            self.shape(|sheet| sheet.draw_path(points.iter().copied(), &style));
        }
    }

    pub(super) fn polygon(&mut self, points: &[Point], colour: Colour, opacity: f64) {
        self.shape(|sheet| sheet.fill_polygon(points.iter().copied(), &colour_of(colour).mix(opacity)));
    }

    /// A circle of radius `r`, filled.
    pub(super) fn dot(&mut self, at: Point, r: u32, colour: Colour) {
        self.shape(|sheet| sheet.draw_circle(at, r, &colour_of(colour).filled(), true));
    }

    /// A circle of radius `r`, hollow.
    fn circle(&mut self, at: Point, r: u32, colour: Colour) {
        self.shape(|sheet| sheet.draw_circle(at, r, &colour_of(colour).stroke_width(2), false));
    }

    /// A strategy's mark: filled, or a hollow one that is large enough for its twin to be seen inside.
    pub(super) fn mark(&mut self, (x, y): Point, look: Look) {
        let corners: &[Point] = match look.shape {
            Shape::Circle if look.repaired => return self.circle((x, y), 6, look.colour),
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
    pub(super) fn ring(&mut self, at: Point, colour: Colour) {
        self.circle(at, 10, colour);
    }

    /// A small ×.
    pub(super) fn cross(&mut self, (x, y): Point, colour: Colour) {
        self.path(&[(x - 3, y - 3), (x + 3, y + 3)], colour, 2);
        self.path(&[(x - 3, y + 3), (x + 3, y - 3)], colour, 2);
    }

    pub(super) fn text(&mut self, at: Point, words: &str, anchor: Anchor) {
        self.styled(at, words, anchor, TEXT, INK, FontTransform::None);
    }

    /// Text of second rank.
    pub(super) fn note(&mut self, at: Point, words: &str, anchor: Anchor) {
        self.styled(at, words, anchor, NOTE, MUTED, FontTransform::None);
    }

    /// The same in another colour.
    pub(super) fn tinted(&mut self, at: Point, words: &str, anchor: Anchor, colour: Colour) {
        self.styled(at, words, anchor, NOTE, colour, FontTransform::None);
    }

    /// A name in a room of some width, at a size of its letters; who points at one that had to be cut is told all of it.
    pub(super) fn name(&mut self, at: Point, name: &str, anchor: Anchor, (size, room): (i32, i32)) {
        let shown = cut(name, size, room);
        self.styled(at, &shown, anchor, size, INK, FontTransform::None);
        if shown != name {
            let width = width_at(size, &shown);
            let left = match anchor {
                Anchor::Start => at.0,
                Anchor::Middle => at.0 - width / 2,
                Anchor::End => at.0 - width,
            };
            self.hint_over((left, at.1 - size / 2), (left + width, at.1 + size / 2), name);
        }
    }

    /// Text that reads upwards, for the title of a vertical axis.
    pub(super) fn upward(&mut self, at: Point, words: &str) {
        self.styled(at, words, Anchor::Middle, NOTE, MUTED, FontTransform::Rotate270);
    }

    pub(super) fn gridline(&mut self, from: Point, to: Point) {
        self.line(from, to, GRID);
    }

    fn styled(&mut self, at: Point, words: &str, anchor: Anchor, size: i32, colour: Colour, turn: FontTransform) {
        if words.is_empty() {
            return;
        }
        let colour = colour_of(colour);
        let font = ("sans-serif", grown(size)).into_text_style(&(1, 1)).transform(turn).color(&colour);
        let h_pos = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        self.shape(|sheet| sheet.draw_text(words, &font.pos(Pos::new(h_pos, VPos::Center)), at));
    }
}

/// Corners of the mark +.
const PLUS: [Point; 12] =
    [(-1, -5), (2, -5), (2, -1), (5, -1), (5, 2), (2, 2), (2, 5), (-1, 5), (-1, 2), (-5, 2), (-5, -1), (-1, -1)];

/// Widths of letters as shares of the size, with air for fonts that are wider than most.
const LETTER: f64 = 0.58;

/// Roughly how wide a text of the usual size is.
pub(super) fn width_of(words: &str) -> i32 {
    width_at(TEXT, words)
}

/// The same at another size of letters.
pub(super) fn width_at(size: i32, words: &str) -> i32 {
    (words.chars().count() as f64 * f64::from(size) * LETTER).ceil() as i32
}

/// A name that fits into `width`, cut where it must.
fn cut(name: &str, size: i32, width: i32) -> String {
    if width_at(size, name) <= width {
        return name.to_owned();
    }
    let room = (f64::from(width) / (f64::from(size) * LETTER)) as usize;
    name.chars().take(room.saturating_sub(1)).chain(std::iter::once('…')).collect()
}
