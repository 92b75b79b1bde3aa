//! Answers of expensive pure functions, kept for whoever asks the same again: the scenarios of a grid and the points of a
//! sweep have most of their models in common.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Answers that are kept; the oldest make room.
const KEPT: usize = 64;

/// What a function answered to the questions `K` that it was asked last.
#[derive(Debug)]
pub(crate) struct Memo<K, V> {
    known: Mutex<VecDeque<(K, Arc<OnceLock<V>>)>>,
}

impl<K: PartialEq + Clone, V: Clone> Memo<K, V> {
    pub(crate) const fn new() -> Self {
        Self { known: Mutex::new(VecDeque::new()) }
    }

    /// The answer to `question`. It is worked out once, however many threads ask at the same time; `answer` must depend on
    /// nothing else.
    pub(crate) fn answer(&self, question: &K, answer: impl FnOnce() -> V) -> V {
        let place = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, place)) = known.iter().find(|(asked, _)| asked == question) {
                Arc::clone(place)
            } else {
                if known.len() == KEPT {
                    known.pop_front();
                }
                let place = Arc::default();
                known.push_back((question.clone(), Arc::clone(&place)));
                place
            }
        };
        place.get_or_init(answer).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn what_was_asked_lately_is_not_worked_out_again() {
        let (memo, worked) = (Memo::new(), Cell::new(0));
        let square = |number: usize| {
            memo.answer(&number, || {
                worked.set(worked.get() + 1);
                number * number
            })
        };
        let asked = [3, 4, 3, 3, 4];
        assert_eq!(asked.map(square), asked.map(|number| number * number));
        assert_eq!(worked.get(), 2);
        // All others push them out.
        (100..100 + KEPT).for_each(|number| assert_eq!(square(number), number * number));
        assert_eq!((square(3), worked.get()), (9, 2 + KEPT + 1));
    }
}
