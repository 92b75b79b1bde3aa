//! Ctrl-C: the program ends at once with exit code 130, and leaves no half-written file.

use crate::cli::console::note;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The exit code of an interrupted program: 128 and the number of the signal.
const INTERRUPTED: i32 = 130;

/// The file that is being written, under the name that it has until it is whole.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

fn unfinished() -> MutexGuard<'static, Option<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on Ctrl-C ends the program.
pub(super) fn watch() {
    let handler = || {
        // The lock is never given back: no file can be begun or finished any more.
        let unfinished = unfinished();
        if let Some(path) = unfinished.as_deref() {
            let _ = fs::remove_file(path);
        }
        note("interrupted");
        std::process::exit(INTERRUPTED);
    };
    // A handler that cannot be set leaves the default: the process ends too, with what it has not finished.
    let _ = ctrlc::set_handler(handler);
}

/// Makes a file with `make`, which is removed if the program is interrupted before [`undisturbed`].
pub(super) fn begin<T>(path: &Path, make: impl FnOnce() -> std::io::Result<T>) -> std::io::Result<T> {
    let mut unfinished = unfinished();
    *unfinished = Some(path.to_owned());
    make()
}

/// Does a step that an interruption waits for, and after which no file is unfinished.
pub(super) fn undisturbed(step: impl FnOnce() -> std::io::Result<()>) -> std::io::Result<()> {
    let mut unfinished = unfinished();
    *unfinished = None;
    step()
}
