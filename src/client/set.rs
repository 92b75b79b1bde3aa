//! Thousands of waits in one place, each on its own timing, under one limit.

mod limit;

use crate::client::Client;
use crate::client::error::{Finished, WaitError};
use crate::client::replies::{Heard, Replies};
use crate::client::slot::{Model, Phase, Slot};
use crate::client::wait::{answered, default_jitter};
use crate::client::watch::{Event, Subject, Watch};
use crate::strategy::composition::{Channel, Limiter, Sharing, Strategy};
use crate::strategy::dispatch::Dispatch;
use crate::strategy::wait::{Ending, Policy, Step};
use crate::time::Micros;
use crate::world::draws::Draws;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::fmt;

/// Room is made for an eighth more, where a vector would double: of a million places half a million may be empty.
const GROWTH: usize = 8;

/// A task of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetEntry {
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
    /// A poll that the limit still holds back is no longer sent.
    Lapse,
    End,
    Token,
}

/// Waits for many tasks. It takes no place of its own in the runtime: everything happens inside [`TaskSet::next`].
///
/// A waiting task costs its id, its progress and a place in a queue, under 200 bytes until a poll tells nothing, and no
/// future; then also what was wrong with that poll. Tasks keep their own timing, and one task's failure touches no other;
/// what they share is the limit on requests, first come first served.
///
/// Nobody is told by webhooks here: a strategy that also polls only polls, and under one that never does a task ends at
/// once with [`WaitError::Untold`].
pub struct TaskSet<'s> {
    client: Client,
    strategy: &'s Strategy,
    limit: Option<Dispatch<Ready>>,
    awaits_token: bool,
    capacity: usize,
    models: Vec<Model<'s>>,
    by_name: BTreeMap<String, u32>,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    /// When, which came first, of which slot, and what.
    due: BinaryHeap<Reverse<(Micros, u64, u32, Act)>>,
    sequence: u64,
    /// Of slots.
    replies: Replies<u32>,
    finished: VecDeque<(SetEntry, Result<Finished, WaitError>)>,
    next_key: u64,
    listener: Option<Listener<'s>>,
}

/// A poll that waits for the limit: its slot and its task's key, and when it was due.
type Ready = (u32, u64, Micros);

impl fmt::Debug for TaskSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskSet")
            .field("waiting", &self.len())
            .field("strategy", &self.strategy.name)
            .finish_non_exhaustive()
    }
}

