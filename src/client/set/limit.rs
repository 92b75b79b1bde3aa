//! What the limit on a set's requests lets its waits do.

use super::{Act, TaskSet};
use crate::client::slot::{Phase, Slot};
use crate::client::watch::Event;
use crate::strategy::dispatch::Permit;
use crate::strategy::wait::Step;
use crate::time::Micros;

impl TaskSet<'_> {
    /// A poll is due since `since`.
    pub(super) fn ready(&mut self, at: u32, since: Micros) {
        let (Some(slot), Some(limit)) = (self.slots[at as usize].as_ref(), &mut self.limit) else {
            return self.send(at);
        };
        let (key, lapses) = (slot.key, self.models[slot.model as usize].policy.resume(&slot.progress).lapses());
        limit.enqueue((at, key, since), lapses);
        self.admit();
        if let Some(slot) = self.held(at, key)
            && !lapses.is_never()
            && !std::mem::replace(&mut slot.is_timed, true)
        {
            self.schedule(lapses, at, Act::Lapse);
        }
    }

    /// The task with this key, if the limit holds its poll back.
    fn held(&mut self, at: u32, key: u64) -> Option<&mut Slot> {
        self.slot(at).filter(|slot| slot.key == key && matches!(slot.phase, Phase::Due(_)))
    }

    /// Ends the wait in this slot if the limit has held its poll back for too long. The place may be another task's by now,
    /// which then lapses later; a poll that is only due would have been so before.
    pub(super) fn lapse(&mut self, at: u32) {
        let now = self.client.clock().now();
        let Some(slot) = self.slots[at as usize].as_mut().filter(|slot| matches!(slot.phase, Phase::Due(_))) else {
            return;
        };
        let mut wait = self.models[slot.model as usize].policy.resume(&slot.progress);
        if wait.lapses() <= now {
            let step = wait.held_back(now);
            slot.progress = wait.progress();
            self.follow(at, step);
        }
    }

    /// Lets the limit send what it may.
    pub(super) fn admit(&mut self) {
        let now = self.client.clock().now();
        while let Some(limit) = &mut self.limit {
            match limit.admit(now) {
                Permit::Idle => return,
                Permit::Until(token) => {
                    if !std::mem::replace(&mut self.awaits_token, true) {
                        self.schedule(token, u32::MAX, Act::Token);
                    }
                    return;
                }
                Permit::Lapsed((at, key, _)) => {
                    if self.held(at, key).is_some() {
                        self.lapse(at);
                    }
                }
                Permit::Send((at, _, since)) => {
                    let Some(slot) = self.slots[at as usize].as_mut() else {
                        limit.release();
                        continue;
                    };
                    if now <= since {
                        self.send(at);
                        continue;
                    }
                    let mut wait = self.models[slot.model as usize].policy.resume(&slot.progress);
                    let step = wait.held_back(now);
                    slot.progress = wait.progress();
                    match step {
                        Step::Poll { timeout, .. } => {
                            slot.phase = Phase::Due(timeout);
                            let key = slot.key;
                            self.tell(key, &Event::HeldBack { at: since });
                            self.send(at);
                        }
                        Step::End { .. } | Step::Listen => {
                            limit.release();
                            self.follow(at, step);
                        }
                    }
                }
            }
        }
    }

    pub(super) fn release(&mut self) {
        if let Some(limit) = &mut self.limit {
            limit.release();
            self.admit();
        }
    }
}
