//! How busy finite workers are, and how many tasks wait for them.

use crate::time::Micros;

/// What the workers of one model did. Sums are integers: replicates add up in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "engine", derive(serde::Serialize, serde::Deserialize))]
pub struct Load {
    /// Time that workers worked.
    busy: u128,
    /// Time that tasks waited for one.
    queued: u128,
    /// From the first task that was ready to the last that was done, over replicates that are closed.
    span: u128,
    /// The same of the replicate at hand.
    open: Option<(Micros, Micros)>,
}

/// The same in figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadFigures {
    /// Share of their time that workers worked.
    pub utilisation: f64,
    /// Tasks that wait for one, mean over time.
    pub queue_length: f64,
}

impl Load {
    /// A task that was ready for a worker had one from `started` to `done`.
    pub fn add(&mut self, ready: Micros, started: Micros, done: Micros) {
        self.busy += u128::from((done - started).get());
        self.queued += u128::from((started - ready).get());
        let (from, to) = self.open.unwrap_or((ready, done));
        self.open = Some((from.min(ready), to.max(done)));
    }

    /// Adds what happened in another replicate.
    pub fn merge(&mut self, other: &Self) {
        self.close();
        self.busy += other.busy;
        self.queued += other.queued;
        self.span += other.span + other.open_span();
    }

    fn close(&mut self) {
        self.span += self.open_span();
        self.open = None;
    }

    fn open_span(&self) -> u128 {
        self.open.map_or(0, |(from, to)| u128::from((to - from).get()))
    }

    /// The figures of so many workers; `None` where they never had anything to do.
    #[must_use]
    pub fn figures(&self, workers: u32) -> Option<LoadFigures> {
        let span = (self.span + self.open_span()) as f64;
        (span > 0.0).then(|| LoadFigures {
            utilisation: self.busy as f64 / (span * f64::from(workers)),
            queue_length: self.queued as f64 / span,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One worker, tasks of 10 s that are ready at 0, 0 and 40 s: it works 30 of 50 s, and one of them waits for 10 s.
    #[test]
    fn a_single_worker_with_a_short_queue() {
        let s = Micros::from_secs;
        let mut load = Load::default();
        for (ready, started) in [(0, 0), (0, 10), (40, 40)] {
            load.add(s(ready), s(started), s(started + 10));
        }
        let mut all = Load::default();
        all.merge(&load);
        for load in [load, all] {
            let figures = load.figures(1).expect("it worked");
            assert_eq!((figures.utilisation, figures.queue_length), (0.6, 0.2));
        }
        assert_eq!(Load::default().figures(3), None);
    }
}
