//! One wait: a strategy's machine, driven with real requests.

use crate::client::Client;
use crate::client::answer::{Answer, Lost};
use crate::client::deliveries::Mailbox;
use crate::client::error::{Finished, WaitError};
use crate::client::receiver::WebhookReceiver;
use crate::client::watch::{Event, Subject, Watch};
use crate::strategy::composition::{Channel, Strategy};
use crate::strategy::wait::{Ending, Policy, Step};
use crate::time::Micros;
use crate::world::draws::{Draws, Keys, Stream};
use futures_util::Stream as EventStream;
use std::collections::VecDeque;
use std::future::{Future, IntoFuture, pending};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

type Ended = Result<Finished, WaitError>;
type Driver = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// A task that can be waited for.
#[derive(Debug, Clone)]
pub struct TaskHandle {
    client: Client,
    model: String,
    id: String,
    mailbox: Option<Mailbox>,
    jitter: Option<Draws>,
}

/// Where a driver leaves what happened until somebody asks.
type EventQueue = Arc<Mutex<VecDeque<Event>>>;

/// A wait that has not begun: `.await` it, or follow its [`events`](Self::events).
#[must_use = "a wait does nothing until it is awaited"]
pub struct Waiting {
    handle: TaskHandle,
    strategy: Arc<Strategy>,
    cancel: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// What happens in a wait, as a stream; dropping it ends the wait.
#[must_use = "streams do nothing unless polled"]
pub struct Events {
    driver: Option<Driver>,
    events: EventQueue,
}

impl Client {
    /// A task that was submitted here or anywhere.
    #[must_use]
    pub fn task(&self, model: &str, id: &str) -> TaskHandle {
        let (model, id) = (model.to_owned(), id.to_owned());
        TaskHandle { client: self.clone(), model, id, mailbox: None, jitter: None }
    }
}

impl TaskHandle {
    /// Lets a webhook end the wait. Only strategies that listen do; see
    /// [`Channel`](crate::strategy::composition::Channel).
    #[must_use]
    pub fn with_webhooks(mut self, receiver: &WebhookReceiver) -> Self {
        self.mailbox = Some(receiver.mailbox(&self.id));
        self
    }

    /// The draws of its jitter; by default, keyed by the task's id.
    #[must_use]
    pub fn jitter(mut self, draws: Draws) -> Self {
        self.jitter = Some(draws);
        self
    }

