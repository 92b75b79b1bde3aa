//! A sheet to paint on: plotters' SVG backend with the few shapes that the charts need.

use super::palette::{GRID, INK, Look, MUTED, PAPER, Shape};
use crate::report::escape;
use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, IntoTextStyle, RGBAColor, RGBColor, ShapeStyle};

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

/// plotters writes a dash as an element of its own, hundreds for a curve. Instead a dashed line is painted with this
/// opacity, which nothing else has, and becomes a dashed one in [`finish`].
const DASHED: f64 = 0.99;
/// Size of text that is not told another one.
pub(super) const TEXT: i32 = 12;

pub(super) struct Canvas<'a> {
    backend: SVGBackend<'a>,
}

/// The SVG document that `paint` paints, with a title and a description for those who do not see it.
pub(super) fn draw(size: (u32, u32), title: &str, about: &str, paint: impl FnOnce(&mut Canvas<'_>)) -> String {
    let mut svg = String::new();
    let mut canvas = Canvas { backend: SVGBackend::with_string(&mut svg, size) };
    canvas.rect((0, 0), (size.0 as i32, size.1 as i32), PAPER);
    paint(&mut canvas);
    done(canvas.backend.present());
    drop(canvas);
    finish(&svg, title, about)
}

/// Lets the picture shrink with its page, names it, and drops what every reader assumes anyway.
fn finish(svg: &str, title: &str, about: &str) -> String {
    let dashed = format!(" opacity=\"{DASHED}\"");
    let (start, rest) = svg.split_once('>').unwrap_or((svg, ""));
    let label = escape::html(title);
    let rest = rest
        .replace(" opacity=\"1\"", "")
        .replace(&dashed, " stroke-dasharray=\"5 3\"")
        .replace(" stroke=\"none\"", "")
        .replace(" font-family=\"sans-serif\"", "")
        .replace(" text-anchor=\"start\"", "")
        .replace(" \"/>", "\"/>")
        .replace("\n</text>", "</text>");
    format!(
        "{start} role=\"img\" aria-label=\"{label}\" font-family=\"system-ui, sans-serif\">\n\
         <title>{label}</title>\n<desc>{}</desc>{rest}",
        escape::html(about)
    )
}

/// The backend's errors are those of files, and there is none.
fn done<E: std::fmt::Debug>(result: Result<(), E>) {
    result.expect("a string takes everything that is written to it");
}

impl Canvas<'_> {
    pub(super) fn rect(&mut self, from: Point, to: Point, colour: RGBColor) {
        done(self.backend.draw_rect(from, to, &colour.filled(), true));
    }

    pub(super) fn line(&mut self, from: Point, to: Point, colour: RGBColor) {
        done(self.backend.draw_line(from, to, &colour.stroke_width(1)));
    }

    pub(super) fn path(&mut self, points: &[Point], colour: RGBColor, width: u32) {
        done(self.backend.draw_path(points.iter().copied(), &colour.stroke_width(width)));
    }

    /// A strategy's curve.
    pub(super) fn curve(&mut self, points: &[Point], look: Look) {
        let colour: RGBAColor = if look.repaired { look.colour.mix(DASHED) } else { look.colour.to_rgba() };
        let style = ShapeStyle { color: colour, filled: false, stroke_width: 2 };
        done(self.backend.draw_path(points.iter().copied(), &style));
    }

    pub(super) fn polygon(&mut self, points: &[Point], colour: RGBColor, opacity: f64) {
        done(self.backend.fill_polygon(points.iter().copied(), &colour.mix(opacity)));
    }

    /// A circle of radius `r`, filled.
    pub(super) fn dot(&mut self, at: Point, r: u32, colour: RGBColor) {
        done(self.backend.draw_circle(at, r, &colour.filled(), true));
    }

    /// A strategy's mark: filled, or a hollow one that is large enough for its twin to be seen inside.
    pub(super) fn mark(&mut self, (x, y): Point, look: Look) {
        let corners: &[Point] = match look.shape {
            Shape::Circle => {
                let r = if look.repaired { 6 } else { 4 };
                let style = ShapeStyle { color: look.colour.to_rgba(), filled: !look.repaired, stroke_width: 2 };
                return done(self.backend.draw_circle((x, y), r, &style, !look.repaired));
            }
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

    /// A small ×.
    pub(super) fn cross(&mut self, (x, y): Point, colour: RGBColor) {
        self.path(&[(x - 3, y - 3), (x + 3, y + 3)], colour, 2);
        self.path(&[(x - 3, y + 3), (x + 3, y - 3)], colour, 2);
    }

    pub(super) fn text(&mut self, at: Point, words: &str, anchor: Anchor) {
        self.styled(at, words, anchor, TEXT, INK, FontTransform::None);
    }

    /// Text of second rank.
    pub(super) fn note(&mut self, at: Point, words: &str, anchor: Anchor) {
        self.styled(at, words, anchor, TEXT - 1, MUTED, FontTransform::None);
    }

    /// Text that reads upwards, for the title of a vertical axis.
    pub(super) fn upward(&mut self, at: Point, words: &str) {
        self.styled(at, words, Anchor::Middle, TEXT - 1, MUTED, FontTransform::Rotate270);
    }

    pub(super) fn gridline(&mut self, from: Point, to: Point) {
        self.line(from, to, GRID);
    }

    fn styled(&mut self, at: Point, words: &str, anchor: Anchor, size: i32, colour: RGBColor, turn: FontTransform) {
        // The backend divides the size by 1.24.
        let font = ("sans-serif", f64::from(size) * 1.24).into_text_style(&(1, 1)).transform(turn).color(&colour);
        let h_pos = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        done(self.backend.draw_text(words, &font.pos(Pos::new(h_pos, VPos::Center)), at));
    }
}

/// Corners of the mark +.
const PLUS: [Point; 12] =
    [(-1, -5), (2, -5), (2, -1), (5, -1), (5, 2), (2, 2), (2, 5), (-1, 5), (-1, 2), (-5, 2), (-5, -1), (-1, -1)];

/// Roughly how wide a text of the usual size is.
pub(super) fn width_of(words: &str) -> i32 {
    (words.chars().count() as f64 * f64::from(TEXT) * 0.56).ceil() as i32
}

/// A name that fits into `width`, cut where it must.
pub(super) fn cut(name: &str, width: i32) -> String {
    if width_of(name) <= width {
        return name.to_owned();
    }
    let room = (f64::from(width) / (f64::from(TEXT) * 0.56)) as usize;
    name.chars().take(room.saturating_sub(1)).chain(std::iter::once('…')).collect()
}
