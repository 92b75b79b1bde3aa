//! How strategies look on the page: as in the reports.

use crate::palette::{Colour, Look, Shape, THEME, looks};
use serde::Serialize;

/// Colour, shape and filling of a strategy's marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Painted {
    /// By its name in the theme.
    colour: &'static str,
    shape: &'static str,
    hollow: bool,
}

/// The looks of strategies, in their order.
pub(super) fn painted(strategies: &[&str]) -> Vec<Painted> {
    let painted = |(_, Look { colour, shape, repaired }): (&str, Look)| Painted {
        colour: name(colour),
        shape: match shape {
            Shape::Circle => "circle",
            Shape::Square => "square",
            Shape::Diamond => "diamond",
            Shape::Up => "up",
            Shape::Down => "down",
            Shape::Plus => "plus",
        },
        hollow: repaired,
    };
    looks(strategies).into_iter().map(painted).collect()
}

/// Every colour of the charts: its name, and how it is on light and on dark pages.
pub(super) fn theme() -> Vec<(&'static str, String, String)> {
    THEME.iter().map(|(name, light, dark)| (*name, light.to_string(), dark.to_string())).collect()
}

fn name(colour: Colour) -> &'static str {
    THEME.iter().find(|(_, known, _)| *known == colour).map_or("ink", |(name, ..)| name)
}
