//! Distributions on the command line: `lognormal(median=120s, sigma=0.5)`, or just `94s`.
//!
//! ```text
//! distribution      = duration | kind "(" [argument {"," argument}] ")"
//! argument = name "=" value        a parameter of the kind, or one of scale, min, max, shift
//!          | weight "*" distribution        a part of a mixture
//!          | duration              a value of an empirical distribution
//! ```

use super::error::DistributionError;
use super::kinds::{BOUNDS, Contents, DistributionKind, SCALE};
use super::quantity::Quantity;
use super::{Distribution, Form};
use crate::time::Micros;
use std::fmt;
use std::str::FromStr;

/// How deep mixtures may be nested: enough for every purpose, and far from the end of the stack.
const DEEPEST: usize = 32;

/// Prints an expression that reads back as an equal distribution; with a precision (`{:.3}`), one for people, whose numbers
/// have so many significant digits.
impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.expression(f.precision());
        if f.precision().is_some() { f.write_str(&text) } else { f.pad(&text) }
    }
}

impl Distribution {
    /// The expression, with all digits or with so many.
    fn expression(&self, digits: Option<usize>) -> String {
        let duration = |time: &Micros| Quantity::Duration.show_rounded(time.get() as f64, digits);
        let number = |x: f64| Quantity::Number.show_rounded(x, digits);
        let mut arguments = Vec::new();
        let kind = match &self.form {
            Form::Parameters { kind, values } => {
                for (parameter, value) in kind.parameters.iter().zip(values) {
                    arguments.push(format!("{}={}", parameter.name, parameter.quantity.show_rounded(*value, digits)));
                }
                kind.name
            }
            Form::Mixture(parts) => {
                let part = |(weight, distribution): &(f64, Self)| {
                    format!("{}*{}", number(*weight), distribution.expression(digits))
                };
                arguments.extend(parts.iter().map(part));
                "mixture"
            }
            Form::Empirical(values) => {
                arguments.extend(values.iter().map(duration));
                "empirical"
            }
        };
        arguments.extend(self.scale.map(|scale| format!("{}={}", SCALE.name, number(scale))));
        let bounds = [self.min, self.max, self.shift];
        for (parameter, bound) in BOUNDS.iter().zip(&bounds) {
            arguments.extend(bound.as_ref().map(|bound| format!("{}={}", parameter.name, duration(bound))));
        }
        match (kind, arguments.as_slice()) {
            ("constant", [value]) => value.trim_start_matches("value=").to_owned(),
            _ => format!("{kind}({})", arguments.join(", ")),
        }
    }
}

impl FromStr for Distribution {
    type Err = DistributionError;

    fn from_str(text: &str) -> Result<Self, DistributionError> {
        let mut parser = Parser { text, at: 0 };
        let distribution = parser.distribution(0)?;
        parser.skip_space();
        if parser.at < text.len() {
            return Err(parser.expected("nothing more"));
        }
        Ok(distribution)
    }
}

/// The text and how far it has been read.
struct Parser<'a> {
    text: &'a str,
    at: usize,
}

/// What the arguments of one distribution have given so far.
#[derive(Default)]
struct Arguments {
    named: Vec<(&'static str, f64)>,
    parts: Vec<(f64, Distribution)>,
    values: Vec<Micros>,
}

impl Arguments {
    fn named(&self, name: &str) -> Option<f64> {
        self.named.iter().find(|(given, _)| *given == name).map(|(_, value)| *value)
    }

