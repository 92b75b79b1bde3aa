//! Colours and shapes: colour-blind-safe, and never colour alone.
//!
//! Strategies take hues of the palette of Okabe and Ito (2008), darkened on light pages until lines and small marks can be
//! seen on them, and moved apart on dark ones. A documented strategy and its repaired twin share a colour and a
//! shape: the documented one is filled and solid, the repaired one hollow and dashed. Every colour is a value that occurs
//! nowhere else, so that a page can map it to one that suits its background ([`THEME`]).

use std::fmt;

/// A colour, as light pages have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour(pub(crate) u8, pub(crate) u8, pub(crate) u8);

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(red, green, blue) = self;
        write!(f, "#{red:02X}{green:02X}{blue:02X}")
    }
}

/// Axes, text, marks that must be seen.
pub(crate) const INK: Colour = Colour(0x1B, 0x1F, 0x24);
/// Text of second rank.
pub(crate) const MUTED: Colour = Colour(0x5B, 0x64, 0x6E);
/// Grid lines.
pub(crate) const GRID: Colour = Colour(0xE3, 0xE6, 0xEA);
/// Curves behind the one that is looked at.
pub(crate) const FAINT: Colour = Colour(0xCF, 0xD4, 0xDA);
/// The background.
pub(crate) const PAPER: Colour = Colour(0xFE, 0xFE, 0xFE);
/// Times at which a fault was active.
pub(crate) const BAND: Colour = Colour(0xF8, 0xE3, 0xD3);

/// Black in the original palette.
pub(crate) const GREY: Colour = Colour(0x77, 0x7D, 0x85);
pub(crate) const ORANGE: Colour = Colour(0xC0, 0x80, 0x00);
pub(crate) const SKY: Colour = Colour(0x2F, 0x98, 0xD8);
pub(crate) const GREEN: Colour = Colour(0x00, 0x87, 0x5F);
pub(crate) const YELLOW: Colour = Colour(0x94, 0x8E, 0x00);
pub(crate) const BLUE: Colour = Colour(0x00, 0x53, 0x9C);
pub(crate) const VERMILION: Colour = Colour(0xC9, 0x4A, 0x00);
pub(crate) const PURPLE: Colour = Colour(0xB0, 0x48, 0x9A);

/// Colours of the charts (name, on a light page, on a dark page).
pub(crate) const THEME: [(&str, Colour, Colour); 14] = [
    ("ink", INK, Colour(0xE8, 0xEB, 0xEF)),
    ("muted", MUTED, Colour(0xA3, 0xAD, 0xB8)),
    ("grid", GRID, Colour(0x2F, 0x36, 0x3E)),
    ("faint", FAINT, Colour(0x48, 0x50, 0x5A)),
    ("paper", PAPER, Colour(0x17, 0x1B, 0x20)),
    ("band", BAND, Colour(0x4A, 0x32, 0x22)),
    ("grey", GREY, Colour(0x9A, 0xA2, 0xAB)),
    ("orange", ORANGE, Colour(0xF5, 0xB3, 0x01)),
    ("sky", SKY, Colour(0x7F, 0xD4, 0xFF)),
    ("green", GREEN, Colour(0x22, 0xB0, 0x7D)),
    ("yellow", YELLOW, Colour(0xE9, 0xEF, 0x5A)),
    ("blue", BLUE, Colour(0x3D, 0x86, 0xF0)),
    ("vermilion", VERMILION, Colour(0xF2, 0x62, 0x2B)),
    ("purple", PURPLE, Colour(0xD9, 0x77, 0xC9)),
];

/// Colours of pages themselves, light and dark, as style.
pub(crate) const PAGE: &str = include_str!("palette.css");

/// The shape of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Circle,
    Square,
    Diamond,
    Up,
    Down,
    Plus,
}

/// How a strategy looks in every chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Look {
    pub(crate) colour: Colour,
    pub(crate) shape: Shape,
    /// Hollow mark, dashed line.
    pub(crate) repaired: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self { colour: GREY, shape: Shape::Circle, repaired: false }
    }
}

/// The families of shipped strategies.
const FAMILIES: [(&str, Colour, Shape); 7] = [
    ("basic", GREY, Shape::Circle),
    ("adaptive", BLUE, Shape::Square),
    ("exponential", ORANGE, Shape::Diamond),
    ("concurrent", VERMILION, Shape::Up),
    ("webhook", GREEN, Shape::Down),
    ("resilient", PURPLE, Shape::Plus),
    ("optimal", INK, Shape::Diamond),
];

