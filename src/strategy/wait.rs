//! The machine of one wait: told what came back, it says what to do next.
//!
//! [`Policy::begin`] starts a wait and [`Wait::reply`] continues it; both answer with a [`Step`]. Time and randomness
//! come in as arguments, so a simulator, an async client and a test drive the same decisions.
//!
//! ```
//! use pollbench::api::reply::{Reply, TaskState};
//! use pollbench::strategy::{presets, wait::{Ending, Policy, Step}};
//! use pollbench::time::Micros;
//! use pollbench::world::draws::{Keys, Stream};
//!
//! let basic = presets::preset("basic").expect("a shipped preset");
//! let mut jitter = Keys::new(1, 0, "nano-banana").draws(Stream::Jitter, 0);
//! let (mut wait, step) = Policy::new(&basic, "nano-banana").begin(Micros::ZERO, &mut jitter);
//! assert_eq!(step, Step::Poll { at: Micros::ZERO, timeout: Micros::NEVER });
//!
//! let (_, step) = wait.reply(Micros::from_millis(80), &Reply::state(TaskState::Processing), &mut jitter);
//! assert_eq!(step, Step::Poll { at: Micros::from_millis(3_080), timeout: Micros::NEVER });
//!
//! let (_, step) = wait.reply(Micros::from_millis(3_160), &Reply::state(TaskState::Success), &mut jitter);
//! assert_eq!(step, Step::End { at: Micros::from_millis(3_160), ending: Ending::Success });
//! ```

pub(super) mod gaps;
mod machine;
#[cfg(feature = "engine")]
mod many;
mod policy;
mod progress;
mod step;
mod together;
mod unfinished;

pub use machine::Wait;
#[cfg(feature = "engine")]
pub(crate) use many::{Following, SharedPoll};
pub use policy::Policy;
pub use progress::Progress;
pub use step::{Ending, Step, Worth};
