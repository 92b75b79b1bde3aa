//! Room for labels: beside their marks, clear of marks, curves and each other.

use super::canvas::{Anchor, Canvas, NOTE, Point, width_at};
use super::frame::Area;
use crate::palette::{Colour, MUTED};

/// Half of a label's height.
const HALF: i32 = 8;
/// Air around a label.
const AIR: i32 = 3;
/// How far from its mark a label may be, and beyond which distance a line leads to it.
const REACHES: [i32; 14] = [0, 6, 12, 20, 30, 42, 56, 72, 92, 116, 144, 176, 212, 260];
const LED: i32 = 12;
/// A shorter line would be a speck.
const SHORTEST_LEADER: i32 = 6;
/// Directions that are tried at each distance.
const DIRECTIONS: u32 = 72;

/// What is taken of an area, and what is free.
pub(super) struct Board {
    area: Area,
    taken: Vec<Area>,
    /// What no line may go through: labels, and the middles of marks.
    firm: Vec<Area>,
    curves: Vec<(Point, Point)>,
}

/// A label that stands somewhere.
struct Placed {
    middle: Point,
    /// From the mark to the label, where it is not next to it.
    leader: Option<(Point, Point)>,
}

impl Board {
    pub(super) fn new(area: Area) -> Self {
        Self { area, taken: Vec::new(), firm: Vec::new(), curves: Vec::new() }
    }

    /// Something stands here.
    pub(super) fn take(&mut self, area: Area) {
        self.taken.push(area);
    }

    /// A mark stands here, and reaches so far around.
    pub(super) fn take_mark(&mut self, at: Point, reach: i32) {
        self.taken.push(around(at, reach, reach));
        self.firm.push(around(at, reach / 2, reach / 2));
    }

    /// A curve goes along these points.
    pub(super) fn take_curve(&mut self, points: &[Point]) {
        self.curves.extend(points.windows(2).map(|pair| (pair[0], pair[1])));
    }

    /// Writes a label as near to the mark at `at`, which reaches `reach` around it, as there is room; whether there was any.
    /// Its line keeps clear of all that is taken where it can, of marks' middles and labels always.
    pub(super) fn label(&mut self, canvas: &mut Canvas, at: Point, reach: i32, words: &str, colour: Colour) -> bool {
        let half = (width_at(NOTE, words) + 1) / 2;
        let found = |barriers: &[Area]| {
            let mut places = REACHES.iter().flat_map(|far| (0..DIRECTIONS).map(move |turn| (*far, turn)));
            places.find_map(|(far, turn)| self.place(at, reach, half, (far, turn), barriers))
        };
        let Some(Placed { middle, leader }) = found(&self.taken).or_else(|| found(&self.firm)) else {
            return false;
        };
        if let Some((from, to)) = leader {
            canvas.line(from, to, MUTED);
            self.curves.push((from, to));
        }
        canvas.tinted(middle, words, Anchor::Middle, colour);
        let label = around(middle, half, HALF);
        self.taken.push(label);
        self.firm.push(label);
        true
    }

    /// A place so far away in this direction, if it is free and a line that `barriers` do not stop leads to it.
    fn place(&self, at: Point, reach: i32, half: i32, (far, turn): (i32, u32), barriers: &[Area]) -> Option<Placed> {
        // To the right first, then by turns above and below, and to the left at last.
        let sign = if turn.is_multiple_of(2) { -1.0 } else { 1.0 };
        let angle = sign * f64::from(turn.div_ceil(2)) * std::f64::consts::TAU / f64::from(DIRECTIONS);
        let (cos, sin) = (libm::cos(angle), libm::sin(angle));
        let step = |axis: f64, half: i32| (axis * f64::from(reach + AIR + half + far)).round() as i32;
        let middle = (at.0 + step(cos, half), at.1 + step(sin, HALF));
        let place = around(middle, half + AIR, HALF + 1);
        let is_inside = self.area.contains((place.left, place.top)) && self.area.contains((place.right, place.bottom));
        let is_free = !self.taken.iter().any(|other| overlap(&place, other))
            && !self.curves.iter().any(|curve| crosses(&place, *curve))
            && !overlap(&place, &around(at, reach, reach));
        if !is_inside || !is_free {
            return None;
        }
        if far < LED {
            return Some(Placed { middle, leader: None });
        }
        let nearest = (at.0.clamp(place.left, place.right), at.1.clamp(place.top, place.bottom));
        if distance(at, nearest) < f64::from(reach + 1 + SHORTEST_LEADER) {
            return Some(Placed { middle, leader: None });
        }
        let is_clear =
            |line: &(Point, Point)| !barriers.iter().any(|other| !other.contains(at) && crosses(other, *line));
        let ends = [nearest, (place.left, nearest.1), (place.right, nearest.1)];
        let leader = ends.map(|to| (towards(at, to, reach + 1), to)).into_iter().find(is_clear)?;
        Some(Placed { middle, leader: Some(leader) })
    }
}

fn distance(from: Point, to: Point) -> f64 {
    libm::hypot(f64::from(to.0 - from.0), f64::from(to.1 - from.1))
}

/// The point at this distance on the way.
fn towards(from: Point, to: Point, far: i32) -> Point {
    let share = f64::from(far) / distance(from, to).max(1.0);
    let step = |from: i32, to: i32| from + (f64::from(to - from) * share).round() as i32;
    (step(from.0, to.0), step(from.1, to.1))
}

pub(super) fn around((x, y): Point, dx: i32, dy: i32) -> Area {
    Area { left: x - dx, top: y - dy, right: x + dx, bottom: y + dy }
}

fn overlap(a: &Area, b: &Area) -> bool {
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

/// Whether a line goes through an area (Liang & Barsky 1984).
fn crosses(area: &Area, ((x1, y1), (x2, y2)): (Point, Point)) -> bool {
    let (dx, dy) = (f64::from(x2 - x1), f64::from(y2 - y1));
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    let sides = [(-dx, x1 - area.left), (dx, area.right - x1), (-dy, y1 - area.top), (dy, area.bottom - y1)];
    for (pace, room) in sides {
        let room = f64::from(room);
        if pace == 0.0 && room <= 0.0 {
            return false;
        }
        if pace < 0.0 {
            from = from.max(room / pace);
        } else if pace > 0.0 {
            to = to.min(room / pace);
        }
    }
    from < to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_through_what_it_meets() {
        let area = Area { left: 10, top: 10, right: 20, bottom: 20 };
        assert!(crosses(&area, ((0, 15), (30, 15))) && crosses(&area, ((12, 12), (18, 18))));
        assert!(!crosses(&area, ((0, 5), (30, 5))) && !crosses(&area, ((0, 0), (9, 9))));
        assert!(!crosses(&area, ((21, 0), (21, 40))));
    }
}
