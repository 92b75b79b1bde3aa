//! Trials on several threads: each has a paused clock of its own, so that what is seen of a case depends on nothing else.

use super::campaign::{Campaign, Subject};
use super::case::Case;
use super::history::{Conduct, History};
use super::report::TrialReport;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use tokio::sync::oneshot;

/// A case, and where what is seen of it goes; or why the program panicked.
type Order = (Case, oneshot::Sender<thread::Result<History>>);

/// Those who hold the trials, as one subject.
struct ThreadPool {
    orders: Sender<Order>,
}

impl Subject for ThreadPool {
    async fn play(&self, case: &Case) -> History {
        let (sender, history) = oneshot::channel();
        let is_sent = self.orders.send((case.clone(), sender)).is_ok();
        match if is_sent { history.await.ok() } else { None } {
            Some(Ok(history)) => history,
            // Raised where it would have been without threads.
            Some(Err(panic)) => resume_unwind(panic),
            None => History { conduct: Conduct::NotRun("no thread holds the trial".to_owned()), ..History::default() },
        }
    }
}

/// A runtime whose clock stands still while anybody is busy.
pub(super) fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()
}

/// Leads `campaign` with `subject` on so many threads.
pub(super) fn check(
    subject: &(impl Subject + Sync),
    campaign: &Campaign,
    cases: u64,
    threads: usize,
) -> io::Result<TrialReport> {
    let leading = tokio::runtime::Builder::new_current_thread().build()?;
    let (orders, taken) = channel();
    let taken = Mutex::new(taken);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (runtime, taken) = (runtime()?, &taken);
            scope.spawn(move || {
                while let Some((case, sender)) = next(taken) {
                    let history = catch_unwind(AssertUnwindSafe(|| runtime.block_on(subject.play(&case))));
                    // Who has stopped asking has seen enough.
                    let _ = sender.send(history);
                }
            });
        }
        let pool = ThreadPool { orders };
        Ok(leading.block_on(campaign.run(&pool, Vec::new(), cases, &mut |_| {})))
    })
}

fn next(taken: &Mutex<Receiver<Order>>) -> Option<Order> {
    taken.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
