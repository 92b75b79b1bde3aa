//! pollbench answers with numbers how a program should wait for an AI generation task.

pub mod api;
pub mod strategy;
pub mod time;
pub mod world;

#[cfg(feature = "engine")]
pub mod engine;
#[cfg(feature = "engine")]
pub mod measure;
#[cfg(feature = "report")]
pub mod report;
#[cfg(feature = "engine")]
pub mod scenario;

#[cfg(feature = "cli")]
pub mod cli;
