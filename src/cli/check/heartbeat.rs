//! How late this machine is: a thread that means to wake every few milliseconds notes by how much it did not.

use crate::time::Micros;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Between two beats.
const BEAT: Duration = Duration::from_millis(5);
/// Lateness that is worth a note.
const NOTED: Duration = Duration::from_millis(2);
/// Notes that are kept.
const MOST: usize = 1 << 16;

/// The beats of this machine so far.
#[derive(Debug, Default)]
pub(super) struct Heartbeat(Mutex<VecDeque<(Instant, Duration)>>);

impl Heartbeat {
    /// Starts beating, until nobody listens any more.
    pub(super) fn start() -> Arc<Self> {
        let beats = Arc::new(Self::default());
        let weak = Arc::downgrade(&beats);
        // Without a thread nobody notes anything, and all bounds are judged as on an idle machine.
        let _ = thread::Builder::new().name("heartbeat".to_owned()).spawn(move || {
            let mut last = Instant::now();
            while let Some(beats) = weak.upgrade() {
                thread::sleep(BEAT);
                let now = Instant::now();
                let late = now.duration_since(last).saturating_sub(BEAT);
                last = now;
                if late >= NOTED {
                    beats.note(now, late);
                }
            }
        });
        beats
    }

    fn note(&self, at: Instant, late: Duration) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push_back((at, late));
        if notes.len() > MOST {
            notes.pop_front();
        }
    }

    /// The latest that a beat was since `from`, in scenario time at `scale`.
    pub(super) fn since(&self, from: Instant, scale: f64) -> Micros {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let worst = notes.iter().rev().take_while(|(at, _)| *at >= from).map(|(_, late)| *late).max();
        Micros::from_f64(worst.unwrap_or_default().as_secs_f64() * 1e6 * scale)
    }
}
