//! The inspection problem: at which instants should one look whether something has happened?
//!
//! A task ends at an instant T with distribution F, counted from the start of the wait. Each look (poll) costs `poll`, and each
//! second between T and the first look after it costs `delay_per_s`. Choosing the instants of least expected cost is the
//! inspection problem of reliability theory: Barlow, Hunter & Proschan, "Optimum checking procedures", J. SIAM 11
//! (1963) 1078–1095; Keller, "Optimum checking schedules for systems subject to random failure", Management Science 21
//! (1974) 256–260; Munford & Shahani, "A nearly optimal inspection policy", Operational Research Quarterly 23 (1972)
//! 373–379.
//!
//! - [`DoneTime`] is F: of one distribution, or of a model with its queue, failures and stuck tasks.
//! - [`Checks::cost`] is the exact expectation for any schedule, without simulation: the oracle of the simulator and the
//!   inner loop of the tuner.
//! - [`ScheduleProblem::solve`] is the best schedule for any distribution, by dynamic programming; [`recursion`] the classic recursion for
//!   distributions with a log-concave density, and the cross-check; [`rules`] what people use in their place; [`lossy`] the best schedule where polls get lost;
//!   [`Together`] the best looks where each tells of several tasks.
//!
//! Instants are real numbers of microseconds since the start of the wait. The world is calm: no round trips, no faults
//! but the loss that is asked for.
//!
//! ```
//! use pollbench::inspection::{CostWeights, DoneTime, ScheduleProblem};
//!
//! let done_time = DoneTime::of("uniform(low=0s, high=100s)".parse()?);
//! let best = ScheduleProblem::new(&done_time, CostWeights { poll: 2.0, delay_per_s: 1.0 })?.solve();
//! let seconds: Vec<f64> = best.instants.iter().map(|us| (us / 1e6).round()).collect();
//! assert_eq!(seconds, [19.0, 36.0, 51.0, 64.0, 75.0, 84.0, 91.0, 96.0, 99.0, 100.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bounds;
mod checks;
mod done_time;
mod grid;
pub mod lossy;
mod path;
mod problem;
pub mod recursion;
pub mod rules;
mod sketch;
mod together;
mod weights;

pub use bounds::Bounds;
pub use checks::{AfterLast, Checks, Expected, Timeouts};
pub use done_time::{Cumulative, DoneTime};
pub use problem::{ScheduleProblem, UnsolvableProblem};
pub use sketch::{Accuracy, Sketch};
pub use together::Together;
pub use weights::CostWeights;
