//! What can be wrong with a distribution that a user wrote.

use super::quantity::{Quantity, number};
use crate::time::{DurationError, Micros};

/// Why there is no such distribution.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DistributionError {
    /// No kind of distribution has this name.
    #[error("unknown distribution `{name}`: known are {}", names(known))]
    UnknownKind {
        /// The name as written.
        name: String,
        /// The kinds that there are.
        known: Vec<&'static str>,
    },
    /// A parameter that the kind needs was not given.
    #[error("`{kind}` needs `{parameter}`")]
    Missing {
        /// The kind of distribution.
        kind: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// A parameter is NaN or infinite.
    #[error("`{parameter}` must be a finite number, not {value}")]
    NotFinite {
        /// The parameter.
        parameter: &'static str,
        /// Its value.
        value: f64,
    },
    /// A parameter is negative, zero where it must not be, or beyond what the arithmetic is exact for.
    #[error(
        "`{parameter}` must lie between {} and {}, not {}",
        quantity.show(*least), quantity.show(*most), quantity.show(*value)
    )]
    OutOfRange {
        /// The parameter.
        parameter: &'static str,
        /// What the numbers here measure.
        quantity: Quantity,
        /// Its value, in microseconds if it is a duration.
        value: f64,
        /// The least value allowed.
        least: f64,
        /// The greatest value allowed.
        most: f64,
    },
    /// A uniform distribution ends before it begins.
    #[error("`low` ({low}) is greater than `high` ({high})")]
    LowAboveHigh {
        /// Where the distribution begins.
        low: Micros,
        /// Where it ends.
        high: Micros,
    },
    /// The lower bound is above the upper one.
    #[error("`min` ({min}) is greater than `max` ({max})")]
    MinAboveMax {
        /// The lower bound.
        min: Micros,
        /// The upper bound.
        max: Micros,
    },
    /// The distribution has no values between the bounds.
    #[error(
        "the distribution has no values {}",
        match (min, max) {
            (Some(min), Some(max)) => format!("between `min` ({min}) and `max` ({max})"),
            (Some(min), None) => format!("from `min` ({min}) on"),
            (None, Some(max)) => format!("up to `max` ({max})"),
            (None, None) => "at all".to_owned(),
        }
    )]
    NoMass {
        /// The lower bound, if there is one.
        min: Option<Micros>,
        /// The upper bound, if there is one.
        max: Option<Micros>,
    },
    /// A mixture of nothing.
    #[error("a `mixture` needs at least one part")]
    NoParts,
    /// The weight of a mixture's part is not a positive finite number.
    #[error("`weight` of part {} must be positive and finite, not {}", index + 1, number(*weight))]
    Weight {
        /// The part, counted from zero.
        index: usize,
        /// Its weight.
        weight: f64,
    },
    /// An empirical distribution without values.
    #[error("an `empirical` distribution needs at least one value")]
    NoValues,
    /// The text breaks off or goes on where it should not.
    #[error("at byte {at}: expected {expected}")]
    Syntax {
        /// Byte offset in the text.
        at: usize,
        /// What would have been right there.
        expected: &'static str,
    },
    /// A duration in the text is malformed.
    #[error("at byte {at}: {source}")]
    Duration {
        /// Byte offset in the text.
        at: usize,
        /// What is wrong with it.
        source: DurationError,
    },
    /// The text gives a parameter that the kind does not have.
    #[error("at byte {at}: `{kind}` has no parameter `{name}`: it has {}", names(known))]
    UnknownParameter {
        /// Byte offset in the text.
        at: usize,
        /// The kind of distribution.
        kind: &'static str,
        /// The name as written.
        name: String,
        /// The parameters that it has.
        known: Vec<&'static str>,
    },
    /// The text gives a parameter twice.
    #[error("at byte {at}: `{parameter}` is given twice")]
    Repeated {
        /// Byte offset in the text.
        at: usize,
        /// The parameter.
        parameter: &'static str,
    },
    /// Mixtures of mixtures of mixtures, too deep to mean anything.
    #[error("at byte {at}: mixtures are nested more than {most} deep")]
    TooDeep {
        /// Byte offset in the text.
        at: usize,
        /// How deep they may be.
        most: usize,
    },
}

impl DistributionError {
    /// The parameter to correct, by the name it has in scenario files and expressions: what to point at.
    #[must_use]
    pub fn parameter(&self) -> Option<&'static str> {
        match self {
            Self::UnknownKind { .. } => Some("kind"),
            Self::Missing { parameter, .. }
            | Self::NotFinite { parameter, .. }
            | Self::OutOfRange { parameter, .. }
            | Self::Repeated { parameter, .. } => Some(parameter),
            Self::LowAboveHigh { .. } => Some("low"),
            Self::MinAboveMax { .. } => Some("min"),
            Self::NoMass { max, .. } => Some(if max.is_some() { "max" } else { "min" }),
            Self::NoParts => Some("parts"),
            Self::Weight { .. } => Some("weight"),
            Self::NoValues => Some("values"),
            Self::Syntax { .. } | Self::Duration { .. } | Self::UnknownParameter { .. } | Self::TooDeep { .. } => None,
        }
    }

    /// The byte offset of the mistake in an expression, where the text itself is wrong.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        match self {
            Self::Syntax { at, .. }
            | Self::Duration { at, .. }
            | Self::UnknownParameter { at, .. }
            | Self::Repeated { at, .. }
            | Self::TooDeep { at, .. } => Some(*at),
            Self::UnknownKind { .. }
            | Self::Missing { .. }
            | Self::NotFinite { .. }
            | Self::OutOfRange { .. }
            | Self::LowAboveHigh { .. }
            | Self::MinAboveMax { .. }
            | Self::NoMass { .. }
            | Self::NoParts
            | Self::Weight { .. }
            | Self::NoValues => None,
        }
    }
}

