//! A client's own limit on its requests, shared by all of its waits: who may send, and when.

use crate::strategy::composition::Limiter;
use crate::time::Micros;
use crate::world::rate_limit::Gcra;
use std::collections::VecDeque;

/// Admits requests first come first served, under a bound on requests in flight and a token bucket.
#[derive(Debug, Clone)]
pub struct Dispatch<T> {
    max_in_flight: u32,
    in_flight: u32,
    bucket: Gcra,
    /// Requests, and when each of them is no longer wanted.
    queue: VecDeque<(T, Micros)>,
}

/// What the head of the queue may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit<T> {
    /// Send it now; [`Dispatch::release`] when its reply is there.
    Send(T),
    /// It waited for so long that it is no longer wanted: it takes no token and no place.
    Lapsed(T),
    /// Ask again at this instant, when the next token is there.
    Until(Micros),
    /// Nothing waits, or everything that may be in flight is.
    Idle,
}

impl<T> Dispatch<T> {
    /// An idle limit.
    #[must_use]
    pub fn new(limiter: &Limiter) -> Self {
        Self {
            max_in_flight: limiter.max_in_flight().get(),
            in_flight: 0,
            bucket: Gcra::new(limiter.bucket()),
            queue: VecDeque::new(),
        }
    }

    /// Queues a request that is not to be sent at `lapses` or later.
    pub fn enqueue(&mut self, request: T, lapses: Micros) {
        self.queue.push_back((request, lapses));
    }

    /// Lets go of the queued requests that are not to be kept.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.queue.retain(|(request, _)| keep(request));
    }

    /// Admits the next request, if one may go at `now`.
    pub fn admit(&mut self, now: Micros) -> Permit<T> {
        let lapses = self.queue.front().map_or(Micros::NEVER, |(_, lapses)| *lapses);
        if lapses <= now {
            return self.queue.pop_front().map_or(Permit::Idle, |(request, _)| Permit::Lapsed(request));
        }
        if self.queue.is_empty() || self.in_flight >= self.max_in_flight {
            return Permit::Idle;
        }
        match self.bucket.take(now) {
            Err(not_before) => Permit::Until(not_before),
            Ok(()) => match self.queue.pop_front() {
                Some((request, _)) => {
                    self.in_flight += 1;
                    Permit::Send(request)
                }
                None => Permit::Idle,
            },
        }
    }

    /// A reply is there, or will be of no interest.
    pub fn release(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }
}
