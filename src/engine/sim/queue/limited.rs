//! The client's own limit on its requests: what it sends, and what it holds back.

use super::Queue;
use crate::engine::sim::context::{Event, Seat};
use crate::engine::sim::waiting::Next;
use crate::strategy::dispatch::Permit;
use crate::time::Micros;

impl Queue<'_> {
    /// A request of the client is over, where its number is limited.
    #[inline]
    pub(super) fn release(&mut self, model: usize, now: Micros) {
        if let Some(dispatches) = &mut self.dispatches {
            dispatches[model].release();
            self.admit(model, now);
        }
    }

    /// Lets the client's own limit send what it may.
    pub(super) fn admit(&mut self, model: usize, now: Micros) {
        while let Some(dispatches) = &mut self.dispatches {
            match dispatches[model].admit(now) {
                Permit::Idle => return,
                Permit::Until(token) => {
                    if !std::mem::replace(&mut self.awaits_token[model], true) {
                        self.context.schedule(token, Event::Token(model));
                    }
                    return;
                }
                // The record has the instant at which it lapsed, whenever that is noticed.
                Permit::Lapsed(seat) => {
                    if let Some((at, next)) = self.held_back(seat, now) {
                        self.follow(at, next);
                    }
                }
                Permit::Send(Seat::Row(at)) if now <= self.rows.due(at) => {
                    self.depart_row(at, self.rows.due(at));
                }
                Permit::Send(Seat::Row(at)) if self.rows.may_be_late(at, now) => self.depart_row(at, now),
                Permit::Send(seat) => match self.admitted(seat, now) {
                    Some((at, Next::Send { at: sent, timeout })) => self.depart(at, sent, timeout),
                    Some((at, Next::Settled)) => self.settle_unsent(at),
                    None => {}
                },
            }
        }
    }

    /// The poll of this wait was admitted: its slot, and what it wants.
    pub(super) fn admitted(&mut self, seat: Seat, now: Micros) -> Option<(u32, Next)> {
        match seat {
            Seat::Row(_) => self.held_back(seat, now),
            Seat::Slot(at) => {
                let slot = self.slots[at as usize].as_ref()?;
                let next = Next::Send { at: slot.sent, timeout: slot.timeout };
                if now > slot.sent { self.held_back(seat, now) } else { Some((at, next)) }
            }
        }
    }

    /// The poll of this wait was held back until `now`: its slot, and what it wants.
    pub(super) fn held_back(&mut self, seat: Seat, now: Micros) -> Option<(u32, Next)> {
        let at = match seat {
            Seat::Row(at) => self.leave(at, false)?.0,
            Seat::Slot(at) => at,
        };
        let slot = self.slots[at as usize].as_mut()?;
        Some((at, slot.waiting.held_back(now)))
    }

    /// A wait is over whose poll was admitted, and not sent.
    pub(super) fn settle_unsent(&mut self, at: u32) {
        let Some(model) = self.slots[at as usize].as_ref().map(|slot| slot.waiting.model()) else { return };
        self.settle(at);
        if let Some(dispatches) = &mut self.dispatches {
            dispatches[model].release();
        }
    }
}
