//! News of tasks: kept for as long as somebody waits for them, and some while for who has not begun to.

use crate::api::envelope::Status;
use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Tasks whose news are kept although nobody waits for them: not yet, because the news overtook the answer to a submit, or
/// no more. The oldest go first.
const MOST_LOOSE: usize = 1 << 17;

/// Deliveries that came, by task.
#[derive(Debug, Clone, Default)]
pub(super) struct News {
    deliveries: Arc<Mutex<Deliveries>>,
}

#[derive(Debug)]
struct Deliveries {
    by_task: BTreeMap<String, Delivery>,
    /// What nobody waits for, or did not when it was put here, in that order.
    loose: VecDeque<(u64, String)>,
    most_loose: usize,
    /// Counts what is put into `loose`.
    sequence: u64,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self { by_task: BTreeMap::new(), loose: VecDeque::new(), most_loose: MOST_LOOSE, sequence: 0 }
    }
}

#[derive(Debug, Default)]
struct Delivery {
    status: Option<Status>,
    deliveries: u32,
    readers: u32,
    /// Its place in `loose`, if it has one.
    loose: Option<u64>,
    waits: Arc<Notify>,
}

/// Where one task's news go. They are kept while it is there.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    reader: Arc<Reader>,
}

#[derive(Debug)]
struct Reader {
    news: News,
    task: String,
    waits: Arc<Notify>,
}

impl News {
    fn lock(&self) -> MutexGuard<'_, Deliveries> {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what was delivered: whether it tells of a task's end.
    pub(super) fn deliver(&self, status: Status) -> bool {
        let Some(task) = status.task_id.clone().filter(|_| status.state.is_terminal()) else { return false };
        let mut deliveries = self.lock();
        let delivery = deliveries.by_task.entry(task.clone()).or_default();
        delivery.deliveries = delivery.deliveries.saturating_add(1);
        // The first one counts; terminal states do not change.
        delivery.status.get_or_insert(status);
        delivery.waits.notify_waiters();
        if delivery.readers == 0 && delivery.loose.is_none() {
            deliveries.let_loose(task);
        }
        true
    }

    /// Deliveries for a task so far, as far as they are kept.
    pub(super) fn deliveries(&self, task: &str) -> u32 {
        self.lock().by_task.get(task).map_or(0, |delivery| delivery.deliveries)
    }

    pub(super) fn mailbox(&self, task: &str) -> Mailbox {
        let mut deliveries = self.lock();
        let delivery = deliveries.by_task.entry(task.to_owned()).or_default();
        delivery.readers += 1;
        let waits = Arc::clone(&delivery.waits);
        drop(deliveries);
        Mailbox { reader: Arc::new(Reader { news: self.clone(), task: task.to_owned(), waits }) }
    }
}

impl Deliveries {
    /// Nobody waits for a task's news.
    fn let_loose(&mut self, task: String) {
        let Some(delivery) = self.by_task.get_mut(&task) else { return };
        self.sequence += 1;
        delivery.loose = Some(self.sequence);
        self.loose.push_back((self.sequence, task));
        while self.loose.len() > self.most_loose
            && let Some((place, oldest)) = self.loose.pop_front()
        {
            if let Some(delivery) = self.by_task.get_mut(&oldest)
                && delivery.loose == Some(place)
            {
                delivery.loose = None;
                if delivery.readers == 0 {
                    self.by_task.remove(&oldest);
                }
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut deliveries = self.news.lock();
        let Some(delivery) = deliveries.by_task.get_mut(&self.task) else { return };
        delivery.readers -= 1;
        if delivery.readers > 0 {
            return;
        }
        if delivery.deliveries == 0 {
            deliveries.by_task.remove(&self.task);
        } else {
            deliveries.let_loose(std::mem::take(&mut self.task));
        }
    }
}

impl Mailbox {
    /// Waits until there are news.
    pub(super) async fn told(&self) {
        loop {
            let mut news = pin!(self.reader.waits.notified());
            // From here on it is told, so that nothing is missed between the look and the wait.
            news.as_mut().enable();
            if self.status().is_some() {
                return;
            }
            news.await;
        }
    }

    /// The news.
    pub(super) fn status(&self) -> Option<Status> {
        self.reader.news.lock().by_task.get(&self.reader.task).and_then(|delivery| delivery.status.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::envelope::State;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn over(task: &str) -> Status {
        Status {
            task_id: Some(task.to_owned()),
            state: State::Success,
            create_time_ms: None,
            complete_time_ms: None,
            cost_time_ms: None,
            urls: Vec::new(),
            failure: None,
            flaw: None,
        }
    }

    #[derive(Debug, Clone)]
    enum Act {
        Deliver(u8),
        Open(u8),
        Close(usize),
    }

    proptest! {
        #![proptest_config(crate::soak::cases(1_000))]

        /// Promise: news of a task that is waited for are there until nobody does, whatever else comes; the rest is bounded.
        #[test]
        fn what_is_waited_for_is_kept(acts in prop::collection::vec(prop_oneof![
            3 => (0_u8..40).prop_map(Act::Deliver),
            1 => (0_u8..40).prop_map(Act::Open),
            1 => (0_usize..10).prop_map(Act::Close),
        ], 0..200)) {
            let news = News::default();
            news.lock().most_loose = 3;
            let mut open: Vec<(u8, Mailbox)> = Vec::new();
            let mut told: BTreeSet<u8> = BTreeSet::new();
            for act in acts {
                match act {
                    Act::Deliver(task) => {
                        prop_assert!(news.deliver(over(&task.to_string())));
                        if open.iter().any(|(of, _)| *of == task) {
                            told.insert(task);
                        }
                    }
                    Act::Open(task) => open.push((task, news.mailbox(&task.to_string()))),
                    Act::Close(at) if at < open.len() => {
                        let (task, _) = open.swap_remove(at);
                        if open.iter().all(|(of, _)| *of != task) {
                            told.remove(&task);
                        }
                    }
                    Act::Close(_) => {}
                }
                for (task, mailbox) in &open {
                    prop_assert!(mailbox.status().is_some() || !told.contains(task));
                }
                let deliveries = news.lock();
                let waited: BTreeSet<u8> = open.iter().map(|(task, _)| *task).collect();
                prop_assert!(deliveries.loose.len() <= 3 && deliveries.by_task.len() <= 3 + waited.len());
            }
        }
    }

    #[tokio::test]
    async fn all_who_wait_for_a_task_are_told_once_it_is_over() {
        let news = News::default();
        let (first, second) = (news.mailbox("t"), news.mailbox("t"));
        let deliver = async {
            let mut unfinished = over("t");
            unfinished.state = State::Processing;
            assert!(!news.deliver(unfinished), "that is not the end");
            assert!(news.deliver(over("t")) && news.deliver(over("t")));
        };
        tokio::join!(first.told(), second.told(), deliver);
        assert_eq!(news.deliveries("t"), 2);
    }
}