    /// Waits as `strategy` says.
    pub fn wait(self, strategy: impl Into<Arc<Strategy>>) -> Waiting {
        Waiting { handle: self, strategy: strategy.into(), cancel: None }
    }
}

/// The draws of a task's jitter where nobody says otherwise.
pub(super) fn default_jitter(model: &str, id: &str) -> Draws {
    Keys::new(0, 0, model)
        .draws(Stream::Jitter, id.bytes().fold(0, |hash, byte| hash ^ u64::from(byte)).wrapping_add(hashed(id)))
}

fn hashed(id: &str) -> u64 {
    // FNV-1a: spreads ids that differ in one character.
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Waiting {
    /// Ends the wait with [`WaitError::Cancelled`] when `cancel` is there.
    pub fn until(mut self, cancel: impl Future<Output = ()> + Send + 'static) -> Self {
        self.cancel = Some(Box::pin(cancel));
        self
    }

    /// Follows the wait step by step. The last event is [`Event::Ended`].
    pub fn events(self) -> Events {
        let events = EventQueue::default();
        Events { driver: Some(self.driver(Some(Arc::clone(&events)))), events }
    }

    fn driver(self, events: Option<EventQueue>) -> Driver {
        let Self { handle, strategy, cancel } = self;
        Box::pin(async move { drive(handle, &strategy, cancel, events).await })
    }
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("handle", &self.handle).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

impl IntoFuture for Waiting {
    type Output = Ended;
    type IntoFuture = Driver;

    fn into_future(self) -> Driver {
        self.driver(None)
    }
}

impl EventStream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let next = |events: &EventQueue| events.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        if let Some(event) = next(&self.events) {
            return Poll::Ready(Some(event));
        }
        let Some(driver) = &mut self.driver else { return Poll::Ready(None) };
        if let Poll::Ready(ended) = driver.as_mut().poll(cx) {
            self.driver = None;
            self.events.lock().unwrap_or_else(PoisonError::into_inner).push_back(Event::Ended(Box::new(ended)));
        }
        // The driver told something, or has itself arranged to be woken.
        match next(&self.events) {
            Some(event) => Poll::Ready(Some(event)),
            None => Poll::Pending,
        }
    }
}

/// What a driver waits for.
enum Woken {
    Told,
    Cancelled,
    Here,
}

async fn drive(
    handle: TaskHandle,
    strategy: &Strategy,
    cancel: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    events: Option<EventQueue>,
) -> Ended {
    let TaskHandle { client, model, id, mailbox, jitter } = handle;
    let clock = client.clock();
    let policy = Policy::new(strategy, &model);
    let mailbox = mailbox.filter(|_| policy.channel() != Channel::Poll);
    let mut jitter = jitter.unwrap_or_else(|| default_jitter(&model, &id));
    let of = Subject { model: &model, task: &id, began: clock.now() };
    let mut watch = Watch::new();
    let tell = |event: Event| {
        if let Some(events) = &events {
            events.lock().unwrap_or_else(PoisonError::into_inner).push_back(event);
        }
    };
    let mut cancelled = pin!(async {
        match cancel {
            Some(cancel) => cancel.await,
            None => pending().await,
        }
    });
    let mut told = pin!(async {
        match &mailbox {
            Some(mailbox) => mailbox.told().await,
            None => pending().await,
        }
    });
    if policy.channel() == Channel::Webhook && mailbox.is_none() {
        return Err(watch.untold(of, of.began));
    }
    let (mut wait, mut step) = policy.begin(of.began, &mut jitter);
    loop {
        // The instant of the next act. News of the same instant come before it.
        let at = match step {
            Step::Poll { at, .. } | Step::End { at, .. } => at,
            Step::Listen => Micros::NEVER,
        };
        if matches!(step, Step::Poll { .. }) {
            tell(Event::Due { at });
        }
        let woken = tokio::select! {
            biased;
            () = &mut cancelled => Woken::Cancelled,
            () = &mut told => Woken::Told,
            () = reach(&client, at, mailbox.is_some()) => Woken::Here,
        };
        match (woken, step) {
            (Woken::Cancelled, _) => return Err(watch.cancelled(of, clock.now())),
            (Woken::Told, _) => return informed(&mailbox, &mut watch, of, clock.now(), tell),
            (Woken::Here, Step::End { ending, .. }) => return watch.end(of, ending, clock.now()),
            (Woken::Here, Step::Listen) => {}
            (Woken::Here, Step::Poll { timeout, .. }) => {
                let sent = clock.now();
                tell(watch.sent(sent));
                let answer = tokio::select! {
                    biased;
                    () = &mut cancelled => return Err(watch.cancelled(of, clock.now())),
                    () = &mut told => return informed(&mailbox, &mut watch, of, clock.now(), tell),
                    answer = ask(&client, &model, &id, sent + timeout) => answer,
                };
                if mailbox.is_some() {
                    // News that come at the instant of the answer are first.
                    let news = tokio::select! {
                        biased;
                        () = &mut told => true,
                        () = clock.settle() => false,
                    };
                    if news {
                        return informed(&mailbox, &mut watch, of, clock.now(), tell);
                    }
                }
                let heard = clock.now();
                let (worth, next) = wait.reply(heard, &answer.reply(), &mut jitter);
                watch.heard(sent, heard, &answer, worth).into_iter().flatten().for_each(&tell);
                step = next;
            }
        }
    }
}

/// Sleeps until `at`; where news may come, until all that happens at that instant has.
async fn reach(client: &Client, at: Micros, listens: bool) {
    let clock = client.clock();
    if at > clock.now() {
        clock.sleep_until(at).await;
    }
    if listens {
        clock.settle().await;
    }
}

/// Sends a status request and waits for its answer until `patience` ends.
pub(super) async fn ask(client: &Client, model: &str, id: &str, patience: Micros) -> Answer {
    answered(client, client.http.ask(model, id), patience).await
}

/// Waits for the answer to a request until `patience` ends; one at that very instant counts.
pub(super) async fn answered(client: &Client, answer: impl Future<Output = Answer>, patience: Micros) -> Answer {
    let (clock, mut answer) = (client.clock(), pin!(answer));
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        () = clock.sleep_until(patience) => tokio::select! {
            biased;
            answer = &mut answer => answer,
            () = clock.settle() => Answer::Lost(Lost::TimedOut),
        },
    }
}

/// A webhook told of the end.
fn informed(mailbox: &Option<Mailbox>, watch: &mut Watch, of: Subject<'_>, now: Micros, tell: impl Fn(Event)) -> Ended {
    tell(Event::Told { at: now });
    let status = mailbox.as_ref().and_then(Mailbox::status);
    let Some(status) = status else { return watch.end(of, Ending::Error, now) };
    if let Some(event) = watch.knows(&status) {
        tell(event);
    }
    watch.end(of, if status.failure.is_some() { Ending::Failed } else { Ending::Success }, now)
}
