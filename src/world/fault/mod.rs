//! Faults: what can go wrong in an exchange, and everything that anybody has to know about it.
//!
//! A [`Kind`] has a name, a place in the exchange and parameters; a [`Fault`] is a kind with its parameters. What a fault
//! does to a request is an [`Effect`]: one description, from which the simulator takes what a client makes of it and the
//! server what it writes. A [`FaultRule`] says how often, where and when a fault strikes, and [`FaultRules`] that the
//! rules of a world fit together. Scenario files, stubs, traces, the control plane, `list faults` and the JSON Schema ask
//! here; none of them knows a kind by name.
//!
//! A new kind is a variant of [`Kind`] with its facts and its line in [`Fault::new`], and where it does what none did so
//! far, a [`Body`], a [`Transfer`] or an [`Effect`]: the compiler names every place that has to decide.

mod act;
mod age;
mod body;
mod effect;
mod error_code;
mod facts;
mod header_text;
#[cfg(any(feature = "engine", feature = "net"))]
pub mod json;
mod kind;
mod parameter;
mod retry_after;
mod route;
mod rule;
mod said;
mod shares;
mod when;

pub use act::{Brownout, DeliveryEffect, Fault};
pub use age::{Age, InvalidAge, Since};
pub use body::{Body, Content, Lie, TrueAnswer};
pub use effect::{Effect, InjectedAnswer, ReplyEnd, Transfer};
pub use error_code::ErrorCode;
pub use header_text::HeaderText;
pub use kind::{Kind, Striking};
pub use parameter::{Argument, Arguments, InvalidFault, Need, Parameter, Shape};
pub use retry_after::{RetryAdvice, RetryAfter, SCENARIO_ORIGIN_MS, Timescale};
pub use route::{FaultStage, Route};
pub use rule::{FaultRule, InvalidRule};
pub use shares::{FaultRules, Overfull};
pub use when::{GilbertElliott, InvalidWindow, When, Window};