impl<'s> TaskSet<'s> {
    /// An empty set of waits as `strategy` says, under `limit`, or else under the limiter that the strategy has. Here it
    /// holds for the tasks of all models together.
    #[must_use]
    pub fn new(client: &Client, strategy: &'s Strategy, limit: Option<Limiter>) -> Self {
        let own = match strategy.sharing {
            Sharing::Limiter(limiter) => Some(limiter),
            Sharing::Alone | Sharing::LockStep { .. } | Sharing::Learned(_) | Sharing::Batch(_) => None,
        };
        Self {
            client: client.clone(),
            strategy,
            limit: limit.or(own).as_ref().map(Dispatch::new),
            awaits_token: false,
            capacity: usize::MAX,
            models: Vec::new(),
            by_name: BTreeMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            due: BinaryHeap::new(),
            sequence: 0,
            replies: Replies::new(),
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
        let model = self.model(model);
        let key = self.next_key;
        self.next_key += 1;
        let Model { name, policy } = &self.models[model as usize];
        if policy.channel() == Channel::Webhook {
            let result = Err(Watch::new().untold(Subject { model: name, task: id, began: now }, now));
            let entry = SetEntry { key, model: name.clone(), id: id.to_owned() };
            self.over(entry, result);
            return key;
        }
        let (wait, step) = policy.begin(now, &mut jitter);
        let (progress, watch) = (wait.progress(), Watch::new());
        let slot =
            Some(Slot { key, id: id.into(), model, phase: Phase::Idle, progress, is_timed: false, jitter, watch });
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at as usize] = slot;
                at
            }
            None => {
                if self.slots.len() == self.slots.capacity() {
                    self.slots.reserve_exact(self.slots.len() / GROWTH + 1);
                }
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        };
        self.follow(at, step);
        key
    }

    /// The number of a model.
    fn model(&mut self, name: &str) -> u32 {
        if let Some(number) = self.by_name.get(name) {
            return *number;
        }
        let number = self.models.len() as u32;
        self.models.push(Model { name: name.to_owned(), policy: Policy::new(self.strategy, name) });
        self.by_name.insert(name.to_owned(), number);
        number
    }

    fn slot(&mut self, at: u32) -> Option<&mut Slot> {
        self.slots.get_mut(at as usize)?.as_mut()
    }

    /// Lets go of a task; its result never comes.
    pub fn cancel(&mut self, key: u64) -> bool {
        let found = self.slots.iter().position(|slot| slot.as_ref().is_some_and(|slot| slot.key == key));
        let Some(at) = found else { return false };
        let phase = self.slots[at].take().map(|slot| slot.phase);
        // A place that somebody still names is not given away, and a poll that nobody wants takes no token.
        self.due.retain(|Reverse((_, _, slot, act))| *act == Act::Token || *slot as usize != at);
        if let Some(limit) = &mut self.limit {
            limit.retain(|(slot, ..)| *slot as usize != at);
        }
        self.replies.retain(|slot| *slot as usize != at);
        self.free.push(at as u32);
        if let Some(Phase::InFlight(abort)) = phase {
            abort.abort();
            self.release();
        }
        true
    }

    /// The next result; `None` when no task is left.
    pub async fn next(&mut self) -> Option<(SetEntry, Result<Finished, WaitError>)> {
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

    /// Lets the next thing happen. At one instant, what is due comes before what has been heard.
    async fn step(&mut self) {
        let clock = self.client.clock().clone();
        if !self.replies.has_some() {
            let due = self.due.peek().map_or(Micros::NEVER, |Reverse((at, ..))| *at);
            if due.is_never() || due > clock.now() {
                tokio::select! {
                    biased;
                    () = self.replies.come() => {}
                    () = clock.sleep_until(due) => {
                        self.act(clock.now().max(due));
                    }
                }
            } else {
                self.act(due);
            }
        }
        if !self.replies.has_some() {
            return;
        }
        // Where waits depend on each other by a limit, who asked first is heard first of those that are heard at once.
        if self.limit.is_some() {
            self.replies.gather(&clock).await;
        }
        let now = clock.now();
        while self.act(now) {}
        while let Some(heard) = self.replies.take() {
            self.hear(heard, now);
        }
    }

    /// Lets the first thing happen that is due by `now`, if there is one.
    fn act(&mut self, now: Micros) -> bool {
        let Some(&Reverse((since, _, at, act))) = self.due.peek().filter(|Reverse((due, ..))| *due <= now) else {
            return false;
        };
        self.due.pop();
        match act {
            Act::Poll => self.ready(at, since),
            Act::Lapse => self.lapse(at),
            Act::End => self.finish(at),
            Act::Token => {
                self.awaits_token = false;
                self.admit();
            }
        }
        true
    }

    fn schedule(&mut self, when: Micros, at: u32, act: Act) {
        self.sequence += 1;
        if self.due.len() == self.due.capacity() {
            self.due.reserve_exact(self.due.len() / GROWTH + 1);
        }
        self.due.push(Reverse((when, self.sequence, at, act)));
    }

    fn tell(&mut self, key: u64, event: &Event) {
        if let Some(listener) = &mut self.listener {
            listener(key, event);
        }
    }

    /// Does what a machine wants next.
    fn follow(&mut self, at: u32, step: Step) {
        let Some(slot) = self.slot(at) else { return };
        let key = slot.key;
        match step {
            Step::Poll { at: when, timeout } => {
                slot.phase = Phase::Due(timeout);
                self.schedule(when, at, Act::Poll);
                self.tell(key, &Event::Due { at: when });
            }
            Step::End { at: when, ending } => {
                slot.phase = Phase::Ending(ending);
                self.schedule(when, at, Act::End);
            }
            // Only strategies that never ask do, and those end where they start.
            Step::Listen => slot.phase = Phase::Idle,
        }
    }

    fn send(&mut self, at: u32) {
        let now = self.client.clock().now();
        let Some(slot) = self.slots[at as usize].as_mut() else { return };
        let Phase::Due(timeout) = slot.phase else { return };
        let sent = self.client.http.status(&self.models[slot.model as usize].name, &slot.id);
        let client = self.client.clone();
        let answer = async move { answered(&client, client.http.told(sent), now + timeout).await };
        slot.phase = Phase::InFlight(self.replies.ask(at, now, answer));
        let (key, event) = (slot.key, slot.watch.sent(now));
        self.tell(key, &event);
    }

    fn hear(&mut self, heard: Heard<u32>, now: Micros) {
        let Heard { asker: at, sent, answer, .. } = heard;
        let Some(slot) = self.slots[at as usize].as_mut() else { return };
        let answer = answer.about(&slot.id);
        let mut wait = self.models[slot.model as usize].policy.resume(&slot.progress);
        let (worth, step) = wait.reply(now, &answer.reply(), &mut slot.jitter);
        slot.progress = wait.progress();
        let (key, events) = (slot.key, slot.watch.heard(sent, now, &answer, worth));
        for event in events.into_iter().flatten() {
            self.tell(key, &event);
        }
        self.follow(at, step);
        self.release();
    }

    fn finish(&mut self, at: u32) {
        let now = self.client.clock().now();
        let Some(mut slot) = self.slots[at as usize].take() else { return };
        self.free.push(at);
        let ending = if let Phase::Ending(ending) = slot.phase { ending } else { Ending::Error };
        let model = &self.models[slot.model as usize].name;
        let of = Subject { model, task: &slot.id, began: slot.progress.start() };
        let result = slot.watch.end(of, ending, now);
        let entry = SetEntry { key: slot.key, model: model.clone(), id: slot.id.into() };
        self.over(entry, result);
    }

    fn over(&mut self, entry: SetEntry, result: Result<Finished, WaitError>) {
        if self.listener.is_some() {
            self.tell(entry.key, &Event::Ended(Box::new(result.clone())));
        }
        self.finished.push_back((entry, result));
    }
}
