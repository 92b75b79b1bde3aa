//! The bar that shows how far a run is.

use crate::engine::sim::Control;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Runs `work` beside a bar of `total` waits, where somebody watches.
pub(super) fn beside<T>(is_watched: bool, total: u64, control: &Control, work: impl FnOnce() -> T) -> T {
    if !is_watched {
        return work();
    }
    let running = AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| show(total, control, &running));
        let done = work();
        running.store(false, Ordering::Relaxed);
        done
    })
}

fn show(total: u64, control: &Control, running: &AtomicBool) {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} waits, {eta} left") {
        bar.set_style(style);
    }
    while running.load(Ordering::Relaxed) {
        bar.set_position(control.done.load(Ordering::Relaxed));
        std::thread::sleep(Duration::from_millis(50));
    }
    bar.finish_and_clear();
}
