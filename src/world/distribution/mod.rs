//! Distributions of durations: how long a task takes, a round trip, a gap between arrivals.
//!
//! A distribution is a [`DistributionKind`] of distribution with its parameters, optionally multiplied by `scale`, moved by `shift` and cut to
//! `[min, max]`, in that order: the bounds hold for the values that come out. All three are exact: a scaled distribution has scaled
//! parameters, and a cut one is conditioned on its range, by restricting its inverse distribution function, never by
//! drawing again. Whole distributions sample by `rand_distr`, but for normal and log-normal ones, whose draws are the crate's own
//! arithmetic: one random word each, and the same bits one by one, side by side, and on every platform. A gamma, Weibull or Pareto distribution has a `scale` of its own, a duration,
//! which multiplies its values just so: it takes no factor beside it.
//!
//! Distributions are over real numbers of microseconds; only [`Distribution::sample`] rounds.
//!
//! ```
//! use pollbench::time::Micros;
//! use pollbench::world::distribution::Distribution;
//! use pollbench::world::draws::{Keys, Stream};
//!
//! let distribution: Distribution = "lognormal(median=2m, sigma=0.5, min=30s)".parse()?;
//! let mut draws = Keys::new(1, 0, "model").draws(Stream::Truth, 0);
//! assert!(distribution.sample(&mut draws) >= Micros::from_secs(30));
//! assert!((distribution.cdf(distribution.quantile(0.95)) - 0.95).abs() < 1e-9);
//! # Ok::<(), pollbench::world::distribution::DistributionError>(())
//! ```

#[cfg(feature = "engine")]
mod batch;
mod empirical;
mod error;
mod exp;
mod expression;
mod family;
mod kinds;
mod normal;
mod quantity;
mod real;
mod restricted;
mod special;
#[cfg(test)]
mod tests;

#[cfg(feature = "engine")]
pub(crate) use batch::Batch;
pub use error::DistributionError;
pub use kinds::{BOUNDS, DistributionKind, DistributionParameter, KINDS, SCALE};
pub(crate) use normal::SPARE;
#[cfg(feature = "engine")]
pub(crate) use normal::spare;
pub use quantity::Quantity;
pub(crate) use special::gamma_tails;

use crate::time::Micros;
use crate::world::draws::Draws;
use empirical::Empirical;
use kinds::Contents;
use real::{Mixture, RealDistribution};

/// A distribution of durations. One that exists is valid: constructors refuse the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// What to compute with: the form, scaled, moved and cut.
    real: RealDistribution,
    /// What was written.
    form: Form,
    scale: Option<f64>,
    min: Option<Micros>,
    max: Option<Micros>,
    shift: Option<Micros>,
}

