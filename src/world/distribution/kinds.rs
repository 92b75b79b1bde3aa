//! The kinds of distributions, their parameters, and how a distribution is made from them: one table for scenario files, the command
//! line, and the lists that explain them.

use super::error::DistributionError;
use super::family::Family;
use super::quantity::Quantity;
use super::real::RealDistribution;
use crate::time::Micros;

/// A parameter of a kind of distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DistributionParameter {
    /// Its name in scenario files and on the command line.
    pub name: &'static str,
    /// What it measures.
    pub quantity: Quantity,
    /// What it is, in a few words.
    pub about: &'static str,
    least: f64,
    most: f64,
}

impl DistributionParameter {
    /// A duration from `least_us` microseconds to the longest there is.
    const fn duration(name: &'static str, least_us: f64, about: &'static str) -> Self {
        Self { name, quantity: Quantity::Duration, about, least: least_us, most: Micros::LONGEST.get() as f64 }
    }

    /// A number between two others.
    const fn number(name: &'static str, least: f64, most: f64, about: &'static str) -> Self {
        Self { name, quantity: Quantity::Number, about, least, most }
    }

    /// The least and the greatest value that it may have, durations in microseconds.
    #[must_use]
    pub const fn range(&self) -> (f64, f64) {
        (self.least, self.most)
    }

    /// The value to compute with: whole microseconds, within what is allowed.
    pub(super) fn checked(&self, value: f64) -> Result<f64, DistributionError> {
        let &Self { name: parameter, quantity, least, most, .. } = self;
        if !value.is_finite() {
            return Err(DistributionError::NotFinite { parameter, value });
        }
        let value = match quantity {
            Quantity::Duration => value.round(),
            Quantity::Number => value,
        };
        if !(least..=most).contains(&value) {
            return Err(DistributionError::OutOfRange { parameter, quantity, value, least, most });
        }
        Ok(value)
    }
}

/// A kind of distribution. Every kind also takes its [`modifiers`](Self::modifiers).
#[derive(Debug, Clone, Copy)]
pub struct DistributionKind {
    /// Its name in scenario files and on the command line.
    pub name: &'static str,
    /// What it is good for, in a few words.
    pub about: &'static str,
    /// Its named parameters, all of them needed; none for distributions made of a list.
    pub parameters: &'static [DistributionParameter],
    pub(super) contents: Contents,
}

/// Kinds are told apart by their names.
impl PartialEq for DistributionKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What a distribution is made of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Contents {
    /// Its parameters, in the order of the table.
    Parameters(fn(&[f64]) -> Result<RealDistribution, DistributionError>),
    /// Weighted distributions.
    Parts,
    /// Measured durations.
    Values,
}

impl DistributionKind {
    /// The kind of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// The kind of this name, or an error that lists those there are.
    pub(super) fn named(name: &str) -> Result<&'static Self, DistributionError> {
        let unknown = || DistributionError::UnknownKind {
            name: name.to_owned(),
            known: KINDS.iter().map(|kind| kind.name).collect(),
        };
        Self::find(name).ok_or_else(unknown)
    }

    /// What it takes besides its own parameters: [`SCALE`], where none of its own is called so, and [`BOUNDS`].
    pub fn modifiers(&self) -> impl Iterator<Item = &'static DistributionParameter> {
        let scale = self.own_scale().is_none().then_some(&SCALE);
        scale.into_iter().chain(BOUNDS)
    }

    /// The place of a parameter that is itself a scale.
    pub(super) fn own_scale(&self) -> Option<usize> {
        self.parameters.iter().position(|parameter| parameter.name == SCALE.name)
    }

    /// All parameters that an expression may give.
    pub(super) fn accepted(&self) -> impl Iterator<Item = &'static DistributionParameter> {
        self.parameters.iter().chain(self.modifiers())
    }
}

/// Shapes beyond this range make moments or their inverses overflow, and describe no service's durations.
const fn shape(about: &'static str) -> DistributionParameter {
    DistributionParameter::number("shape", 0.01, 1e5, about)
}

/// A factor for every value. Kinds with a `scale` of their own do without: that one says the same.
pub static SCALE: DistributionParameter = DistributionParameter::number(
    "scale",
    1e-6,
    1e6,
    "every value is multiplied by it, before the shift and the bounds",
);

