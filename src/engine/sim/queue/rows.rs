//! Waits of the queue whose polls have all just said unfinished: see [`Rows`](crate::engine::sim::row::Rows).

use super::Queue;
use crate::engine::sim::context::{Context, Event, Rank, Seat};
use crate::engine::sim::row::Heard;
use crate::engine::sim::waiting::Next;
use crate::time::Micros;
use crate::world::fault::Timescale;

impl Queue<'_> {
    /// Lets the poll of a wait in a row be sent that is due.
    #[inline]
    pub(super) fn follow_row(&mut self, at: u32, due: Micros) {
        if self.dispatches.is_none() {
            return self.depart_row(at, due);
        }
        self.rows.await_turn(at, due);
        self.context.schedule(due, Event::Due(Seat::Row(at)));
    }

    /// Sends the poll of a wait in a row.
    #[inline]
    pub(super) fn depart_row(&mut self, at: u32, sent: Micros) {
        let Context { plan, weather, observer, .. } = &mut self.context;
        let model = &plan.models[self.rows.model(at)];
        match (self.rows.send(at, sent, model, (weather, observer)), self.is_limited) {
            (Some((_, back)), false) => {
                self.context.schedule_as(Rank::Over, back, Event::Over(Seat::Row(at)));
            }
            (Some((arrival, _)), true) => self.context.schedule(arrival, Event::Arrive(Seat::Row(at))),
            (None, _) => self.depart_by_itself(at),
        }
    }

    /// The poll of a wait in a row, which is to be sent, may tell anything.
    #[inline(never)]
    pub(super) fn depart_by_itself(&mut self, at: u32) {
        let Some((at, next)) = self.leave(at, false) else { return };
        match next {
            Next::Send { at: sent, timeout } => self.depart(at, sent, timeout),
            Next::Settled => self.settle_unsent(at),
        }
    }

    /// A wait leaves its row for a slot, before or after its poll was sent: that, and what it wants next.
    pub(super) fn leave(&mut self, at: u32, in_flight: bool) -> Option<(u32, Next)> {
        let (order, waiting, next) = self.rows.leave(at, in_flight)?;
        Some((self.settle_in(order, waiting), next))
    }

    /// The poll of a wait in a row reaches the server, before which limits stand.
    #[inline]
    pub(super) fn reach(&mut self, at: u32, now: Micros) {
        let departure = self.rows.arriving(at, now);
        let Context { plan, weather, buckets, .. } = &mut self.context;
        let model = &plan.models[self.rows.model(at)];
        let meeting = model.status.meet(&departure, None, weather, Some(buckets), Timescale::SCENARIO);
        if meeting.is_undisturbed() {
            return self.context.schedule_as(Rank::Over, departure.back, Event::Over(Seat::Row(at)));
        }
        let Some((at, next)) = self.leave(at, true) else { return };
        let (Next::Send { at: sent, timeout }, Some(slot)) = (next, &mut self.slots[at as usize]) else { return };
        slot.waiting.sent();
        (slot.sent, slot.timeout) = (sent, timeout);
        let exchange = meeting.answered(departure.arrival, slot.waiting.truth(), model.failure);
        self.answer(at, exchange);
    }

    /// The answer to the poll of a wait in a row is back.
    #[inline]
    pub(super) fn hear(&mut self, at: u32, now: Micros) {
        let model = self.rows.model(at);
        match self.rows.hear(at, &mut self.context.observer) {
            Some(Heard::Due(due)) => self.follow_row(at, due),
            Some(Heard::End(order, record)) => self.context.finish(order, record),
            None => {}
        }
        self.release(model, now);
    }
}