/// A distribution as it was written, before its scale, shift and bounds.
#[derive(Debug, Clone, PartialEq)]
enum Form {
    /// Values in the order of the kind's parameters.
    Parameters { kind: &'static DistributionKind, values: Vec<f64> },
    /// Weights, and the distributions they belong to.
    Mixture(Vec<(f64, Distribution)>),
    /// Values in the order given.
    Empirical(Vec<Micros>),
}

/// What a distribution is made of, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub enum Makeup<'a> {
    /// Parameters of its kind, durations in microseconds.
    Parameters(Vec<(&'static DistributionParameter, f64)>),
    /// Weights and parts.
    Parts(&'a [(f64, Distribution)]),
    /// Measured values.
    Values(&'a [Micros]),
}

impl Distribution {
    /// The name of its kind, what it is made of, and its bounds `min`, `max` and `shift`. Its factor is [`Self::scale`].
    #[must_use]
    pub fn makeup(&self) -> (&'static str, Makeup<'_>, [(&'static str, Option<Micros>); 3]) {
        let (kind, makeup) = match &self.form {
            Form::Parameters { kind, values } => {
                (kind.name, Makeup::Parameters(kind.parameters.iter().zip(values.iter().copied()).collect()))
            }
            Form::Mixture(parts) => ("mixture", Makeup::Parts(parts)),
            Form::Empirical(values) => ("empirical", Makeup::Values(values)),
        };
        (kind, makeup, [("min", self.min), ("max", self.max), ("shift", self.shift)])
    }

    /// Always the same. Values beyond [`Micros::LONGEST`] count as that.
    #[must_use]
    pub fn constant(value: Micros) -> Self {
        let value = value.min(Micros::LONGEST).get() as f64;
        // The first kind in the table is the constant; a test says so.
        let form = Form::Parameters { kind: &KINDS[0], values: vec![value] };
        Self { real: RealDistribution::Constant(value), form, scale: None, min: None, max: None, shift: None }
    }

    /// The factor of its values, if it has one.
    #[must_use]
    pub fn scale(&self) -> Option<f64> {
        self.scale
    }

    /// A distribution from its named parameters, as [`KINDS`] lists them: durations in microseconds, taken to the nearest whole
    /// one.
    ///
    /// # Errors
    ///
    /// The kind is unknown; a parameter is missing, not finite or out of range; `low` is above `high`. Kinds that are
    /// made of a list have nothing to be built from here: see [`Self::mixture`] and [`Self::empirical`].
    pub fn build(kind: &str, value_of: impl Fn(&'static str) -> Option<f64>) -> Result<Self, DistributionError> {
        let kind = DistributionKind::named(kind)?;
        let checked = |parameter: &DistributionParameter| {
            let missing = DistributionError::Missing { kind: kind.name, parameter: parameter.name };
            parameter.checked(value_of(parameter.name).ok_or(missing)?)
        };
        let values = kind.parameters.iter().map(checked).collect::<Result<Vec<_>, _>>()?;
        Self::whole(Form::Parameters { kind, values })
    }

    /// One of several distributions, chosen in proportion to the weights, which need not add up to one.
    ///
    /// # Errors
    ///
    /// There are no parts, or a weight is not positive and finite.
    pub fn mixture(parts: Vec<(f64, Self)>) -> Result<Self, DistributionError> {
        let mut total = 0.0;
        for (index, &(weight, _)) in parts.iter().enumerate() {
            total += weight;
            if !(weight > 0.0 && f64::is_finite(total)) {
                return Err(DistributionError::Weight { index, weight });
            }
        }
        Self::whole(Form::Mixture(parts))
    }

    /// One of these values, each as likely as any other; a value given twice is twice as likely. Values beyond
    /// [`Micros::LONGEST`] count as that.
    ///
    /// # Errors
    ///
    /// There are no values.
    pub fn empirical(mut values: Vec<Micros>) -> Result<Self, DistributionError> {
        for value in &mut values {
            *value = (*value).min(Micros::LONGEST);
        }
        Self::whole(Form::Empirical(values))
    }

    /// The distribution with every value `factor` times as long as before; shift and bounds stay where they are. A distribution whose kind has
    /// a scale of its own gets that many times this scale, to the nearest microsecond.
    ///
    /// ```
    /// # use pollbench::{time::Micros, world::distribution::Distribution};
    /// let distribution: Distribution = "lognormal(median=10s, sigma=0.5, shift=2s)".parse()?;
    /// let slower = distribution.scaled(1.5)?;
    /// assert_eq!(slower.to_string(), "lognormal(median=10s, sigma=0.5, scale=1.5, shift=2s)");
    /// assert_eq!(slower.quantile(0.5), 17e6);
    /// # Ok::<(), pollbench::world::distribution::DistributionError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The factor, together with those before it, is not a number from 10⁻⁶ to 10⁶; the scale becomes too large; the distribution has
    /// no values between its bounds any more.
    pub fn scaled(mut self, factor: f64) -> Result<Self, DistributionError> {
        let factor = SCALE.checked(factor)?;
        match &mut self.form {
            Form::Parameters { kind, values } if kind.own_scale().is_some() => {
                for (parameter, value) in kind.parameters.iter().zip(values) {
                    if parameter.name == SCALE.name {
                        *value = parameter.checked(*value * factor)?;
                    }
                }
            }
            Form::Parameters { .. } | Form::Mixture(_) | Form::Empirical(_) => {
                self.scale = Some(SCALE.checked(self.scale.unwrap_or(1.0) * factor)?);
            }
        }
        self.arranged()
    }

    /// The distribution moved right by `shift`, then cut to `[min, max]`. Replaces bounds and shift that it had before; to cut
    /// twice, make it the only part of a mixture. Bounds beyond [`Micros::LONGEST`] count as that.
    ///
    /// # Errors
    ///
    /// `min` is above `max`, or the distribution has no values between them (for smooth distributions: a probability below 10⁻²⁰⁰).
    pub fn bounded(
        mut self,
        min: Option<Micros>,
        max: Option<Micros>,
        shift: Option<Micros>,
    ) -> Result<Self, DistributionError> {
        [self.min, self.max, self.shift] = [min, max, shift].map(|bound| bound.map(|bound| bound.min(Micros::LONGEST)));
        self.arranged()
    }

    /// Computes the distribution from all that was written.
    fn arranged(self) -> Result<Self, DistributionError> {
        let Self { form, scale, min, max, shift, .. } = self;
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            return Err(DistributionError::MinAboveMax { min, max });
        }
        let mut real = form.real()?;
        if let Some(factor) = scale {
            let refused = DistributionError::NotFinite { parameter: SCALE.name, value: factor };
            real = real.scaled(factor).ok_or(refused)?;
        }
        if let Some(shift) = shift {
            real = real.shifted(shift.get() as f64);
        }
        if min.is_some() || max.is_some() {
            let low = min.map_or(0.0, |min| min.get() as f64);
            let high = max.map_or(f64::INFINITY, |max| max.get() as f64);
            (_, real) = real.restricted(low, high).ok_or(DistributionError::NoMass { min, max })?;
        }
        Ok(Self { real, form, scale, min, max, shift })
    }

    /// A value of the distribution, to the nearest microsecond; at most [`Micros::LONGEST`].
    #[inline(always)]
    pub fn sample(&self, draws: &mut Draws) -> Micros {
        Micros::from_f64(self.real.sample(draws))
    }

    /// A value with the [`SPARE`] bits of its draw that it does not need, if it takes one that has them.
    #[inline(always)]
    pub(crate) fn sample_spare(&self, draws: &mut Draws) -> (Micros, Option<u64>) {
        let (value, spare) = self.real.sample_spare(draws);
        (Micros::from_f64(value), spare)
    }

    /// The next value of each stream in microseconds: what [`sample`](Self::sample) gives, several at a time where that can be.
    #[cfg(feature = "engine")]
    #[doc(hidden)]
    #[inline(always)]
    pub fn sample_each<const N: usize>(&self, streams: &mut [Draws; N], values: &mut [u64; N]) {
        match self.batch() {
            Some(batch) => batch.sample_each(streams, values),
            None => streams.iter_mut().zip(values).for_each(|(stream, value)| *value = self.sample(stream).get()),
        }
    }

    #[cfg(feature = "engine")]
    /// The distribution for many values side by side, if each takes one draw or none.
    pub(crate) fn batch(&self) -> Option<Batch> {
        Batch::of(&self.real)
    }

    /// The exact mean in microseconds, bounds and shift included; infinite for, say, an uncut Pareto distribution of shape 1.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.real.mean()
    }

    /// The probability of a value of at most `x_us` microseconds.
    #[must_use]
    pub fn cdf(&self, x_us: f64) -> f64 {
        self.real.cdf(x_us)
    }

    /// The least number of microseconds that a value stays within with probability `p`: inf {x : F(x) ≥ p}. The least
    /// value of the distribution for p ≤ 0; the greatest, perhaps infinite, for p ≥ 1.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        self.real.quantile(p.clamp(0.0, 1.0))
    }

    /// The density at `x_us`, per microsecond; `None` for distributions in which a single value has a probability of its own.
    #[must_use]
    pub fn density(&self, x_us: f64) -> Option<f64> {
        self.real.density(x_us)
    }

    /// ∫ F from 0 to `x_us`, in microseconds: the mean time from a value of the distribution to `x_us`, counted where the value
    /// is the lesser.
    #[must_use]
    pub fn area(&self, x_us: f64) -> f64 {
        self.cdf_and_area(x_us).1
    }

    /// [`cdf`](Self::cdf) and [`area`](Self::area), for less than both.
    #[must_use]
    pub fn cdf_and_area(&self, x_us: f64) -> (f64, f64) {
        let (below, partial) = self.real.cdf_and_partial_mean(x_us);
        (below, (x_us * below - partial).max(0.0))
    }

    /// Points at which the distribution function jumps or bends: single values that have a probability, and the ends
    /// of the ranges of the distribution and its parts. Ascending, in microseconds, all finite.
    #[must_use]
    pub fn corners(&self) -> Vec<f64> {
        let mut corners = Vec::new();
        self.real.corners(&mut corners);
        corners.retain(|corner| corner.is_finite());
        corners.sort_by(f64::total_cmp);
        corners.dedup();
        corners
    }

    /// The value of a distribution that has only one.
    #[must_use]
    pub fn is_constant(&self) -> Option<Micros> {
        let least = self.real.quantile(0.0);
        (least == self.real.quantile(1.0)).then(|| Micros::from_f64(least))
    }

    /// The distribution as written, without scale, bounds or shift.
    fn whole(form: Form) -> Result<Self, DistributionError> {
        Ok(Self { real: form.real()?, form, scale: None, min: None, max: None, shift: None })
    }
}

impl Form {
    fn real(&self) -> Result<RealDistribution, DistributionError> {
        match self {
            Self::Parameters { kind, values } => match kind.contents {
                Contents::Parameters(law_of) => law_of(values),
                Contents::Parts => Err(DistributionError::NoParts),
                Contents::Values => Err(DistributionError::NoValues),
            },
            Self::Mixture(parts) => {
                let weighted = parts.iter().map(|(weight, part)| (*weight, part.real.clone())).collect();
                Mixture::new(weighted).map(RealDistribution::Mixture).ok_or(DistributionError::NoParts)
            }
            Self::Empirical(values) => Empirical::new(values.iter().map(|value| value.get() as f64).collect())
                .map(RealDistribution::Empirical)
                .ok_or(DistributionError::NoValues),
        }
    }
}
