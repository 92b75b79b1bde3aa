//! A wait in the event queue, between two of its events.

use crate::engine::observer::Observer;
use crate::engine::plan::ModelPlan;
use crate::engine::sim::waiting::{Next, Waiting};
use crate::time::Micros;
use crate::world::exchange::Exchange;

/// A wait on its own timing. What few waits need is kept elsewhere, because there may be many, and one after another is
/// looked at.
#[derive(Debug)]
pub(super) struct Slot<'p> {
    pub(super) order: u64,
    pub(super) waiting: Waiting<'p>,
    /// The poll that is due or in flight.
    pub(super) sent: Micros,
    pub(super) timeout: Micros,
    pub(super) answer: Answer,
    /// When the last poll was sent that said unfinished; [`Micros::NEVER`] where none did.
    pub(super) unfinished: Micros,
}

/// What comes back for the poll of a slot.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    /// None is in flight, or it is not known yet.
    Open,
    /// Nothing struck it.
    Undisturbed { arrival: Micros, back: Micros },
    /// What is kept elsewhere, because it is rare.
    Struck,
}

impl<'p> Slot<'p> {
    /// A little of all its parts, which lie apart by less than a line of the cache.
    #[inline(always)]
    pub(super) fn read(&self) -> u64 {
        let Self { order, waiting, sent, answer: _, timeout: _, unfinished } = self;
        order ^ sent.get() ^ unfinished.get() ^ waiting.read()
    }

    /// Takes what became of its poll, which is kept in `struck` where something struck it.
    #[inline(always)]
    pub(super) fn hear(
        &mut self,
        struck: &mut Option<Exchange<'p>>,
        model: &ModelPlan<'p>,
        observer: &mut Observer,
    ) -> Option<Next> {
        let (sent, timeout, waiting) = (self.sent, self.timeout, &mut self.waiting);
        let exchange = match std::mem::replace(&mut self.answer, Answer::Open) {
            Answer::Undisturbed { arrival, back } => {
                if let Some(next) = waiting.hear_unfinished(sent, timeout, (arrival, back), observer) {
                    self.unfinished = sent;
                    return Some(next);
                }
                Exchange::undisturbed(arrival, back, waiting.truth(), model.failure)
            }
            Answer::Struck => struck.take()?,
            Answer::Open => return None,
        };
        Some(hear_noting(waiting, (sent, timeout), &exchange, &mut self.unfinished, observer))
    }
}

/// Lets a wait hear what became of the poll sent at an instant, and notes that instant in `unfinished` if it said so.
#[inline(always)]
pub(super) fn hear_noting(
    waiting: &mut Waiting<'_>,
    (sent, timeout): (Micros, Micros),
    exchange: &Exchange<'_>,
    unfinished: &mut Micros,
    observer: &mut Observer,
) -> Next {
    let wasted = waiting.record().wasted;
    let next = waiting.hear(sent, timeout, exchange, observer);
    if waiting.record().wasted > wasted {
        *unfinished = sent;
    }
    next
}