/// What users' own strategies take in turn.
const COLOURS: [Colour; 7] = [SKY, YELLOW, PURPLE, GREEN, ORANGE, BLUE, VERMILION];
const SHAPES: [Shape; 5] = [Shape::Up, Shape::Circle, Shape::Diamond, Shape::Square, Shape::Down];

/// The look of each strategy, in their order.
pub(crate) fn looks<'a>(strategies: &[&'a str]) -> Vec<(&'a str, Look)> {
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
            assert!(THEME[i + 1..].iter().all(|(_, other, _)| other != colour), "{colour:?}");
        }
    }

    /// CIE L*a*b* under D65.
    fn lab(Colour(red, green, blue): Colour) -> [f64; 3] {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        let [r, g, b] = [red, green, blue].map(linear);
        let root = |t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
        let x = root((0.412_4 * r + 0.357_6 * g + 0.180_5 * b) / 0.950_47);
        let y = root(0.212_6 * r + 0.715_2 * g + 0.072_2 * b);
        let z = root((0.019_3 * r + 0.119_2 * g + 0.950_5 * b) / 1.088_83);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// CIEDE2000 (Sharma, Wu & Dalal 2005).
    fn delta_e(one: Colour, other: Colour) -> f64 {
        let ([l1, a1, b1], [l2, a2, b2]) = (lab(one), lab(other));
        let mean = (a1.hypot(b1) + a2.hypot(b2)) / 2.0;
        let g = 0.5 * (1.0 - (mean.powi(7) / (mean.powi(7) + 25_f64.powi(7))).sqrt());
        let (a1, a2) = (a1 * (1.0 + g), a2 * (1.0 + g));
        let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
        let hue = |a: f64, b: f64| b.atan2(a).to_degrees().rem_euclid(360.0);
        let (h1, h2) = (hue(a1, b1), hue(a2, b2));
        let turn = match h2 - h1 {
            turn if turn > 180.0 => turn - 360.0,
            turn if turn < -180.0 => turn + 360.0,
            turn => turn,
        };
        let across = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin();
        let (l, c, h) = ((l1 + l2) / 2.0, (c1 + c2) / 2.0, (h1 + turn / 2.0).rem_euclid(360.0));
        let cos = |degrees: f64| degrees.to_radians().cos();
        let t =
            1.0 - 0.17 * cos(h - 30.0) + 0.24 * cos(2.0 * h) + 0.32 * cos(3.0 * h + 6.0) - 0.2 * cos(4.0 * h - 63.0);
        let of_l = 1.0 + 0.015 * (l - 50.0).powi(2) / (20.0 + (l - 50.0).powi(2)).sqrt();
        let (of_c, of_h) = (1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
        let blue = (60.0 * (-((h - 275.0) / 25.0).powi(2)).exp()).to_radians().sin();
        let rotation = -2.0 * (c.powi(7) / (c.powi(7) + 25_f64.powi(7))).sqrt() * blue;
        let (dl, dc, dh) = ((l2 - l1) / of_l, (c2 - c1) / of_c, across / of_h);
        (dl * dl + dc * dc + dh * dh + rotation * dc * dh).sqrt()
    }

    #[test]
    fn the_measure_of_differences_gives_published_values() {
        // Grey steps of lightness and a pure hue change, by the formula's published reference implementation.
        assert!(delta_e(INK, INK) < 1e-9);
        assert!((delta_e(Colour(255, 0, 0), Colour(0, 0, 255)) - 52.88).abs() < 0.05);
        assert!((delta_e(Colour(0, 0, 0), Colour(255, 255, 255)) - 100.0).abs() < 0.05);
    }

    #[test]
    fn colours_are_apart_on_light_and_on_dark_pages() {
        let paper = |theme: &(&str, Colour, Colour), dark: bool| if dark { theme.2 } else { theme.1 };
        let series: Vec<_> =
            THEME.iter().filter(|(name, ..)| !["muted", "grid", "faint", "paper", "band"].contains(name)).collect();
        let background = THEME.iter().find(|(name, ..)| *name == "paper").expect("it is there");
        for dark in [false, true] {
            for (i, one) in series.iter().enumerate() {
                let from_paper = delta_e(paper(one, dark), paper(background, dark));
                assert!(from_paper > 30.0, "{} on paper, dark {dark}: {from_paper:.1}", one.0);
                for other in &series[i + 1..] {
                    let apart = delta_e(paper(one, dark), paper(other, dark));
                    assert!(apart > 14.0, "{} and {}, dark {dark}: {apart:.1}", one.0, other.0);
                }
            }
        }
    }
}