    fn into_distribution(self, kind: &'static DistributionKind) -> Result<Distribution, DistributionError> {
        let [min, max, shift] = ["min", "max", "shift"].map(|bound| self.named(bound).map(Micros::from_f64));
        let scale = self.named(SCALE.name).filter(|_| kind.own_scale().is_none());
        let distribution = match kind.contents {
            Contents::Parameters(_) => Distribution::build(kind.name, |name| self.named(name))?,
            Contents::Parts => Distribution::mixture(self.parts)?,
            Contents::Values => Distribution::empirical(self.values)?,
        };
        // A kind with a scale of its own has used it above.
        let distribution = match scale {
            Some(factor) => distribution.scaled(factor)?,
            None => distribution,
        };
        distribution.bounded(min, max, shift)
    }
}

impl<'a> Parser<'a> {
    fn distribution(&mut self, depth: usize) -> Result<Distribution, DistributionError> {
        self.skip_space();
        let start = self.at;
        if self.rest().starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(Distribution::constant(self.duration()?));
        }
        let name = self.word();
        if name.is_empty() {
            return Err(self.expected("a distribution such as `lognormal(median=2m, sigma=0.5)`, or a duration"));
        }
        let kind = DistributionKind::named(name)?;
        if depth > DEEPEST {
            return Err(DistributionError::TooDeep { at: start, most: DEEPEST });
        }
        if !self.take('(') {
            return Err(self.expected("`(`"));
        }
        let mut arguments = Arguments::default();
        while !self.take(')') {
            self.argument(kind, &mut arguments, depth)?;
            if !self.take(',') && !self.rest().starts_with(')') {
                return Err(self.expected("`,` or `)`"));
            }
        }
        arguments.into_distribution(kind)
    }

    fn argument(
        &mut self,
        kind: &'static DistributionKind,
        arguments: &mut Arguments,
        depth: usize,
    ) -> Result<(), DistributionError> {
        self.skip_space();
        if self.rest().starts_with(|c: char| c.is_ascii_alphabetic()) {
            return self.named(kind, arguments);
        }
        match kind.contents {
            Contents::Parameters(_) => return Err(self.expected("a parameter such as `max=5m`")),
            Contents::Parts => {
                let weight = self.number("a weight and a distribution, such as `0.5*94s`")?;
                if !self.take('*') {
                    return Err(self.expected("`*` between a weight and its distribution"));
                }
                arguments.parts.push((weight, self.distribution(depth + 1)?));
            }
            Contents::Values => arguments.values.push(self.duration()?),
        }
        Ok(())
    }

    fn named(&mut self, kind: &'static DistributionKind, arguments: &mut Arguments) -> Result<(), DistributionError> {
        let at = self.at;
        let name = self.word();
        let Some(parameter) = kind.accepted().find(|parameter| parameter.name == name) else {
            let known = kind.accepted().map(|parameter| parameter.name).collect();
            return Err(DistributionError::UnknownParameter { at, kind: kind.name, name: name.to_owned(), known });
        };
        if arguments.named(name).is_some() {
            return Err(DistributionError::Repeated { at, parameter: parameter.name });
        }
        if !self.take('=') {
            return Err(self.expected("`=`"));
        }
        let value = match parameter.quantity {
            Quantity::Duration => self.duration()?.get() as f64,
            Quantity::Number => self.number("a number")?,
        };
        arguments.named.push((parameter.name, value));
        Ok(())
    }

    fn duration(&mut self) -> Result<Micros, DistributionError> {
        let (at, text) = self.value();
        text.parse().map_err(|source| DistributionError::Duration { at, source })
    }

    fn number(&mut self, expected: &'static str) -> Result<f64, DistributionError> {
        let (at, text) = self.value();
        text.parse().map_err(|_| DistributionError::Syntax { at, expected })
    }

    /// The text up to the next punctuation, and where it began.
    fn value(&mut self) -> (usize, &'a str) {
        self.skip_space();
        let (at, rest) = (self.at, self.rest());
        let text = &rest[..rest.find([',', '(', ')', '*', '=']).unwrap_or(rest.len())];
        self.at += text.len();
        (at, text.trim_end())
    }

    /// Letters, digits and underscores from here.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Reads `symbol`, after any space, if it comes next.
    fn take(&mut self, symbol: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len_utf8();
        }
        found
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn expected(&self, expected: &'static str) -> DistributionError {
        DistributionError::Syntax { at: self.at, expected }
    }
}
