//! A program that is started for every case.

use super::lines::Limits;
use super::time::Time;
use super::trial::trial;
#[cfg(not(warp))]
use crate::check::Conduct;
use crate::check::{Case, History, Subject};
use std::sync::atomic::{AtomicU64, Ordering};

/// The program and how it is started.
#[derive(Debug)]
pub(super) struct Once<'c> {
    command: &'c [String],
    /// `None` where each trial has a virtual time of its own.
    time: Option<Time>,
    limits: Limits,
    started: AtomicU64,
}

impl<'c> Once<'c> {
    pub(super) fn new(command: &'c [String], time: Option<Time>, limits: Limits) -> Self {
        Self { command, time, limits, started: AtomicU64::new(0) }
    }
}

impl Subject for Once<'_> {
    async fn play(&self, case: &Case) -> History {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        match &self.time {
            Some(time) => trial(self.command, time, self.limits, case, number).await,
            #[cfg(warp)]
            None => super::led::play(self.command, self.limits, case).await,
            #[cfg(not(warp))]
            None => {
                History { conduct: Conduct::NotRun("there is no virtual time here".to_owned()), ..History::default() }
            }
        }
    }
}
