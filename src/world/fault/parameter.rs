//! Parameters of faults, whatever they are written in: what there is to say, and what was said.

use super::header_text::HeaderText;
use crate::time::Micros;
use crate::world::distribution::Distribution;

/// One parameter of a kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its key.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// What happens where it is absent.
    pub need: Need,
    /// One sentence for people.
    pub about: &'static str,
}

/// What a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Shape {
    /// `true` or `false`.
    Flag,
    /// A whole number between two, both included.
    Whole(u64, u64),
    /// A number above zero.
    Positive,
    /// A number from 0 to 1.
    Share,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, `true` and `false` among them, a whole number of seconds, or another text for a header.
    WordSecondsOrText(&'static [&'static str]),
    /// A duration, which may be zero.
    Duration,
    /// The distribution of durations.
    Distribution,
}

/// What happens where a parameter is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A rule must have it; what strikes one request only takes this, written as in [`Need::Default`].
    InRules(&'static str),
    /// The kind does without.
    Optional,
    /// It counts as this, which TOML and JSON read alike.
    Default(&'static str),
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// Of [`Shape::Flag`].
    Flag(bool),
    /// Of [`Shape::Whole`], and seconds of [`Shape::WordSecondsOrText`].
    Whole(u64),
    /// Of [`Shape::Positive`] and [`Shape::Share`].
    Number(f64),
    /// Of [`Shape::Word`] and [`Shape::WordSecondsOrText`].
    Word(&'static str),
    /// Of [`Shape::WordSecondsOrText`]: what is none of its words.
    Text(HeaderText),
    /// Of [`Shape::Duration`].
    Duration(Micros),
    /// Of [`Shape::Distribution`].
    Distribution(Distribution),
}

/// What was said of a fault's parameters. Whoever reads a format fills it in, defaults included.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Arguments(Vec<(&'static str, Argument)>);

/// Why there is no fault.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFault {
    /// It does not say of what kind it is.
    #[error("a fault needs a `kind`, one of {known}")]
    NoKind {
        /// The kinds.
        known: String,
    },
    /// There is no such kind.
    #[error("there is no fault `{kind}`; there are {known}")]
    UnknownKind {
        /// What was asked for.
        kind: String,
        /// The kinds.
        known: String,
    },
    /// The kind has no such parameter.
    #[error("`{kind}` has no parameter `{parameter}`; it has {known}")]
    UnknownParameter {
        /// The kind.
        kind: &'static str,
        /// What was written.
        parameter: String,
        /// Its parameters.
        known: String,
    },
    /// A parameter is missing.
    #[error("`{kind}` needs `{parameter}`")]
    Missing {
        /// The kind.
        kind: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// A parameter has a value that it cannot have.
    #[error("`{parameter}` of `{kind}` cannot be {value}: {wanted}")]
    Value {
        /// The kind.
        kind: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What was written.
        value: String,
        /// What can be.
        wanted: String,
    },
}

impl Shape {
    /// What a value of it is called.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Flag => "true or false".to_owned(),
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::Positive => "a number above 0".to_owned(),
            Self::Share => "a number from 0 to 1".to_owned(),
            Self::Word(words) => format!("one of {}", words.join(", ")),
            Self::WordSecondsOrText(words) => {
                format!("one of {}, a whole number of seconds, or a short text for the header", words.join(", "))
            }
            Self::Duration => "a duration such as \"3s\"".to_owned(),
            Self::Distribution => "a distribution of durations, such as \"3s\" or \"exponential(mean=3s)\"".to_owned(),
        }
    }
}

impl Arguments {
    /// Says what a parameter is.
    pub fn set(&mut self, parameter: &'static str, argument: Argument) {
        self.0.push((parameter, argument));
    }

    /// What was said, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Argument)> {
        self.0.iter().map(|(name, argument)| (*name, argument))
    }

    /// The same, but for one parameter.
    pub(super) fn without(&self, parameter: &str) -> Self {
        Self(self.0.iter().filter(|(name, _)| *name != parameter).cloned().collect())
    }

    /// What was said of a parameter.
    #[must_use]
    pub fn get(&self, parameter: &str) -> Option<&Argument> {
        self.0.iter().find(|(name, _)| *name == parameter).map(|(_, argument)| argument)
    }
}

impl Argument {
    /// The whole number that it is.
    pub(super) fn whole(&self) -> Option<u64> {
        if let Self::Whole(number) = self { Some(*number) } else { None }
    }

    /// The word that it is.
    pub(super) fn word(&self) -> Option<&'static str> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }
}

impl std::fmt::Display for Argument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Whole(number) => write!(f, "{number}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Word(word) => write!(f, "\"{word}\""),
            Self::Text(text) => write!(f, "{text:?}"),
            // To the microsecond, where people would round it.
            Self::Duration(duration) => write!(f, "{}us", duration.get()),
            Self::Distribution(distribution) => write!(f, "{distribution}"),
        }
    }
}
