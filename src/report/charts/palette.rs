//! Colours and shapes: colour-blind-safe, and never colour alone.
//!
//! Strategies take the palette of Okabe and Ito (2008). A documented strategy and its repaired twin share a colour and a
//! shape: the documented one is filled and solid, the repaired one hollow and dashed. Every colour is a value that occurs
//! nowhere else, so that a page can map it to one that suits its background ([`THEME`]).

use plotters::style::RGBColor;

/// Axes, text, marks that must be seen.
pub(super) const INK: RGBColor = RGBColor(0x1B, 0x1F, 0x24);
/// Text of second rank.
pub(super) const MUTED: RGBColor = RGBColor(0x5B, 0x64, 0x6E);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(0xE3, 0xE6, 0xEA);
/// The background.
pub(super) const PAPER: RGBColor = RGBColor(0xFE, 0xFE, 0xFE);
/// Times at which a fault was active.
pub(super) const BAND: RGBColor = RGBColor(0xF8, 0xE3, 0xD3);

/// Black in the original palette.
pub(super) const GREY: RGBColor = RGBColor(0x77, 0x7D, 0x85);
pub(super) const ORANGE: RGBColor = RGBColor(0xE6, 0x9F, 0x00);
pub(super) const SKY: RGBColor = RGBColor(0x56, 0xB4, 0xE9);
pub(super) const GREEN: RGBColor = RGBColor(0x00, 0x9E, 0x73);
pub(super) const YELLOW: RGBColor = RGBColor(0xF0, 0xE4, 0x42);
pub(super) const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xB2);
pub(super) const VERMILION: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
pub(super) const PURPLE: RGBColor = RGBColor(0xCC, 0x79, 0xA7);

/// Colours of the charts (name, as painted, on a light page, on a dark page).
pub(in crate::report) const THEME: [(&str, RGBColor, &str, &str); 13] = [
    ("ink", INK, "#1b1f24", "#e8ebef"),
    ("muted", MUTED, "#5b646e", "#a3adb8"),
    ("grid", GRID, "#e3e6ea", "#2f363e"),
    ("paper", PAPER, "#fefefe", "#171b20"),
    ("band", BAND, "#f8e3d3", "#4a3222"),
    ("grey", GREY, "#777d85", "#9aa2ab"),
    ("orange", ORANGE, "#c98a00", "#e69f00"),
    ("sky", SKY, "#3a9bd4", "#56b4e9"),
    ("green", GREEN, "#008f68", "#1fb98c"),
    ("yellow", YELLOW, "#b8a900", "#f0e442"),
    ("blue", BLUE, "#0072b2", "#3f9fe0"),
    ("vermilion", VERMILION, "#d55e00", "#f07a26"),
    ("purple", PURPLE, "#b8608f", "#dd92bb"),
];

/// The shape of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Shape {
    Circle,
    Square,
    Diamond,
    Up,
    Down,
    Plus,
}

/// How a strategy looks in every chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) struct Look {
    pub(super) colour: RGBColor,
    pub(super) shape: Shape,
    /// Hollow mark, dashed line.
    pub(super) repaired: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { colour: GREY, shape: Shape::Circle, repaired: false }
    }
}

/// The families of shipped strategies.
const FAMILIES: [(&str, RGBColor, Shape); 7] = [
    ("basic", GREY, Shape::Circle),
    ("adaptive", BLUE, Shape::Square),
    ("exponential", ORANGE, Shape::Diamond),
    ("concurrent", VERMILION, Shape::Up),
    ("webhook", GREEN, Shape::Down),
    ("resilient", PURPLE, Shape::Plus),
    ("optimal", INK, Shape::Diamond),
];

/// What users' own strategies take in turn.
const COLOURS: [RGBColor; 7] = [SKY, YELLOW, PURPLE, GREEN, ORANGE, BLUE, VERMILION];
const SHAPES: [Shape; 5] = [Shape::Up, Shape::Circle, Shape::Diamond, Shape::Square, Shape::Down];

/// The look of each strategy, in their order.
pub(super) fn looks<'a>(strategies: &[&'a str]) -> Vec<(&'a str, Look)> {
    let mut own = 0;
    let mut look = |name: &str| {
        let family = ["-hardened", "-hybrid"].iter().find_map(|suffix| name.strip_suffix(suffix));
        let known = FAMILIES.iter().find(|(stem, ..)| *stem == family.unwrap_or(name));
        if let Some(&(_, colour, shape)) = known {
            return Look { colour, shape, repaired: family.is_some() };
        }
        own += 1;
        Look { colour: COLOURS[(own - 1) % COLOURS.len()], shape: SHAPES[(own - 1) % SHAPES.len()], repaired: false }
    };
    strategies.iter().map(|name| (*name, look(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_share_colour_and_shape_and_differ_in_filling() {
        let looks = looks(&["webhook", "mine", "webhook-hybrid", "other"]);
        let [documented, mine, repaired, other] = [0, 1, 2, 3].map(|i| looks[i].1);
        assert_eq!((documented.colour, documented.shape), (repaired.colour, repaired.shape));
        assert_eq!((documented.repaired, repaired.repaired), (false, true));
        assert_ne!(mine.colour, other.colour);
    }

    #[test]
    fn every_colour_can_be_told_by_its_value() {
        for (i, (_, colour, ..)) in THEME.iter().enumerate() {
            assert!(THEME[i + 1..].iter().all(|(_, other, ..)| other != colour), "{colour:?}");
        }
    }
}