fn names(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;

    /// The text, the message, the parameter to correct, and where.
    #[test]
    fn every_mistake_has_its_message() {
        let needs = "a distribution such as `lognormal(median=2m, sigma=0.5)`, or a duration";
        let deep = "mixture(1*".repeat(34);
        for (text, message, parameter, offset) in [
            (
                "zipf(s=1)",
                "unknown distribution `zipf`: known are `constant`, `uniform`, `exponential`, `lognormal`, `gamma`, \
                 `weibull`, `normal`, `pareto`, `mixture`, `empirical`",
                Some("kind"),
                None,
            ),
            ("lognormal(median=2m)", "`lognormal` needs `sigma`", Some("sigma"), None),
            ("gamma(shape=NaN, scale=1s)", "`shape` must be a finite number, not NaN", Some("shape"), None),
            ("exponential(mean=0s)", "`mean` must lie between 1us and 87600h, not 0s", Some("mean"), None),
            ("lognormal(median=1s, sigma=-1)", "`sigma` must lie between 0 and 20, not -1", Some("sigma"), None),
            ("normal(mean=1s, std_dev=0s)", "`std_dev` must lie between 1us and 87600h, not 0s", Some("std_dev"), None),
            ("uniform(low=9s, high=2s)", "`low` (9s) is greater than `high` (2s)", Some("low"), None),
            ("constant(value=1s, min=9s, max=2s)", "`min` (9s) is greater than `max` (2s)", Some("min"), None),
            (
                "uniform(low=1s, high=2s, min=3s, max=4s)",
                "the distribution has no values between `min` (3s) and `max` (4s)",
                Some("max"),
                None,
            ),
            ("empirical(1s, min=3s)", "the distribution has no values from `min` (3s) on", Some("min"), None),
            (
                "normal(mean=9s, std_dev=1us, max=1s)",
                "the distribution has no values up to `max` (1s)",
                Some("max"),
                None,
            ),
            ("mixture()", "a `mixture` needs at least one part", Some("parts"), None),
            ("mixture(1*2s, 0*3s)", "`weight` of part 2 must be positive and finite, not 0", Some("weight"), None),
            (
                "mixture(1e308*2s, 1e308*3s)",
                "`weight` of part 2 must be positive and finite, not 1e308",
                Some("weight"),
                None,
            ),
            (
                "constant(value=1s, scale=0)",
                "`scale` must lie between 0.000001 and 1000000, not 0",
                Some("scale"),
                None,
            ),
            ("lognormal(median=1s, sigma=1e300)", "`sigma` must lie between 0 and 20, not 1e300", Some("sigma"), None),
            ("empirical(min=1s)", "an `empirical` distribution needs at least one value", Some("values"), None),
            ("", &format!("at byte 0: expected {needs}"), None, Some(0)),
            ("gamma", "at byte 5: expected `(`", None, Some(5)),
            ("gamma(shape", "at byte 11: expected `=`", None, Some(11)),
            ("gamma(shape=x, scale=1s)", "at byte 12: expected a number", None, Some(12)),
            ("gamma(shape=1", "at byte 13: expected `,` or `)`", None, Some(13)),
            ("gamma(2)", "at byte 6: expected a parameter such as `max=5m`", None, Some(6)),
            ("mixture(94s)", "at byte 8: expected a weight and a distribution, such as `0.5*94s`", None, Some(8)),
            ("mixture(1)", "at byte 9: expected `*` between a weight and its distribution", None, Some(9)),
            ("94s)", "at byte 3: expected nothing more", None, Some(3)),
            (
                "empirical(1s, 2)",
                "at byte 14: `2` is not a duration: write a number and a unit (us, ms, s, m, h, d), such as \"250ms\" \
                 or \"1m30s\"",
                None,
                Some(14),
            ),
            (
                "pareto(scale=1s, alpha=2)",
                "at byte 17: `pareto` has no parameter `alpha`: it has `scale`, `shape`, `min`, `max`, `shift`",
                None,
                Some(17),
            ),
            ("constant(value=1s, value=2s)", "at byte 19: `value` is given twice", Some("value"), Some(19)),
            (&deep, "at byte 330: mixtures are nested more than 32 deep", None, Some(330)),
        ] {
            let error = text.parse::<Distribution>().expect_err(text);
            assert_eq!(error.to_string(), message, "{text}");
            assert_eq!((error.parameter(), error.offset()), (parameter, offset), "{text}");
        }
    }
}
