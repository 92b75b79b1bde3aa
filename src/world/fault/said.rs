//! What was said of a fault's parameters, read as what the fault needs.

use super::body::Body;
use super::error_code::ErrorCode;
use super::kind::Kind;
use super::parameter::{Argument, Arguments, InvalidFault};
use super::retry_after::RetryAdvice;
use crate::time::Micros;
use crate::world::distribution::Distribution;
use crate::world::limit::LimitRule;
use crate::world::model::Probability;
use crate::world::rate_limit::TokenBucket;
use std::num::NonZeroU32;

/// What was said of the parameters of a kind.
pub(super) struct Said<'a> {
    kind: Kind,
    said: &'a Arguments,
}

impl<'a> Said<'a> {
    pub(super) const fn new(kind: Kind, said: &'a Arguments) -> Self {
        Self { kind, said }
    }

    fn wrong(&self, name: &str, value: String) -> InvalidFault {
        match self.kind.parameter(name) {
            Some(parameter) => InvalidFault::Value {
                kind: self.kind.name(),
                parameter: parameter.name,
                value,
                wanted: parameter.shape.describe(),
            },
            None => InvalidFault::UnknownParameter {
                kind: self.kind.name(),
                parameter: name.to_owned(),
                known: String::new(),
            },
        }
    }

    fn argument(&self, name: &'static str) -> Result<&'a Argument, InvalidFault> {
        let missing = || InvalidFault::Missing { kind: self.kind.name(), parameter: name };
        self.said.get(name).ok_or_else(missing)
    }

    /// What `read` makes of a parameter.
    fn read<T>(&self, name: &'static str, read: impl FnOnce(&'a Argument) -> Option<T>) -> Result<T, InvalidFault> {
        let argument = self.argument(name)?;
        read(argument).ok_or_else(|| self.wrong(name, argument.to_string()))
    }

    pub(super) fn whole(&self, name: &'static str) -> Result<u64, InvalidFault> {
        self.read(name, Argument::whole)
    }

    pub(super) fn small(&self, name: &'static str) -> Result<u32, InvalidFault> {
        self.read(name, |argument| u32::try_from(argument.whole()?).ok())
    }

    fn count(&self, name: &'static str) -> Result<NonZeroU32, InvalidFault> {
        self.read(name, |argument| NonZeroU32::new(u32::try_from(argument.whole()?).ok()?))
    }

    pub(super) fn number(&self, name: &'static str) -> Result<f64, InvalidFault> {
        self.read(name, |argument| if let Argument::Number(number) = argument { Some(*number) } else { None })
    }

    pub(super) fn share(&self, name: &'static str) -> Result<Probability, InvalidFault> {
        let share = self.number(name)?;
        Probability::new(share).ok_or_else(|| self.wrong(name, share.to_string()))
    }

    fn word(&self, name: &'static str) -> Result<&'static str, InvalidFault> {
        self.read(name, Argument::word)
    }

    pub(super) fn duration(&self, name: &'static str) -> Result<Micros, InvalidFault> {
        self.read(name, |argument| if let Argument::Duration(duration) = argument { Some(*duration) } else { None })
    }

    pub(super) fn distribution(&self, name: &'static str) -> Result<Distribution, InvalidFault> {
        self.read(name, |argument| {
            if let Argument::Distribution(distribution) = argument { Some(distribution.clone()) } else { None }
        })
    }

    pub(super) fn code(&self) -> Result<ErrorCode, InvalidFault> {
        self.read("code", |argument| ErrorCode::new(u16::try_from(argument.whole()?).ok()?))
    }

    /// A status that sends elsewhere whoever follows it.
    pub(super) fn redirect(&self) -> Result<u16, InvalidFault> {
        self.read("code", |argument| match argument.whole()? {
            code @ (301 | 302 | 303 | 307 | 308) => Some(code as u16),
            _ => None,
        })
    }

    pub(super) fn body(&self) -> Result<Body, InvalidFault> {
        self.read("body", |argument| Body::named(argument.word()?))
    }

    pub(super) fn retry(&self) -> Result<RetryAdvice, InvalidFault> {
        self.read("retry_after", |argument| match argument {
            Argument::Whole(seconds) => u32::try_from(*seconds).ok().map(RetryAdvice::Exactly),
            Argument::Word(word) => RetryAdvice::named(word),
            Argument::Text(text) => Some(RetryAdvice::Text(*text)),
            Argument::Flag(_) | Argument::Number(_) | Argument::Duration(_) | Argument::Distribution(_) => None,
        })
    }

    /// The limit on requests from one client or all.
    pub(super) fn limit(&self) -> Result<LimitRule, InvalidFault> {
        let limit = match self.word("algorithm")? {
            "token-bucket" => LimitRule::tokens(self.bucket()?),
            word => self.window(word == "sliding-window")?,
        };
        Ok(if self.word("per")? == "key" { limit.per_key() } else { limit })
    }

    fn window(&self, slides: bool) -> Result<LimitRule, InvalidFault> {
        let (rate, length) = (self.number("rate_per_s")?, self.duration("window")?);
        LimitRule::window(rate, length, slides).ok_or_else(|| InvalidFault::Value {
            kind: self.kind.name(),
            parameter: "window",
            value: length.to_string(),
            wanted: format!("at {rate} per second it must let through from 1 to 1000000 requests"),
        })
    }

    fn bucket(&self) -> Result<TokenBucket, InvalidFault> {
        let rate = self.number("rate_per_s")?;
        // What one second refills, as far as 32 bits go: `as` saturates.
        let of_a_second = NonZeroU32::new(rate.ceil() as u32).unwrap_or(NonZeroU32::MIN);
        let burst = if self.said.get("burst").is_some() { self.count("burst")? } else { of_a_second };
        TokenBucket::new(rate, burst).ok_or_else(|| self.wrong("rate_per_s", rate.to_string()))
    }

    /// The server's workers.
    pub(super) fn workers(&self) -> Result<LimitRule, InvalidFault> {
        Ok(LimitRule::workers(self.count("servers")?, self.duration("service")?, self.small("queue")?))
    }
}
