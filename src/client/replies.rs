//! Polls of many waits that are on their way, and what has come of them.

use crate::client::answer::Answer;
use crate::net::clock::Clock;
use crate::time::Micros;
use futures_util::future::{AbortHandle, Abortable, BoxFuture};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use std::cmp::Reverse;
use std::future::Future;

/// What came back for a poll.
pub(super) struct Heard<T> {
    /// Whose poll it was.
    pub(super) asker: T,
    pub(super) sent: Micros,
    pub(super) answer: Answer,
    /// Which of the polls.
    number: u64,
}

/// Polls that are in flight, and what is heard and not taken in yet.
pub(super) struct Replies<T> {
    in_flight: FuturesUnordered<Abortable<BoxFuture<'static, Heard<T>>>>,
    heard: Vec<Heard<T>>,
    asked: u64,
}

impl<T: Send + 'static> Replies<T> {
    pub(super) fn new() -> Self {
        Self { in_flight: FuturesUnordered::new(), heard: Vec::new(), asked: 0 }
    }

    /// Sends a poll, which is called off with what is returned.
    pub(super) fn ask(
        &mut self,
        asker: T,
        sent: Micros,
        answer: impl Future<Output = Answer> + Send + 'static,
    ) -> AbortHandle {
        let (abort, registration) = AbortHandle::new_pair();
        let number = self.asked;
        self.asked += 1;
        let poll: BoxFuture<'static, _> = Box::pin(async move {
            let answer = answer.await;
            Heard { asker, sent, answer, number }
        });
        self.in_flight.push(Abortable::new(poll, registration));
        abort
    }

    /// Whether nothing will come and nothing is left.
    pub(super) fn is_over(&self) -> bool {
        self.in_flight.is_empty() && self.heard.is_empty()
    }

    /// Whether something has been heard and not been taken.
    pub(super) fn has_some(&self) -> bool {
        !self.heard.is_empty()
    }

    /// Waits until a poll has come back or has been called off; for ever where none is on its way.
    pub(super) async fn come(&mut self) {
        match self.in_flight.next().await {
            Some(heard) => self.heard.extend(heard),
            None => std::future::pending().await,
        }
    }

    /// Takes in all that comes at this instant, so that who asked first is heard first.
    pub(super) async fn gather(&mut self, clock: &Clock) {
        clock.settle().await;
        while let Some(Some(heard)) = self.in_flight.next().now_or_never() {
            self.heard.extend(heard);
        }
        self.heard.sort_unstable_by_key(|heard| Reverse(heard.number));
    }

    /// Forgets what those have heard that are not wanted.
    pub(super) fn retain(&mut self, is_wanted: impl Fn(&T) -> bool) {
        self.heard.retain(|heard| is_wanted(&heard.asker));
    }

    /// The next that is heard.
    pub(super) fn take(&mut self) -> Option<Heard<T>> {
        self.heard.pop()
    }
}
