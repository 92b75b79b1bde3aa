//! Pollers on trial: any poller is put into nasty small worlds, and what it does is judged by properties that hold for
//! every correct one.
//!
//! A [`Case`] is such a world: the truth of its tasks, one round trip, what strikes which request, a deadline. [`Cases`]
//! draws them, the classic traps first. A trial gives a [`History`]: the server's journal and what the program answered.
//! [`judge`] says which [`Property`] it upheld, by these alone. What is violated is shrunk to the simplest case that shows
//! it, and told as a timeline.
//!
//! | to put on trial | take |
//! |:--|:--|
//! | decisions: a strategy, or your own [`Poller`] | [`play`] and [`judge`], with [`Worlds`] under proptest |
//! | an asynchronous function of your program | [`Kit`]: the real mock in memory, on a paused clock |
//! | a program in any language | `pollbench check -- CMD` |
//!
//! Whoever brings another kind of program implements [`Subject`] and lets a [`Campaign`] lead the trials. Time is the
//! subject's: it runs real, scaled or virtual, and what is not exact about it stands in [`Timing`] and in
//! [`History::lateness`].

mod campaign;
mod case;
mod codec;
mod coverage;
mod draw;
mod history;
mod judge;
mod kit;
#[doc(hidden)]
pub mod pages;
mod phase;
mod plans;
mod poller;
mod property;
mod report;
mod shrink;
mod stage;
mod text;
mod threads;
mod traps;
mod variants;
mod weather;
mod worlds;

pub use crate::server::{Push, PushContent};
pub use campaign::{Campaign, CampaignProgress, Subject};
pub use case::{Case, End, InvalidCase, MODEL, MOST_TASKS, Task, is_single, is_weather, may_make_a_task};
pub use codec::{UnreadableCase, VERSION, read_case, write_case};
pub use coverage::{Coverage, Mishap};
pub use draw::Cases;
pub use history::{
    AnswerKind, Conduct, History, PollerAnswer, PollerOutcome, StatusRequest, TaskHistory, WebhookDelivery,
};
pub use judge::{Judgement, Timing, Violation, judge};
pub use kit::{Call, Kit, RECEIVER, TaskAnswer};
pub use phase::{Phase, kinds};
pub use poller::{Poller, StrategyPoller, play};
pub use property::{Properties, Property, PropertyKind};
pub use report::{CounterExample, Defect, Finding, Retrial, Tally, TrialReport};
pub use shrink::{ShrinkLimits, Shrunk, shrink, simpler};
pub use stage::{KEY, Stage, StageError};
pub use text::{finding as finding_text, report as report_text, timeline};
pub use worlds::{WorldTree, Worlds};
