//! `Retry-After`: what refusals say of when to come back, and how a client reads it.
//!
//! The header counts in the client's own seconds. A server that runs at a time scale divides by it, whole seconds are
//! rounded up (an honest server never invites too early), and the client multiplies again.

use super::header_text::HeaderText;
use super::parameter::Argument;
use crate::time::Micros;
use std::time::UNIX_EPOCH;

/// What an injected refusal says of when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryAdvice {
    /// No `Retry-After` header.
    Absent,
    /// The honest delay in whole seconds, rounded up (RFC 9110 §10.2.3).
    Seconds,
    /// The honest instant as an HTTP-date (RFC 9110 §5.6.7), rounded up to a second.
    HttpDate,
    /// `Retry-After: 0`.
    Zero,
    /// `Retry-After: soon`, which is neither a number nor a date.
    Garbage,
    /// A day, whatever is true.
    Huge,
    /// About half of the honest delay, and always less than it.
    TooShort,
    /// These seconds, whatever is true.
    Exactly(u32),
    /// This text, whatever it means.
    Text(HeaderText),
}

/// What a `Retry-After` header holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetryAfter {
    /// Seconds from the answer on.
    Seconds(u64),
    /// A time of day, in Unix seconds.
    Date(u64),
    /// This text, which may be seconds, a date, or nothing that a client can read.
    Text(HeaderText),
}

/// How scenario time passes for a client: how fast, and from when on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timescale {
    /// Scenario seconds in one of the client's own; positive and finite.
    scale: f64,
    /// Instant zero as the client's time of day, in Unix microseconds.
    origin: u64,
}

/// Instant zero where nobody's time of day is meant, in Unix milliseconds: the first second of 2026. A date before it is past,
/// as it is on a wall clock.
pub const SCENARIO_ORIGIN_MS: u64 = 1_767_225_600_000;

/// A day: longer than any wait.
const HUGE: u64 = 86_400;

impl RetryAdvice {
    /// The words for it in scenario files: the first is the name, the others mean the same.
    const WORDS: [(Self, &'static [&'static str]); 7] = [
        (Self::Seconds, &["seconds", "true"]),
        (Self::Absent, &["absent", "false"]),
        (Self::Zero, &["zero"]),
        (Self::HttpDate, &["http-date"]),
        (Self::Garbage, &["garbage"]),
        (Self::Huge, &["huge"]),
        (Self::TooShort, &["too-short"]),
    ];

    /// All words.
    pub(super) const KNOWN: &'static [&'static str] =
        &["true", "seconds", "false", "absent", "zero", "http-date", "garbage", "huge", "too-short"];

    /// The advice of that name.
    pub(super) fn named(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(_, words)| words.contains(&word)).map(|(advice, _)| advice)
    }

    /// Its name; `None` where it is a number or another text.
    pub(super) fn word(self) -> Option<&'static str> {
        Self::WORDS.into_iter().find(|(advice, _)| *advice == self).map(|(_, words)| words[0])
    }

    /// How it is written.
    pub(super) fn argument(self) -> Argument {
        match self {
            Self::Exactly(seconds) => Argument::Whole(u64::from(seconds)),
            Self::Text(text) => Argument::Text(text),
            Self::Absent
            | Self::Seconds
            | Self::HttpDate
            | Self::Zero
            | Self::Garbage
            | Self::Huge
            | Self::TooShort => Argument::Word(self.word().unwrap_or("absent")),
        }
    }

    /// The header of an answer that leaves the server at `now`, where coming back makes sense from `honest` on.
    #[must_use]
    pub fn header(self, now: Micros, honest: Micros, pace: Timescale) -> Option<RetryAfter> {
        // In the client's own microseconds.
        let delay = (pace.own(honest - now)).ceil() as u64;
        let seconds = |delay: u64| delay.div_ceil(1_000_000);
        Some(match self {
            Self::Absent => return None,
            Self::Seconds => RetryAfter::Seconds(seconds(delay)),
            Self::HttpDate => RetryAfter::Date(seconds(pace.origin.saturating_add(pace.own(honest).ceil() as u64))),
            Self::Zero => RetryAfter::Seconds(0),
            Self::Garbage => RetryAfter::Text(HeaderText::SOON),
            Self::Huge => RetryAfter::Seconds(HUGE),
            // A second has no half in whole seconds that is shorter than it.
            Self::TooShort => RetryAfter::Seconds(seconds(delay / 2).min(seconds(delay).saturating_sub(1))),
            Self::Exactly(seconds) => RetryAfter::Seconds(u64::from(seconds)),
            Self::Text(text) => RetryAfter::Text(text),
        })
    }
}

impl RetryAfter {
    /// What a header of this text asks for: seconds or an HTTP-date (RFC 9110 §10.2.3). `None` where it is neither.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Seconds(text.parse().unwrap_or(u64::MAX)));
        }
        let since = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Some(Self::Date(since.as_secs()))
    }

    /// The delay that a client reads out of it when it hears the answer at `heard`; `None` where it cannot.
    #[must_use]
    pub fn delay(self, heard: Micros, pace: Timescale) -> Option<Micros> {
        match self {
            Self::Seconds(seconds) => Some(pace.scenario(seconds as f64 * 1e6)),
            Self::Date(seconds) => {
                let since = seconds.saturating_mul(1_000_000).saturating_sub(pace.origin);
                let at = pace.scenario(since as f64);
                Some(if at > heard { at - heard } else { Micros::ZERO })
            }
            Self::Text(text) => match Self::read(text.as_str())? {
                Self::Text(_) => None,
                read => read.delay(heard, pace),
            },
        }
    }
}

