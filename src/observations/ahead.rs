//! Rows that one thread reads while another makes sense of those before them.

use super::UnreadableLog;
use super::rows::{Row, Rows};
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

/// Rows of a batch at most, and bytes of cells from which on it is full: what waits is bounded, however long the cells.
const ROWS: usize = 1_024;
const BYTES: usize = 1 << 18;
/// Batches that wait.
const WAITING: usize = 4;

/// Rows that are handed over together.
#[derive(Default)]
struct Batch {
    /// The line of each, what it is, and its cells.
    rows: Vec<(u64, Row, Vec<String>)>,
    /// How many of them are of this batch.
    filled: usize,
    /// How the rows ended: where the first cell was that was no UTF-8.
    end: Option<Result<Option<u64>, UnreadableLog>>,
}

impl Batch {
    /// Reads as many rows as it holds. Whether these are the last.
    fn fill(&mut self, rows: &mut Rows<'_>) -> bool {
        let mut bytes = 0;
        self.filled = 0;
        while self.filled < ROWS && bytes < BYTES {
            if self.filled == self.rows.len() {
                self.rows.push((0, Row::Cells, Vec::new()));
            }
            let (line, row, cells) = &mut self.rows[self.filled];
            match rows.next(cells) {
                Ok(Some(next)) => {
                    (*line, *row) = next;
                    bytes += cells.iter().map(String::len).sum::<usize>();
                    self.filled += 1;
                }
                Ok(None) => self.end = Some(Ok(rows.latin1)),
                Err(error) => self.end = Some(Err(error)),
            }
            if self.end.is_some() {
                return true;
            }
        }
        false
    }
}

/// Hands each row to `take`, in order, while the next ones are read. Where the first cell was that was no UTF-8, if any.
pub(super) fn each(
    mut rows: Rows<'_>,
    mut take: impl FnMut(u64, Row, &[String]) -> Result<(), UnreadableLog>,
) -> Result<Option<u64>, UnreadableLog> {
    let ((full, come), (back, empty)) = (sync_channel::<Batch>(WAITING), channel::<Batch>());
    thread::scope(|scope| {
        scope.spawn(move || {
            loop {
                let mut batch = empty.try_recv().unwrap_or_default();
                let is_last = batch.fill(&mut rows);
                // Who no longer takes any has seen enough.
                if full.send(batch).is_err() || is_last {
                    return;
                }
            }
        });
        for mut batch in come {
            for (line, row, cells) in &batch.rows[..batch.filled] {
                take(*line, *row, cells)?;
            }
            if let Some(end) = batch.end.take() {
                return end;
            }
            let _ = back.send(batch);
        }
        Ok(None)
    })
}
