//! pollbench answers one question with numbers: how should a program wait for an AI generation task?
//!
//! It is the library behind the `pollbench` program: polling strategies as pure state machines, a world of tasks and
//! faults that they wait in, a simulator that brings the two together, and statistics and reports of the outcome; and with
//! them a mock of the API's server and a client for the real one. Only [`net`] opens connections and reads a clock.
//!
//! # Where to begin
//!
//! **Wait for tasks** (feature `client`)
//!
//! - [`client::Client`] submits tasks and waits for one; [`client::TaskSet`] waits for many under one limit
//! - [`client::WebhookReceiver`] takes webhooks; [`client::LearnedWaits`] learns good waits while you run
//! - [`strategy::presets::preset`] and [`strategy::composition`] say how to wait
//!
//! **Drive a strategy with your own clock and connections** (no feature)
//!
//! - [`strategy::wait::Policy`] and [`strategy::wait::Wait`]: one wait as a pure state machine
//!
//! **Test your own poller** (features `live`, `check`)
//!
//! - [`mock::MockApixo`]: the mock server, on a port of its own or in memory
//! - [`check::Kit`] and [`check::Worlds`]: property tests of any asynchronous function, in virtual time
//!
//! **Compare strategies** (feature `engine`; reports: `report`)
//!
//! - [`scenario::shipped::load`], [`scenario::Scenario`]: what is simulated
//! - [`engine::plan::Plan`] and [`engine::compare::compare`]: from a scenario to [`measure::results::Results`]
//! - [`engine::trace::trace`]: one wait, request by request; [`report::Report`]: tables, charts and pages
//!
//! **Find the best settings** (feature `tune`)
//!
//! - [`observations::Source`] reads the times in a log, [`fit::Fit`] fits a distribution to them
//! - [`tune::tune`] finds settings; [`inspection::ScheduleProblem`] the best schedule that is possible
//!
//! Items that are hidden in this documentation are public for the program, its tests and its benches; they may change at any
//! time. Everything else follows semantic versioning; before 1.0 a minor version may break it.
//!
//! # Modules
//!
//! Each module uses only those below it.
//!
//! | module | what is there | feature |
//! |:--|:--|:--|
//! | [`report`] | tables, charts, pages: figures in, text out | `report` |
//! | [`tune`] | the best settings for a distribution or for observed times | `tune` |
//! | [`lab`] | what the page of `pollbench lab` computes: controls in, figures and marks out | `lab` |
//! | [`check`] | pollers under test: hostile worlds, the properties of a correct poller, counter-examples | `check` |
//! | [`engine`] | the simulator, traces, gates: a plan in, task records out | `engine` |
//! | [`mock`] | the mock server as a test kit | `mock` |
//! | [`scenario`] | scenario files; what exists is valid | `engine` |
//! | [`observations`] | from a log to observed times, with an account of what was read | `engine` |
//! | [`measure`] | from task records to figures with intervals and verdicts | `engine` |
//! | [`server`] | the mock of the APIXO server: axum, faults, webhooks, control plane | `server` |
//! | [`client`] | an asynchronous client: submits, waits, webhooks | `client` |
//! | [`strategy`] | how a client waits: schedule, limit, recovery, jitter, channel; the presets | none |
//! | [`inspection`] | the best schedule for a distribution, and the exact cost of any schedule | none |
//! | [`fit`] | from observed durations to a distribution | none |
//! | [`net`] | a clock at any pace, connections over sockets or in memory | `net` |
//! | [`world`] | distributions, models, arrivals, fates, faults, keyed draws | none |
//! | [`api`] | what can come back for a request | none |
//! | [`time`] | instants and durations in whole microseconds | none |
//!
//! A feature includes those of the modules below it, and none changes what code does that is there without it.
//!
//! # Example
//!
//! How many polls does a strategy send for a task that ends after 94 seconds, and when does its client know? The machine
//! of a wait says what to do next; whoever drives it has the clock and the answers.
//!
//! ```
//! use pollbench::api::reply::{Reply, TaskState};
//! use pollbench::strategy::presets::preset;
//! use pollbench::strategy::wait::{Policy, Step};
//! use pollbench::time::Micros;
//! use pollbench::world::draws::{Keys, Stream};
//!
//! let done = Micros::from_secs(94);
//! let strategy = preset("adaptive").expect("a shipped preset");
//! // Randomness comes in from outside: the stream of jitter of task 0 under seed 42. This strategy draws nothing.
//! let mut jitter = Keys::new(42, 0, "sora-2").draws(Stream::Jitter, 0);
//!
//! let (mut wait, mut step) = Policy::new(&strategy, "sora-2").begin(Micros::ZERO, &mut jitter);
//! let mut polls = 0;
//! let known = loop {
//!     match step {
//!         Step::Poll { at, .. } => {
//!             polls += 1;
//!             let state = if at >= done { TaskState::Success } else { TaskState::Processing };
//!             (_, step) = wait.reply(at, &Reply::state(state), &mut jitter);
//!         }
//!         Step::End { at, .. } => break at,
//!         Step::Listen => unreachable!("only a webhook strategy listens"),
//!     }
//! };
//! // At 60, 75, 90 and 105 s: the guide's first wait and interval for this model.
//! assert_eq!((polls, known), (4, Micros::from_secs(105)));
//! ```
//!
//! [`scenario`] and [`engine::compare`] do the same for whole populations of tasks; `examples/choose.rs` shows how.

pub mod api;
#[cfg(feature = "client")]
pub mod client;
pub mod fit;
pub mod inspection;
#[cfg(feature = "net")]
pub mod net;
#[cfg(feature = "server")]
pub mod server;
pub mod strategy;
pub mod time;
pub mod world;

#[cfg(feature = "engine")]
#[cfg_attr(not(feature = "report"), allow(dead_code, reason = "reports need all of it, the engine some"))]
mod figures;
pub(crate) mod memo;
#[cfg(any(feature = "lab", feature = "report"))]
pub(crate) mod palette;
#[cfg(feature = "engine")]
pub(crate) mod parallel;
#[cfg(feature = "engine")]
pub(crate) mod suggest;

#[cfg(feature = "engine")]
pub mod engine;
#[cfg(feature = "lab")]
pub mod lab;
#[cfg(feature = "engine")]
pub mod measure;
#[cfg(feature = "mock")]
pub mod mock;
#[cfg(feature = "engine")]
pub mod observations;
#[cfg(feature = "report")]
pub mod report;
#[cfg(feature = "engine")]
pub mod scenario;
#[cfg(feature = "tune")]
pub mod tune;

#[cfg(feature = "check")]
pub mod check;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;

/// How often properties are tried, and from which seed; the tests of `tests/` use the same file.
#[cfg(test)]
#[path = "../tests/support/soak.rs"]
mod soak;

/// Compiles and runs the examples of the pages in `docs`.
#[cfg(all(doctest, feature = "live"))]
mod pages {
    #[doc = include_str!("../docs/library.md")]
    struct Library;
    #[doc = include_str!("../docs/mock.md")]
    struct Mock;
}