impl Timescale {
    /// Scenario time itself: the simulator's, and that of clocks that stand still.
    pub const SCENARIO: Self = Self { scale: 1.0, origin: SCENARIO_ORIGIN_MS * 1_000 };

    /// `scale` scenario seconds in one of the client's, from `origin` on, in Unix microseconds. A scale that is not
    /// positive and finite counts as 1.
    #[must_use]
    pub fn new(scale: f64, origin: u64) -> Self {
        Self { scale: if scale.is_finite() && scale > 0.0 { scale } else { 1.0 }, origin }
    }

    /// Scenario seconds in one of the client's own.
    #[must_use]
    pub const fn scale(self) -> f64 {
        self.scale
    }

    /// A span of scenario time in the client's own microseconds.
    fn own(self, span: Micros) -> f64 {
        span.get() as f64 / self.scale
    }

    /// A span of the client's own microseconds in scenario time.
    fn scenario(self, own: f64) -> Micros {
        Micros::from_f64(own * self.scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_advice() -> impl Strategy<Value = RetryAdvice> {
        let named = RetryAdvice::WORDS.map(|(advice, _)| advice);
        let text =
            "[!-~]([ -~]{0,60}[!-~])?".prop_map(|text| RetryAdvice::Text(HeaderText::new(&text).expect("visible")));
        prop_oneof![3 => prop::sample::select(named.to_vec()), 1 => any::<u32>().prop_map(RetryAdvice::Exactly), 1 => text]
    }

    #[test]
    fn every_word_has_an_advice_and_every_advice_its_word() {
        let mut words: Vec<_> = RetryAdvice::WORDS.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        words.sort_unstable();
        let mut known = RetryAdvice::KNOWN.to_vec();
        known.sort_unstable();
        assert_eq!(words, known);
        for (advice, words) in RetryAdvice::WORDS {
            assert!(words.iter().all(|word| RetryAdvice::named(word) == Some(advice)));
            assert_eq!(advice.word(), Some(words[0]));
        }
    }

    #[test]
    fn a_header_counts_in_seconds_of_whoever_reads_it() {
        let (now, ms) = (Micros::from_millis(250), Micros::from_millis);
        let header =
            |advice: RetryAdvice, delay, scale| advice.header(now, now + ms(delay), Timescale::new(scale, 500_000));
        let seconds = |seconds| Some(RetryAfter::Seconds(seconds));
        // The honest delay in ms, the time scale, and whole seconds of the client's own: honest, and too few.
        for (delay, scale, honest, short) in [
            (1_500, 1.0, 2, 1),
            (1_000, 1.0, 1, 0),
            (800, 1.0, 1, 0),
            (3_000, 1.0, 3, 2),
            (20_000, 1.0, 20, 10),
            (20_000, 100.0, 1, 0),
            (201_000, 100.0, 3, 2),
            (1_000, 0.1, 10, 5),
        ] {
            assert_eq!(header(RetryAdvice::Seconds, delay, scale), seconds(honest), "{delay} ms, × {scale}");
            assert_eq!(header(RetryAdvice::TooShort, delay, scale), seconds(short), "{delay} ms, × {scale}");
        }
        // 0.5 s past a second, plus 0.25 s, plus 1.5 s: a date has no fraction to lose.
        assert_eq!(header(RetryAdvice::HttpDate, 1_500, 1.0), Some(RetryAfter::Date(3)));
        assert_eq!(header(RetryAdvice::HttpDate, 1_250, 1.0), Some(RetryAfter::Date(2)));
    }

    proptest! {
        #![proptest_config(crate::soak::cases(512))]

        /// Promise: whoever obeys an honest header never comes too early, nor more than a second of his own too late;
        /// whoever obeys one that is too short does come too early; whatever the scale and the time of day.
        #[test]
        fn an_honest_header_never_invites_too_early(
            advice in any_advice(), now in 0_u64..10_000_000_000, delay in 1_u64..1_000_000_000, way in 0_u64..5_000_000,
            scale in prop_oneof![Just(1.0), 0.01_f64..1_000.0], origin in 0_u64..2_000_000_000_000_000
        ) {
            let (now, pace) = (Micros::new(now), Timescale::new(scale, origin));
            let (honest, heard) = (now + Micros::new(delay), now + Micros::new(way));
            let header = advice.header(now, honest, pace);
            let comes = header.and_then(|header| header.delay(heard, pace)).map(|delay| heard + delay);
            // What rounding to microseconds may cost.
            let (grain, second) = (Micros::new(2 + scale as u64), Micros::from_f64(scale * 1e6));
            match advice {
                RetryAdvice::Absent => prop_assert_eq!(header, None),
                RetryAdvice::Garbage => prop_assert_eq!(comes, None),
                RetryAdvice::Seconds => {
                    let comes = comes.expect("a number");
                    prop_assert!(comes + grain >= honest && comes <= honest + (heard - now) + second + grain);
                }
                RetryAdvice::HttpDate => {
                    let comes = comes.expect("a date");
                    prop_assert!(comes + grain >= honest && comes <= heard.max(honest + second + grain));
                }
                // From the answer on: what travels there is not the header's.
                RetryAdvice::TooShort => prop_assert!(comes.expect("a number") - heard < honest - now),
                RetryAdvice::Zero => prop_assert_eq!(comes, Some(heard)),
                RetryAdvice::Huge => prop_assert!(comes.expect("a number") > heard),
                RetryAdvice::Exactly(seconds) => prop_assert_eq!(header, Some(RetryAfter::Seconds(seconds.into()))),
                // As whoever reads the text takes it.
                RetryAdvice::Text(text) => {
                    let read = RetryAfter::read(text.as_str()).and_then(|read| read.delay(heard, pace));
                    prop_assert_eq!(comes, read.map(|delay| heard + delay));
                }
            }
        }
    }
}
