//! Laws of durations.

use crate::time::Micros;
use crate::world::draws::Draws;

/// A law of durations.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution(Micros);

impl Distribution {
    /// Always the same.
    #[must_use]
    pub fn constant(value: Micros) -> Self {
        Self(value)
    }
    /// The next one.
    pub fn sample(&self, _draws: &mut Draws) -> Micros {
        self.0
    }
}