/// What every kind takes besides its own parameters.
pub static BOUNDS: &[DistributionParameter] = &[
    DistributionParameter::duration(
        "min",
        0.0,
        "the least value, after the shift: smaller values are cut off (exact truncation)",
    ),
    DistributionParameter::duration(
        "max",
        0.0,
        "the greatest value, after the shift: larger values are cut off (exact truncation)",
    ),
    DistributionParameter::duration("shift", 0.0, "added to every value"),
];

/// Every kind of distribution.
pub const KINDS: &[DistributionKind] = &[
    DistributionKind {
        name: "constant",
        about: "always the same",
        parameters: &[DistributionParameter::duration("value", 0.0, "the value")],
        contents: Contents::Parameters(|values| Ok(RealDistribution::Constant(values[0]))),
    },
    DistributionKind {
        name: "uniform",
        about: "uniform between two bounds",
        parameters: &[
            DistributionParameter::duration("low", 0.0, "the least value"),
            DistributionParameter::duration("high", 0.0, "the greatest value"),
        ],
        contents: Contents::Parameters(|values| uniform(values[0], values[1])),
    },
    DistributionKind {
        name: "exponential",
        about: "memoryless: the remaining time does not depend on the time waited so far",
        parameters: &[DistributionParameter::duration("mean", 1.0, "the mean")],
        contents: Contents::Parameters(|values| Ok(Family::Exponential { mean: values[0] }.into())),
    },
    DistributionKind {
        name: "lognormal",
        about: "typical of generation times: a hump and a long tail",
        parameters: &[
            DistributionParameter::duration("median", 1.0, "the median"),
            DistributionParameter::number("sigma", 0.0, 20.0, "standard deviation of the logarithm"),
        ],
        contents: Contents::Parameters(|values| Ok(lognormal(values[0], values[1]))),
    },
    DistributionKind {
        name: "gamma",
        about: "a sum of exponential steps; mean shape × scale",
        parameters: &[
            shape("number of steps, need not be whole"),
            DistributionParameter::duration("scale", 1.0, "mean of a step"),
        ],
        contents: Contents::Parameters(|values| gamma(values[0], values[1])),
    },
    DistributionKind {
        name: "weibull",
        about: "time to failure: ever less likely to end (shape < 1) or ever more (shape > 1)",
        parameters: &[
            shape("how the rate of ending grows"),
            DistributionParameter::duration("scale", 1.0, "what 63.2% of the values do not exceed"),
        ],
        contents: Contents::Parameters(|values| Ok(Family::Weibull { shape: values[0], scale: values[1] }.into())),
    },
    DistributionKind {
        name: "normal",
        about: "the bell curve, cut off at zero",
        parameters: &[
            DistributionParameter::duration("mean", 0.0, "the mean before cutting off"),
            DistributionParameter::duration("std_dev", 1.0, "standard deviation before cutting off"),
        ],
        contents: Contents::Parameters(|values| Ok(Family::Normal { mean: values[0], std_dev: values[1] }.into())),
    },
    DistributionKind {
        name: "pareto",
        about: "a power law: a heavy tail, of infinite mean for shapes up to 1",
        parameters: &[
            DistributionParameter::duration("scale", 1.0, "the least value"),
            shape("how fast the tail falls"),
        ],
        contents: Contents::Parameters(|values| Ok(Family::Pareto { scale: values[0], shape: values[1] }.into())),
    },
    DistributionKind {
        name: "mixture",
        about: "one of several distributions, by weight",
        parameters: &[],
        contents: Contents::Parts,
    },
    DistributionKind {
        name: "empirical",
        about: "one of a list of measured durations",
        parameters: &[],
        contents: Contents::Values,
    },
];

fn uniform(low: f64, high: f64) -> Result<RealDistribution, DistributionError> {
    if low > high {
        return Err(DistributionError::LowAboveHigh { low: Micros::from_f64(low), high: Micros::from_f64(high) });
    }
    Ok(if low == high { RealDistribution::Constant(low) } else { Family::Uniform { low, high }.into() })
}

fn lognormal(median: f64, sigma: f64) -> RealDistribution {
    if sigma == 0.0 { RealDistribution::Constant(median) } else { Family::LogNormal { median, sigma }.into() }
}

fn gamma(shape: f64, scale: f64) -> Result<RealDistribution, DistributionError> {
    // Both parameters have been checked, so the sampler has nothing left to refuse.
    match rand_distr::Gamma::new(shape, scale) {
        Ok(sampler) => Ok(Family::Gamma { shape, scale, sampler }.into()),
        Err(_) => Err(DistributionError::NotFinite { parameter: "shape", value: shape }),
    }
}
