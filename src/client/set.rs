//! Thousands of waits in one place, each on its own timing, under one limit.

use crate::client::Client;
use crate::client::answer::Answer;
use crate::client::error::{Finished, WaitError};
use crate::client::wait::{ask, default_jitter};
use crate::client::watch::{Event, Watch};
use crate::strategy::composition::{Limiter, Strategy};
use crate::strategy::dispatch::{Admission, Dispatch};
use crate::strategy::wait::{Ending, Policy, Step, Wait};
use crate::time::Micros;
use crate::world::draws::Draws;
use futures_util::StreamExt as _;
use futures_util::future::{AbortHandle, Abortable, BoxFuture};
use futures_util::stream::FuturesUnordered;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;

/// A task of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the set, in the order of [`TaskSet::push`].
    pub key: u64,
    /// The model.
    pub model: String,
    /// The task.
    pub id: String,
}

/// Listens to what happens in all waits.
type Listener<'s> = Box<dyn FnMut(u64, &Event) + Send + 's>;

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Poll,
    End,
    Token,
}

/// Waits for many tasks. It takes no place of its own in the runtime: everything happens inside [`TaskSet::next`].
///
/// A waiting task costs its machine and a place in a queue, not a future. Tasks keep their own timing, and one task's
/// failure touches no other; what they share is the limit on requests, first come first served.
///
/// Strategies that listen for webhooks only poll here.
pub struct TaskSet<'s> {
    client: Client,
    strategy: &'s Strategy,
    limit: Option<Dispatch<usize>>,
    awaits_token: bool,
    capacity: usize,
    slots: Vec<Option<Slot<'s>>>,
    free: Vec<usize>,
    due: BinaryHeap<Reverse<(Micros, u64, usize, Act)>>,
    sequence: u64,
    in_flight: FuturesUnordered<Abortable<BoxFuture<'static, (usize, Answer)>>>,
    finished: VecDeque<(Entry, Result<Finished, WaitError>)>,
    next_key: u64,
    listener: Option<Listener<'s>>,
}

struct Slot<'s> {
    entry: Entry,
    wait: Wait<'s>,
    jitter: Draws,
    watch: Watch,
    /// The poll that is due or in flight.
    at: Micros,
    timeout: Micros,
    ending: Ending,
    abort: Option<AbortHandle>,
}

impl fmt::Debug for TaskSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskSet")
            .field("waiting", &self.len())
            .field("strategy", &self.strategy.name)
            .finish_non_exhaustive()
    }
}

impl<'s> TaskSet<'s> {
    /// An empty set of waits as `strategy` says. A limit replaces none that the strategy has.
    #[must_use]
    pub fn new(client: &Client, strategy: &'s Strategy, limit: Option<Limiter>) -> Self {
        Self {
            client: client.clone(),
            strategy,
            limit: limit.as_ref().map(Dispatch::new),
            awaits_token: false,
            capacity: usize::MAX,
            slots: Vec::new(),
            free: Vec::new(),
            due: BinaryHeap::new(),
            sequence: 0,
            in_flight: FuturesUnordered::new(),
            finished: VecDeque::new(),
            next_key: 0,
            listener: None,
        }
    }

    /// Lets [`push`](Self::push) wait while so many tasks are waited for.
    #[must_use]
    pub fn capacity(mut self, tasks: usize) -> Self {
        self.capacity = tasks.max(1);
        self
    }

    /// Tells `listener` of everything that happens, with the key of its task.
    #[must_use]
    pub fn on_event(mut self, listener: impl FnMut(u64, &Event) + Send + 's) -> Self {
        self.listener = Some(Box::new(listener));
        self
    }

