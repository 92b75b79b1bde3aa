//! When a server that is led through time takes a request.

use std::collections::HashMap;

/// A request is taken so many nanoseconds after it has come, at the earliest. If none passed, a program whose clock tells a rounded
/// instant might find that what it waited for has not come yet, and ask again at the same instant for ever.
const EXCHANGE: u64 = 1;
/// The same request again is taken no sooner than so long after the last: clocks that are read as seconds since 1970 in double
/// precision tell a quarter of it.
const AGAIN: u64 = 1_000;

/// When requests were taken lately, by their lines.
#[derive(Debug, Default)]
pub(super) struct Asked {
    turns: HashMap<String, u64>,
    tidied: u64,
}

impl Asked {
    /// When it is the turn of a request that has come at `now`, in nanoseconds.
    pub(super) fn turn(&mut self, line: &str, now: u64) -> u64 {
        if now >= self.tidied + AGAIN {
            self.turns.retain(|_, turn| *turn + AGAIN > now);
            self.tidied = now;
        }
        let at = self.turns.get(line).map_or(0, |turn| turn + AGAIN).max(now + EXCHANGE);
        self.turns.insert(line.to_owned(), at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Promise: an exchange takes time, if only a nanosecond; who asks the same again and again moves on by microseconds, and keeps
    /// nobody else from the instant.
    #[test]
    fn nobody_asks_for_ever_at_one_instant() {
        let mut asked = Asked::default();
        let turns = ["a", "a", "b", "a"].map(|line| asked.turn(line, 5_000));
        assert_eq!(turns, [5_001, 6_001, 5_001, 7_001]);
        assert_eq!(asked.turn("a", 7_001), 8_001);
        assert_eq!(asked.turn("a", 20_000), 20_001);
    }

    /// Promise: what is kept is what came within some microseconds, however often somebody asks, and for whatever.
    #[test]
    fn hardly_anything_is_kept() {
        let mut asked = Asked::default();
        let mut now = 0;
        for number in 0..20_000 {
            now = asked.turn(&number.to_string(), now);
            assert!(asked.turns.len() as u64 <= 2 * AGAIN, "{}", asked.turns.len());
        }
    }
}
