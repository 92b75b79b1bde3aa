//! Faults: what can go wrong in an exchange, and everything that anybody has to know about it.
//!
//! A [`Kind`] has a name, a place in the exchange and parameters; a [`Fault`] is a kind with its parameters. What a fault
//! does to a request is an [`Effect`]: one description, from which the simulator takes what a client makes of it and the
//! server what it writes. A [`FaultRule`] says how often, where and when a fault strikes, and [`FaultRules`] that the
//! rules of a world fit together. Scenario files, stubs, traces, the control plane, `list faults` and the JSON Schema ask
//! here; none of them knows a kind by name.
//!
//! A new kind is a variant of [`Kind`] and one of [`Fault`], and where it does what none did so far, one of [`Body`] or
//! of [`Effect`]: the compiler names every place that has to decide.

mod body;
mod effect;
#[cfg(any(feature = "engine", feature = "net"))]
pub mod json;
mod kind;
mod parameter;
mod retry_after;
mod route;
mod rule;
mod shares;
mod when;

pub use body::{Body, Content, Told};
pub use effect::{Answer, DeliveryEffect, Effect, ErrorCode, Fault};
pub use kind::{Kind, Striking};
pub use parameter::{Argument, Arguments, InvalidFault, Need, Parameter, Shape};
pub use retry_after::{Pace, RetryAdvice, RetryAfter};
pub use route::{Route, Stage};
pub use rule::{FaultRule, InvalidRule};
pub use shares::{FaultRules, Overfull};
pub use when::{GilbertElliott, InvalidWindow, When, Window};
