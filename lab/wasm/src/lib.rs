//! The lab for a worker in a browser: questions and answers as bytes in WebAssembly's memory.
//!
//! Whoever asks makes [`room`] for the question, writes it there, calls one of [`start`], [`compute`] and [`poller`], and
//! reads [`told_length`] bytes at [`told`]. Each of the three says 1 where that is what was asked for, and 0 where it is the
//! words why not. What goes in and out is what the program's lab takes and gives over HTTP.

use pollbench::engine::sim::Control;
use pollbench::lab::{LabQuestion, PollerWish};
use pollbench::scenario::shipped::load;
use serde::Serialize;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where the page begins.
const BEGINNING: &str = "documented";

static ASKED: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static TOLD: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// There is one thread: nobody else has it.
fn held(bytes: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    bytes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes room for a question of `length` bytes: where it begins.
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "exported by this name")]
pub extern "C" fn room(length: usize) -> *mut u8 {
    let mut asked = held(&ASKED);
    asked.clear();
    asked.resize(length, 0);
    asked.as_mut_ptr()
}

/// Where the answer begins.
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "exported by this name")]
pub extern "C" fn told() -> *const u8 {
    held(&TOLD).as_ptr()
}

/// How many bytes the answer has.
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "exported by this name")]
pub extern "C" fn told_length() -> usize {
    held(&TOLD).len()
}

/// What the page needs before it asks for anything; there is no question.
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "exported by this name")]
pub extern "C" fn start() -> u32 {
    tell(|_| {
        let scenario = load(BEGINNING).map_err(words)?;
        json(&pollbench::lab::start(&scenario).map_err(words)?)
    })
}

/// Answers a [`LabQuestion`].
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "exported by this name")]
pub extern "C" fn compute() -> u32 {
    tell(|asked| {
        let question = LabQuestion::parse(asked).map_err(words)?;
        let answer = pollbench::lab::answer(&question, &Control::default()).map_err(words)?;
        json(&answer.ok_or("the run was stopped")?)
    })
}

/// Fulfils a [`PollerWish`].
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "exported by this name")]
pub extern "C" fn poller() -> u32 {
    tell(|asked| PollerWish::parse(asked).and_then(|wish| pollbench::lab::poller(&wish)).map_err(words))
}

fn tell(answer: impl FnOnce(&str) -> Result<String, String>) -> u32 {
    let asked = std::mem::take(&mut *held(&ASKED));
    let answer = std::str::from_utf8(&asked).map_err(words).and_then(answer);
    let is_told = u32::from(answer.is_ok());
    *held(&TOLD) = answer.unwrap_or_else(|words| words).into_bytes();
    is_told
}

fn json(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(words)
}

fn words(error: impl ToString) -> String {
    error.to_string()
}
