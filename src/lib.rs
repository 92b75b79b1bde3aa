//! pollbench answers one question with numbers: how should a program wait for an AI generation task?
//!
//! It is the library behind the `pollbench` program: polling strategies as pure state machines, a world of tasks and
//! faults that they wait in, a simulator that brings the two together, and the statistics and reports of what it saw.
//! With them come a mock of the API's server and a client for the real one; only [`net`] opens connections and reads a
//! clock.
//!
//! # Where to begin
//!
//! | you want to | take |
//! |:--|:--|
//! | wait for tasks of the real server | [`client::Client`], [`client::TaskSet`], [`client::WebhookReceiver`] |
//! | learn good waits while you run | [`client::LearnedWaits`] |
//! | drive a strategy with your own clock | [`strategy::presets::preset`], [`strategy::wait::Policy`] |
//! | test your own client against a mock server | [`mock::MockApixo`] |
//! | read a scenario, shipped or yours | [`scenario::shipped::load`], [`scenario::Scenario`] |
//! | compare strategies on it | [`engine::plan::Plan`], [`engine::compare::compare`] |
//! | follow one wait, request by request | [`engine::trace::trace`] |
//! | write a report of a comparison | [`report::Report`], [`report::files`] |
//! | read the times in a log | [`observations::Source`] |
//! | fit a law to durations that you observed | [`fit::Fit`] |
//! | find the best settings for a law | [`tune::tune`] |
//! | put a poller on trial, yours or one of these | [`check::Kit`], [`check::Worlds`] |
//!
//! # The house
//!
//! Modules are floors. Each uses only those below it and its own.
//!
//! | floor | module | what lives there | feature |
//! |--:|:--|:--|:--|
//! | 5 | [`cli`] | the command line: one file a subcommand | `cli` |
//! | 4 | [`report`] | tables, charts, pages: figures in, text out | `report` |
//! | 4 | [`tune`] | the best settings for a law or for observed times | `report` |
//! | 4 | [`check`] | pollers on trial: nasty worlds, the properties of a correct poller, counter-examples | `check` |
//! | 3 | [`engine`] | the simulator, traces, gates: a plan in, task records out | `engine` |
//! | 3 | [`mock`] | the mock server as a test kit | `mock` |
//! | 3 | [`scenario`] | one file that says which tasks, faults and strategies meet; what exists is valid | `engine` |
//! | 2 | [`observations`] | from a log as it is to observed times, and an account of what was read | `engine` |
//! | 2 | [`measure`] | from task records to figures with intervals and verdicts | `engine` |
//! | 2 | [`server`] | the mock of the APIXO server: axum, faults, webhooks, control plane | `server` |
//! | 2 | [`client`] | an asynchronous client: submits, waits, webhooks | `client` |
//! | 1 | [`strategy`] | how a client waits: schedule, limit, recovery, jitter, channel; the presets | none |
//! | 1 | [`inspection`] | the best schedule for a law, and the exact cost of any schedule | none |
//! | 1 | [`fit`] | from observed durations to a law of them | none |
//! | 1 | [`net`] | a clock at any pace, connections over sockets or in memory | `net` |
//! | 0 | [`world`] | distributions, models, arrivals, fates, faults and weather, keyed draws | none |
//! | 0 | [`api`] | what can come back for a request | none |
//! | 0 | [`time`] | instants and durations in whole microseconds | none |
//!
//! A feature includes those of the floors below it, and none changes what code does that is there without it. Without
//! any, the library is the strategies and the world alone, for programs that bring their own clock and connections.
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
#[cfg(feature = "engine")]
pub(crate) mod memo;
#[cfg(feature = "engine")]
pub(crate) mod parallel;
#[cfg(feature = "engine")]
pub(crate) mod suggest;

#[cfg(feature = "engine")]
pub mod engine;
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
#[cfg(feature = "report")]
pub mod tune;

#[cfg(feature = "check")]
pub mod check;
#[cfg(feature = "cli")]
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
