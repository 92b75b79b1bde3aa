//! What is due in a time that somebody moves: every sleep on a clock of this kind is an entry here, and every request until it
//! is its turn; they end when they are released. Nothing happens by itself: [`Agenda::advance`] says to what instant time has
//! come.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::net::{TcpListener, TcpStream};

/// Who wants to know of the sockets of a server, because time may not move while something is on its way.
pub trait Watch: Debug + Send + Sync {
    /// The server listens.
    fn listens(&self, listener: &TcpListener);
    /// The server has accepted a connection.
    fn accepted(&self, stream: &TcpStream);
}

/// Sleepers in their order, and the instant that it is for them, in nanoseconds from the start.
#[derive(Debug)]
pub struct Agenda {
    queue: Mutex<Queue>,
    watch: Option<Arc<dyn Watch>>,
}

#[derive(Debug, Default)]
struct Queue {
    now: u64,
    entries: u64,
    sleepers: BTreeMap<Place, Waker>,
}

/// When somebody's turn is. At one instant, timers come before requests, which come in the order of their lines: so a
/// journal does not depend on which of them the system brought first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    at: u64,
    line: Option<String>,
    entry: u64,
}

/// Waits for its turn.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub(super) struct Turn {
    agenda: Arc<Agenda>,
    at: u64,
    line: Option<String>,
    place: Option<Place>,
}

impl Agenda {
    /// An agenda at instant zero.
    #[must_use]
    pub fn new(watch: Option<Arc<dyn Watch>>) -> Arc<Self> {
        Arc::new(Self { queue: Mutex::default(), watch })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The instant, in nanoseconds from the start.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.queue().now
    }

    /// When the next sleeper is due; `None` where nobody sleeps.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        self.queue().sleepers.first_key_value().map(|(place, _)| place.at)
    }

    /// It is `now`, unless it is later already. Nobody wakes by this alone.
    pub fn advance(&self, now: u64) {
        let mut queue = self.queue();
        queue.now = queue.now.max(now);
    }

    /// Wakes whose turn is first, at the instant of that turn or a later one.
    pub fn release(&self) {
        let first = self.queue().sleepers.pop_first();
        if let Some((place, waker)) = first {
            self.advance(place.at);
            waker.wake();
        }
    }

    pub(super) fn watch(&self) -> Option<&dyn Watch> {
        self.watch.as_deref()
    }

    /// The turn of a timer that ends at `at`.
    pub(super) fn until(self: &Arc<Self>, at: u64) -> Turn {
        Turn { agenda: Arc::clone(self), at, line: None, place: None }
    }

    /// The turn of a request at `at`.
    pub(super) fn turn(self: &Arc<Self>, at: u64, line: String) -> Turn {
        Turn { agenda: Arc::clone(self), at, line: Some(line), place: None }
    }
}

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let agenda = Arc::clone(&self.agenda);
        let mut queue = agenda.queue();
        let place = match self.place.take() {
            Some(place) if !queue.sleepers.contains_key(&place) => return Poll::Ready(()),
            Some(place) => place,
            None if self.line.is_none() && self.at <= queue.now => return Poll::Ready(()),
            None => {
                queue.entries += 1;
                Place { at: self.at, line: self.line.take(), entry: queue.entries }
            }
        };
        queue.sleepers.insert(place.clone(), cx.waker().clone());
        self.place = Some(place);
        Poll::Pending
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.agenda.queue().sleepers.remove(&place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::clock::Clock;
    use crate::time::Micros;
    use std::pin::pin;
    use tokio::task::yield_now;

    /// Promise: time moves only when it is moved, sleepers wake one by one in the order of their instants, and requests of an
    /// instant in the order of their lines, after its timers.
    #[tokio::test]
    async fn an_agenda_is_kept_in_order() {
        let agenda = Agenda::new(None);
        let clock = Clock::led(&agenda);
        let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
        for (name, at) in [("late", 7), ("early", 3), ("now", 0)] {
            let (clock, sender) = (clock.clone(), sender.clone());
            tokio::spawn(async move {
                clock.sleep_until(Micros::from_secs(at)).await;
                let _ = sender.send((name, clock.now()));
            });
        }
        for line in ["GET /b", "GET /a"] {
            let (clock, sender) = (clock.clone(), sender.clone());
            tokio::spawn(async move {
                clock.sleep_until(Micros::from_secs(3)).await;
                clock.turn(|| line.to_owned()).await;
                let _ = sender.send((line, clock.now()));
            });
        }
        let mut said = Vec::new();
        loop {
            for _ in 0..4 {
                yield_now().await;
            }
            said.extend(std::iter::from_fn(|| heard.try_recv().ok()));
            if agenda.next().is_none() {
                break;
            }
            agenda.release();
        }
        let seconds = Micros::from_secs;
        let expected = [
            ("now", seconds(0)),
            ("early", seconds(3)),
            ("GET /a", seconds(3)),
            ("GET /b", seconds(3)),
            ("late", seconds(7)),
        ];
        assert_eq!(said, expected);
    }

    /// Promise: who no longer waits is not waited for.
    #[tokio::test]
    async fn a_dropped_sleep_leaves_the_agenda() {
        let agenda = Agenda::new(None);
        {
            let mut turn = pin!(agenda.until(5));
            assert!(futures_once(turn.as_mut()).await);
            assert_eq!(agenda.next(), Some(5));
        }
        assert_eq!(agenda.next(), None);
    }

    async fn futures_once(mut turn: Pin<&mut Turn>) -> bool {
        std::future::poll_fn(|cx| Poll::Ready(turn.as_mut().poll(cx).is_pending())).await
    }
}
