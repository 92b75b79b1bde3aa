//! When is all quiet? Each rule closes a gap through which time would move while somebody is still at work.

use super::rules::Requirement;
use super::tree::Sleeper;
use super::{Driver, Stuck};
use std::time::Duration;

/// Whether time may move.
pub(super) enum Quiet {
    /// All of these threads sleep, and nothing is on its way.
    Yes(Vec<Sleeper>),
    No(Unrest),
}

pub(super) enum Unrest {
    /// Somebody runs, or something is on its way.
    Running,
    /// The program has ended, of which the server has not heard yet.
    News,
    /// Somebody sleeps in real time.
    Leak(String),
}

impl Driver<'_> {
    /// The server has done all that it can, and is asleep while this is looked at; what it has closed nobody holds who is being
    /// started.
    ///
    /// 1. Every thread sleeps in a system call. The state alone is not enough: a shell that reaps its children is said to
    ///    sleep while it runs.
    /// 2. Nothing is on its way, and nothing has come that the server has not read.
    /// 3. The same threads still sleep, no others have come, and none has run meanwhile. So what was true of each was true of
    ///    all at once.
    /// 4. If the program has ended, the server has heard of it.
    /// 5. All of them live in virtual time, and none sleeps until a real time.
    pub(super) fn look(&mut self) -> Result<Quiet, Stuck> {
        self.effort.looks += 1;
        const RUNNING: Result<Quiet, Stuck> = Ok(Quiet::No(Unrest::Running));
        if self.recent.is_some_and(|thread| self.tree.is_awake(thread)) {
            return RUNNING;
        }
        let sleepers = match self.tree.first_look() {
            Ok(sleepers) => sleepers,
            Err(awake) => {
                self.recent = Some(awake);
                return RUNNING;
            }
        };
        self.recent = None;
        if self.shared.wires.are_busy()? || !self.tree.is_unchanged(&sleepers) {
            return RUNNING;
        }
        if Requirement::Bell.is_met() && self.shared.wires.has_rung(Duration::ZERO) {
            return RUNNING;
        }
        if Requirement::News.is_met() && self.tree.is_over(&sleepers) && self.heard != self.tree.root() {
            if !self.tree.is_known_to_be_over() {
                return RUNNING;
            }
            self.heard = self.tree.root();
            return Ok(Quiet::No(Unrest::News));
        }
        if let Some(stranger) = self.tree.stranger() {
            return Err(Stuck::Stranger(stranger));
        }
        let armed = self.shared.page.armed()?;
        match self.tree.leak(&sleepers, |tid| armed.iter().any(|slot| slot.tid == tid)) {
            Some(leak) => Ok(Quiet::No(Unrest::Leak(leak))),
            None => Ok(Quiet::Yes(sleepers)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::warp::Warp;
    use std::process::Command;

    /// Promise: that the program has ended is news once, which the server hears before time moves, whether or not anybody has
    /// waited for it yet.
    #[test]
    fn an_end_is_news_before_time_moves() {
        let warp = Warp::new(1).expect("what virtual time needs");
        let mut child = Command::new("true").spawn().expect("it starts");
        let mut driver = warp.driver().expect("this process");
        driver.tree.lead(Some(child.id()));
        let mut look = || loop {
            match driver.look().expect("no program is stuck") {
                Quiet::No(Unrest::Running | Unrest::Leak(_)) => std::thread::yield_now(),
                other => return other,
            }
        };
        assert!(matches!(look(), Quiet::No(Unrest::News)));
        assert!(matches!(look(), Quiet::Yes(sleepers) if sleepers.is_empty()));
        child.wait().expect("it ends");
        assert!(matches!(look(), Quiet::Yes(sleepers) if sleepers.is_empty()));
    }
}
