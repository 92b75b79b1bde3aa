//! The guide's `TaskPoller` with real requests: tasks of a model polled in lock step.
//!
//! It is here to be compared with: use a [`TaskSet`](crate::client::TaskSet), where no task waits for another.

use crate::client::Client;
use crate::client::error::{Finished, WaitError};
use crate::client::replies::{Heard, Replies};
use crate::client::wait::ask;
use crate::client::watch::{Event, Subject, Watch};
use crate::strategy::composition::Strategy;
use crate::strategy::lock_step::{LockStep, Ticket, Turn};
use crate::strategy::wait::Ending;
use crate::time::Micros;
use std::collections::VecDeque;

/// Something that came of a pool.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum PoolEnd {
    /// Something happened to a task.
    Event(u32, Event),
    /// A task's wait is over.
    Task(u32, Box<Result<Finished, WaitError>>),
    /// The loop ended with this task's error. The others are abandoned, but for those whose answers are on their way.
    Rejected(u32, WaitError),
}

/// Tasks of one model in lock step.
pub struct LockStepPool<'s> {
    client: Client,
    model: String,
    machine: LockStep<'s>,
    tasks: Vec<Member>,
    replies: Replies<Ticket>,
    wake: Option<Micros>,
    is_rejected: bool,
    ready: VecDeque<PoolEnd>,
}

struct Member {
    id: String,
    began: Micros,
    watch: Watch,
}

impl Member {
    fn end(&mut self, model: &str, ending: Ending, now: Micros) -> Result<Finished, WaitError> {
        self.watch.end(Subject { model, task: &self.id, began: self.began }, ending, now)
    }
}

impl std::fmt::Debug for LockStepPool<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LockStepPool")
            .field("model", &self.model)
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}

impl<'s> LockStepPool<'s> {
    /// An empty pool that polls in rounds as the schedule of `strategy` for `model` says, and gives a task up after as many
    /// polls as its limit has attempts. Nothing else of the strategy matters here; see [`LockStep`].
    #[must_use]
    pub fn new(client: &Client, strategy: &'s Strategy, model: &str) -> Self {
        Self {
            client: client.clone(),
            model: model.to_owned(),
            machine: LockStep::new(strategy.pace(model)),
            tasks: Vec::new(),
            replies: Replies::new(),
            wake: None,
            is_rejected: false,
            ready: VecDeque::new(),
        }
    }

    /// Adds a task and starts the loop if none runs: the task's number, or `None` where the loop was rejected.
    pub fn add(&mut self, id: &str) -> Option<u32> {
        if self.is_rejected {
            return None;
        }
        let number = self.tasks.len() as u32;
        self.tasks.push(Member { id: id.to_owned(), began: self.client.clock().now(), watch: Watch::new() });
        self.machine.add(number);
        let mut send = Vec::new();
        if let Turn::Sleep(until) = self.machine.start(self.client.clock().now(), &mut send) {
            self.wake = Some(until);
        }
        self.send(send);
        Some(number)
    }

    /// The next thing that comes of it; `None` when nothing will, until a task is added.
    pub async fn next(&mut self) -> Option<PoolEnd> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.replies.is_over() && self.wake.is_none() {
                return None;
            }
            self.step().await;
        }
    }

    /// Lets the next thing happen. At one instant, what is due comes before what has been heard, and of that first what was
    /// asked for first.
    async fn step(&mut self) {
        let clock = self.client.clock().clone();
        if !self.replies.has_some() {
            tokio::select! {
                biased;
                () = clock.sleep_until(self.wake.unwrap_or(Micros::NEVER)) => {
                    self.wake = None;
                    let mut send = Vec::new();
                    self.machine.wake(&mut send);
                    return self.send(send);
                }
                () = self.replies.come() => {}
            }
        }
        self.replies.gather(&clock).await;
        while let Some(heard) = self.replies.take() {
            self.hear(heard);
        }
    }

    /// Whether [`next`](Self::next) has something to tell at once.
    #[must_use]
    pub fn has_news(&self) -> bool {
        !self.ready.is_empty()
    }

    fn send(&mut self, tickets: Vec<Ticket>) {
        for ticket in tickets {
            let now = self.client.clock().now();
            let member = &mut self.tasks[ticket.task as usize];
            let (client, model, id) = (self.client.clone(), self.model.clone(), member.id.clone());
            self.ready.push_back(PoolEnd::Event(ticket.task, member.watch.sent(now)));
            let answer = async move { ask(&client, &model, &id, Micros::NEVER).await };
            self.replies.ask(ticket, now, answer);
        }
    }

    fn hear(&mut self, heard: Heard<Ticket>) {
        let Heard { asker: ticket, sent, answer, .. } = heard;
        let now = self.client.clock().now();
        let (worth, ending, turn) = self.machine.reply(now, ticket, &answer.reply());
        let member = &mut self.tasks[ticket.task as usize];
        let events = member.watch.heard(sent, now, &answer, worth).into_iter().flatten();
        self.ready.extend(events.map(|event| PoolEnd::Event(ticket.task, event)));
        if let Some(ending) = ending {
            self.ready.push_back(PoolEnd::Task(ticket.task, Box::new(member.end(&self.model, ending, now))));
        }
        match turn {
            Turn::Sleep(until) => self.wake = Some(until),
            Turn::Rejected => {
                self.is_rejected = true;
                if let Err(error) = member.end(&self.model, Ending::Error, now) {
                    self.ready.push_back(PoolEnd::Rejected(ticket.task, error));
                }
            }
            Turn::Wait | Turn::Finished => {}
        }
    }
}
