//! The reader of logs: whatever a log looks like, the times in it are those that were written, nothing is left out
//! silently, and what cannot be meant is refused with a sentence.

mod notations;
mod refusals;
mod rows;
mod support;