    /// Tasks that are waited for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether no task is waited for and no result is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.finished.is_empty()
    }

    /// Starts to wait for a task, when there is room, and returns its key.
    pub async fn push(&mut self, model: &str, id: &str) -> u64 {
        while self.len() >= self.capacity {
            self.step().await;
        }
        self.start(model, id, default_jitter(model, id))
    }

    /// Starts a wait at once, with draws for its jitter.
    pub(crate) fn start(&mut self, model: &str, id: &str, mut jitter: Draws) -> u64 {
        let now = self.client.clock().now();
        let (wait, step) = Policy::new(self.strategy, model).begin(now, &mut jitter);
        let key = self.next_key;
        self.next_key += 1;
        let slot = Slot {
            entry: Entry { key, model: model.to_owned(), id: id.to_owned() },
            wait,
            jitter,
            watch: Watch::new(model, id, now),
            at: now,
            timeout: Micros::NEVER,
            ending: Ending::Error,
            abort: None,
        };
        let at = match self.free.pop() {
            Some(at) => at,
            None => {
                self.slots.push(None);
                self.slots.len() - 1
            }
        };
        self.slots[at] = Some(slot);
        self.follow(at, step);
        key
    }

    /// Lets go of a task; its result never comes.
    pub fn cancel(&mut self, key: u64) -> bool {
        let found = self.slots.iter().position(|slot| slot.as_ref().is_some_and(|slot| slot.entry.key == key));
        let Some(at) = found else { return false };
        let was_in_flight = self.slots[at].as_mut().and_then(|slot| slot.abort.take()).map(|abort| abort.abort());
        // A place that an act still names is not given away: the act finds nothing there.
        self.slots[at] = None;
        self.due.retain(|Reverse((_, _, slot, act))| *act == Act::Token || *slot != at);
        if was_in_flight.is_some() {
            self.release();
        }
        self.free.push(at);
        true
    }

    /// The next result; `None` when no task is left.
    pub async fn next(&mut self) -> Option<(Entry, Result<Finished, WaitError>)> {
        loop {
            if let Some(finished) = self.finished.pop_front() {
                return Some(finished);
            }
            if self.is_empty() {
                return None;
            }
            self.step().await;
        }
    }

    /// Lets the next thing happen.
    async fn step(&mut self) {
        let clock = *self.client.clock();
        let due = self.due.peek().map_or(Micros::NEVER, |Reverse((at, ..))| *at);
        if due > clock.now() {
            tokio::select! {
                biased;
                Some(answer) = self.in_flight.next() => {
                    if let Ok((at, answer)) = answer {
                        self.hear(at, &answer);
                    }
                    return;
                }
                () = clock.sleep_until(due) => {}
            }
        }
        if let Some(Reverse((_, _, at, act))) = self.due.pop() {
            match act {
                Act::Poll => self.ready(at),
                Act::End => self.finish(at),
                Act::Token => {
                    self.awaits_token = false;
                    self.admit();
                }
            }
        }
    }

    fn schedule(&mut self, when: Micros, at: usize, act: Act) {
        self.sequence += 1;
        self.due.push(Reverse((when, self.sequence, at, act)));
    }

    fn tell(&mut self, key: u64, event: &Event) {
        if let Some(listener) = &mut self.listener {
            listener(key, event);
        }
    }

    /// Does what a machine wants next.
    fn follow(&mut self, at: usize, step: Step) {
        let Some(slot) = &mut self.slots[at] else { return };
        let key = slot.entry.key;
        match step {
            Step::Poll { at: when, timeout } => {
                (slot.at, slot.timeout) = (when, timeout);
                self.schedule(when, at, Act::Poll);
                self.tell(key, &Event::Due { at: when });
            }
            Step::End { at: when, ending } => {
                slot.ending = ending;
                self.schedule(when, at, Act::End);
            }
            // Nobody will tell: it is over when the caller says so.
            Step::Listen => {}
        }
    }

    /// A poll is due.
    fn ready(&mut self, at: usize) {
        match &mut self.limit {
            Some(limit) => {
                limit.enqueue(at);
                self.admit();
            }
            None => self.send(at),
        }
    }

    /// Lets the limit send what it may.
    fn admit(&mut self) {
        let now = self.client.clock().now();
        while let Some(limit) = &mut self.limit {
            match limit.admit(now) {
                Admission::Idle => return,
                Admission::Until(token) => {
                    if !std::mem::replace(&mut self.awaits_token, true) {
                        self.schedule(token, usize::MAX, Act::Token);
                    }
                    return;
                }
                Admission::Send(at) => {
                    let Some(slot) = self.slots.get_mut(at).and_then(Option::as_mut) else {
                        limit.release();
                        continue;
                    };
                    if now <= slot.at {
                        self.send(at);
                        continue;
                    }
                    let (key, since) = (slot.entry.key, slot.at);
                    match slot.wait.held_back(now) {
                        Step::Poll { timeout, .. } => {
                            slot.timeout = timeout;
                            self.tell(key, &Event::HeldBack { at: since });
                            self.send(at);
                        }
                        step => {
                            limit.release();
                            self.follow(at, step);
                        }
                    }
                }
            }
        }
    }

    fn send(&mut self, at: usize) {
        let now = self.client.clock().now();
        let Some(slot) = &mut self.slots[at] else { return };
        let (client, model, id) = (self.client.clone(), slot.entry.model.clone(), slot.entry.id.clone());
        let patience = now + slot.timeout;
        let (abort, registration) = AbortHandle::new_pair();
        slot.abort = Some(abort);
        let (key, event) = (slot.entry.key, slot.watch.sent(now));
        let request: BoxFuture<'static, _> = Box::pin(async move { (at, ask(&client, &model, &id, patience).await) });
        self.in_flight.push(Abortable::new(request, registration));
        self.tell(key, &event);
    }

    fn hear(&mut self, at: usize, answer: &Answer) {
        let now = self.client.clock().now();
        let Some(slot) = self.slots.get_mut(at).and_then(Option::as_mut) else { return };
        slot.abort = None;
        let (worth, step) = slot.wait.reply(now, &answer.reply(), &mut slot.jitter);
        let (key, events) = (slot.entry.key, slot.watch.heard(now, answer, worth));
        for event in events.into_iter().flatten() {
            self.tell(key, &event);
        }
        self.follow(at, step);
        self.release();
    }

    fn release(&mut self) {
        if let Some(limit) = &mut self.limit {
            limit.release();
            self.admit();
        }
    }

    fn finish(&mut self, at: usize) {
        let now = self.client.clock().now();
        let Some(mut slot) = self.slots[at].take() else { return };
        self.free.push(at);
        let result = slot.watch.end(slot.ending, now);
        if self.listener.is_some() {
            self.tell(slot.entry.key, &Event::Ended(Box::new(result.clone())));
        }
        self.finished.push_back((slot.entry, result));
    }
}
