//! When is all quiet? Each rule closes a gap through which time would move while somebody is still at work.

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
    /// Nobody is there, of which the server has not heard yet.
    Empty,
    /// Somebody sleeps in real time.
    Leak(String),
}

impl Driver<'_> {
    /// The server has done all that it can, and is asleep while this is looked at.
    ///
    /// 1. Every thread sleeps in a system call. The state alone is not enough: a shell that reaps its children is said to
    ///    sleep while it runs.
    /// 2. Nothing is on its way, and nothing has come that the server has not read.
    /// 3. The same threads still sleep, and none has run meanwhile. So what was true of each was true of all at once.
    /// 4. All of them live in virtual time, and none sleeps until a real time.
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
        if self.shared.wires.has_rung(Duration::ZERO) {
            return RUNNING;
        }
        // That everybody is gone is news, which the server hears first.
        let is_empty = sleepers.is_empty();
        if is_empty && !std::mem::replace(&mut self.was_empty, is_empty) {
            return Ok(Quiet::No(Unrest::Empty));
        }
        self.was_empty = is_empty;
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
